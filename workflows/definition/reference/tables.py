"""Tables of keys for the reference, and the small pieces of Markdown around them."""

import json

from pydantic import JsonValue

from workflows.definition.language import Key, Part, parts_keys
from workflows.definition.reference.words import Links, type_of
from workflows.definition.scalars import doubt, resolve


def keys_table(part: type[Part], links: Links, *, without: frozenset[str] = frozenset()) -> str:
    """All keys of a part with type, default, meaning and example.

    Args:
        part: The part.
        links: Where other parts have their tables.
        without: Keys that another page explains.
    """
    rows = ["| key | holds | without it | meaning | example |", "|---|---|---|---|---|"]
    rows += [_row(key, links) for key in parts_keys(part) if key.name not in without]
    return "\n".join(rows)


def heading(level: int, title: str, text: str) -> str:
    """A heading with the text below it."""
    return f"{'#' * level} {title}\n\n{text.strip()}"


def sentence_of(part: type[Part]) -> str:
    """What a part is, from its docstring."""
    return " ".join((part.__doc__ or "").split())


def as_yaml(value: JsonValue) -> str:
    """A value on one line, as YAML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_inner(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_inner(one) for one in value) + "]"
    if isinstance(value, str):
        special = (
            doubt(value) is not None
            or not isinstance(resolve(value), str)
            or value[:1] in "!&*-?|>@`%{}[],#'\""
            or ": " in f"{value} "
            or " #" in value
        )
        return json.dumps(value, ensure_ascii=False) if special else value
    return json.dumps(value)


def example_block(text: str) -> str:
    """A whole definition."""
    return f"```yaml\n{text.rstrip()}\n```"


def _inner(value: JsonValue) -> str:
    if isinstance(value, str) and (value != value.strip() or any(char in value for char in '{}[],:#&*!|>"%@`\\')):
        return json.dumps(value, ensure_ascii=False)
    return as_yaml(value)


def _row(key: Key, links: Links) -> str:
    without = "**needed**" if key.needed else key.otherwise or _code(key.default)
    examples = "<br>".join(f"`{_cell(f'{key.name}: {as_yaml(one)}')}`" for one in key.info.examples or ())
    meaning = _cell(key.info.description or "")
    return f"| `{key.name}` | {_cell(type_of(key, links))} | {without} | {meaning} | {examples} |"


def _code(value: JsonValue) -> str:
    return "" if value is None else f"`{_cell(as_yaml(value))}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
