"""Undo beyond one device: which devices of which steps are taken back, and in which order.

The order is partial: later steps first, later waves first; inside a wave the devices that failed first, then the
others, in parallel under the step's concurrency. What could not be undone keeps its letter and is named.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from workflows import contracts
from workflows.contracts import FailureInfo
from workflows.plan import DevicesStep, HostName, OnFailure
from workflows.run.fanout import FanOut
from workflows.run.state import FAILED, RunState, StepRun, WaveRun

HOLDS = frozenset({contracts.CHANGED, contracts.LETTERS["unknown"]})


@dataclass(frozen=True, slots=True)
class Round:
    """Devices that are undone at one time."""

    step: StepRun
    wave: WaveRun
    hosts: tuple[HostName, ...]


def rounds(state: RunState, failing: StepRun, on_failure: OnFailure) -> list[Round]:
    """What an undo takes back, in order. Pure.

    Args:
        state: The run, quiet: nothing else is under way.
        failing: The step whose failure asks for it.
        on_failure: Its scope, and the step that is undone where that is another one.
    """
    step = state.steps[on_failure.of] if on_failure.of else failing
    match on_failure.scope:
        case None | "failed":
            failed = set(failing.hosts_with(FAILED))
            return _of_step(step, lambda host: host in failed)
        case "wave":
            last = [wave for wave in step.waves if wave.state != "pending"][-1:]
            return [one for wave in last for one in _of_wave(step, wave, lambda _: True)]
        case "step":
            return _of_step(step, lambda _: True)
        case "run":
            changing = [run for run in state.steps.values() if isinstance(run.step, DevicesStep) and run.step.changes]
            return [one for run in reversed(changing) for one in _of_step(run, lambda _: True)]
        case _:
            assert_never(on_failure.scope)


def _of_step(step: StepRun, wanted: Callable[[HostName], bool]) -> list[Round]:
    return [one for wave in reversed(step.waves) for one in _of_wave(step, wave, wanted)]


def _of_wave(step: StepRun, wave: WaveRun, wanted: Callable[[HostName], bool]) -> list[Round]:
    found = []
    for group in reversed(wave.groups or (wave.hosts,)):  # where `order` ranks devices, the last rank first
        holders = [host for host in group if step.letters[host] in HOLDS and wanted(host)]
        failed = tuple(host for host in holders if step.letters[host] != contracts.CHANGED)
        others = tuple(host for host in holders if step.letters[host] == contracts.CHANGED)
        found += [Round(step, wave, hosts) for hosts in (failed, others) if hosts]
    return found


async def undo(state: RunState, failing: StepRun, on_failure: OnFailure, changed: Callable[[], None]) -> str:
    """Carries the undo out and says, in a sentence, what came of it."""
    plan = rounds(state, failing, on_failure)
    if not state.undoing:
        if not plan:
            return _nothing_left(failing)
        for one in plan:
            state.undoing.setdefault(one.step.id, []).extend(one.hosts)
    state.phase = "undoing"
    changed()
    for one in plan:
        one.wave.state = "undoing"
        changed()
        _say_why(one, failing)
        await FanOut(state, one.step, changed).take_back(one.hosts, one.wave.name)
        one.wave.state = "undone"
        changed()
    hosts = [(state.steps[step], host) for step, taken in state.undoing.items() for host in taken]
    undone = sum(run.letters[host] == contracts.LETTERS["undone"] for run, host in hosts)
    left = [host for run, host in hosts if run.letters[host] == contracts.LETTERS["undo_failed"]]
    named = f"; NOT undone: {', '.join(left[:10])}{' and more' if len(left) > 10 else ''}" if left else ""
    return f"undone on {undone} of {len(hosts)} devices of {_names(state)}{named}"


def _nothing_left(failing: StepRun) -> str:
    """Why nothing is to be taken back: a wave that was not confirmed has been by now."""
    undone = set(failing.hosts_with({contracts.LETTERS["undone"]}))
    held = [wave for wave in failing.waves if wave.confirm_until is not None and not undone.isdisjoint(wave.hosts)]
    waves = ", ".join(f"{failing.id}/{wave.name}" for wave in held)
    return f"taken back before it was confirmed: {waves}" if held else "there was nothing to undo"


def _say_why(one: Round, failing: StepRun) -> None:
    for host in one.hosts:
        one.step.messages.setdefault(
            host, FailureInfo(type="cancelled", message=f"taken back because step {failing.id} failed")
        )


def _names(state: RunState) -> str:
    """The waves that were taken back, in that order."""
    found = []
    for step, taken in state.undoing.items():
        waves = reversed(state.steps[step].waves)
        found += [f"{step}/{wave.name}" for wave in waves if not set(taken).isdisjoint(wave.hosts)]
    return ", ".join(found)
