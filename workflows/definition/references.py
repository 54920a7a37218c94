"""What a definition names beside itself, so that a loader can gather it before it compiles."""

from collections.abc import Iterator
from typing import Final

from workflows.definition.diagnostics import Findings
from workflows.definition.nodes import Fields, Items, Node, Scalar, Text
from workflows.definition.reader import read

_WITH_TEMPLATE: Final = frozenset({"propose", "configure", "notify"})


def referenced_templates(text: str) -> tuple[str, ...]:
    """The names of the templates that a definition's text names, each once, in the order of the text.

    A text with mistakes yields what can be found; the compiler reports the mistakes.
    """
    root = read(Text.of("", text), Findings())
    return tuple(dict.fromkeys(_templates(root))) if root is not None else ()


def _templates(node: Node) -> Iterator[str]:
    if isinstance(node, Items):
        for item in node.items:
            yield from _templates(item)
    elif isinstance(node, Fields):
        for key, value in node.entries:
            if key.text in _WITH_TEMPLATE and isinstance(value, Fields):
                named = (inner for word, inner in value.entries if word.text == "template")
                yield from (inner.text for inner in named if isinstance(inner, Scalar) and inner.text)
            yield from _templates(value)
