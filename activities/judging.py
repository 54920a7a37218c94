"""The action ``check``: which demands hold on a device, and what each of them looked at, in words.

The evidence is told by the operands of a demand's comparisons: ``state.vlans[120].status is "active"``. It stands in
the transcript for each check, whether it holds or not, and in the failure of one that has no words of its own.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from workflows.errors import EvaluationError
from workflows.plan import (
    Arith,
    Attr,
    Check,
    Choose,
    Compare,
    Concat,
    Constant,
    Expr,
    Filter,
    Item,
    ListOf,
    Logic,
    MapOf,
    Name,
    Neg,
    Not,
    Test,
)
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
        return f"check {check.name!r} cannot be judged: {error}"
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
    if isinstance(expr, Constant):
        return
    try:
        value = evaluate(expr, context)
    except EvaluationError:
        yield f"{_spelled(expr)} has no value"
        return
    if isinstance(value, str | list | tuple):
        value = value[:LONGEST]
    if isinstance(value, dict):
        keys = ", ".join(map(str, value))
        said = f"has the keys {keys}" if keys else "is empty"
    else:
        said = f"is {json.dumps(value, ensure_ascii=False, default=str)}"
    yield f"{_spelled(expr)} {said if len(said) <= LONGEST else said[: LONGEST - 1] + '…'}"


def _spelled(expr: Expr) -> str:
    """An expression as somebody would write it; the plan keeps trees, not texts."""
    match expr:
        case Constant():
            return json.dumps(expr.value, ensure_ascii=False)
        case Name():
            return expr.name
        case Attr():
            return f"{_spelled(expr.of)}.{expr.name}"
        case Item():
            return f"{_spelled(expr.of)}[{_spelled(expr.key)}]"
        case Filter():
            named = [f"{name}={_spelled(arg)}" for name, arg in expr.kwargs]
            args = ", ".join([*map(_spelled, expr.args), *named])
            return f"{_spelled(expr.of)} | {expr.name}" + (f"({args})" if args else "")
        case Test():
            args = ", ".join(map(_spelled, expr.args))
            return f"{_spelled(expr.of)} is {expr.name}" + (f"({args})" if args else "")
        case Arith():
            return f"{_spelled(expr.left)} {expr.operator} {_spelled(expr.right)}"
        case Concat():
            return " ~ ".join(map(_spelled, expr.parts))
        case Neg():
            return f"{'-' if expr.op == 'neg' else '+'}{_spelled(expr.of)}"
        case Not():
            return f"not {_spelled(expr.of)}"
        case Logic():
            return f"{_spelled(expr.left)} {expr.op} {_spelled(expr.right)}"
        case Compare():
            return " ".join([_spelled(expr.first), *(f"{sign} {_spelled(other)}" for sign, other in expr.rest)])
        case Choose():
            return f"{_spelled(expr.then)} if {_spelled(expr.test)} else {_spelled(expr.otherwise)}"
        case ListOf():
            return f"[{', '.join(map(_spelled, expr.items))}]"
        case MapOf():
            return f"{{{', '.join(f'{_spelled(key)}: {_spelled(value)}' for key, value in expr.items)}}}"
        case _:
            assert_never(expr)
