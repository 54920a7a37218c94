"""What the reader makes of a text: a tree of scalars, lists and maps, each with its place.

Plain data. Keys are always text: `on:` as a key is the word, whatever YAML 1.1 would make of it.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from workflows.definition.diagnostics import Span

LINE_ENDS = ("\n", "\r", "\x85", "\u2028", "\u2029")  # what both YAML 1.1 and `str.splitlines` end a line at


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """A source text with its name, able to say line and column of a character."""

    file: str
    text: str
    starts: Sequence[int] = field(default=())

    @classmethod
    def of(cls, file: str, text: str) -> "Text":
        """Indexes the lines of a text."""
        starts = [0]
        for line in text.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        if len(starts) > 1 and not text.endswith(LINE_ENDS):
            starts.pop()
        return cls(file, text, starts)

    def span(self, start: int, end: int) -> Span:
        """The place between two offsets, in characters from 0."""
        starts = self.starts
        end = max(start, end)
        line = bisect_right(starts, start)
        begin = starts[line - 1]
        if line == len(starts) or end < starts[line]:  # nearly all of them
            return Span(self.file, line, start - begin + 1, line, end - begin + 1)
        end_line = bisect_right(starts, end)
        return Span(self.file, line, start - begin + 1, end_line, end - starts[end_line - 1] + 1)


_QUOTES = frozenset({"'", '"'})


# Nodes are named tuples, for a large definition has tens of thousands: one is made in half the time of a frozen
# dataclass. Their places are worked out when somebody asks, which is for few of them.
class Scalar(NamedTuple):
    """One value. ``text`` is what was written, unquoted; ``value`` what it means in YAML 1.2 core."""

    value: str | int | float | bool | None
    text: str
    style: str  # "" for plain, else one of ' " | >
    source: Text
    start: int
    end: int

    @property
    def span(self) -> Span:
        """Its place, quotes included."""
        return self.source.span(self.start, self.end)

    def part(self, start: int, end: int) -> Span:
        """The place of a part of ``text``: offsets in characters from 0, as the mistake inside an expression."""
        first = self.start + (self.style in _QUOTES)
        if end > start and self.source.text.startswith(self.text, first):  # nearly always: as it was written
            return self.source.span(first + start, first + min(end, len(self.text)))
        offsets = _alignment(self)
        if offsets is None or start > end:
            return self.span
        first = offsets[min(start, len(offsets) - 1)]
        last = offsets[end - 1] + 1 if end > start else first + 1
        return self.source.span(first, last)


class Items(NamedTuple):
    """A list, with what the parser takes for its ends."""

    items: tuple["Node", ...]
    source: Text
    start: int
    end: int

    @property
    def span(self) -> Span:
        """Its place."""
        return _trimmed(self.source, self.start, self.end)


class Fields(NamedTuple):
    """A map, in the order of its text, with what the parser takes for its ends; keys are unique."""

    entries: tuple[tuple[Scalar, "Node"], ...]
    source: Text
    start: int
    end: int

    @property
    def span(self) -> Span:
        """Its place."""
        return _trimmed(self.source, self.start, self.end)

    def place_of(self, name: str) -> Span | None:
        """The place of a key; None where the map does not have it."""
        return next((key.span for key, _ in self.entries if key.text == name), None)


Node = Scalar | Items | Fields


def _trimmed(source: Text, start: int, end: int) -> Span:
    """A block's end is where the next token stands; the blank lines before it are nobody's."""
    inside = len(source.text[start:end].rstrip())
    return source.span(start, start + max(inside, 1))


def _alignment(scalar: Scalar) -> list[int] | None:
    """The source offset of each character of the scalar's text and of its end; None where they do not line up.

    Quotes, escapes, folds and indentation make the text differ from its source, so both are walked together.
    """
    raw, at, end, indent = scalar.source.text, scalar.start, scalar.end, len(scalar.source.text)
    if scalar.style in {"'", '"'}:
        at, end = at + 1, end - 1
    elif scalar.style in {"|", ">"}:
        at = raw.find("\n", at) + 1
        indent = _indentation(raw, at, scalar.text)
        at += min(indent, _spaces(raw, at))
    offsets: list[int] = []
    for char in scalar.text:
        if at > end:
            return None
        offsets.append(at)
        at = _after(raw, at, char, scalar.style, indent)
    offsets.append(min(at, end))
    return offsets


def _indentation(raw: str, at: int, text: str) -> int:
    """How far a block is indented: what its first line that is not empty has more than the value."""
    while raw[at : at + 1] in {"\n", "\r"}:
        at += 1
    first = text.lstrip("\n")
    return _spaces(raw, at) - _spaces(first, 0)


def _after(raw: str, at: int, char: str, style: str, indent: int) -> int:
    """Where the source goes on after ``char``, which stands at ``at``."""
    found = raw[at : at + 1]
    if style == "'" and found == "'":
        return at + 2
    if style == '"' and found == "\\":
        width = {"x": 4, "u": 6, "U": 10}.get(raw[at + 1 : at + 2], 2)
        return at + width
    if found == char and char not in "\r\n":
        return at + 1
    # A line break (a fold reads it as a blank): the indentation of the next line belongs to neither.
    at += 2 if raw[at : at + 2] == "\r\n" else 1
    if char == "\n" and raw[at : at + 1] == "\n":
        return at
    return at + min(indent, _spaces(raw, at))


def _spaces(raw: str, at: int) -> int:
    count = 0
    while raw[at + count : at + count + 1] == " ":
        count += 1
    return count
