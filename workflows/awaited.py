"""What a run waits for, and until when, in the words of everybody who tells it: the Web UI, `status` and `watch`.

Sentences over a run's status, without marks and colours, which differ from place to place; so does how a moment is
written. What they hold of devices and of people is not cleaned here: who prints them does that. Pure.
"""

from collections.abc import Callable, Iterator
from typing import Final

from workflows.contracts import Gate, RunStatus, StepStatus, UnderWay
from workflows.wording import When, because, limits

_DOING: Final = {"do": "", "undo": "undoing, ", "check": "checked again, ", "confirm": "confirming, "}
_HELD: Final = {"wave": ", confirmed with their wave", "best_effort": ", confirmed with their wave where they can"}
BREAKER: Final = "the breaker is open: no new device starts"


def gate(one: Gate, when: When) -> str:
    """Whom a gate waits for, until when, and what silence means: ``waits for 1 of leads until …, then rejects …``."""
    more, also = " more" if one.approvals else "", f" or {one.also}" if one.also else ""
    return f"waits for {one.quorum - one.approvals}{more} of {one.by}{also} until {when(one.until)}, then {_then(one)}"


def _then(one: Gate) -> str:
    match one.on_timeout:
        case "approve":
            return "approves by itself"
        case "reject":
            return "rejects by itself"
        case "escalate":
            return f"asks {one.asks_next or 'others'}, too"


def about(one: Gate) -> Iterator[str]:
    """How a gate's diffs were made, what its devices can fall back on, and what was done to get an answer."""
    if one.made:
        made = sorted(one.made.items())
        yield "diffs: " + ", ".join(f"{number} {kind.replace('_', ' ')}" for kind, number in made)
    if one.safety:
        kinds = (f"{kind.devices} devices: undo {kind.undo}, confirm {kind.confirm}" for kind in one.safety)
        yield "; ".join(kinds).replace("1 devices", "1 device") + _HELD.get(one.confirm_hold or "", "")
    if one.via is not None:
        yield f"{one.via} is asked, too" + (f": {one.via_said}" if one.via_said else "")
    if one.told:
        yield f"{one.by} were reminded"


def paused(status: RunStatus, when: When) -> str:
    """Who has paused the run, when and why; empty where nobody has, but a failure or a window."""
    asked = (one for one in reversed(status.operations) if one.operation in {"pause", "resume"} and not one.refused)
    last = next(asked, None)
    if status.phase != "paused" or last is None or last.operation != "pause":
        return ""
    return f"paused by {last.by} at {when(last.at)}{because(last.reason)}"


def others(step: StepStatus, when: When) -> Iterator[tuple[str, str]]:
    """What a step waits for beside devices and people: each with what it is about.

    Args:
        step: As it stands.
        when: How a moment is written.

    Yields:
        The step, or the step and its wave as ``deploy/canary``, and what is said of it.
    """
    for wave in step.waves:
        if said := limits(wave, when):
            yield f"{step.id}/{wave.name}", said
    if step.kind == "call" and step.state == "running" and step.message:
        yield step.id, f"waits for {step.message}"
    for run in step.runs:
        if run.state == "undoing":
            yield step.id, f"waits for run {run.undone_by}, which takes back run {run.workflow_id}"


def device(one: UnderWay, how_long: Callable[[UnderWay], str]) -> str:
    """A device that is waited for, what is done to it, and for how long: ``acc-001 (undoing, 14m 02s)``."""
    return f"{one.host} ({_DOING[one.doing]}{how_long(one)})"
