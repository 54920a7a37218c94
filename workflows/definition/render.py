"""Diagnostics as people read them: header, place, the line with carets under it, and what to do.

The shape follows rustc and ruff, which many eyes know. Pure text in, pure text out.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final

from workflows.definition.diagnostics import Diagnostic, Span

_RESET: Final = "\x1b[0m"
_BOLD: Final = "\x1b[1m"
_BLUE: Final = "\x1b[1;34m"
_STYLES: Final = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m"}


def render(diagnostics: Iterable[Diagnostic], sources: Mapping[str, str], colour: bool = False) -> str:
    """Writes diagnostics in the order of files and lines, with a final line that counts them.

    Args:
        diagnostics: In any order.
        sources: The text of each file that spans name; a file that is not there is shown without its lines.
        colour: Whether to use ANSI colours.

    Returns:
        Text that ends in a newline; empty if there are no diagnostics.
    """
    items = sorted(diagnostics, key=lambda item: (item.span.file, item.span.line, item.span.column, item.code))
    if not items:
        return ""
    parts: list[str] = []
    for file, group in groupby(items, key=lambda item: item.span.file):
        lines = sources.get(file, "").splitlines()
        parts.extend(_one(item, lines, colour) for item in group)
    return "\n".join([*parts, _count(items)])


def _one(item: Diagnostic, lines: Sequence[str], colour: bool) -> str:
    places = [
        (item.span, "", "^", _STYLES[item.severity]),
        *((label.span, label.text, "-", _BLUE) for label in item.labels),
    ]
    places = [place for place in places if place[0].file == item.span.file]
    gutter = len(str(max(span.line for span, *_ in places)))
    head = _paint(f"{item.severity}[{item.code}]", _STYLES[item.severity], colour)
    out = [f"{head}{_paint(': ' + item.message, _BOLD, colour)}"]
    out.append(f"{' ' * gutter}{_paint('-->', _BLUE, colour)} {item.span.file}:{item.span.line}:{item.span.column}")
    bar = _paint(f"{' ' * gutter} |", _BLUE, colour)
    previous = 0
    for span, text, mark, style in sorted(places, key=lambda place: (place[0].line, place[0].column)):
        if span.line > len(lines):
            continue
        if span.line != previous:
            out.append(
                bar if not previous or span.line == previous + 1 else _paint(f"{'.' * max(gutter, 3)}", _BLUE, colour)
            )
            number = _paint(f"{span.line:>{gutter}} |", _BLUE, colour)
            out.append(f"{number} {_visible(lines[span.line - 1])}".rstrip())
        out.append(f"{bar} {_underline(span, lines[span.line - 1], text, mark, style, colour)}")
        previous = span.line
    for number_of_line, line in enumerate(item.help.splitlines()):
        lead = "= help:" if number_of_line == 0 else "       "
        out.append(f"{' ' * gutter} {_paint(lead, _BOLD, colour)} {line}")
    return "\n".join(out) + "\n"


def _underline(span: Span, line: str, text: str, mark: str, style: str, colour: bool) -> str:
    start = min(span.column, len(line) + 1)
    end = span.end_column if span.end_line == span.line else len(line.rstrip()) + 1
    width = max(1, min(end, len(line) + 1) - start)
    return " " * (start - 1) + _paint(mark * width + (f" {text}" if text else ""), style, colour)


def _visible(line: str) -> str:
    # One column for each character, or the carets would point beside the mistake. Control characters never reach a
    # terminal.
    return "".join(
        " " if char == "\t" else char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line
    )


def _paint(text: str, style: str, colour: bool) -> str:
    return f"{style}{text}{_RESET}" if colour else text


def _count(items: Sequence[Diagnostic]) -> str:
    counts = [(sum(item.severity == kind for item in items), kind) for kind in ("error", "warning")]
    return ", ".join(f"{count} {kind}{'' if count == 1 else 's'}" for count, kind in counts if count) + "\n"
