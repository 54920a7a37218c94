"""What a run answers to those who ask: small at any size, and true."""

from datetime import timedelta

import pytest

from standing import MOMENT, RUN, paused, standing
from workflows import contracts
from workflows.contracts import DiffGroup, FailureInfo, Page, SafetyCount
from workflows.plan import ApproveStep, Constant, HostName, StepId
from workflows.run.details import ROOM, markdown
from workflows.run.graph import run_graph
from workflows.run.queries import CELLS, WORST_FIRST, cells, device_page, run_status, step_status
from workflows.run.state import BatchRun, GateRun, RunState, StepRun, WaveRun


def gated(state: RunState) -> RunState:
    step = ApproveStep(id=StepId("approval"), by="netops-leads", timeout=Constant(value=1800))
    state.steps = {step.id: StepRun(step, state="waiting", message="waits"), **state.steps}
    group = DiffGroup(digest="d" * 64, made="modelled", devices=9, example=HostName("acc-00001"), text="+x" * 900)
    diffs = (group,) * 20
    state.gates[step.id] = GateRun(step, MOMENT + timedelta(minutes=30), "ab" * 32, diffs, ("al",), diffs_omitted=7)
    state.phase = "waiting"
    return state


@pytest.mark.parametrize("devices", [0, 1, 40, 800, 10_000])
def test_a_status_has_at_most_a_thousand_cells_and_few_kilobytes(devices: int) -> None:
    status = run_status(standing(devices, begun=devices // 2, failing=7))
    assert len(status.cells.letters) <= CELLS
    assert len(status.cells.letters) * status.cells.each >= devices
    assert len(status.model_dump_json()) < 8_000


@pytest.mark.parametrize("sizes", [(1, "10%"), tuple(["1%"] * 99), (1,) * 400])
@pytest.mark.parametrize("devices", [3, 800, 10_000])
def test_the_details_stay_short(devices: int, sizes: tuple[int | str, ...]) -> None:
    state = paused(gated(standing(devices, begun=devices // 2, failing=3, wave_sizes=sizes)))
    state.message = "é" * 5_000
    for number in range(50):
        state.steps[StepId(f"more-{number}")] = StepRun(next(iter(state.finally_.values())).step, state="running")
    gates = tuple(run_gates(state))
    text = markdown(run_status(state, gates, most=0))
    assert len(text.encode()) <= ROOM
    assert f"netsaga approve {RUN} approval --by NAME" in text
    assert "**deploy**" in text
    assert "  - diffs: 6 computed by device, 3 modelled\n" in text
    assert "the first 3 of 27 kinds of change; more shows `netsaga status" in text
    assert "  - 9 devices: undo native, confirm device, confirmed with their wave\n" in text
    assert "  - changes is asked, too: not yet \\| ask again" in text


def test_what_is_taken_back_because_of_others_is_shown_so_and_uses_no_budget() -> None:
    state = standing(4, begun=4, failing=0, wave_sizes=(2, 2))
    run = state.steps[StepId("deploy")]
    first, second = run.waves
    run.state = "succeeded"
    run.letters.update(dict.fromkeys(first.hosts, contracts.CHANGED))
    for host in second.hosts:
        run.letters[host] = contracts.LETTERS["undone"]
        run.messages[host] = FailureInfo(type="cancelled", message="taken back because step judge failed")
    second.state = "undoing"
    assert next(one.state for one in run_graph(state).nodes if one.id == "deploy") == "undoing"
    second.state = "undone"
    assert step_status(run).state == "succeeded"  # the first wave keeps its change
    for host in first.hosts:
        run.letters[host] = contracts.LETTERS["undone"]
        run.messages[host] = FailureInfo(type="check_failed", message="the VLAN is not there")
    status = step_status(run)
    assert (status.state, status.budget and status.budget.failures) == ("undone", 2)
    assert "↩ deploy" in run_graph(state).mermaid


def run_gates(state: RunState) -> list[contracts.Gate]:
    return [
        contracts.Gate(
            step=name,
            by=gate.step.by,
            quorum=1,
            approvals=0,
            until=gate.until,
            on_timeout="reject",
            diffs=gate.diffs,
            diffs_omitted=gate.diffs_omitted,
            made={"computed_by_device": 6, "modelled": 3},
            safety=(SafetyCount(devices=9, undo="native", confirm="device"),),
            confirm_hold="wave",
            via="changes",
            via_said="not yet | ask again",
        )
        for name, gate in state.gates.items()
    ]


def test_the_details_say_what_is_waited_for_and_what_to_type() -> None:
    state = paused(standing(800, begun=300, failing=60))
    deploy = state.steps[StepId("deploy")]
    deploy.waves[1].state, deploy.waves[1].soaks_until = "soaking", MOMENT + timedelta(minutes=9)
    for wave in deploy.waves:  # of the first, which has passed, nothing is to be confirmed any more
        wave.confirm_until = MOMENT + timedelta(minutes=12)
    deploy.asks = True
    text = markdown(run_status(state, most=0))
    assert text.count("must be confirmed") == 2
    for said in (
        "- **Paused** by olga at 2026-11-21 22:31:37 UTC: lunch \\| break",
        "- **deploy/w2** soaks until 2026-11-21 22:37:37 UTC; must be confirmed by 2026-11-21 22:40:37 UTC",
        "- **deploy/w3** must be confirmed by 2026-11-21 22:40:37 UTC",
        f"    netsaga retry {RUN} --step deploy --by NAME",
        f"    netsaga resume {RUN} --by NAME",
        "failures 4 of 16 allowed",
        "✓ w1 1/1 · ◷ w2 80/80 · ▶ w3 209/719",
        "| 2 in deploy | rejected_by_device: … refused `name cameras` (% VLAN name is used by VLAN 220) | acc-00060,",
        "| · validate, tell |",
    ):
        assert said in text, text


def test_a_cell_of_several_devices_shows_the_worst_of_them() -> None:
    state = standing(10_000, begun=10_000)
    deploy = state.steps[StepId("deploy")]
    deploy.letters.update(dict.fromkeys(deploy.letters, contracts.CHANGED))
    hosts = list(deploy.letters)
    deploy.letters[hosts[3]] = contracts.LETTERS["unreachable"]
    deploy.letters[hosts[9]] = contracts.LETTERS["undo_failed"]
    deploy.letters[hosts[14]] = contracts.PENDING
    found = cells(state)
    assert (found.each, len(found.letters)) == (10, 1_000)
    assert found.letters[:4] == "!.cc"


def test_every_letter_has_its_place_among_the_worst() -> None:
    letters = {contracts.PENDING, contracts.RUNNING, contracts.CHANGED, *contracts.LETTERS.values()}
    assert letters == set(WORST_FIRST)


def test_devices_are_chosen_by_status_and_step() -> None:
    state = standing(800, begun=300, failing=60)
    page = device_page(state, Page(status=("unreachable", "undone"), limit=3))
    assert page.total == 4
    assert [(line.host, line.status, line.wave) for line in page.devices] == [
        ("acc-00060", "undone", "w2"),
        ("acc-00120", "undone", "w3"),
        ("acc-00180", "unreachable", "w3"),
    ]
    assert page.devices[2].message == "acc-00180: 192.0.2.3:22 did not answer within 15 s (tried 3 times)"
    rest = device_page(state, Page(status=("unreachable", "undone"), offset=3))
    assert [line.host for line in rest.devices] == ["acc-00240"]
    looked = device_page(state, Page(step=StepId("precheck"), offset=799))
    assert [(line.step, line.status) for line in looked.devices] == [("precheck", "succeeded")]
    assert device_page(state, Page(step=StepId("validate"))).total == 0
    waiting = device_page(state, Page(step=StepId("deploy"), status=("pending",)))
    assert (waiting.total, waiting.devices[0].step) == (500, "deploy")
    assert device_page(state, Page()).devices[0].status == "changed"


def test_a_page_names_the_batches_that_know_more() -> None:
    state = standing(20, begun=10)
    deploy = state.steps[StepId("deploy")]
    deploy.batches["deploy/w1/0"] = BatchRun("deploy/w1/0", (HostName("acc-00001"),), "do")
    deploy.batches["deploy/w1/undo/0"] = BatchRun("deploy/w1/undo/0", (HostName("acc-00002"),), "undo")
    assert [(batch.id, batch.mode) for batch in device_page(state, Page()).batches] == [
        (f"{RUN}/deploy/w1/0", "do"),
        (f"{RUN}/deploy/w1/undo/0-first", "undo"),
    ]


def test_a_run_that_is_not_prepared_has_answers_too() -> None:
    state = RunState(scope=standing(1, begun=0).scope, started=MOMENT)
    assert device_page(state, Page()).total == 0
    assert run_graph(state).nodes == ()
    assert markdown(run_status(state)) == "## run — pending"


def test_a_graph_has_each_step_with_its_state_needs_and_condition() -> None:
    state = standing(800, begun=300, failing=60)
    state.steps[StepId("validate")].state = "skipped"
    graph = run_graph(state)
    assert [(node.id, node.part, node.state, node.needs) for node in graph.nodes] == [
        ("precheck", "steps", "succeeded", ()),
        ("deploy", "steps", "running", ("precheck",)),
        ("validate", "steps", "skipped", ("deploy",)),
        ("tell", "finally", "pending", ()),
    ]
    assert graph.nodes[1].when == 'inputs.building == "hq"'
    assert graph.nodes[1].counts["pending"] == 500
    lines = graph.mermaid.splitlines()
    assert lines[:2] == ["flowchart TD", f"  %% campus-vlan 1.0.0, run {RUN}"]
    assert '  step_precheck["✓ precheck<br>devices: succeeded<br>800 succeeded"]:::good' in lines
    assert "  step_precheck --> step_deploy" in lines
    assert "  step_deploy -.-> step_validate" in lines
    assert "  step_validate -.-> finally" in lines
    assert any(line.startswith("  classDef busy fill:") for line in lines)
    assert not any("classDef bad" in line for line in lines)


def test_a_wave_that_stands_alone_has_no_grid() -> None:
    state = standing(3, begun=3)
    deploy = state.steps[StepId("deploy")]
    deploy.waves = [WaveRun("all", tuple(deploy.letters), state="running")]
    assert "all " not in markdown(run_status(state))
