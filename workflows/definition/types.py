"""The static types of expressions: what a value is known to be before anything runs.

``Unknown`` is what only the run can know (``device.data``, JSON of a device); it fits everywhere. A record is closed:
an attribute that it does not have is a mistake. Data only; `inference.py` does the reasoning.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

from pydantic import JsonValue

from workflows.durations import parse_duration
from workflows.plan import Input


@dataclass(frozen=True, slots=True)
class Unknown:
    """Anything; checked when it runs."""


@dataclass(frozen=True, slots=True)
class Null:
    """Nothing but null."""


@dataclass(frozen=True, slots=True)
class Boolean:
    """``true`` or ``false``."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number; ``integral`` if it has no fraction."""

    integral: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A text; ``values`` where only some are possible. ``duration`` and ``host`` are texts of a known meaning."""

    values: frozenset[str] | None = None
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class ListType:
    """A list of values of one type."""

    item: "Type"


@dataclass(frozen=True, slots=True)
class MapType:
    """A map whose keys are data."""

    key: "Type"
    value: "Type"


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A map whose keys are known. ``hints`` explains what is deliberately not among them."""

    what: str
    fields: Mapping[str, "Type"]
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Maybe:
    """A value that may be null: an output of a step that may be skipped, an input that is not required."""

    of: "Type"


@dataclass(frozen=True, slots=True)
class Steps:
    """The root ``steps``; its attributes are looked up in the scope."""


Type = Unknown | Null | Boolean | Number | Text | ListType | MapType | Record | Maybe | Steps

UNKNOWN: Final = Unknown()
NULL: Final = Null()
BOOLEAN: Final = Boolean()
NUMBER: Final = Number()
INTEGER: Final = Number(integral=True)
TEXT: Final = Text()
DURATION: Final = Text(meaning="duration")
HOST: Final = Text(meaning="host")
HOSTS: Final = ListType(HOST)
MOST_VALUES: Final = 32  # of a text whose values are followed one by one
STEPS: Final = Steps()

DEVICE: Final = Record(
    "`device`",
    {
        "name": HOST, "platform": TEXT, "address": TEXT, "port": INTEGER, "site": Maybe(TEXT), "role": Maybe(TEXT),
        "groups": ListType(TEXT), "tags": ListType(TEXT), "maintenance": BOOLEAN, "credential": Maybe(TEXT),
        "pool": Maybe(TEXT), "data": UNKNOWN,
    },
    "facts that only some devices have are in `device.data`",
)  # fmt: skip
CHANGE: Final = Record(
    "a proposed change", {"diff": TEXT, "lines": ListType(TEXT), "empty": BOOLEAN, "digest": TEXT, "made": TEXT}
)
APPLIED: Final = Record("an applied change", {"changed": BOOLEAN, "diff": TEXT, "digest": TEXT, "saved": BOOLEAN})
ROWS: Final = ListType(MapType(TEXT, UNKNOWN))
AGGREGATES: Final[Mapping[str, Type]] = {
    **dict.fromkeys(("succeeded", "failed", "unreachable", "skipped", "changed"), HOSTS),
    "ratio": NUMBER,
    "total": INTEGER,
    "warnings": INTEGER,
}
RUN_INSIDE_DO: Final[Mapping[str, Type]] = {"id": TEXT, "definition": TEXT, "version": TEXT}
BOUND: Final[Mapping[str, Type]] = dict.fromkeys(
    ("devices", "groups", "computed", "modelled", "unavailable"), INTEGER
)  # what an automatic approval sees of the changes that its gate binds
RUN: Final[Mapping[str, Type]] = {
    **RUN_INSIDE_DO,
    "requester": TEXT,
    "reason": TEXT,
    "mode": Text(frozenset({"apply", "plan"})),
}
RUN_AT_END: Final[Mapping[str, Type]] = {
    **RUN,
    "verdict": Text(frozenset({"succeeded", "partial", "stopped", "failed", "failed_dirty", "rejected", "cancelled"})),
    "devices": ListType(
        Record("a device's result", {"name": HOST, "status": TEXT, "step": Maybe(TEXT), "message": TEXT})
    ),
}

_INPUTS: Final[Mapping[str, Type]] = {
    "integer": INTEGER, "vlan_id": INTEGER, "number": NUMBER, "boolean": BOOLEAN, "duration": DURATION, "host": HOST,
    "list": ListType(UNKNOWN), "map": MapType(TEXT, UNKNOWN),
}  # fmt: skip


def type_of_input(declared: Input) -> Type:
    """The type of ``inputs.NAME``."""
    found: Type = _INPUTS.get(declared.type, TEXT)
    if declared.type == "enum":
        texts = [value for value in declared.values if isinstance(value, str)]
        found = Text(frozenset(texts)) if len(texts) == len(declared.values) else UNKNOWN
    elif declared.items is not None:
        found = ListType(type_of_input(declared.items))
    elif declared.properties:
        found = Record("the map", {name: type_of_input(one) for name, one in declared.properties.items()})
    return found if declared.required or declared.default is not None else Maybe(found)


def type_of_constant(value: JsonValue) -> Type:
    """The type of a constant; a text knows its value."""
    match value:
        case bool():
            return BOOLEAN
        case int():
            return INTEGER
        case float():
            return NUMBER
        case str():
            return Text(frozenset({value}))
        case _:
            return NULL


def concatenated(parts: Sequence[Type]) -> Type:
    """The type of a text that is joined from others; a few possible values are all known."""
    made = [""]
    for part in parts:
        values = sorted(part.values) if isinstance(part, Text) and part.values is not None else None
        if values is None or len(values) * len(made) > MOST_VALUES:
            return TEXT
        made = [text + value for text in made for value in values]
    return Text(frozenset(made))


def known_texts(found: Type) -> Iterator[str]:
    """Every text that a value is known to be able to be, or to hold."""
    match found:
        case Text(values=values) if values is not None:
            yield from sorted(values)
        case ListType():
            yield from known_texts(found.item)
        case MapType():
            yield from known_texts(found.value)
        case Record():
            for one in found.fields.values():
                yield from known_texts(one)
        case Maybe():
            yield from known_texts(found.of)
        case _:
            return


def bare_type(found: Type) -> Type:
    """Without the possibility of null."""
    return found.of if isinstance(found, Maybe) else found


def describe(found: Type) -> str:
    """A type in words, for messages."""
    match found:
        case Number():
            return "an integer" if found.integral else "a number"
        case Text():
            return {"duration": "a duration", "host": "the name of a device"}.get(found.meaning, "text")
        case Boolean():
            return "a boolean"
        case ListType():
            return "a list"
        case MapType():
            return "a map"
        case Record():
            return "a map" if found.what.startswith("`") else found.what
        case Maybe():
            return f"{describe(found.of)} or null"
        case Null():
            return "null"
        case Steps():
            return "the steps"
        case Unknown():
            return "a value known only when it runs"


def describe_many(found: Type) -> str:
    """A type in words, in the plural."""
    match found:
        case Number():
            return "integers" if found.integral else "numbers"
        case Text(values=values) if values is not None and len(values) <= 8:
            return ", ".join(f"`{value}`" for value in sorted(values))
        case Text():
            return "texts"
        case _:
            return "other values"


def join(left: Type, right: Type) -> Type:
    """The type of a value that is one of two."""
    if left == right:
        return left
    if isinstance(left, Null) or isinstance(right, Null):
        other = right if isinstance(left, Null) else left
        return other if isinstance(other, Maybe | Unknown | Null) else Maybe(other)
    if isinstance(left, Maybe) or isinstance(right, Maybe):
        inner = join(bare_type(left), bare_type(right))
        return inner if isinstance(inner, Maybe | Unknown) else Maybe(inner)
    if isinstance(left, Number) and isinstance(right, Number):
        return NUMBER
    if isinstance(left, Text) and isinstance(right, Text):
        both = left.values | right.values if left.values is not None and right.values is not None else None
        durations = (left.meaning == "duration" or _durations(left)) and (
            right.meaning == "duration" or _durations(right)
        )
        return Text(both, "duration" if durations else left.meaning if left.meaning == right.meaning else "")
    if isinstance(left, ListType) and isinstance(right, ListType):
        return ListType(join(left.item, right.item))
    if isinstance(left, MapType) and isinstance(right, MapType):
        return MapType(join(left.key, right.key), join(left.value, right.value))
    if isinstance(left, Record) and isinstance(right, Record) and left.fields.keys() == right.fields.keys():
        return Record(left.what, {name: join(one, right.fields[name]) for name, one in left.fields.items()}, left.hint)
    return UNKNOWN


def _durations(found: Text) -> bool:
    """Whether a text of known values is a duration in each case."""
    try:
        return bool(found.values) and all(parse_duration(value) > -1 for value in found.values or ())
    except ValueError:
        return False


def join_all(found: Sequence[Type]) -> Type:
    """The type of a value that is one of several; unknown where there are none."""
    return reduce(join, found) if found else UNKNOWN


def may_equal(left: Type, right: Type) -> bool:
    """Whether two values can ever be equal."""
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return True
    if isinstance(left, Maybe) and isinstance(right, Maybe | Null):
        return True
    if isinstance(right, Maybe) and isinstance(left, Null):
        return True
    left, right = bare_type(left), bare_type(right)
    if isinstance(left, Text) and isinstance(right, Text):
        return left.values is None or right.values is None or bool(left.values & right.values)
    if isinstance(left, ListType) and isinstance(right, ListType):
        return may_equal(left.item, right.item)
    maps = (MapType, Record)
    return (isinstance(left, maps) and isinstance(right, maps)) or type(left) is type(right)
