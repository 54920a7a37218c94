"""The action ``check``: which demands hold on a device, and what each of them looked at, in words.

The evidence is told by the operands of a demand's comparisons: ``state.vlans[120].status is "active"``. It stands in
the transcript for each check, whether it holds or not, and in the failure of one that has no words of its own.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from activities.placing import why
from workflows.errors import EvaluationError
from workflows.plan import Check, Choose, Compare, Constant, Expr, ListOf, Logic, Not, Test
from workflows.plan.spelling import spelling
from workflows.run.evaluate import evaluate, text, truth

LONGEST: Final = 80  # characters of a value in the evidence


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a check.

    Args:
        check: Which one.
        problem: Why it does not hold; ``None`` where it does.
        evidence: What it looked at, as ``NAME is VALUE``.
    """

    check: Check
    problem: str | None
    evidence: tuple[str, ...]

    @property
    def note(self) -> str:
        """A line for the transcript."""
        said = "holds" if self.problem is None else "does not hold"
        return f"check {self.check.name!r} {said}" + (f": {', '.join(self.evidence)}" if self.evidence else "")


def judged(checks: Sequence[Check], context: Mapping[str, object]) -> Iterator[Judged]:
    """Each check, with what it found."""
    for check in checks:
        evidence = tuple(dict.fromkeys(_seen(check.that, context)))
        yield Judged(check, _problem(check, context, evidence), evidence)


def _problem(check: Check, context: Mapping[str, object], evidence: Sequence[str]) -> str | None:
    try:
        if truth(check.that, context):
            return None
    except EvaluationError as error:  # a value that is missing fails the check that asks for it
        return f"check {check.name!r} cannot be judged: {error}{why(error, context)}"
    if check.message is None:
        return f"check {check.name!r} does not hold" + (f": {', '.join(evidence)}" if evidence else "")
    try:
        return f"check {check.name!r}: {text(check.message, context)}"
    except EvaluationError as error:
        return f"check {check.name!r} does not hold, and its `else` has no value: {error}"


def _seen(expr: Expr, context: Mapping[str, object]) -> Iterator[str]:
    """What a condition looks at: the operands of its comparisons, and what its tests are about."""
    match expr:
        case Logic():
            yield from _seen(expr.left, context)
            yield from _seen(expr.right, context)
        case Not():
            yield from _seen(expr.of, context)
        case Choose():
            for part in (expr.test, expr.then, expr.otherwise):
                yield from _seen(part, context)
        case Compare():
            for operand in (expr.first, *(other for _, other in expr.rest)):
                yield from _value(operand, context)
        case Test():
            yield from _value(expr.of, context)
        case _:
            yield from _value(expr, context)


def _value(expr: Expr, context: Mapping[str, object]) -> Iterator[str]:
    if _constant(expr):
        return
    try:
        value = evaluate(expr, context)
    except EvaluationError:
        yield f"{spelling(expr)} has no value"
        return
    if isinstance(value, str | list | tuple):
        value = value[:LONGEST]
    if isinstance(value, dict):
        keys = ", ".join(map(str, value))
        said = f"has the keys {keys}" if keys else "is empty"
    else:
        said = f"is {json.dumps(value, ensure_ascii=False, default=str)}"
    yield f"{spelling(expr)} {said if len(said) <= LONGEST else said[: LONGEST - 1] + '…'}"


def _constant(expr: Expr) -> bool:
    """Whether the condition says the value itself."""
    return isinstance(expr, Constant) or (isinstance(expr, ListOf) and all(map(_constant, expr.items)))
