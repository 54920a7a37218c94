"""What the calls of a batch say of its devices: outcomes from answers, failures and silence. No Temporal calls here."""

from typing import Final

from temporalio.exceptions import ActivityError, ApplicationError, CancelledError

from workflows import contracts
from workflows.contracts import DeviceOutcome, FailureInfo, HostWork
from workflows.errors import FAILURE_TYPES
from workflows.wording import shortened

ENOUGH: Final = "one device has succeeded, and `any` asks for no more"


def letter(outcome: DeviceOutcome) -> str:
    """The one letter that stands for an outcome."""
    if outcome.status == "succeeded" and outcome.changed:
        return contracts.CHANGED
    return contracts.LETTERS[outcome.status]


def outcome_of(error: ActivityError, work: HostWork) -> DeviceOutcome:
    """What a failed call says of its device; a call that was lost leaves it unknown."""
    cause = error.cause
    if isinstance(cause, ApplicationError):
        for detail in cause.details:
            if isinstance(detail, dict):
                return DeviceOutcome.model_validate(detail)
        kind = cause.type if cause.type in FAILURE_TYPES else "permanent"
        info = FailureInfo.model_validate({"type": kind, "message": cause.message[: contracts.MESSAGE_LENGTH]})
        return DeviceOutcome(host=work.host, status="failed", touched=True, failure=info)
    if isinstance(cause, CancelledError):
        return not_begun(work)
    return lost(work)


def lost(work: HostWork) -> DeviceOutcome:
    """The outcome of a device of which a worker that has begun with it was not heard again."""
    info = FailureInfo(type="outcome_unknown", message="no answer from a worker in time; the device is looked at first")
    return DeviceOutcome(host=work.host, status="unknown", touched=True, failure=info)


def not_begun(work: HostWork) -> DeviceOutcome:
    """The outcome of a device whose call was cancelled before it did anything."""
    info = FailureInfo(type="cancelled", message="cancelled before it began")
    return DeviceOutcome(host=work.host, status="skipped", failure=info)


def told_why(outcome: DeviceOutcome, why: str) -> DeviceOutcome:
    """The outcome of a device whose part was cut short, with ``why`` that was done; any other as it is."""
    info = outcome.failure
    if not why or info is None or info.type != "cancelled":
        return outcome
    message = shortened(f"{info.message}: {why}", contracts.MESSAGE_LENGTH)
    return outcome.model_copy(update={"failure": info.model_copy(update={"message": message})})


def never_sent(info: FailureInfo) -> FailureInfo:
    """What is said of a device whose part was cut short, once an undo has found that nothing had been sent."""
    _, colon, why = info.message.partition(": ")
    message = f"cancelled between two actions, before anything was changed{colon}{why}"
    return FailureInfo(type="cancelled", message=message)


def cut_short(failed: DeviceOutcome) -> bool:
    """Whether a device failed because its part was cut short after it had begun."""
    return failed.status != "skipped" and failed.failure is not None and failed.failure.type == "cancelled"


def nothing_sent(failed: DeviceOutcome, *, cut: bool) -> DeviceOutcome:
    """The outcome of a device of which its undo found that nothing had been sent, whatever an attempt left open.

    Args:
        failed: What it had failed with.
        cut: Whether its batch had cut it short: what never happened is no failure of the device.
    """
    status, info = "failed" if failed.status == "unknown" else failed.status, failed.failure
    if cut and info is not None:
        status, info = "skipped", never_sent(info)
    return failed.model_copy(update={"touched": False, "changed": False, "status": status, "failure": info})


def not_undone(undo: DeviceOutcome, failed: DeviceOutcome | None) -> DeviceOutcome:
    """The outcome of a device that could not be taken back, with what it had failed with before."""
    said = undo.failure.message if undo.failure else "no reason was given"
    why = f"; it had failed with: {failed.failure.message}" if failed and failed.failure else ""
    if why and undo.failure and undo.failure.type == "unreachable":
        said = "it cannot be reached"  # which words tell that matters less than why it came to this
    kind = undo.failure.type if undo.failure else None
    message = shortened(f"not undone: {said}{why}", contracts.MESSAGE_LENGTH)
    info = FailureInfo(type="undo_failed", message=message, undo=kind)
    seen = failed or undo
    return seen.model_copy(update={"status": "undo_failed", "touched": True, "failure": info})
