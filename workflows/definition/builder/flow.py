"""Combinators: the order of steps, and what several steps have in common. They write `needs`, `when` and the like."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from workflows.definition.builder.parts import BuildError, changed
from workflows.definition.language.rollout import RetriedClass
from workflows.definition.language.step import Step, TimedStep
from workflows.definition.language.steps import CallStep


@dataclass(frozen=True, slots=True)
class Placed:
    """A step and the steps before it; ``fixed`` where the step itself says what it needs."""

    step: Step
    needs: tuple[str, ...] = ()
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """Steps in the order in which they are written, with those that it begins and ends with."""

    steps: tuple[Placed, ...]
    first: tuple[str, ...]
    last: tuple[str, ...]


Piece = Step | Flow


def sequence(*pieces: Piece) -> Flow:
    """One after the other: what is first in a piece needs all that is last in the piece before it."""
    flows = [_flow(piece) for piece in pieces]
    if not flows:
        raise BuildError("a `sequence` of nothing: give it at least one step")
    placed: list[Placed] = []
    before: tuple[str, ...] = ()
    for flow in flows:
        for one in flow.steps:
            follows = one.step.id in flow.first and not one.fixed
            placed.append(replace(one, needs=(*one.needs, *before)) if follows else one)
        before = flow.last
    return Flow(tuple(placed), flows[0].first, flows[-1].last)


def parallel(*pieces: Piece) -> Flow:
    """At the same time: no piece waits for another."""
    flows = [_flow(piece) for piece in pieces]
    if not flows:
        raise BuildError("a `parallel` of nothing: give it at least one step")
    return Flow(
        tuple(one for flow in flows for one in flow.steps),
        tuple(name for flow in flows for name in flow.first),
        tuple(name for flow in flows for name in flow.last),
    )


def when(condition: str, *pieces: Piece) -> Flow:
    """Runs the steps only where ``condition`` holds; a condition of their own must hold as well."""

    def guarded(step: Step) -> Step:
        return changed(step, when=condition if step.when is None else f"({condition}) and ({step.when})")

    return _each(sequence(*pieces), guarded)


def retry(
    *pieces: Piece,
    attempts: int | None = None,
    delay: str | None = None,
    factor: float | None = None,
    max_delay: str | None = None,
    on: tuple[RetriedClass, ...] | None = None,
) -> Flow:
    """Gives the steps that say nothing else this way of trying again."""
    said = {"attempts": attempts, "delay": delay, "factor": factor, "max_delay": max_delay, "on": on}
    policy = {name: value for name, value in said.items() if value is not None}
    return _each(sequence(*pieces), lambda step: step if step.retry is not None else changed(step, retry=policy))


def timeout(limit: str, *pieces: Piece) -> Flow:
    """Gives the steps that say nothing else this limit of an attempt. Gates, waits and calls have their own."""

    def limited(step: Step) -> Step:
        if isinstance(step, TimedStep) and not isinstance(step, CallStep) and step.timeout is None:
            return changed(step, timeout=limit)
        return step

    return _each(sequence(*pieces), limited)


def written(flow: Flow) -> tuple[Step, ...]:
    """The steps with their `needs`, where those are not simply the step above."""
    steps: list[Step] = []
    above: tuple[str, ...] = ()
    for one in flow.steps:
        steps.append(one.step if one.fixed or one.needs == above else changed(one.step, needs=one.needs))
        above = (one.step.id,)
    return tuple(steps)


def as_flow(*pieces: Piece) -> Flow:
    """What `sequence` makes of several pieces; one piece as it is."""
    return _flow(pieces[0]) if len(pieces) == 1 else sequence(*pieces)


def _flow(piece: Piece) -> Flow:
    if isinstance(piece, Flow):
        return piece
    return Flow((Placed(piece, fixed=piece.needs is not None),), (piece.id,), (piece.id,))


def _each(flow: Flow, change: Callable[[Step], Step]) -> Flow:
    return replace(flow, steps=tuple(replace(one, step=change(one.step)) for one in flow.steps))
