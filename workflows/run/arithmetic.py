"""The operators of the expression language: comparison, and arithmetic that cannot grow without bound."""

import operator
from collections.abc import Callable, Mapping
from typing import Final

from workflows.errors import EvaluationError
from workflows.run.values import MAX_NUMBER, Json, contains, describe, sized

MAX_EXPONENT: Final = 100

COMPARISONS: Final[Mapping[str, Callable[[Json, Json], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda left, right: contains(right, left),
    "not in": lambda left, right: not contains(right, left),
}

_ARITHMETIC: Final[Mapping[str, Callable[[Json, Json], Json]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}


def calculate(sign: str) -> Callable[[Json, Json], Json]:
    """The function of an arithmetic operator: over numbers, and for ``+`` over two texts or two lists."""
    function = _ARITHMETIC[sign]

    def calculated(left: Json, right: Json) -> Json:
        if sign == "+" and type(left) is type(right) and type(left) in {str, list}:
            return sized(function(left, right))
        if not (_is_number(left) and _is_number(right)):
            raise EvaluationError(f"{describe(left)} {sign} {describe(right)} cannot be calculated")
        if not (-MAX_NUMBER <= left <= MAX_NUMBER and -MAX_NUMBER <= right <= MAX_NUMBER):
            raise EvaluationError("a number is too large to be calculated with")
        if sign == "**" and abs(right) > MAX_EXPONENT:
            raise EvaluationError(f"an exponent above {MAX_EXPONENT} is refused")
        result = function(left, right)
        if not isinstance(result, int | float) or abs(result) > MAX_NUMBER:
            raise EvaluationError("the number is too large")
        return result

    return calculated


def signed(value: Json, negative: bool) -> Json:
    """``-value`` or ``+value``."""
    if not _is_number(value):
        raise EvaluationError(f"{describe(value)} has no sign")
    return -value if negative else +value


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
