"""The shape of ``inputs``: types, limits that fit the type, and defaults that the input itself would accept."""

import re
from typing import Final, get_args

from pydantic import JsonValue

from workflows.definition import keys
from workflows.definition.diagnostics import Findings
from workflows.definition.inputs import problem_of
from workflows.definition.mapping import NAME, NAME_HELP, Section, kind_of
from workflows.definition.nodes import Fields, Items, Node, Scalar
from workflows.plan import Input

TYPES: Final[tuple[str, ...]] = get_args(Input.model_fields["type"].annotation)

_NUMBERS: Final = ("integer", "number", "vlan_id")
_LENGTHS: Final = ("string", "list", "map")
_FITTING: Final = {
    "pattern": ("string",),
    "minimum": _NUMBERS,
    "maximum": _NUMBERS,
    "min_length": _LENGTHS,
    "max_length": _LENGTHS,
    "values": ("enum",),
    "multiline": ("string",),
}


def shape_inputs(top: Section, findings: Findings) -> dict[str, Input]:
    """The declared inputs by name."""
    node = top.fields("inputs")
    declared: dict[str, Input] = {}
    for key, value in node.entries if node else ():
        if not NAME.fullmatch(key.text):
            findings.add("NS204", f"`{key.text}` is no name for an input", key.span, NAME_HELP)
        if not isinstance(value, Fields):
            findings.add(
                "NS203", f"an input is a map, and this is {kind_of(value)}", value.span, "write `{type: string}`"
            )
            continue
        one = _input(Section(value, f"the input `{key.text}`", keys.INPUT, findings, keys.INPUT_LATER), findings)
        if one:
            declared[key.text] = one
    return declared


def _input(fields: Section, findings: Findings) -> Input | None:
    if "type" not in fields:
        fields.missing("type", f"it is one of {', '.join(f'`{name}`' for name in TYPES)}")
        return None
    before = len(findings.items)
    kind = fields.choice("type", TYPES, "")
    for key, fitting in _FITTING.items():
        if kind and key in fields and kind not in fitting:
            findings.add("NS204", f"`{key}` says nothing about `{kind}`", fields.key(key), "leave it out")
    description, pattern = fields.text("description"), _pattern(fields)
    limits = {
        "minimum": fields.number("minimum"),
        "maximum": fields.number("maximum"),
        "min_length": fields.integer("min_length", 0),
        "max_length": fields.integer("max_length", 0),
    }
    for low, high in (("minimum", "maximum"), ("min_length", "max_length")):
        least, most = limits[low], limits[high]
        if least is not None and most is not None and least > most:
            fields.invalid(high, f"`{high}` is {most}, below `{low}`, which is {least}", "no value can meet both")
    values = _values(fields, kind)
    multiline = fields.boolean("multiline")
    default_node = fields.node("default")
    required = fields.boolean("required", default=default_node is None)
    if required and default_node is not None:
        findings.add(
            "NS206", "an input with a default is never required", fields.key("required"), "keep one of the two"
        )
    default = constant(default_node) if default_node is not None else None
    if len(findings.items) > before:
        return None
    declared = Input.model_validate({
        "type": kind, "required": required, "default": default, "description": description.text if description else "",
        "pattern": pattern, "values": values, "multiline": multiline, **limits,
    })  # fmt: skip
    if default_node is not None and default is not None:
        problem = problem_of(declared, default)
        if problem:
            findings.add(
                "NS507", f"the default is refused by its own input: {problem}", default_node.span, "change one of them"
            )
    return declared


def _pattern(fields: Section) -> str | None:
    word = fields.text("pattern")
    if word is None:
        return None
    try:
        re.compile(word.text)
    except re.error as error:
        fields.invalid("pattern", f"not a valid regular expression: {error}", "regular expressions are Python's")
        return None
    return word.text


def _values(fields: Section, kind: str) -> tuple[JsonValue, ...]:
    hint = "list the values that are allowed"
    items = fields.items("values", hint if kind == "enum" else "")
    return tuple(constant(item) for item in items or ())


def constant(node: Node) -> JsonValue:
    """A node as plain data."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Items):
        return [constant(item) for item in node.items]
    return {key.text: constant(value) for key, value in node.entries}
