"""The filters and tests over lists and maps, each with the meaning that Jinja2 gives it, over JSON values only.

`evaluate.py` calls them, with those over texts and numbers (`text_filters.py`); ``default`` and ``defined`` are there,
for they alone may see what is missing. Each function says what it takes by failing on the rest. None makes more than
it is given, but for those that are limited where they are written.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from workflows.errors import EvaluationError
from workflows.run.text_filters import TEXT_FILTERS, matches, pattern_test
from workflows.run.values import (
    MAX_COMPARISONS,
    MAX_TEXT,
    MAX_WEIGHT,
    PLAIN,
    Json,
    as_text,
    attribute_of,
    contains,
    weight_of,
)


def items_of(value: Json, name: str) -> list[Json]:
    """The items of a list, or the keys of a map; a text is no list here."""
    if type(value) is list:
        return value
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise EvaluationError(f"`{name}` needs a list")
    return list(value)


def _keys_of(items: Iterable[Json], attribute: Json, case_sensitive: bool) -> list[Json]:
    """What items are ordered or told apart by; texts without regard to case unless asked for, as in Jinja2."""
    keys = list(items) if attribute is None else attributes_of(items, attribute)
    return keys if case_sensitive else [key.lower() if isinstance(key, str) else key for key in keys]


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
        return sum(items if attribute is None else attributes_of(items, attribute), start)
    except TypeError:
        raise EvaluationError("`sum` needs numbers") from None


def attributes_of(items: Iterable[Json], attribute: Json) -> list[Json]:
    """One attribute of each item; a missing one is an error."""
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
    keys = _keys_of(items, attribute, case_sensitive)
    return items[choose(range(len(items)), key=keys.__getitem__)]


def _sort(value: Json, reverse: bool = False, case_sensitive: bool = False, attribute: str | None = None) -> list[Json]:
    items = list(value)
    if isinstance(attribute, str) and "," in attribute:
        columns = [_keys_of(items, one.strip(), case_sensitive) for one in attribute.split(",")]
        keys: list[Json] = list(zip(*columns, strict=True))
    else:
        keys = _keys_of(items, attribute, case_sensitive)
    return [items[at] for at in sorted(range(len(items)), key=keys.__getitem__, reverse=reverse)]


def _unique(value: Json, case_sensitive: bool = False, attribute: str | None = None) -> list[Json]:
    items, found, kept = list(value), set[Json](), []
    for one, key in zip(items, _keys_of(items, attribute, case_sensitive), strict=True):
        mark = key if type(key) in PLAIN else _frozen(key)
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
    for one in value if attribute is None else attributes_of(value, attribute):
        if type(one) is str:
            texts.append(one)
            continue
        texts.append(as_text(one))
        left -= len(texts[-1])
        if left < 0:
            break
    if left < 0 or sum(map(len, texts)) + len(between) * (len(texts) - 1) > MAX_TEXT:
        raise EvaluationError(f"a text of more than {MAX_TEXT:,} characters")
    return between.join(texts)


def picked(items: Sequence[Json], values: Sequence[Json], test: Sequence[Json], keep: bool) -> list[Json]:
    """The items whose value passes a test, or those whose value does not.

    Args:
        items: What is chosen from.
        values: One for each item: itself, or one of its attributes.
        test: The test's name and its arguments; empty for truth.
        keep: Whether those that pass are wanted.
    """
    name, *args = test or ("true",)
    if name == "in" and isinstance(args[0], list):
        return _picked_in(items, values, args[0], keep)
    if name == "match":
        holds = pattern_test(args[0])
    elif not test or name == "defined":
        holds = bool if not test else lambda _: True  # an item of a list is there
    elif name in TEST_FUNCTIONS:
        function = TEST_FUNCTIONS[name]
        holds = lambda value: function(value, *args)  # noqa: E731 - one of three
    else:
        raise EvaluationError(f"there is no test {name!r}")
    return [one for one, value in zip(items, values, strict=True) if holds(value) is keep]


def _picked_in(items: Sequence[Json], values: Sequence[Json], container: list[Json], keep: bool) -> list[Json]:
    try:
        known = frozenset(container)
        return [one for one, value in zip(items, values, strict=True) if (value in known) is keep]
    except TypeError:  # maps and lists cannot be hashed, and are compared one by one
        if len(items) * len(container) > MAX_COMPARISONS:
            raise EvaluationError("two lists are too long to be compared") from None
    return [one for one, value in zip(items, values, strict=True) if (value in container) is keep]


def _select(value: Json, *test: Json) -> list[Json]:
    items = items_of(value, "select")
    return picked(items, items, test, keep=True)


def _reject(value: Json, *test: Json) -> list[Json]:
    items = items_of(value, "reject")
    return picked(items, items, test, keep=False)


def _selectattr(value: Json, attribute: str, *test: Json) -> list[Json]:
    items = items_of(value, "selectattr")
    return picked(items, attributes_of(items, attribute), test, keep=True)


def _rejectattr(value: Json, attribute: str, *test: Json) -> list[Json]:
    items = items_of(value, "rejectattr")
    return picked(items, attributes_of(items, attribute), test, keep=False)


_UNSET: Final = object()


def _map(value: Json, *call: Json, attribute: str | None = None, default: Json = _UNSET) -> list[Json]:
    items = items_of(value, "map")
    if attribute is not None:
        if default is _UNSET:
            return attributes_of(items, attribute)
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
