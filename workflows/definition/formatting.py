"""`netsaga fmt`: a definition's text in its canonical form, with every comment, and with the same meaning.

Two steps: `ordering.py` puts keys in order, then ruamel.yaml sets indentation and spaces. Afterwards the new text is
read again. Unless it has the same data, the same comments and the same plan, nothing is returned to be written.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from workflows.definition.compiler import Source, compile_definition
from workflows.definition.diagnostics import Diagnostic, Findings
from workflows.definition.language import Definition
from workflows.definition.nodes import Fields, Items, Node, Scalar, Text
from workflows.definition.ordering import ordered
from workflows.definition.reader import read
from workflows.definition.shape_inputs import constant

_NEVER_FOLDED: Final = 1_000_000
_COMMENT: Final = re.compile(r"(?:^|(?<=\s))#[^\n]*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Formatted:
    """What came of it: a text, or why there is none."""

    text: str | None
    diagnostics: tuple[Diagnostic, ...] = ()
    refusal: str = ""


def format_definition(source: Source) -> Formatted:
    """Formats a definition.

    Args:
        source: The text with its templates and called definitions, as for the compiler.

    Returns:
        The canonical text; the compiler's findings where the text cannot be understood; a refusal where the formatter
        would change what the definition means, which is a defect of the formatter.
    """
    text = source.text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").replace("\r\n", "\n").rstrip() + "\n"
    before = compile_definition(source)
    root = _root(text)
    if root is None or not _is_definition(root):
        return Formatted(None, before.diagnostics)
    made = _settled(text)
    after = _root(made)
    if after is None or constant(after) != constant(root):
        return Formatted(None, refusal="the formatted text would hold other values")
    if sorted(_comments(made, after)) != sorted(_comments(text, root)):
        return Formatted(None, refusal="a comment would be lost")
    plan = compile_definition(replace(source, text=made)).plan
    if (before.plan and before.plan.digest) != (plan and plan.digest):
        return Formatted(None, refusal="the plan would have another digest")
    return Formatted(made)


def _settled(text: str) -> str:
    """The text after as many rounds as it takes until nothing changes; two are enough but for odd comments."""
    for _ in range(4):
        made = _once(text)
        if made == text:
            break
        text = made
    return text


def _once(text: str) -> str:
    source = Text.of("", text)
    root = read(source, Findings())
    assert root is not None
    moved = ordered(source, root, Definition.model_validate(constant(root)))
    try:
        spaced = _spaced(moved)
    except YAMLError:  # it reads a little less than YAML's own parser
        return moved
    kept, laid = _root(moved), _root(spaced)
    if kept is None or laid is None or sorted(_comments(moved, kept)) != sorted(_comments(spaced, laid)):
        return moved  # ruamel.yaml loses a comment in a few places; the author's spaces are the lesser evil
    return spaced


class _Sink:
    """What ruamel.yaml writes to. It writes text, not bytes, to what has an ``encoding``."""

    encoding: None = None

    def __init__(self) -> None:
        self.text = ""

    def write(self, piece: str) -> int:
        """Takes a piece of the text."""
        self.text += piece
        return len(piece)


def _spaced(text: str) -> str:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.brace_single_entry_mapping_in_flow_sequence = True  # `[{a: 1}]`, not `[a: 1]`
    yaml.width = _NEVER_FOLDED
    yaml.indent(mapping=2, sequence=4, offset=2)
    sink = _Sink()
    yaml.dump(yaml.load(text), sink)
    lines = [line.rstrip(" ") for line in sink.text.split("\n")]
    return "\n".join(lines).rstrip("\n") + "\n"


def _root(text: str) -> Node | None:
    findings = Findings()
    root = read(Text.of("", text), findings)
    return None if findings.failed else root


def _is_definition(root: Node) -> bool:
    try:
        Definition.model_validate(constant(root))
    except ValidationError:
        return False
    return True


def _comments(text: str, root: Node) -> list[str]:
    """All comments: what begins with `#` and stands in no value."""
    out, at = [], 0
    for start, end in _scalars(root):
        out.append(text[at:start])
        out.append("x" * (end - start))
        at = end
    out.append(text[at:])
    return [found[0].strip() for found in _COMMENT.finditer("".join(out))]


def _scalars(node: Node) -> Iterator[tuple[int, int]]:
    if isinstance(node, Scalar):
        yield node.start, node.end
    elif isinstance(node, Items):
        for item in node.items:
            yield from _scalars(item)
    elif isinstance(node, Fields):
        for key, value in node.entries:
            yield key.start, key.end
            yield from _scalars(value)
