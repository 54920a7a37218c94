"""Comments that silence a diagnostic: ``# netsaga: ignore[NS702] reason``, on its line or alone on the line above.

Warnings and safety codes only, and never without a reason: whoever reviews a definition sees what was waved through,
and why. One that silences nothing is reported, or the comments would outlive what they were about. YAML's events hold
no comments, so they are found in the text, outside whatever stands in quotes or blocks.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from workflows.definition.codes import CODES, can_be_suppressed
from workflows.definition.diagnostics import Findings, Suppression
from workflows.definition.nodes import Fields, Items, Node, Scalar, Text
from workflows.suggest import did_you_mean

FORM: Final = "# netsaga: ignore[CODE] reason"

_COMMENT: Final = re.compile(r"(?<![^ \n\r])#[ ]*netsaga:[ ]*ignore\b([^\n\r]*)")
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
    suppressions = (_suppression(source, match, findings) for match in found if not _within(match.start(), content))
    return tuple(one for one in suppressions if one is not None)


def report_unused(findings: Findings) -> None:
    """Reports what silences nothing; to be called when all passes that could have spoken have run."""
    for suppression in findings.suppressions:
        for code, span in suppression.codes:
            if code not in suppression.used:
                findings.add("NS802", f"there is no `{code}` on line {suppression.line}", span, "leave this comment out")


def _suppression(source: Text, match: re.Match[str], findings: Findings) -> Suppression | None:
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
            known = [code for code in CODES if can_be_suppressed(code)]
            hint = did_you_mean(word[0].upper(), known, "what can be suppressed is")
            findings.add("NS803", f"there is no code `{word[0]}`", place, hint)
    reason = rest[2].strip(" :-")
    if codes and not reason:
        findings.add("NS801", "a suppression without a reason", span, f"say why, as in `{FORM}`")
    return Suppression(tuple(codes), reason, _line_meant(source, start), span)


def _line_meant(source: Text, start: int) -> int:
    """Its own line, or the next one with content where the comment stands alone."""
    line = bisect_right(source.starts, start)
    if source.text[source.starts[line - 1] : start].strip():
        return line
    for following in range(line, len(source.starts)):
        end = source.starts[following + 1] if following + 1 < len(source.starts) else len(source.text)
        if not _NO_CONTENT.fullmatch(source.text[source.starts[following] : end].rstrip("\r\n")):
            return following + 1
    return line


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
