"""Runs as they stand in the middle, at any number of devices: states for what only reads them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from plans import at_least, changing, plan, reading, ref, waves
from workflows import contracts
from workflows.contracts import FailureInfo, OperationRecord, Prepared, RunId, RunRequest, Scope
from workflows.errors import FailureType
from workflows.plan import Attr, Compare, Constant, HostName, Name, StepId
from workflows.run.accept import divide
from workflows.run.state import RunState, StepRun, WaveRun

MOMENT = datetime(2026, 11, 21, 22, 28, 37, tzinfo=UTC)
RUN = "campus-vlan-20261121-222837-ab12"
REASONS: tuple[tuple[FailureType, str], ...] = (
    ("unreachable", "{host}: 192.0.2.{n}:22 did not answer within 15 s (tried 3 times)"),
    ("rejected_by_device", "{host} refused `name cameras` (% VLAN name is used by VLAN 220)"),
    ("check_failed", "uplink GigabitEthernet1/0/{n} is down"),
)


def standing(devices: int, *, begun: int, failing: int = 0, wave_sizes: tuple[int | str, ...] = (1, "10%")) -> RunState:
    """A run that has read all devices and changes them.

    Args:
        devices: How many there are.
        begun: So many have been taken up by the changing step; the last ten of them run.
        failing: Each so many-th of those that ended has failed, for one of `REASONS` in turn; 0: none.
        wave_sizes: Of the changing step; a last wave takes the rest.
    """
    hosts = tuple(HostName(f"acc-{number:05}") for number in range(1, devices + 1))
    gold = Compare(first=Attr(of=Name(name="inputs"), name="building"), rest=(("==", Constant(value="hq")),))
    steps = (
        reading("precheck"),
        changing(
            "deploy", needs=(StepId("precheck"),), accept=at_least(98), waves=waves(*wave_sizes, "100%"), when=gold
        ),
        reading("validate", needs=(StepId("deploy"),)),
    )
    state = RunState(
        scope=Scope(workflow_id=RUN, run=RunId("first"), definition="campus-vlan"),
        started=MOMENT,
        request=RunRequest(definition="campus-vlan", by="carol", reason="cameras"),
        prepared=Prepared(
            inputs={"building": "hq"},
            ref=ref("prepared"),
            plan=plan(*steps, last=(reading("tell"),), name="campus-vlan"),
            hosts=hosts,
        ),
        phase="running",
    )
    state.steps = {step.id: StepRun(step) for step in steps}
    state.finally_ = {StepId("tell"): StepRun(reading("tell"))}
    look, deploy, _ = state.steps.values()
    look.state, look.letters = "succeeded", dict.fromkeys(hosts, contracts.LETTERS["succeeded"])
    deploy.state, deploy.letters = "running", dict.fromkeys(hosts, contracts.PENDING)
    deploy.waves = [WaveRun(one.wave.name, one.hosts) for one in divide(hosts, steps[1].waves)]
    for number, host in enumerate(hosts[:begun], start=1):
        if number > begun - 10:
            deploy.letters[host] = contracts.RUNNING
        elif failing and number % failing == 0:
            _fail(deploy, host, number // failing)
        else:
            deploy.letters[host] = contracts.CHANGED
    for wave in deploy.waves:
        letters = {deploy.letters[host] for host in wave.hosts}
        busy = letters & {contracts.PENDING, contracts.RUNNING}
        wave.state = "succeeded" if not busy else "pending" if letters == {contracts.PENDING} else "running"
    return state


def _fail(step: StepRun, host: HostName, number: int) -> None:
    kind, text = REASONS[number % len(REASONS)]
    step.letters[host] = contracts.LETTERS["unreachable" if kind == "unreachable" else "undone"]
    step.messages[host] = FailureInfo(type=kind, message=text.format(host=host, n=number % 250))


def paused(state: RunState) -> RunState:
    """The same, paused by somebody."""
    state.paused, state.phase = True, "paused"
    record: Mapping[str, str] = {"operation": "pause", "by": "olga", "reason": "lunch | break"}
    state.operations.append(
        OperationRecord.model_validate({**record, "at": MOMENT + timedelta(minutes=3), "how": "update"})
    )
    return state
