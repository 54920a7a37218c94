"""Text that a device reads as one line: what was written must not hold a second one.

What is interpolated is judged by its type (`typecheck.py`) and, where only the run knows it, when it is rendered.
"""

import re
from collections.abc import Iterator
from typing import Final

from workflows.definition.diagnostics import Findings
from workflows.definition.expressions import Expression, parse_value
from workflows.definition.mapping import Section, kind_of
from workflows.definition.nodes import Node, Scalar
from workflows.definition.patterns_of import report_pattern
from workflows.plan import Concat, Constant, Expr, ListOf, MapOf

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def has_control(text: str) -> bool:
    """Whether a device would read more than one line, or something else than text (device-safety, rule 13)."""
    return _CONTROL.search(text) is not None


def one_line(node: Scalar, what: str, findings: Findings) -> Expression | None:
    """A value that must be one line."""
    value = parse_value(node, findings)
    if value is not None and any(has_control(part) for part in written_texts(value.tree)):
        findings.add("NS204", f"{what} with a line break or a control character", node.span, "write one line")
    return value


def written_texts(tree: Expr) -> Iterator[str]:
    """The texts that stand in a value itself; those inside its expressions may be arguments of a filter."""
    match tree:
        case Constant(value=str(text)):
            yield text
        case Concat():
            for part in tree.parts:
                yield from written_texts(part)
        case ListOf():
            for item in tree.items:
                yield from written_texts(item)
        case MapOf():
            for _, value in tree.items:
                yield from written_texts(value)
        case _:
            return


def command(node: Node, findings: Findings, what: str = "a command") -> Expression | None:
    """A command as it is sent."""
    if not isinstance(node, Scalar) or not isinstance(node.value, str) or not node.value.strip():
        findings.add("NS203", f"{what} is text, and this is {kind_of(node)}", node.span, "write it as it is sent")
        return None
    return one_line(node, what, findings)


def needed_command(fields: Section, key: str, hint: str, findings: Findings) -> Expression | None:
    """The command under a key that must be there."""
    node = fields.node(key)
    if node is None:
        fields.missing(key, hint)
        return None
    return command(node, findings, f"`{key}`" if key != "command" else "a command")


def expected(fields: Section, key: str, hint: str, findings: Findings) -> str | None:
    """A regular expression under a key that must be there."""
    word = fields.text(key, needed=hint)
    node = fields.node(key)
    if word is None or not isinstance(node, Scalar):
        return None
    return word.text if report_pattern(word.text, node.part, findings) else None
