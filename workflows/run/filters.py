"""The filters and tests of the language, each with the meaning that Jinja2 gives it, over JSON values only.

`evaluate.py` calls them; ``default`` and ``defined`` are there, for they alone may see what is missing.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from workflows.errors import EvaluationError

# Values are JSON, checked where they are used: each function says what it takes by failing on the rest.
Json = Any

MAX_MATCH_TEXT: Final = 4_096
MAX_RANGE_TEXT: Final = 65_536


def _items_of(value: Json, name: str) -> list[Json]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise EvaluationError(f"`{name}` needs a list")
    return list(value)


def _attribute(value: Json, path: str) -> Json:
    if type(value) is dict and path in value and "." not in path:  # nearly always, and much faster
        return value[path]
    for part in str(path).split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, Sequence) and not isinstance(value, str) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise EvaluationError(f"an item has no attribute {part!r}")
    return value


def _folded(value: Json) -> Json:
    """Jinja2 compares texts without regard to case unless it is told otherwise."""
    return value.lower() if isinstance(value, str) else value


def _key(attribute: str | None, case_sensitive: bool) -> Callable[[Json], Json]:
    def key(item: Json) -> Json:
        value = item if attribute is None else _attribute(item, attribute)
        return value if case_sensitive else _folded(value)

    return key


def _length(value: Json) -> int:
    return len(value)


def _first(value: Json) -> Json:
    return _end(value, 0)


def _last(value: Json) -> Json:
    return _end(value, -1)


def _end(value: Json, index: int) -> Json:
    items = list(value)
    if not items:
        raise EvaluationError("an empty list has no first and no last item")
    return items[index]


def _sum(value: Json, attribute: str | None = None, start: Json = 0) -> Json:
    numbers = [item if attribute is None else _attribute(item, attribute) for item in _items_of(value, "sum")]
    if any(isinstance(number, str | list | dict) for number in numbers):
        raise EvaluationError("`sum` needs numbers")
    return sum(numbers, start)


def _min(value: Json, case_sensitive: bool = False, attribute: str | None = None) -> Json:
    return _least(value, min, case_sensitive, attribute)


def _max(value: Json, case_sensitive: bool = False, attribute: str | None = None) -> Json:
    return _least(value, max, case_sensitive, attribute)


def _least(value: Json, choose: Callable[..., Json], case_sensitive: bool, attribute: str | None) -> Json:
    items = list(value)
    if not items:
        raise EvaluationError("an empty list has no least and no greatest item")
    return choose(items, key=_key(attribute, case_sensitive))


def _sort(value: Json, reverse: bool = False, case_sensitive: bool = False, attribute: str | None = None) -> list[Json]:
    return sorted(value, key=_key(attribute, case_sensitive), reverse=reverse)


def _unique(value: Json, case_sensitive: bool = False, attribute: str | None = None) -> list[Json]:
    key = _key(attribute, case_sensitive)
    seen: list[Json] = []
    found: set[Json] = set()
    kept = []
    for item in value:
        mark = key(item)
        if isinstance(mark, list | dict):
            known = mark in seen
            seen.append(mark)
        else:
            known = mark in found
            found.add(mark)
        if not known:
            kept.append(item)
    return kept


def _join(value: Json, separator: str = "", attribute: str | None = None) -> str:
    items = [item if attribute is None else _attribute(item, attribute) for item in value]
    return str(separator).join(str(item) for item in items)


def _chosen(test: Sequence[Json]) -> Callable[[Json], bool]:
    if not test:
        return bool
    name, *args = test
    if name == "defined":
        return lambda _: True  # an item of a list is there
    if name not in TEST_FUNCTIONS:
        raise EvaluationError(f"there is no test {name!r}")
    function = TEST_FUNCTIONS[name]
    return lambda item: function(item, *args)


def _select(value: Json, *test: Json) -> list[Json]:
    holds = _chosen(test)
    return [item for item in _items_of(value, "select") if holds(item)]


def _reject(value: Json, *test: Json) -> list[Json]:
    holds = _chosen(test)
    return [item for item in _items_of(value, "reject") if not holds(item)]


def _selectattr(value: Json, attribute: str, *test: Json) -> list[Json]:
    holds = _chosen(test)
    return [item for item in _items_of(value, "selectattr") if holds(_attribute(item, attribute))]


def _rejectattr(value: Json, attribute: str, *test: Json) -> list[Json]:
    holds = _chosen(test)
    return [item for item in _items_of(value, "rejectattr") if not holds(_attribute(item, attribute))]


_UNSET: Final = object()


def _map(value: Json, *call: Json, attribute: str | None = None, default: Json = _UNSET) -> list[Json]:
    items = _items_of(value, "map")
    if attribute is not None:
        return [_attribute_or(item, attribute, default) for item in items]
    if not call or call[0] not in FILTER_FUNCTIONS:
        raise EvaluationError("`map` needs `attribute=…` or the name of a filter")
    name, *args = call
    return [FILTER_FUNCTIONS[name](item, *args) for item in items]


def _attribute_or(item: Json, attribute: str, default: Json) -> Json:
    if default is _UNSET:
        return _attribute(item, attribute)
    try:
        return _attribute(item, attribute)
    except EvaluationError:
        return default


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
        return float(value)
    except (TypeError, ValueError):
        return default


def _replace(value: Json, old: str, new: str, count: int | None = None) -> str:
    whole = str(value)
    if len(new) > len(old) and len(whole) * (len(new) + 1) > MAX_RANGE_TEXT * 16:
        raise EvaluationError("`replace` would make too long a text")
    return whole.replace(str(old), str(new), -1 if count is None else count)


def _split(value: Json, separator: str | None = None) -> list[str]:
    return str(value).split(separator)


def _trim(value: Json, characters: str | None = None) -> str:
    return str(value).strip(characters)


def _round(value: Json, precision: int = 0, method: str = "common") -> float:
    if isinstance(value, str):
        raise EvaluationError("`round` needs a number")
    if method == "common":
        return float(round(value, precision))
    factor = 10.0 ** int(precision)
    scaled = float(value) * factor
    whole = int(scaled)
    if method == "ceil":
        return (whole + int(scaled > whole)) / factor
    if method == "floor":
        return (whole - int(scaled < whole)) / factor
    raise EvaluationError("`round` knows common, ceil and floor")


def _list(value: Json) -> list[Json]:
    return list(value)


def _pairs(value: Json) -> list[Json]:
    if not isinstance(value, Mapping):
        raise EvaluationError("`items` needs a map")
    return [[key, item] for key, item in value.items()]


def _keys(value: Json) -> list[Json]:
    if not isinstance(value, Mapping):
        raise EvaluationError("`keys` needs a map")
    return list(value)


def _upper(value: Json) -> str:
    return str(value).upper()


def _lower(value: Json) -> str:
    return str(value).lower()


def _match(value: Json, pattern: str) -> bool:
    """From the start of the text, as Ansible's ``match``; a text is cut off where a pattern could run for long."""
    if len(str(value)) > MAX_MATCH_TEXT:
        raise EvaluationError(f"`match` takes at most {MAX_MATCH_TEXT:,} characters")
    return re.match(pattern, str(value)) is not None


FILTER_FUNCTIONS: Final[Mapping[str, Callable[..., Json]]] = {
    "length": _length,
    "first": _first,
    "last": _last,
    "sum": _sum,
    "min": _min,
    "max": _max,
    "sort": _sort,
    "unique": _unique,
    "join": _join,
    "select": _select,
    "reject": _reject,
    "selectattr": _selectattr,
    "rejectattr": _rejectattr,
    "map": _map,
    "string": str,
    "int": _int,
    "float": _float,
    "lower": _lower,
    "upper": _upper,
    "replace": _replace,
    "split": _split,
    "trim": _trim,
    "round": _round,
    "list": _list,
    "items": _pairs,
    "keys": _keys,
}

TEST_FUNCTIONS: Final[Mapping[str, Callable[..., bool]]] = {
    "none": lambda value: value is None,
    "equalto": lambda value, other: bool(value == other),
    "==": lambda value, other: bool(value == other),
    "in": lambda value, container: value in container,
    "match": _match,
}
