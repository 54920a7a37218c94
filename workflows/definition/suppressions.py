"""Comments that silence a diagnostic: ``# netsaga: ignore[NS702] reason``, on its line or alone on the line above.

Warnings and safety codes only, and never without a reason: whoever reviews a definition sees what was waved through,
and why. One that silences nothing is reported, or the comments would outlive what they were about. YAML's events hold
no comments, so they are found in the text, outside whatever stands in quotes or blocks.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from workflows.definition.codes import CODES, can_be_suppressed, nearest_code
from workflows.definition.diagnostics import Findings, Suppression
from workflows.definition.nodes import Fields, Items, Node, Scalar, Text

FORM: Final = "# netsaga: ignore[CODE] reason"

_COMMENT: Final = re.compile(r"#(?<![^ \n\r]#)[ ]*netsaga:[ ]*ignore\b([^\n\r]*)")
_REST: Final = re.compile(r"[ ]*\[([^\]]*)\](.*)")
_WORD: Final = re.compile(r"[^\s,]+")
_NO_CONTENT: Final = re.compile(r"[ \t]*(?:#.*)?")


def find_suppressions(source: Text, root: Node, findings: Findings) -> tuple[Suppression, ...]:
    """The suppressions of a text; those that make no sense are reported.

    Args:
        source: The text.
        root: What the reader made of it.
        findings: Where mistakes go.
    """
    found = list(_COMMENT.finditer(source.text))
    if not found:
        return ()
    content = sorted((scalar.start, scalar.end) for scalar in _scalars(root) if scalar.style)
    meant = _lines_meant(source)
    suppressions = (
        _suppression(source, match, meant, findings) for match in found if not _within(match.start(), content)
    )
    return tuple(one for one in suppressions if one is not None)


def report_unused(findings: Findings) -> None:
    """Reports what silences nothing; to be called when all passes that could have spoken have run."""
    for suppression in findings.suppressions:
        for code, span in suppression.codes:
            if code not in suppression.used:
                findings.add(
                    "NS802", f"there is no `{code}` on line {suppression.line}", span, "leave this comment out"
                )


def _suppression(source: Text, match: re.Match[str], meant: list[int], findings: Findings) -> Suppression | None:
    start, end = match.start(), match.start() + len(match[0].rstrip())
    span = source.span(start, end)
    rest = _REST.fullmatch(match[1].rstrip())
    if rest is None or not rest[1].strip():
        findings.add("NS804", "a suppression without its codes in brackets", span, f"write `{FORM}`")
        return None
    codes = []
    base = match.start(1) + rest.start(1)
    for word in _WORD.finditer(rest[1]):
        place = source.span(base + word.start(), base + word.end())
        if can_be_suppressed(word[0]):
            codes.append((word[0], place))
        elif word[0] in CODES:
            hint = "correct the mistake; only warnings and the NS7xx codes can be suppressed"
            findings.add("NS803", f"`{word[0]}` cannot be suppressed", place, hint)
        else:
            near = nearest_code(word[0])
            hint = f"did you mean `{near}`?" if near else "`netsaga explain --list` shows all codes"
            findings.add("NS803", f"there is no code `{word[0]}`", place, hint)
    reason = rest[2].strip(" :-")
    if codes and not reason:
        findings.add("NS801", "a suppression without a reason", span, f"say why, as in `{FORM}`")
    alone = not source.text[source.starts[span.line - 1] : start].strip()
    return Suppression(tuple(codes), reason, meant[span.line - 1] if alone else span.line, span)


def _lines_meant(source: Text) -> list[int]:
    """For each line, the next one with content, or itself where none follows: what a comment alone speaks for."""
    lines = source.text.splitlines()
    meant, following = [0] * len(lines), 0
    for number in range(len(lines), 0, -1):
        meant[number - 1] = following or number
        if not _NO_CONTENT.fullmatch(lines[number - 1]):
            following = number
    return meant


def _within(at: int, ranges: list[tuple[int, int]]) -> bool:
    found = bisect_right(ranges, at, key=lambda one: one[0])
    return found > 0 and at < ranges[found - 1][1]


def _scalars(node: Node) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Items):
        for item in node.items:
            yield from _scalars(item)
    elif isinstance(node, Fields):
        for key, value in node.entries:
            yield key
            yield from _scalars(value)
