"""Undo beyond one device: which devices of which steps are taken back, and in which order.

The order is partial: later steps first, later waves first; inside a wave the devices that failed first, then the
others, in parallel under the step's concurrency. Devices that could not be reached are come back to when all others
are undone: what cut them off may have been one of those changes. Until then their earlier changes stay, which the undo
of a later one would bring back. What could not be undone is named. A run that a step has called is taken back at that
step's place, by a run of its own (`called.py`).
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, assert_never

from temporalio import workflow

from workflows import contracts
from workflows.contracts import FailureInfo
from workflows.errors import FailureType
from workflows.plan import CallStep, HostName, OnFailure, StepId
from workflows.plan.order import by_needs
from workflows.run import called
from workflows.run.fanout import FanOut
from workflows.run.state import FAILED, RunState, StepRun, WaveRun

HOLDS: Final = frozenset({contracts.CHANGED, contracts.LETTERS["unknown"]})
UNDONE: Final = contracts.LETTERS["undone"]
UNDO_FAILED: Final = contracts.LETTERS["undo_failed"]
# Why an undo may have failed that succeeds when the device can be reached again.
OUT_OF_REACH: Final[frozenset[FailureType | None]] = frozenset({"unreachable", "transient", "outcome_unknown"})
# Of a called run: what may be taken back, what may be come back to, and what may have restored others.
STANDS: Final = frozenset({"stands", "undoing"})
LOST: Final = frozenset({"lost"})
RECALLED: Final = frozenset({"undone", "lost", "not_undone"})
_ENDED: Final = {"cancelled": "was cancelled", "rejected": "was rejected"}

Holds = Callable[[StepRun, HostName], bool]


@dataclass(frozen=True, slots=True)
class Round:
    """Devices that are undone at one time."""

    step: StepRun
    wave: WaveRun
    hosts: tuple[HostName, ...]


@dataclass(frozen=True, slots=True)
class Recall:
    """A run that a step has called, and that is taken back as a whole; ``place`` in `StepRun.runs`."""

    step: StepRun
    place: int
    hosts: tuple[HostName, ...] = ()  # none of this run


InOrder = Callable[[Holds], list[Round | Recall]]


def holds_its_change(step: StepRun, host: HostName) -> bool:
    """Whether a device is to be taken back: it holds the step's change, or nobody knows whether it does."""
    return step.letters[host] in HOLDS


def out_of_reach(step: StepRun, host: HostName) -> bool:
    """Whether a device could not be taken back because it did not answer."""
    info = step.messages.get(host)
    return step.letters[host] == UNDO_FAILED and info is not None and info.undo in OUT_OF_REACH


def rounds(
    state: RunState, failing: StepRun, on_failure: OnFailure, holds: Holds = holds_its_change
) -> list[Round | Recall]:
    """What an undo takes back, in order. Pure.

    Args:
        state: The run, quiet: nothing else is under way.
        failing: The step whose failure asks for it.
        on_failure: Its scope, and the step that is undone where that is another one.
        holds: Which of the devices in this scope.
    """
    step = state.steps[on_failure.of] if on_failure.of else failing
    if on_failure.scope != "run" and isinstance(step.step, CallStep):
        return _of_step(step, holds)  # a called run is taken back as a whole
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
            return rounds_of_run(state, holds)
        case _:
            assert_never(on_failure.scope)


def rounds_of_run(state: RunState, holds: Holds = holds_its_change) -> list[Round | Recall]:
    """What an undo of a whole run takes back, in order: its steps, and the runs that they have called. Pure."""
    changing = (run for run in _backwards(state) if run.runs or run.changes)
    return [one for run in changing for one in _of_step(run, holds)]


def _backwards(state: RunState) -> list[StepRun]:
    """The steps, each before those that it needs; a definition may name them in any order."""
    named = list(state.steps.values())
    ordered = [state.steps[step.id] for step in by_needs(run.step for run in named)]
    moved = any(one is not other for one, other in zip(named, ordered, strict=True))
    return list(reversed(ordered if moved and workflow.patched("undone-by-needs") else named))


def _of_step(step: StepRun, holds: Holds) -> list[Round | Recall]:
    if not isinstance(step.step, CallStep):
        return [one for wave in reversed(step.waves) for one in _of_wave(step, wave, holds)]
    due = STANDS if holds is holds_its_change else LOST  # one whose devices could not be reached is come back to
    return [Recall(step, place) for place in reversed(range(len(step.runs))) if step.runs[place].state in due]


def _of_wave(step: StepRun, wave: WaveRun, holds: Holds) -> list[Round | Recall]:
    found: list[Round | Recall] = []
    for group in reversed(wave.groups or (wave.hosts,)):  # where `order` ranks devices, the last rank first
        holders = [host for host in group if holds(step, host)]
        failed = tuple(host for host in holders if step.letters[host] != contracts.CHANGED)
        others = tuple(host for host in holders if step.letters[host] == contracts.CHANGED)
        found += [Round(step, wave, hosts) for hosts in (failed, others) if hosts]
    return found


async def undo(state: RunState, failing: StepRun, on_failure: OnFailure, changed: Callable[[], None]) -> str:
    """Carries the undo out and says, in a sentence, what came of it."""
    why = f"taken back because step {failing.id} {_ENDED.get(failing.state, 'failed')}"
    in_order = partial(rounds, state, failing, on_failure)
    said = await carry_out(state, in_order, why, changed) or _nothing_left(failing)
    joined = [one for run in state.steps.values() for one in run.runs if one.state == "joined"]
    others = [f"run {one.workflow_id} stands: {one.message}" for one in joined if on_failure.scope == "run"]
    return "; ".join([said, *others])


async def carry_out(
    state: RunState,
    in_order: InOrder,
    why: str,
    changed: Callable[[], None],
    *,
    again: bool = False,
) -> str:
    """Takes back what there is, in its order, and comes back to what could not be reached.

    Args:
        state: The run.
        in_order: What is taken back, of the devices for which something holds.
        why: For the devices that have not failed themselves.
        changed: Called whenever somebody who looks would see a difference.
        again: Whether something outside this run was restored that may have cut devices off.

    Returns:
        What came of it, in a sentence; nothing where there was nothing to take back.

    Raises:
        HandOverError: The run continues as new; called again, it goes on.
    """
    plan = in_order(holds_its_change)
    lost = bool(in_order(out_of_reach)) and (again or _restored(state))
    if not state.undoing and not plan and not lost:
        return ""
    state.phase = "undoing"
    _note(state, plan)
    changed()
    kept: set[tuple[StepId, HostName]] = set()
    for one in plan:
        behind = _behind(state, one, in_order)
        kept |= {(one.step.id, host) for host in behind}
        _say_why(one, why)
        await _take_back(state, _without(one, behind), why, changed)
    if again or kept or _restored(state):
        await _come_back(state, in_order, kept, why, changed)
    return _what_came_of_it(state)


async def _come_back(
    state: RunState, in_order: InOrder, kept: Collection[tuple[StepId, HostName]], why: str, changed: Callable[[], None]
) -> None:
    """Tries once more what could not be reached, and what stands on such devices since an earlier step (``kept``)."""
    left = in_order((lambda run, host: (run.id, host) in kept or out_of_reach(run, host)) if kept else out_of_reach)
    _note(state, left)
    for one in left:
        behind = _behind(state, one, in_order)
        _give_up(one.step, behind)
        await _take_back(state, _without(one, behind), why, changed, again=True)


def _behind(state: RunState, one: Round | Recall, in_order: InOrder) -> tuple[HostName, ...]:
    """The devices on which a later step must be taken back first, and could not be reached.

    To undo that one afterwards would bring back what it had found there: the very change that was to be undone here.
    """
    place = {run.id: place for place, run in enumerate(_backwards(state))}
    lost = in_order(out_of_reach)
    first = {host for other in lost if place[other.step.id] < place[one.step.id] for host in other.hosts}
    hosts = tuple(host for host in one.hosts if host in first)
    return hosts if hosts and workflow.patched("undone-backwards-on-each-device") else ()


def _without(one: Round | Recall, hosts: Sequence[HostName]) -> Round | Recall:
    return replace(one, hosts=tuple(host for host in one.hosts if host not in hosts)) if hosts else one


def _give_up(step: StepRun, hosts: Sequence[HostName]) -> None:
    """Devices that are left as they are, for a later step still stands on them; they may be come back to."""
    said = "not undone: a later step stands there that could not be taken back, and comes first"
    for host in (host for host in hosts if step.letters[host] != UNDO_FAILED):
        step.letters[host] = UNDO_FAILED
        step.messages[host] = FailureInfo(type="undo_failed", message=said, undo="unreachable")


def _note(state: RunState, plan: Sequence[Round | Recall]) -> None:
    """Keeps what is to be taken back, for the sentence at the end; the run may continue as new before it."""
    for one in plan:
        noted = state.undoing.setdefault(one.step.id, [])
        noted.extend(host for host in one.hosts if host not in noted)


async def _take_back(
    state: RunState, one: Round | Recall, why: str, changed: Callable[[], None], *, again: bool = False
) -> None:
    match one:
        case Round():
            await _take_round_back(state, one, "undo-again" if again else "undo", changed)
            if again:
                _say_found(one)
        case Recall():
            said = why if state.effects is not None else f"{why} in run {state.scope.workflow_id}"
            await called.take_back(state, one.step, one.place, said, changed, again=again)
        case _:
            assert_never(one)


async def _take_round_back(state: RunState, one: Round, label: str, changed: Callable[[], None]) -> None:
    if not one.hosts:
        return
    wave, before = one.wave, one.wave.state
    wave.state = "undoing"
    changed()
    await FanOut(state, one.step, changed).take_back(one.hosts, wave.name, label)
    kept = any(one.step.letters[host] == contracts.CHANGED for host in wave.hosts)
    wave.state = ("succeeded" if before == "undoing" else before) if kept else "undone"
    changed()


def _restored(state: RunState) -> bool:
    """Whether something was taken back that may have cut others off."""
    steps = state.steps.values()
    return any(UNDONE in run.letters.values() or any(one.state in RECALLED for one in run.runs) for run in steps)


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
    said = [_counted(state)] if any(state.undoing.values()) else []
    for step in state.undoing:
        said += [called.spoken(one) for one in state.steps[step].runs if one.undone_by or one.state == "not_undone"]
    return "; ".join(said)


def _counted(state: RunState) -> str:
    pairs = [(state.steps[step], host) for step, taken in state.undoing.items() for host in taken]
    devices = len({host for _, host in pairs})
    undone = sum(run.letters[host] == UNDONE for run, host in pairs)
    named = not_undone(list(dict.fromkeys(host for run, host in pairs if run.letters[host] == UNDO_FAILED)))
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
    said = (f"taken back before it was confirmed: {waves}" if held else "", not_undone(left))
    return "; ".join(filter(None, said))


def not_undone(hosts: Sequence[HostName]) -> str:
    """Names devices that could not be taken back, or the first of them; nothing where there are none."""
    return f"NOT undone: {', '.join(hosts[:10])}{' and more' if len(hosts) > 10 else ''}" if hosts else ""


def _say_why(one: Round | Recall, why: str) -> None:
    for host in one.hosts:
        one.step.messages.setdefault(host, FailureInfo(type="cancelled", message=why[: contracts.MESSAGE_LENGTH]))


def _names(state: RunState) -> str:
    """The waves that were taken back, in that order."""
    found = []
    for step, taken in state.undoing.items():
        waves = reversed(state.steps[step].waves)
        found += [f"{step}/{wave.name}" for wave in waves if not set(taken).isdisjoint(wave.hosts)]
    return ", ".join(found)
