"""A configuration as devices with indented text keep it: lines under lines, in one canonical order.

Pure data: parse, render, compare. It knows no platform; order and indentation come from the caller.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

SortKey = Callable[[str], tuple[object, ...]]
_DIGITS = re.compile(r"(\d+)")


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key under which ``Ethernet2`` stands before ``Ethernet10``."""
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in _DIGITS.split(text) if part)


@dataclass(slots=True)
class Line:
    """One line with the lines under it. ``text`` carries no indentation."""

    text: str
    children: list["Line"] = field(default_factory=list)

    def copy(self) -> "Line":
        """A deep copy."""
        return Line(self.text, [child.copy() for child in self.children])

    def child(self, text: str) -> "Line | None":
        """The line with this text directly below, if there is one."""
        return next((line for line in self.children if line.text == text), None)

    def value(self, prefix: str) -> str | None:
        """What follows ``prefix`` in the first line directly below that starts with it."""
        for line in self.children:
            if line.text.startswith(prefix + " "):
                return line.text[len(prefix) + 1 :]
        return None

    def has(self, text: str) -> bool:
        """Whether a line with this text is directly below."""
        return self.child(text) is not None


class ConfigTree(Line):
    """A whole configuration; its own ``text`` is empty."""

    def __init__(self, children: list[Line] | None = None) -> None:
        super().__init__("", children if children is not None else [])

    def copy(self) -> "ConfigTree":
        """A deep copy."""
        return ConfigTree([child.copy() for child in self.children])

    @classmethod
    def parse(cls, text: str) -> "ConfigTree":
        """Read indented text; comments (``!``), blank lines and a closing ``end`` are dropped."""
        root = cls()
        stack: list[tuple[int, Line]] = [(-1, root)]
        for raw in text.splitlines():
            content = raw.strip()
            depth = len(raw) - len(raw.lstrip())
            if not content or content.startswith("!") or (depth == 0 and content == "end"):
                continue
            while stack[-1][0] >= depth:
                stack.pop()
            line = Line(content)
            stack[-1][1].children.append(line)
            stack.append((depth, line))
        return root

    def sort(self, key: SortKey) -> None:
        """Bring the top-level lines into canonical order; equal keys keep theirs."""
        self.children.sort(key=lambda line: key(line.text))


def walk(line: Line, depth: int = 0) -> Iterator[tuple[int, Line]]:
    """All lines below with their depth, top down."""
    for child in line.children:
        yield depth, child
        yield from walk(child, depth + 1)


def contextual_diff(old: Line, new: Line, depth: int = 0) -> list[str]:
    """Differences with their parents: `` +name X`` under ``vlan 120``, as IOS-XE prints them."""
    lines: list[str] = []
    pad = " " * depth
    kept = {line.text for line in new.children}
    for line in old.children:
        if line.text not in kept:
            lines.append(f"{pad}-{line.text}")
            lines += [f"{pad}{' ' * (below + 1)}-{child.text}" for below, child in walk(line)]
    for line in new.children:
        before = old.child(line.text)
        if before is None:
            lines.append(f"{pad}+{line.text}")
            lines += [f"{pad}{' ' * (below + 1)}+{child.text}" for below, child in walk(line)]
        else:
            inner = contextual_diff(before, line, depth + 1)
            if inner:
                lines += [f"{pad}{line.text}", *inner]
    return lines


def patch(old: Line, new: Line, *, indent: int, depth: int = 0) -> list[str]:
    """The commands that turn ``old`` into ``new``: ``no`` for what goes, the lines for what comes."""
    lines: list[str] = []
    pad = " " * (indent * depth)
    kept = {line.text for line in new.children}
    lines += [pad + negation(line.text) for line in old.children if line.text not in kept]
    for line in new.children:
        before = old.child(line.text)
        inner = patch(before or Line(line.text), line, indent=indent, depth=depth + 1)
        if before is None or inner:
            lines += [pad + line.text, *inner]
    return lines


def negation(text: str) -> str:
    """The line that takes a line back."""
    return text[3:] if text.startswith("no ") else f"no {text}"
