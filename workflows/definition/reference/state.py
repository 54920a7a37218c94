"""Pages of the normalised state: one a section, made from its type and from what its fields mean."""

from typing import get_args

from workflows.definition.reference.tables import heading
from workflows.definition.state_types import MEANING, STATE
from workflows.definition.types import ListType, MapType, Maybe, Number, Record, Text, Type
from workflows.plan import Section

SECTIONS: tuple[Section, ...] = get_args(Section)


def state_page(section: Section, example: str) -> str:
    """The page of a section.

    Args:
        section: Its name.
        example: A definition that uses it, as a block of Markdown.
    """
    meaning = MEANING[section]
    introduction = f"{meaning['']}\n\nIn an expression: {_shape(section)}. `snapshot: [{section}]` takes it."
    parts = [heading(1, f"State: `{section}`", introduction)]
    record = _record(STATE[section])
    if record is not None:
        rows = ["| field | is | meaning |", "|---|---|---|"]
        rows += [f"| `{name}` | {_words(one)} | {meaning[name]} |" for name, one in record.fields.items()]
        parts.append("\n".join(rows))
    parts.append(heading(2, "Example", example))
    return "\n\n".join(parts)


def _shape(section: Section) -> str:
    match STATE[section]:
        case MapType(key=Number(), value=value):
            return f"`state.{section}[120]` is {_words(value)}"
        case MapType(value=value):
            return f"`state.{section}['KEY']` is {_words(value)}"
        case other:
            return f"`state.{section}` is {_words(other)}"


def _record(found: Type) -> Record | None:
    match found:
        case Record():
            return found
        case MapType(value=inner) | ListType(item=inner) | Maybe(of=inner):
            return _record(inner)
        case _:
            return None


def _words(found: Type) -> str:
    match found:
        case Text(values=values) if values is not None:
            return " · ".join(f"`{value}`" for value in sorted(values))
        case Text():
            return "text"
        case Number():
            return "integer" if found.integral else "number"
        case Maybe(of=inner):
            return f"{_words(inner)}, or null"
        case ListType(item=inner):
            return f"list of {_words(inner)}"
        case MapType(key=key, value=inner):
            return f"map from {_words(key)} to {_words(inner)}"
        case Record():
            fields = ", ".join(f"`{name}`" for name in found.fields)
            return f"a map of {fields}"
        case _:
            return "any value"
