"""Values of the expression language: JSON, looked up and measured; never an attribute of a Python object.

Beside `evaluate.py` and the filters, which share it. Every limit on what an expression may make is here.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from workflows.errors import EvaluationError

# Values are JSON, checked where they are used; activities may also hand in maps with integer keys.
Json = Any

MAX_TEXT: Final = 65_536  # characters of one text
MAX_ITEMS: Final = 100_000  # of one list or map
MAX_WEIGHT: Final = 1_000_000  # values, and characters by eights, in all that an expression yields
MAX_NUMBER: Final = 10**30
MAX_COMPARISONS: Final = 5_000_000  # of a list's items with another list's
PLAIN: Final = frozenset({str, int, float, bool, type(None)})  # values that hold no others


class _Missing:
    """What a look-up found where there is nothing; only ``default`` and ``is defined`` ever see it."""


MISSING: Final = _Missing()


def describe(value: object) -> str:
    """A value for a message: its kind, and itself where it is short."""
    kind = {bool: "boolean", int: "integer", float: "number", str: "text", type(None): "null"}.get(type(value))
    if isinstance(value, str):
        return f"text {value!r}" if len(value) <= 38 else f"a text of {len(value)} characters"
    if isinstance(value, int) and not -MAX_NUMBER <= value <= MAX_NUMBER:
        return "a number that is too large"
    if kind is not None:
        return f"{kind} {value!r}"
    kind = "map" if isinstance(value, Mapping) else "list"
    if _lighter(value, 20):
        shown = repr(value)
        if len(shown) <= 40:
            return f"{kind} {shown}"
    return f"a {kind} of {len(value)} items" if isinstance(value, Mapping | Sequence) else f"a {kind}"


def member(value: object, name: str) -> Json:
    """``value.name``, or `MISSING`."""
    if value is None:
        return MISSING
    if not isinstance(value, Mapping):
        raise EvaluationError(f"{describe(value)} has no attribute {name!r}")
    return value.get(name, MISSING)


def item(value: object, key: Json) -> Json:
    """``value[key]``, or `MISSING`."""
    if value is None:
        return MISSING
    if isinstance(value, Mapping):
        return in_map(value, key)
    if isinstance(value, Sequence) and isinstance(key, int) and not isinstance(key, bool):
        return value[key] if -len(value) <= key < len(value) else MISSING
    raise EvaluationError(f"{describe(value)} has no item {describe(key)}")


def in_map(value: Mapping[Json, Json], key: Json) -> Json:
    """What a map has under a key, an integer also where it is written as text; or `MISSING`."""
    if isinstance(key, list | dict):
        raise EvaluationError(f"{describe(key)} cannot be a key")
    if key in value:
        return value[key]
    other = _other_spelling(key)
    return MISSING if other is None else value.get(other, MISSING)


def _other_spelling(key: Json) -> int | str | None:
    """The same VLAN id as JSON writes it: keys of JSON are texts."""
    if isinstance(key, int) and not isinstance(key, bool):
        return str(key)
    if isinstance(key, str) and key.isascii() and key.isdigit() and (key == "0" or key[0] != "0") and len(key) < 20:
        return int(key)
    return None


def attribute_of(value: Json, path: Json) -> Json:
    """What ``attribute="a.b"`` of a filter finds in an item; a missing one is an error."""
    for part in str(path).split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, Sequence) and not isinstance(value, str) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise EvaluationError(f"an item has no attribute {part!r}")
    return value


def contains(container: Json, value: Json) -> bool:
    """``value in container``."""
    if isinstance(container, Mapping):
        return in_map(container, value) is not MISSING
    if isinstance(container, str):
        if not isinstance(value, str):
            raise EvaluationError(f"{describe(value)} cannot be in a text")
        return value in container
    if isinstance(container, Sequence):
        return value in container
    raise EvaluationError(f"nothing can be in {describe(container)}")


def as_text(value: Json) -> str:
    """A value as text, refused where that would be too long."""
    if type(value) not in PLAIN and not _lighter(value, MAX_TEXT):
        raise EvaluationError(f"a text of more than {MAX_TEXT:,} characters")
    return str(value)


def sized(value: Json) -> Json:
    """The value, unless it is too large by itself."""
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise EvaluationError(f"a text of more than {MAX_TEXT:,} characters")
    elif isinstance(value, list | dict) and len(value) > MAX_ITEMS:
        raise EvaluationError(f"more than {MAX_ITEMS:,} items")
    return value


def weighed(value: Json) -> Json:
    """The value, unless it is too large with all that is in it."""
    if isinstance(value, list | dict) and not _lighter(value, MAX_WEIGHT):
        raise EvaluationError("a value that is too large")
    return value


def weight_of(value: Json, limit: int) -> int:
    """How much is in a value: one for each value, and one for every eight characters; counting ends past the limit."""
    total = 0
    open_ended: list[Iterator[Json]] = [iter((value,))]
    while open_ended:
        one = next(open_ended[-1], MISSING)
        if one is MISSING:
            open_ended.pop()
            continue
        total += 1
        if isinstance(one, str):
            total += len(one) >> 3
        elif isinstance(one, Mapping):
            total += len(one)
            open_ended.append(iter(one.values()))
        elif isinstance(one, list | tuple):
            open_ended.append(iter(one))
        if total > limit:
            break
    return total


def _lighter(value: Json, limit: int) -> bool:
    return weight_of(value, limit) <= limit
