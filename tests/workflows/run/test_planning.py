"""Plan mode: what is carried out, what is proposed, what is shown."""

from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError

from activities.deviceinteraction.model import Change
from plan_world import HOSTS, PLAN, PlanWorld, bound, proposal, world
from plans import at_least, changing, of, plan, reading, waves
from running import Server
from workflows.contracts import (
    HttpResult,
    RunResult,
    StepResult,
)
from workflows.plan import (
    Accept,
    ApproveStep,
    CallStep,
    Check,
    Compare,
    Constant,
    Expr,
    HttpStep,
    MapOf,
    NotifyStep,
    OnFailure,
    ScriptStep,
    SetStep,
    StepId,
    WaitStep,
    Window,
)
from workflows.run.planning import UNBOUND

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def step(result: RunResult, name: str) -> StepResult:
    return next(one for one in result.steps if one.id == name)


def shown(result: RunResult) -> dict[str, tuple[str, str]]:
    return {one.step: (one.how, one.text) for one in proposal(result).shown}


def more_than(path: str, number: int) -> Expr:
    return Compare(first=of(path), rest=((">", Constant(value=number)),))


@pytest.mark.history("plan")
async def test_what_reads_runs_and_what_changes_proposes_for_all_devices_at_once(server: Server, folder: Path) -> None:
    held = world(
        folder,
        reading("look"),
        changing("deploy", needs=("look",), waves=waves(1, "50%", "100%", soak="1h")),
        wants={("deploy", "sw4"): ""},
    )
    result = await server.outcome(held, PLAN)
    assert (result.verdict, result.mode) == ("succeeded", "plan")
    assert sorted(held.asked("plan", "look")) == list(HOSTS)
    assert held.modes("deploy") == {"plan"}
    assert (held.touched, held.leases) == (set(), [])
    (deploy,) = proposal(result).steps
    assert [(wave.name, wave.size) for wave in deploy.waves] == [("w1", 1), ("w2", 2), ("w3", 1)]
    assert (deploy.changed, deploy.unchanged, deploy.failed) == (3, 1, 0)
    (group,) = deploy.diffs
    assert (group.devices, group.example, group.text) == (3, "sw1", "+vlan deploy")
    assert step(result, "deploy").counts == {"changed": 3, "succeeded": 1}
    assert held.sealed[0].mode == "plan"


async def test_a_window_is_shown_and_where_the_first_success_is_enough_all_are_proposed_for(
    server: Server, folder: Path
) -> None:
    window = Window(cron="0 2 * * *", duration_s=3600)
    held = world(folder, changing("deploy", accept=Accept(kind="any"), concurrency=1, window=window))
    result = await server.outcome(held, PLAN)
    (deploy,) = proposal(result).steps
    assert (deploy.changed, deploy.window) == (4, "0 2 * * * (UTC), 60 minutes long")


async def test_the_same_devices_have_the_same_proposal_and_others_another(server: Server, folder: Path) -> None:
    held = world(folder, changing("deploy"))
    first, second = await server.outcome(held, PLAN), await server.outcome(held, PLAN)
    assert proposal(first).digest == proposal(second).digest
    held.wants["deploy", "sw3"] = "+vlan 7"
    assert proposal(await server.outcome(held, PLAN)).digest != proposal(first).digest


async def test_what_asks_tells_waits_or_changes_something_else_is_shown(server: Server, folder: Path) -> None:
    gate = ApproveStep(id=StepId("gate"), by="leads", quorum=2, timeout=Constant(value="1h"))
    url = Constant(value="itsm:/tickets")
    held = world(
        folder,
        HttpStep(id=StepId("read"), method="get", url=url),
        HttpStep(id=StepId("open"), method="post", url=url, needs=(StepId("read"),)),
        gate,
        gate.model_copy(update={"id": StepId("never"), "when": Constant(value=False)}),
        WaitStep(id=StepId("night"), window=Window(cron="0 2 * * *", duration_s=3600)),
        WaitStep(id=StepId("pause"), for_=Constant(value="30d")),
        ScriptStep(id=StepId("program"), run="close-ticket"),
        NotifyStep(id=StepId("tell"), to="netops"),
        SetStep(id=StepId("told"), values=(("status", of("steps.read.status")),), needs=(StepId("read"),)),
        last=(
            NotifyStep(id=StepId("bye"), to="netops"),
            changing("tidy"),
            reading("look", devices=of("steps.open.json.hosts"), when=more_than("steps.open.status", 200)),
            CallStep(id=StepId("then"), definition="inner", version="1", with_=MapOf(items=())),
        ),
    )
    held.answers["read"] = HttpResult(status=200)
    result = await server.outcome(held, PLAN)
    assert result.verdict == "succeeded"
    assert shown(result) == {
        "open": ("would", "would post itsm:/tickets"),
        "gate": ("would", "would be asked of leads, 2 of them"),
        "night": ("would", "would wait for the window 0 2 * * * (UTC), 60 minutes long"),
        "pause": ("would", "would wait for 30d"),
        "program": ("would", "would run the script `close-ticket`"),
        "tell": ("would", "would tell netops"),
        "bye": ("would", "would tell netops"),
        "tidy": ("would", f"would change up to 4 devices (propose, apply): {UNBOUND}"),
        "look": ("would", "where its `when` holds then, would look at devices that are known only then (check)"),
        "then": ("would", f"would call inner@1: {UNBOUND}"),
    }
    assert [one.step for one in proposal(result).shown if one.changes][:1] == ["tidy"]
    assert [one.step for one in held.called] == ["read"]
    assert (held.told, held.interacted) == ([], [])
    assert step(result, "never").message == "its `when` is false"
    assert held.sealed[0].ended - held.sealed[0].started < timedelta(minutes=1)


async def test_what_descends_from_a_change_is_known_only_after_it(server: Server, folder: Path) -> None:
    held = world(
        folder,
        changing("deploy"),
        reading("validate", needs=("deploy",)),
        SetStep(id=StepId("rest"), values=(("left", of("steps.validate.failed")),), needs=(StepId("validate"),)),
        changing("tidy", needs=("rest",), devices=of("steps.rest.left")),
        changing("after", needs=("tidy",), when=more_than("steps.validate.total", 2)),
        reading("aside"),
    )
    held.plan = held.plan.model_copy(
        update={"outputs": (("left", of("steps.rest.left")), ("n", of("steps.aside.total")))}
    )
    result = await server.outcome(held, PLAN)
    assert result.verdict == "succeeded"
    assert {name: how for name, (how, _) in shown(result).items()} == dict.fromkeys(
        ("validate", "rest", "tidy", "after"), "unknown"
    )
    assert [one.step for one in proposal(result).shown if one.changes] == ["tidy", "after"]
    assert shown(result)["validate"][1] == "what it finds is known only after the change of step deploy"
    assert shown(result)["tidy"][1] == "the outputs of step rest are known only after the change"
    assert sorted({call.step for call in held.interacted}) == ["aside", "deploy"]
    assert proposal(result).unknown_outputs == ("left",)
    assert result.outputs == {"left": None, "n": 4}


class Moving(PlanWorld):
    """Where the first step has changed a device, the second one finds another."""

    def change(self, step: str, host: str) -> Change:
        behind = step == "more" and ("deploy", host) in self.touched
        return super().change("another" if behind else step, host)


async def test_a_second_change_is_shown_on_the_device_as_it_is_and_not_held_to(server: Server, folder: Path) -> None:
    more = changing("more", needs=("deploy",))
    held = Moving(plan(changing("deploy"), more), HOSTS, folder=folder, wants={("deploy", "sw1"): ""})
    planned = await server.outcome(held, PLAN)
    assert [(one.step, one.changed) for one in proposal(planned).steps] == [("deploy", 3), ("more", 4)]
    assert (await server.outcome(held, bound(planned))).verdict == "succeeded"
    held.touched.clear()
    held.wants["more", "sw1"] = "+vlan 9"  # nothing stands between this one and what was planned
    async with server.run(held, bound(planned)) as live:
        refused = await live.end()
    assert isinstance(refused, ApplicationError)
    assert "sw1 (step more): it needs another change now" in refused.message


async def test_a_change_behind_that_of_a_called_definition_is_not_held_to_either(server: Server, folder: Path) -> None:
    call = CallStep(id=StepId("sub"), definition="sub", version="1", with_=MapOf(items=()))
    held = Moving(plan(call, changing("more", needs=("sub",))), HOSTS, folder=folder, wants={("deploy", "sw1"): ""})
    held.plans["sub@1"] = plan(changing("deploy"), name="sub")
    planned = await server.outcome(held, PLAN)
    assert (await server.outcome(held, bound(planned))).verdict == "succeeded"
    assert len(held.touched) == 7


async def test_a_plan_ends_as_the_run_would_where_devices_fail(server: Server, folder: Path) -> None:
    held = world(
        folder,
        reading("look"),
        changing("deploy", needs=("look",), accept=at_least(75), on_failure=OnFailure(action="undo", scope="run")),
        reading("after", needs=("deploy",)),
    )
    held.fails("deploy", "sw2")
    result = await server.outcome(held, PLAN)
    assert result.verdict == "partial"
    assert proposal(result).steps[0].failed == 1
    held.fails("deploy", "sw3", "unreachable")
    result = await server.outcome(held, PLAN)
    assert (result.verdict, step(result, "deploy").state) == ("failed", "failed")
    assert proposal(result).steps[0].changed == 2
    assert sum(kind == "undo" for kind, _, _ in held.calls) == 0
    assert step(result, "after").message == "not reached"


async def test_a_step_that_pauses_on_a_failure_asks_nobody(server: Server, folder: Path) -> None:
    held = world(folder, changing("deploy", on_failure=OnFailure(action="pause"), budget="strict"))
    held.fails("deploy", "sw2")
    result = await server.outcome(held, PLAN)
    assert (result.verdict, len(held.interacted)) == ("failed", 4)


async def test_a_check_of_a_step_is_judged_unless_it_asks_for_what_is_not_known(server: Server, folder: Path) -> None:
    asks = Check(name="all well", that=more_than("steps.validate.total", 100))
    few = Check(name="many", that=more_than("steps.look.total", 100))
    held = world(
        folder,
        reading("look"),
        changing("deploy", needs=("look",), checks=(few,)),
        reading("validate", needs=("deploy",)),
        SetStep(id=StepId("values"), values=(("a", Constant(value=1)),), needs=(StepId("validate"),), checks=(asks,)),
    )
    assert (await server.outcome(held, PLAN)).verdict == "succeeded"
    held.plan = plan(reading("look", checks=(few,)))
    assert (await server.outcome(held, PLAN)).verdict == "failed"


async def test_a_called_definition_is_planned_too_and_its_unknown_outputs_stay_unknown(
    server: Server, folder: Path
) -> None:
    call = CallStep(id=StepId("sub"), definition="sub", version="1", with_=MapOf(items=()))
    held = world(
        folder,
        call,
        SetStep(id=StepId("known"), values=(("n", of("steps.sub.n")),), needs=(StepId("sub"),)),
        SetStep(id=StepId("other"), values=(("v", of("steps.sub.v")),), needs=(StepId("sub"),)),
        reading("after", needs=("sub",)),
        call.model_copy(update={"id": StepId("again"), "needs": (StepId("sub"),)}),
    )
    inner = plan(changing("deploy"), reading("validate", needs=("deploy",)), name="sub")
    outputs = (("n", of("steps.deploy.total")), ("v", of("steps.validate.total")))
    held.plans["sub@1"] = inner.model_copy(update={"outputs": outputs})
    result = await server.outcome(held, PLAN)
    assert result.verdict == "succeeded"
    planned = proposal(result)
    assert planned.calls[StepId("sub")].steps[0].changed == 4
    assert planned.calls[StepId("sub")].unknown_outputs == ("v",)
    assert {name: how for name, (how, _) in shown(result).items()} == {
        "other": "unknown", "after": "unknown", "again": "would",
    }  # fmt: skip
    assert step(result, "known").state == "succeeded"
    applied = await server.outcome(held, bound(result))
    assert applied.verdict == "succeeded"
    held.wants["deploy", "sw2"] = ""
    with pytest.raises(ApplicationError, match="step sub: what the called definition would change"):
        async with server.run(held, bound(result)) as live:
            raise await live.end() or AssertionError


async def test_a_long_plan_goes_on_in_another_execution_and_proposes_for_each_device_once(
    server: Server, folder: Path
) -> None:
    many = tuple(f"sw{index:03}" for index in range(1, 121))
    step = changing("deploy", waves=waves(1, "50%", "100%"), concurrency=1)
    held = world(folder, step, reading("after", needs=("deploy",)), hosts=many, history_events=20)
    planned = proposal(await server.outcome(held, PLAN))
    assert held.saved, "it went on in another execution"
    assert sorted(held.asked("plan", "deploy")) == list(many)
    assert [wave.size for wave in planned.steps[0].waves] == [1, 60, 59]
    assert planned.steps[0].changed == 120
