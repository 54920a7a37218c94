"""The filters and tests over lists and maps, each with the meaning that Jinja2 gives it, over JSON values only.

`evaluate.py` calls them, with those over texts and numbers (`text_filters.py`); ``default`` and ``defined`` are there,
for they alone may see what is missing. Each function says what it takes by failing on the rest. None makes more than
it is given, but for those that are limited where they are written.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from workflows.errors import EvaluationError
from workflows.run.text_filters import TEXT_FILTERS, matches
from workflows.run.values import (
    MAX_COMPARISONS,
    MAX_TEXT,
    MAX_WEIGHT,
    Json,
    as_text,
    attribute_of,
    contains,
    weight_of,
)

Test = Callable[[Json], bool]


def items_of(value: Json, name: str) -> list[Json]:
    """The items of a list, or the keys of a map; a text is no list here."""
    if type(value) is list:
        return value
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise EvaluationError(f"`{name}` needs a list")
    return list(value)


def _folded(value: Json) -> Json:
    """Jinja2 compares texts without regard to case unless it is told otherwise."""
    return value.lower() if isinstance(value, str) else value


def _key(attribute: Json, case_sensitive: bool) -> Callable[[Json], Json]:
    def key(one: Json) -> Json:
        value = one if attribute is None else attribute_of(one, attribute)
        return value if case_sensitive else _folded(value)

    return key


def _length(value: Json) -> int:
    return len(value)


def _first(value: Json) -> Json:
    return _end(value, 0)


def _last(value: Json) -> Json:
    return _end(value, -1)


def _end(value: Json, index: int) -> Json:
    items = value if isinstance(value, list) else list(value)
    if not items:
        raise EvaluationError("an empty list has no first and no last item")
    return items[index]


def _sum(value: Json, attribute: str | None = None, start: Json = 0) -> Json:
    items = items_of(value, "sum")
    if not isinstance(start, int | float):
        raise EvaluationError("`sum` needs numbers")
    try:
        return sum(items if attribute is None else _attributes(items, attribute), start)
    except TypeError:
        raise EvaluationError("`sum` needs numbers") from None


def _attributes(items: Iterable[Json], attribute: Json) -> list[Json]:
    try:  # nearly always, and much faster
        if type(attribute) is str and "." not in attribute:
            return [one[attribute] for one in items]
    except (KeyError, TypeError, IndexError):
        pass
    return [attribute_of(one, attribute) for one in items]


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
    if not isinstance(attribute, str) or "," not in attribute:
        return sorted(value, key=_key(attribute, case_sensitive), reverse=reverse)
    keys = [_key(one.strip(), case_sensitive) for one in attribute.split(",")]
    return sorted(value, key=lambda one: [key(one) for key in keys], reverse=reverse)


def _unique(value: Json, case_sensitive: bool = False, attribute: str | None = None) -> list[Json]:
    key, found, kept = _key(attribute, case_sensitive), set[Json](), []
    for one in value:
        mark = _frozen(key(one))
        if mark not in found:
            found.add(mark)
            kept.append(one)
    return kept


def _frozen(value: Json) -> Json:
    """Something hashable that is equal for equal values."""
    if isinstance(value, Mapping):
        return "map", frozenset((key, _frozen(one)) for key, one in value.items())
    if isinstance(value, list | tuple):
        return "list", tuple(map(_frozen, value))
    return value


def _join(value: Json, separator: str = "", attribute: str | None = None) -> str:
    between, left, texts = str(separator), MAX_TEXT, list[str]()
    for one in value if attribute is None else _attributes(value, attribute):
        texts.append(as_text(one))
        left -= len(texts[-1]) + len(between)
        if left + len(between) < 0:
            raise EvaluationError(f"a text of more than {MAX_TEXT:,} characters")
    return between.join(texts)


def chosen(test: Sequence[Json], count: int) -> Test:
    """The test that ``select`` and its like apply to each of so many items."""
    if not test:
        return bool
    name, *args = test
    if name == "defined":
        return lambda _: True  # an item of a list is there
    if name not in TEST_FUNCTIONS:
        raise EvaluationError(f"there is no test {name!r}")
    if name == "in":
        return _within(args[0], count)
    function = TEST_FUNCTIONS[name]
    return lambda one: function(one, *args)


def _within(container: Json, count: int) -> Test:
    if not isinstance(container, list) or len(container) < 8:
        return lambda one: contains(container, one)
    try:
        known = frozenset(container)
    except TypeError:  # maps and lists cannot be hashed, and are compared one by one
        if count * len(container) > MAX_COMPARISONS:
            raise EvaluationError("two lists are too long to be compared") from None
        return lambda one: one in container
    return lambda one: one in known if not isinstance(one, list | dict) else False


def _select(value: Json, *test: Json) -> list[Json]:
    items = items_of(value, "select")
    holds = chosen(test, len(items))
    return [one for one in items if holds(one)]


def _reject(value: Json, *test: Json) -> list[Json]:
    items = items_of(value, "reject")
    holds = chosen(test, len(items))
    return [one for one in items if not holds(one)]


def _selectattr(value: Json, attribute: str, *test: Json) -> list[Json]:
    items = items_of(value, "selectattr")
    holds = chosen(test, len(items))
    return [one for one in items if holds(attribute_of(one, attribute))]


def _rejectattr(value: Json, attribute: str, *test: Json) -> list[Json]:
    items = items_of(value, "rejectattr")
    holds = chosen(test, len(items))
    return [one for one in items if not holds(attribute_of(one, attribute))]


_UNSET: Final = object()


def _map(value: Json, *call: Json, attribute: str | None = None, default: Json = _UNSET) -> list[Json]:
    items = items_of(value, "map")
    if attribute is not None:
        if default is _UNSET:
            return _attributes(items, attribute)
        return [_attribute_or(one, attribute, default) for one in items]
    if call and call[0] == "default":
        return [(call[1] if len(call) > 1 else "") if one is None else one for one in items]
    if not call or call[0] not in FILTER_FUNCTIONS:
        raise EvaluationError("`map` needs `attribute=…` or the name of a filter")
    name, *args = call
    function, left, made = FILTER_FUNCTIONS[name], MAX_WEIGHT, list[Json]()
    for one in items:
        made.append(function(one, *args))
        left -= weight_of(made[-1], left)
        if left < 0:
            raise EvaluationError(f"`map` with `{name}` would make too much")
    return made


def _attribute_or(one: Json, attribute: str, default: Json) -> Json:
    try:
        return attribute_of(one, attribute)
    except EvaluationError:
        return default


def _list(value: Json) -> list[Json]:
    return list(value)


def _pairs(value: Json) -> list[Json]:
    if not isinstance(value, Mapping):
        raise EvaluationError("`items` needs a map")
    return [[key, one] for key, one in value.items()]


def _keys(value: Json) -> list[Json]:
    if not isinstance(value, Mapping):
        raise EvaluationError("`keys` needs a map")
    return list(value)


FILTER_FUNCTIONS: Final[Mapping[str, Callable[..., Json]]] = {
    **TEXT_FILTERS,
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
    "list": _list,
    "items": _pairs,
    "keys": _keys,
}

TEST_FUNCTIONS: Final[Mapping[str, Callable[..., bool]]] = {
    "none": lambda value: value is None,
    "equalto": lambda value, other: bool(value == other),
    "==": lambda value, other: bool(value == other),
    "in": lambda value, container: contains(container, value),
    "match": matches,
}
