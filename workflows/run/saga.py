"""Undo beyond one device: which devices of which steps are taken back, and in which order.

The order is partial: later steps first, later waves first; inside a wave the devices that failed first, then the
others, in parallel under the step's concurrency. Devices that could not be reached are come back to when all others
are undone: what cut them off may have been one of those changes. What could not be undone is named.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from workflows import contracts
from workflows.contracts import FailureInfo
from workflows.errors import FailureType
from workflows.plan import DevicesStep, HostName, OnFailure
from workflows.run.fanout import FanOut
from workflows.run.state import FAILED, RunState, StepRun, WaveRun

HOLDS: Final = frozenset({contracts.CHANGED, contracts.LETTERS["unknown"]})
UNDONE: Final = contracts.LETTERS["undone"]
UNDO_FAILED: Final = contracts.LETTERS["undo_failed"]
# Why an undo may have failed that succeeds when the device can be reached again.
OUT_OF_REACH: Final[frozenset[FailureType | None]] = frozenset({"unreachable", "transient", "outcome_unknown"})
_ENDED: Final = {"cancelled": "was cancelled", "rejected": "was rejected"}

Holds = Callable[[StepRun, HostName], bool]


@dataclass(frozen=True, slots=True)
class Round:
    """Devices that are undone at one time."""

    step: StepRun
    wave: WaveRun
    hosts: tuple[HostName, ...]


def holds_its_change(step: StepRun, host: HostName) -> bool:
    """Whether a device is to be taken back: it holds the step's change, or nobody knows whether it does."""
    return step.letters[host] in HOLDS


def out_of_reach(step: StepRun, host: HostName) -> bool:
    """Whether a device could not be taken back because it did not answer."""
    info = step.messages.get(host)
    return step.letters[host] == UNDO_FAILED and info is not None and info.undo in OUT_OF_REACH


def rounds(state: RunState, failing: StepRun, on_failure: OnFailure, holds: Holds = holds_its_change) -> list[Round]:
    """What an undo takes back, in order. Pure.

    Args:
        state: The run, quiet: nothing else is under way.
        failing: The step whose failure asks for it.
        on_failure: Its scope, and the step that is undone where that is another one.
        holds: Which of the devices in this scope.
    """
    step = state.steps[on_failure.of] if on_failure.of else failing
    match on_failure.scope:
        case None | "failed":
            failed = set(failing.hosts_with(FAILED))
            return _of_step(step, lambda run, host: host in failed and holds(run, host))
        case "wave":
            last = [wave for wave in step.waves if wave.state != "pending"][-1:]
            return [one for wave in last for one in _of_wave(step, wave, holds)]
        case "step":
            return _of_step(step, holds)
        case "run":
            changing = [run for run in state.steps.values() if isinstance(run.step, DevicesStep) and run.step.changes]
            return [one for run in reversed(changing) for one in _of_step(run, holds)]
        case _:
            assert_never(on_failure.scope)


def _of_step(step: StepRun, holds: Holds) -> list[Round]:
    return [one for wave in reversed(step.waves) for one in _of_wave(step, wave, holds)]


def _of_wave(step: StepRun, wave: WaveRun, holds: Holds) -> list[Round]:
    found = []
    for group in reversed(wave.groups or (wave.hosts,)):  # where `order` ranks devices, the last rank first
        holders = [host for host in group if holds(step, host)]
        failed = tuple(host for host in holders if step.letters[host] != contracts.CHANGED)
        others = tuple(host for host in holders if step.letters[host] == contracts.CHANGED)
        found += [Round(step, wave, hosts) for hosts in (failed, others) if hosts]
    return found


async def undo(state: RunState, failing: StepRun, on_failure: OnFailure, changed: Callable[[], None]) -> str:
    """Carries the undo out and says, in a sentence, what came of it."""
    plan = rounds(state, failing, on_failure)
    again = bool(rounds(state, failing, on_failure, out_of_reach)) and _restored(state)
    if not state.undoing and not plan and not again:
        return _nothing_left(failing)
    state.phase = "undoing"
    _note(state, plan)
    changed()
    for one in plan:
        _say_why(one, failing)
        await _take_back(state, one, "undo", changed)
    if _restored(state):
        lost = rounds(state, failing, on_failure, out_of_reach)
        _note(state, lost)
        for one in lost:
            await _take_back(state, one, "undo-again", changed)
            _say_found(one)
    return _what_came_of_it(state)


def _note(state: RunState, plan: Sequence[Round]) -> None:
    """Keeps what is to be taken back, for the sentence at the end; the run may continue as new before it."""
    for one in plan:
        noted = state.undoing.setdefault(one.step.id, [])
        noted.extend(host for host in one.hosts if host not in noted)


async def _take_back(state: RunState, one: Round, label: str, changed: Callable[[], None]) -> None:
    wave, before = one.wave, one.wave.state
    wave.state = "undoing"
    changed()
    await FanOut(state, one.step, changed).take_back(one.hosts, wave.name, label)
    kept = any(one.step.letters[host] == contracts.CHANGED for host in wave.hosts)
    wave.state = ("succeeded" if before == "undoing" else before) if kept else "undone"
    changed()


def _restored(state: RunState) -> bool:
    """Whether something was taken back that may have cut others off."""
    return any(UNDONE in run.letters.values() for run in state.steps.values())


def _say_found(one: Round) -> None:
    """What is said of devices that were come back to, where it is no longer that they could not be reached."""
    for host in one.hosts:
        if one.step.letters[host] == UNDO_FAILED:
            continue
        _, found, why = one.step.messages[host].message.partition("it had failed with: ")
        said = f"; it had failed with: {why}" if found else ""
        one.step.messages[host] = FailureInfo(
            type="unreachable" if found else "cancelled",
            message=f"taken back as soon as it could be reached again{said}"[: contracts.MESSAGE_LENGTH],
        )


def _what_came_of_it(state: RunState) -> str:
    pairs = [(state.steps[step], host) for step, taken in state.undoing.items() for host in taken]
    devices = len({host for _, host in pairs})
    undone = sum(run.letters[host] == UNDONE for run, host in pairs)
    named = _not_undone(list(dict.fromkeys(host for run, host in pairs if run.letters[host] == UNDO_FAILED)))
    counted = f"{len(pairs)} devices" if devices == len(pairs) else f"{len(pairs)} changes on {devices} devices,"
    return f"undone on {undone} of {counted} of {_names(state)}{'; ' if named else ''}{named}"


def _nothing_left(failing: StepRun) -> str:
    """Why nothing is to be taken back: a wave that was not confirmed has been by now, and so has each that failed."""
    undone = set(failing.hosts_with({contracts.LETTERS["undone"]}))
    held = [wave for wave in failing.waves if wave.confirm_until is not None and not undone.isdisjoint(wave.hosts)]
    left = list(failing.hosts_with({contracts.LETTERS["undo_failed"]}))
    waves = ", ".join(f"{failing.id}/{wave.name}" for wave in held)
    if not held and not left:
        return "what had failed was undone at once" if undone else "there was nothing to undo"
    said = (f"taken back before it was confirmed: {waves}" if held else "", _not_undone(left))
    return "; ".join(filter(None, said))


def _not_undone(hosts: list[HostName]) -> str:
    return f"NOT undone: {', '.join(hosts[:10])}{' and more' if len(hosts) > 10 else ''}" if hosts else ""


def _say_why(one: Round, failing: StepRun) -> None:
    for host in one.hosts:
        one.step.messages.setdefault(
            host,
            FailureInfo(
                type="cancelled",
                message=f"taken back because step {failing.id} {_ENDED.get(failing.state, 'failed')}",
            ),
        )


def _names(state: RunState) -> str:
    """The waves that were taken back, in that order."""
    found = []
    for step, taken in state.undoing.items():
        waves = reversed(state.steps[step].waves)
        found += [f"{step}/{wave.name}" for wave in waves if not set(taken).isdisjoint(wave.hosts)]
    return ", ".join(found)
