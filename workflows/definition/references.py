"""What a definition names beside itself, so that a loader can gather it before it compiles."""

from collections.abc import Iterator, Mapping
from typing import Final

from workflows.definition.diagnostics import Findings
from workflows.definition.nodes import Fields, Items, Node, Scalar, Text
from workflows.definition.reader import read

_WITH_TEMPLATE: Final = frozenset({"propose", "configure", "notify"})
_WITH_PARSER: Final = frozenset({"show", "run"})
_WITH_PATTERN: Final = frozenset({"ttp", "textfsm"})  # whose `pattern` names a template


def referenced_templates(text: str) -> tuple[str, ...]:
    """The names of the templates that a definition's text names, each once, in the order of the text.

    A text with mistakes yields what can be found; the compiler reports the mistakes.
    """
    root = read(Text.of("", text), Findings())
    return tuple(dict.fromkeys(_templates(root))) if root is not None else ()


def referenced_definitions(text: str) -> tuple[str, ...]:
    """The definitions that a text calls, as ``NAME@VERSION``, each once, in the order of the text.

    It says nothing of those that they call in their turn: ask again with the text of each.
    """
    root = read(Text.of("", text), Findings())
    return tuple(dict.fromkeys(_calls(root))) if root is not None else ()


def _calls(node: Node) -> Iterator[str]:
    sections = node.entries if isinstance(node, Fields) else ()
    for key, section in sections:
        if key.text not in {"steps", "finally"} or not isinstance(section, Items):
            continue
        for step in section.items:
            named = (value for word, value in step.entries if word.text == "call") if isinstance(step, Fields) else ()
            yield from (value.text for value in named if isinstance(value, Scalar) and "@" in value.text)


def _templates(node: Node) -> Iterator[str]:
    if isinstance(node, Items):
        for item in node.items:
            yield from _templates(item)
    elif isinstance(node, Fields):
        for key, value in node.entries:
            if key.text in _WITH_TEMPLATE and isinstance(value, Fields):
                named = (inner for word, inner in value.entries if word.text == "template")
                yield from (inner.text for inner in named if isinstance(inner, Scalar) and inner.text)
            elif key.text in _WITH_PARSER and isinstance(value, Fields):
                yield from _parser({word.text: inner for word, inner in value.entries})
            yield from _templates(value)


def _parser(command: Mapping[str, Node]) -> Iterator[str]:
    parse, pattern = command.get("parse"), command.get("pattern")
    if isinstance(parse, Scalar) and parse.text in _WITH_PATTERN and isinstance(pattern, Scalar) and pattern.text:
        yield pattern.text
