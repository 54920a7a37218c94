"""What a run comes to: where each device ended, and the verdict over all. No Temporal calls here."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final, Literal

from pydantic import JsonValue
from temporalio.exceptions import ApplicationError, CancelledError, TerminatedError
from temporalio.exceptions import TimeoutError as TimedOut

from workflows import contracts
from workflows.contracts import DeviceResult, Left, RunResult, Verdict
from workflows.plan import DevicesStep, HostName, Plan
from workflows.run.causes import causes
from workflows.run.state import FAILED, RunState, StepRun

MAX_DEVICES = 1_000
MAX_QUARANTINED = 100
NAMED = 10  # devices in a sentence
# A detail of the failure of a run that has begun and cannot tell its end: for the one that has called it.
UNTOLD: Final = "what it has left on devices is not told"
_RANK = {"undo_failed": 0, "unknown": 0, "failed": 1, "unreachable": 1, "quarantined": 1, "undone": 1}
UNKNOWN, UNDO_FAILED, UNDONE = (contracts.LETTERS[status] for status in ("unknown", "undo_failed", "undone"))


def device_results(state: RunState) -> tuple[DeviceResult, ...]:
    """Where each device of the run ended, in the inventory's order."""
    prepared = state.prepared
    if prepared is None:
        return ()
    steps = [step for step in state.steps.values() if isinstance(step.step, DevicesStep)]
    changing = any(step.changes for step in steps)
    return tuple(_device(host, steps, changing, prepared.skipped.get(host, "")) for host in prepared.hosts)


def _device(host: HostName, steps: Sequence[StepRun], changing: bool, skipped: str) -> DeviceResult:
    if skipped:
        return DeviceResult(name=host, status="skipped", message=skipped)
    took_part = [step for step in steps if step.letters.get(host, contracts.PENDING) != contracts.PENDING]
    for letter in (UNDO_FAILED, UNKNOWN):
        for step in took_part:
            if step.letters[host] == letter:
                status = "undo_failed" if letter == UNDO_FAILED else "unknown"
                return DeviceResult(name=host, status=status, step=step.id, message=_message(step, host))
    undone = [step for step in took_part if step.letters[host] == UNDONE]
    failed = [step for step in took_part if step.letters[host] in FAILED]
    if undone:
        # Why it was undone is said by the step that failed, which need not be the one undone.
        why = next((step for step in reversed(failed) if host in step.messages), undone[-1])
        return DeviceResult(name=host, status="undone", step=undone[-1].id, message=_message(why, host))
    last = took_part[-1] if took_part else None
    if last is not None and last.letters[host] == contracts.LETTERS["skipped"]:
        return DeviceResult(name=host, status="skipped", step=last.id, message=_message(last, host))
    if failed:
        step = failed[-1]
        status_ = _failed_as(step.letters[host])
        return DeviceResult(name=host, status=status_, step=step.id, message=_message(step, host))
    changed = [step for step in took_part if step.letters[host] == contracts.CHANGED]
    if changed:
        return DeviceResult(name=host, status="changed", step=changed[-1].id)
    return _unchanged(host, took_part, changing)


def ended_in(run: StepRun, host: HostName) -> DeviceResult:
    """Where a device ended that took part in a step which changes devices, by that step alone."""
    return _device(host, (run,), changing=True, skipped="")


def _failed_as(letter: str) -> Literal["failed", "unreachable", "quarantined"]:
    if letter == contracts.LETTERS["unreachable"]:
        return "unreachable"
    return "quarantined" if letter == contracts.LETTERS["quarantined"] else "failed"


def _unchanged(host: HostName, took_part: Sequence[StepRun], changing: bool) -> DeviceResult:
    same = contracts.LETTERS["succeeded"]
    decisive = [step for step in took_part if step.letters[host] == same and (step.changes or not changing)]
    if decisive:
        return DeviceResult(name=host, status="unchanged", step=decisive[-1].id)
    step_id = took_part[-1].id if took_part else None
    return DeviceResult(name=host, status="untouched", step=step_id)


def _message(step: StepRun, host: HostName) -> str:
    info = step.messages.get(host)
    return info.message if info else ""


def verdict(state: RunState, devices: Sequence[DeviceResult]) -> Verdict:
    """The run's verdict. ``failed_dirty`` outranks all: a device is in between, and its name is known."""
    statuses = Counter(device.status for device in devices)
    in_between = statuses["undo_failed"] or statuses["unknown"] or _half_way(state)
    if in_between or any(step.left == "doubt" for step in state.steps.values()):
        return "failed_dirty"
    if state.request.takes_back is not None:
        return "stopped" if _holds(state) else "succeeded"
    if state.cut:
        return "cancelled"
    ended = state.ended_by
    if ended is not None:
        if ended.state == "rejected":
            return "rejected"
        return "stopped" if _holds(state) else "failed"
    failures = any(set(step.hosts_with(FAILED)) - set(step.spared) for step in state.steps.values())
    if failures or any(step.state == "failed" for step in state.steps.values()):
        return "partial"
    return "succeeded"


def _holds(state: RunState, steps: Collection[StepRun] | None = None) -> bool:
    """Whether some device keeps a change: of a step, or of a run that one has called."""
    if state.request.mode != "apply":
        return False
    among = state.steps.values() if steps is None else steps
    own = (run for run in among if run.changes)
    return any(map(state.changed_by, own)) or any(run.left != "nothing" for run in among)


def left_by_steps(state: RunState) -> Left:
    """What a run whose verdict is known has left on devices, but for its ``finally``, which begins after that."""
    return "doubt" if state.verdict == "failed_dirty" else "changes" if _holds(state) else "nothing"


def _left(state: RunState) -> Left:
    """What a run has left on devices, with its ``finally``."""
    final = state.finally_.values()
    said = left_by_steps(state)
    in_between = any(run.in_between(host) for run in final for host in run.letters)
    if said == "doubt" or in_between or any(run.left == "doubt" for run in final):
        return "doubt"
    return "changes" if said == "changes" or _holds(state, final) else "nothing"


def advice(state: RunState, devices: Sequence[DeviceResult]) -> str:
    """What a person has to do, as the end of the run's message; nothing where no device is in between."""
    worst, half_way = {"undo_failed", "unknown"}, _half_way(state)
    return to_do(state, [device.name for device in devices if device.status in worst or device.name in half_way])


def _half_way(state: RunState) -> set[HostName]:
    """The devices that failed half-way in a step which forbids its undo."""
    return {host for run in state.steps.values() for host in run.letters if run.half_way(host)}


def to_do(state: RunState, urgent: Sequence[HostName]) -> str:
    """The same, for devices that are known to be in between: those that the message names already are `them`."""
    if not urgent:
        return ""
    new = [host for host in urgent if host not in state.message]
    named = ["them"] if len(new) < len(urgent) else []  # those that are named there already
    named += [", ".join(new[:NAMED]) + (" and more" if len(new) > NAMED else "")] if new else []
    said = f"put {' and '.join(named)} right by hand, then `netsaga quarantine clear HOST --by NAME`"
    return f"; {said}" if state.message else said


def as_it_stands(state: RunState, devices: Sequence[DeviceResult] = ()) -> RunResult:
    """The result as it would be if the run ended now: for a notice in the middle of it."""
    told = devices or device_results(state)
    before = state.verdict
    state.verdict = before or verdict(state, told)
    found = result(state, state.plan_ready.plan, told)
    state.verdict = before
    return found


def result(
    state: RunState,
    plan: Plan | None,
    devices: Sequence[DeviceResult],
    outputs: Mapping[str, JsonValue] | None = None,
) -> RunResult:
    """The result as it stands; the record and the report come to it later."""
    assert state.verdict is not None, "a result without a verdict"
    return RunResult(
        id=state.scope.workflow_id,
        run=state.scope.run,
        definition=plan.name if plan else state.request.definition,
        version=plan.version if plan else "",
        plan_digest=plan.digest if plan else "",
        verdict=state.verdict,
        message=state.message,
        requester=state.request.by,
        reason=state.request.reason,
        outputs=outputs or {},
        counts=dict(sorted(Counter(device.status for device in devices).items())),
        causes=causes(state.all_steps()),
        steps=tuple(step.result() for step in state.all_steps()),
        devices=_kept(devices),
        devices_omitted=max(0, len(devices) - MAX_DEVICES),
        mode=state.request.mode,
        quarantined={host: one.because for host, one in list(state.lease.quarantined.items())[:MAX_QUARANTINED]},
        left=_left(state),
        took_back=state.request.takes_back.workflow_id if state.request.takes_back is not None else None,
    )


def _kept(devices: Sequence[DeviceResult]) -> tuple[DeviceResult, ...]:
    """So many as a result holds, in order: those that need a person, then those that failed, then the others."""
    first = sorted(range(len(devices)), key=lambda place: _RANK.get(devices[place].status, 2))[:MAX_DEVICES]
    return tuple(devices[place] for place in sorted(first))


def left_by(cause: BaseException | None) -> Left:
    """What a run that failed has left behind on devices.

    One that was cancelled does not say what it has kept, and one that was cut off says nothing at all. One that was
    refused has touched nothing, unless it had begun before and was reset since.
    """
    found = result_in(cause)
    if found is not None:
        return found.left
    if isinstance(cause, ApplicationError) and UNTOLD in cause.details:
        return "doubt"
    match cause:
        case CancelledError():
            return "changes"
        case TerminatedError() | TimedOut():
            return "doubt"
        case _:
            return "nothing"


def result_in(cause: BaseException | None) -> RunResult | None:
    """The result that the failure of a run carries; none where the run was refused, terminated or lost."""
    details = cause.details if isinstance(cause, ApplicationError) else ()
    return next((RunResult.model_validate(detail) for detail in details if isinstance(detail, dict)), None)
