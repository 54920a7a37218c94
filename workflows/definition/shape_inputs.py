"""The shape of ``inputs``: types, limits that fit the type, and defaults that the input itself would accept."""

import re
from typing import Final, get_args

from pydantic import JsonValue

from workflows.definition import keys
from workflows.definition.diagnostics import Findings
from workflows.definition.mapping import NAME, NAME_HELP, Section, kind_of
from workflows.definition.nodes import Fields, Items, Node, Scalar
from workflows.inputs import problem_of
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
    "items": ("list",),
    "properties": ("map",),
}
# An item is there or not: it has no default of its own.
_ITEM: Final = tuple(key for key in keys.INPUT if key not in {"required", "default"})


def shape_inputs(top: Section, findings: Findings) -> dict[str, Input]:
    """The declared inputs of a definition by name."""
    return shape_declared(top, "inputs", "an input", findings)


def shape_declared(fields: Section, key: str, what: str, findings: Findings, of: str = "") -> dict[str, Input]:
    """A map of names to what each value must be: ``inputs``, ``properties`` of one, the ``payload`` of a signal.

    Args:
        fields: The map that has the key.
        key: The key.
        what: What one of them is called in messages, with its article.
        findings: Where mistakes go.
        of: What they belong to, for messages.
    """
    node = fields.fields(key)
    declared: dict[str, Input] = {}
    for name, value in node.entries if node else ():
        if not NAME.fullmatch(name.text):
            findings.add("NS204", f"`{name.text}` is no name for {what}", name.span, NAME_HELP)
        plain = f"the {what.split(maxsplit=1)[1]} `{name.text}`{of}"
        one = _declared(value, what, plain, keys.INPUT, findings)
        if one:
            declared[name.text] = one
    return declared


def _declared(node: Node, what: str, plain: str, known: tuple[str, ...], findings: Findings) -> Input | None:
    """What one value must be, default and parts included."""
    if not isinstance(node, Fields):
        findings.add("NS203", f"{what} is a map, and this is {kind_of(node)}", node.span, "write `{type: string}`")
        return None
    fields = Section(node, plain, known, findings)
    if "type" not in fields:
        fields.missing("type", f"it is one of {', '.join(f'`{name}`' for name in TYPES)}")
        return None
    before = len(findings.items)
    kind = fields.choice("type", TYPES, "")
    _check_fitting(fields, kind, findings)
    limits = _limits(fields)
    description, pattern, values = fields.text("description"), _pattern(fields), _values(fields, kind)
    items, properties = _parts(fields, plain, findings)
    default_node = fields.node("default")
    required = _required(fields, findings)
    if len(findings.items) > before:
        return None
    declared = Input.model_validate({
        "type": kind, "required": required, "default": constant(default_node) if default_node is not None else None,
        "description": description.text if description else "", "pattern": pattern, "values": values,
        "multiline": fields.boolean("multiline"), "items": items, "properties": properties, **limits,
    })  # fmt: skip
    if default_node is not None and declared.default is not None:
        problem = problem_of(declared, declared.default)
        if problem:
            message = f"the default is refused by its own input: {problem}"
            findings.add("NS507", message, default_node.span, "change one of them")
    return declared


def _check_fitting(fields: Section, kind: str, findings: Findings) -> None:
    for key, fitting in _FITTING.items():
        if kind and key in fields and kind not in fitting:
            findings.add("NS204", f"`{key}` says nothing about `{kind}`", fields.key(key), "leave it out")


def _limits(fields: Section) -> dict[str, float | None]:
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
    return limits


def _required(fields: Section, findings: Findings) -> bool:
    required = fields.boolean("required", default="default" not in fields)
    if required and "default" in fields:
        message = "an input with a default is never required"
        findings.add("NS206", message, fields.key("required"), "keep one of the two")
    return required


def _parts(fields: Section, plain: str, findings: Findings) -> tuple[Input | None, dict[str, Input]]:
    """What each item of a list must be, and each known key of a map."""
    given = fields.node("items")
    name = plain.removeprefix("the ")
    items = _declared(given, "`items`", f"`items` of the {name}", _ITEM, findings) if given is not None else None
    properties = shape_declared(fields, "properties", "a property", findings, f" of the {name}")
    if "properties" in fields and isinstance(node := fields.node("properties"), Fields) and not node.entries:
        fields.invalid("properties", "an empty `properties`", "name the keys of the map, or leave it out for any")
    return items, properties


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
