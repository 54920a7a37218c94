"""The filters and the test over texts and numbers, each with the meaning that Jinja2 gives it, and bounded."""

import math
from collections.abc import Callable, Mapping
from typing import Final

from workflows.errors import EvaluationError
from workflows.patterns import Mistake, check_pattern
from workflows.run.values import MAX_TEXT, Json, as_text

MAX_PRECISION: Final = 30
# How long a text may be that a pattern is matched with: the more of the pattern's repetitions can match the same text,
# the faster its worst time grows.
MAX_MATCH_TEXT: Final[Mapping[int, int]] = {0: 65_536, 1: 65_536, 2: 4_096, 3: 512}


def _int(value: Json, default: int = 0, base: int = 10) -> int:
    try:
        return int(value, base) if isinstance(value, str) else int(value)
    except (TypeError, ValueError, OverflowError):
        pass  # as Jinja2: a second try as a number with a fraction, then the default
    try:
        return int(float(value))
    except (TypeError, ValueError, OverflowError):
        return default


def _float(value: Json, default: float = 0.0) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return default
    return number if math.isfinite(number) else default  # JSON has no infinity


def _replace(value: Json, old: str, new: str, count: int | None = None) -> str:
    whole, before, after = as_text(value), str(old), str(new)
    limit = -1 if count is None else count
    if len(after) > len(before):
        found = whole.count(before) if limit < 0 else min(limit, whole.count(before))
        if len(whole) + found * (len(after) - len(before)) > MAX_TEXT:
            raise EvaluationError("`replace` would make too long a text")
    return whole.replace(before, after, limit)


def _split(value: Json, separator: str | None = None) -> list[str]:
    return as_text(value).split(separator)


def _trim(value: Json, characters: str | None = None) -> str:
    return as_text(value).strip(characters)


def _round(value: Json, precision: int = 0, method: str = "common") -> Json:
    if isinstance(value, str):
        raise EvaluationError("`round` needs a number")
    if not -MAX_PRECISION <= precision <= MAX_PRECISION:
        raise EvaluationError(f"`round` to more than {MAX_PRECISION} digits")
    if method == "common":
        return round(value, precision)
    if method not in {"ceil", "floor"}:
        raise EvaluationError("`round` knows common, ceil and floor")
    factor: float = 10**precision
    return (math.ceil if method == "ceil" else math.floor)(value * factor) / factor


def _upper(value: Json) -> str:
    return as_text(value).upper()


def _lower(value: Json) -> str:
    return as_text(value).lower()


def matches(value: Json, pattern: str) -> bool:
    """From the start of the text, as Ansible's ``match``; a text that could take long is refused."""
    return pattern_test(pattern)(value)


def pattern_test(pattern: str) -> Callable[[Json], bool]:
    """``match`` with one pattern, for many texts."""
    checked = check_pattern(pattern)
    if isinstance(checked, Mistake):
        raise EvaluationError(f"`match`: {checked.message}")
    match, limit = checked.compiled.match, MAX_MATCH_TEXT[checked.greedy]

    def matched(value: Json) -> bool:
        text = value if type(value) is str else as_text(value)
        if len(text) > limit:
            raise EvaluationError(f"`match` with this pattern takes at most {limit:,} characters")
        return match(text) is not None

    return matched


TEXT_FILTERS: Final[Mapping[str, Callable[..., Json]]] = {
    "string": as_text,
    "int": _int,
    "float": _float,
    "lower": _lower,
    "upper": _upper,
    "replace": _replace,
    "split": _split,
    "trim": _trim,
    "round": _round,
}
