"""A definition as YAML: canonical order of keys, small maps on one line, nothing that tools read differently.

The inverse of the reader: what is printed here reads back as the same data. It keeps no comments, since models hold
none; `formatting.py` is for texts that people wrote.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import yaml
from pydantic import JsonValue
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from workflows.definition.language import Definition, Part, parts_keys
from workflows.definition.language.definition import Expect
from workflows.definition.language.inputs import Input, Item
from workflows.definition.language.rollout import (
    Accept,
    Breaker,
    Concurrency,
    Escalation,
    OnFailure,
    Retry,
    WaitWindow,
    Wave,
    Window,
)
from workflows.definition.scalars import doubt, resolve

# Parts that people write on one line.
_ON_ONE_LINE: Final = (
    Accept, Breaker, Concurrency, Escalation, Expect, Input, Item, OnFailure, Retry, WaitWindow, Wave, Window,
)  # fmt: skip
_NEVER_FOLDED: Final = 1_000_000
_LONGEST: Final = 100  # characters of a map or list on one line
_TEXT: Final = "tag:yaml.org,2002:str"
_MAP: Final = "tag:yaml.org,2002:map"
_SEQUENCE: Final = "tag:yaml.org,2002:seq"


def definition_text(definition: Definition) -> str:
    """A definition as the text of a file."""
    text: str = yaml.serialize(_node(definition), Dumper=_Printer, width=_NEVER_FOLDED, allow_unicode=True)
    return text


def data_of(value: object) -> JsonValue:
    """A part, or what one holds, as plain data; keys that are not given are left out."""
    if isinstance(value, Part):
        given = ((key.name, getattr(value, key.field)) for key in parts_keys(type(value)))
        return {name: data_of(one) for name, one in given if one is not None}
    if isinstance(value, Mapping):
        return {str(name): data_of(one) for name, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [data_of(one) for one in value]
    assert value is None or isinstance(value, str | int | float | bool)
    return value


class _Printer(yaml.Dumper):
    """PyYAML's printer, with items indented below their key, and plain scalars left as they are."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        """Opens a level; PyYAML would put the items of a list below the key itself."""
        super().increase_indent(flow, indentless=False)

    def resolve(self, kind: type[Node], value: str | None, implicit: object) -> str:  # noqa: ARG002 - PyYAML's signature
        """Says that a scalar needs no tag: `_scalar` has put in quotes what must stand in quotes."""
        if kind is MappingNode:
            return _MAP
        return _SEQUENCE if kind is SequenceNode else _TEXT


def _node(value: object) -> Node:
    if isinstance(value, Part):
        given = ((key.name, getattr(value, key.field)) for key in parts_keys(type(value)))
        made = _map((name, one) for name, one in given if one is not None)
        made.flow_style = isinstance(value, _ON_ONE_LINE) and _width(made) <= _LONGEST
        return made
    if isinstance(value, Mapping):
        made = _map(value.items())
        short = _flat(made) and len(made.value) <= 3 and _width(made) <= _LONGEST
        made.flow_style = short and not any(" " in str(name) for name in value)  # names of checks are read as lines
        return made
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = SequenceNode(_SEQUENCE, [_node(one) for one in value])
        items.flow_style = _flat(items) and _width(items) <= _LONGEST
        return items
    return _scalar(value)


def _map(entries: Iterable[tuple[str, object]]) -> MappingNode:
    return MappingNode(_MAP, [(ScalarNode(_TEXT, str(name)), _node(one)) for name, one in entries])


def _scalar(value: object) -> ScalarNode:
    if isinstance(value, str):
        return ScalarNode(_TEXT, value, style=_style(value))
    if value is None or isinstance(value, bool):
        return ScalarNode(_TEXT, {None: "null", True: "true", False: "false"}[value])
    assert isinstance(value, int | float)
    text = repr(value)
    return ScalarNode(_TEXT, text if doubt(text) is None else f"{value:f}")


def _style(text: str) -> str | None:
    if "\n" in text:
        return "|"
    plain = isinstance(resolve(text), str) and doubt(text) is None
    return None if plain and "'" not in text else '"'


def _flat(node: MappingNode | SequenceNode) -> bool:
    """Whether nothing below has items of its own."""
    below = [one for _, one in node.value] if isinstance(node, MappingNode) else node.value
    return all(isinstance(one, ScalarNode) and one.style != "|" for one in below)


def _width(node: Node) -> int:
    """About how many characters a node takes on one line; many where it cannot stand on one."""
    if isinstance(node, ScalarNode):
        return 10 * _LONGEST if node.style == "|" else len(node.value) + 2
    if isinstance(node, MappingNode):
        return sum(_width(name) + _width(one) + 2 for name, one in node.value) + 2
    return sum(_width(one) + 2 for one in node.value) + 2
