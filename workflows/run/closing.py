"""What a run has come to: its verdict over the steps, and once more when `finally` is over. No activities here.

`finally` runs by the verdict over the steps, and sees that one. It may change devices, and call runs: where it leaves
one in between, the run ends as ``failed_dirty`` whatever it had come to, for that outranks all.
"""

from collections.abc import Iterator
from typing import Final

from temporalio import workflow

from workflows.contracts import DeviceResult
from workflows.plan import HostName
from workflows.run import verdict
from workflows.run.state import RunState, StepRun
from workflows.wording import because, some

Devices = tuple[DeviceResult, ...]
_WORST: Final = frozenset({"undo_failed", "unknown"})
_AS_BEFORE: Final = frozenset({"unchanged", "untouched", "skipped"})
TOO_LATE: Final = "it comes too late: the steps are done; what is left is giving devices back and telling people"
_LATE: Final = "a-cancel-comes-too-late"  # the patch
_NOTHING_LEFT: Final = "nothing was left to be cut short"


def too_late(state: RunState) -> str:
    """Why an operation comes too late though there is no verdict yet; empty where it does not. Not for validators."""
    return TOO_LATE if state.over and workflow.patched(_LATE) else ""


def judge(state: RunState, devices: Devices) -> None:
    """Gives the run its verdict over its steps, and says in its message what a person has to do."""
    if state.verdict is not None:
        return  # in an earlier execution
    if state.cut and state.ended_by is None and state.request.takes_back is None and workflow.patched(_LATE):
        _pass_over_the_cancel(state)
    state.verdict = verdict.verdict(state, devices)
    if state.verdict == "cancelled":
        state.message = "; ".join(part for part in (f"cancelled{because(state.cut_reason)}", state.message) if part)
    state.message += verdict.advice(state, devices)


def _pass_over_the_cancel(state: RunState) -> None:
    """A cancel that has ended no step: each had done what it does, and none is left to answer for an undo."""
    state.cut = False
    said = f"a cancel came too late, when {_NOTHING_LEFT}{because(state.cut_reason)}"
    state.message = "; ".join(filter(None, (state.message, said)))
    late = {"besides": f"it came too late: {_NOTHING_LEFT}"}
    counted = [place for place, one in enumerate(state.operations) if one.operation == "cancel" and not one.refused]
    for place in counted[-1:]:
        state.operations[place] = state.operations[place].model_copy(update=late)


def judge_finally(state: RunState, devices: Devices) -> Devices:
    """Makes the run dirty where its ``finally`` has left a device in between, and says which and what to do.

    A device that ``finally`` alone has changed ends as changed; the verdict over the steps stands.

    Args:
        state: The run; its ``finally`` is over.
        devices: Where they ended in the steps.

    Returns:
        Where they ended after all.
    """
    devices = _with_last_changes(state, devices)
    said = "; ".join(_left(state))
    if not said or not workflow.patched("finally-counts-for-the-verdict"):
        return devices
    state.verdict = "failed_dirty"
    worst = _worst(state)
    if said not in state.message:
        state.message = "; ".join(filter(None, (state.message, said)))
        state.message += verdict.to_do(state, list(worst))
    return tuple(_worse(device, worst) for device in devices)


def _left(state: RunState) -> Iterator[str]:
    """What each step of ``finally`` has left in between, in a sentence."""
    for run in state.finally_.values():
        if hosts := _hosts(run):
            yield f"step {run.id} of `finally` has left devices in between: {some(hosts, verdict.NAMED)}"
        if run.left == "doubt":
            yield f"step {run.id} of `finally` has left devices in between by what it called: {run.message}"


def _hosts(run: StepRun) -> list[HostName]:
    """The devices that a step has left in between, in its order."""
    return [host for host in run.letters if run.in_between(host)]


def _with_last_changes(state: RunState, devices: Devices) -> Devices:
    """Where devices ended, with those that only ``finally`` has changed."""
    last = {host: run.id for run in state.finally_.values() if run.changes for host in state.changed_by(run)}
    if not last:
        return devices
    return tuple(
        DeviceResult(name=device.name, status="changed", step=last[device.name])
        if device.status in _AS_BEFORE and device.name in last
        else device
        for device in devices
    )


def _worst(state: RunState) -> dict[HostName, DeviceResult]:
    """Where ``finally`` has left the devices that it has left in between; the first step speaks."""
    found: dict[HostName, DeviceResult] = {}
    for run in state.finally_.values():
        for host in _hosts(run):
            found.setdefault(host, verdict.ended_in(run, host))
    return found


def _worse(device: DeviceResult, final: dict[HostName, DeviceResult]) -> DeviceResult:
    return device if device.status in _WORST else final.get(device.name, device)
