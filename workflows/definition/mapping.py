"""A map of the definition as the shape pass reads it: each key once, with its type, its limits and its message.

Every method records what is wrong and answers None (or the given default), so that one run finds all mistakes.
"""

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final, TypeVar

from workflows.definition.diagnostics import Findings, Span
from workflows.definition.draft import Word
from workflows.definition.expressions import Expression, parse_bare, parse_value
from workflows.definition.nodes import Fields, Items, Node, Scalar
from workflows.durations import DURATION_HELP, parse_duration
from workflows.suggest import did_you_mean

T = TypeVar("T", bound=str)

NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
NAME_HELP: Final = "names begin with a letter and hold letters, digits and `_`"


def kind_of(node: Node) -> str:
    """What a node is, for a message."""
    if isinstance(node, Items):
        return "a list"
    if isinstance(node, Fields):
        return "a map"
    kinds = {bool: "a boolean", int: "an integer", float: "a number", str: "text"}
    return kinds.get(type(node.value), "nothing")


class Section:
    """One map with what is known of its keys."""

    def __init__(
        self,
        node: Fields,
        what: str,
        known: Collection[str],
        findings: Findings,
        elsewhere: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Reports unknown keys.

        Args:
            node: The map.
            what: What it is, for messages, as ``a step``.
            known: Its keys.
            findings: Where mistakes go.
            elsewhere: Keys that people look for here, each with where it stands.
        """
        self.map = node
        self.what = what
        self.findings = findings
        self._values = {key.text: value for key, value in node.entries}
        self._misspelt = False
        unknown = self._values.keys() - known
        for key, _ in node.entries if unknown else ():
            if key.text not in unknown:
                continue
            hint = elsewhere.get(key.text) or did_you_mean(key.text, known, "its keys are")
            self._misspelt |= hint.startswith("did you mean")
            findings.add("NS201", f"{what} has no key `{key.text}`", key.span, hint)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def node(self, key: str) -> Node | None:
        """The value of a key, whatever it is."""
        return self._values.get(key)

    def key(self, key: str) -> Span:
        """The place of a key; that of the map if it is not there."""
        return self.map.place_of(key) or self.map.span

    def missing(self, key: str, hint: str) -> None:
        """Reports a key that must be there, unless one that is misspelt here may be it: one slip is one message."""
        if self._misspelt:
            return
        first = self.map.span
        place = Span(first.file, first.line, first.column, first.line, first.column + 1)
        self.findings.add("NS202", f"{self.what} needs `{key}`", place, hint)

    def wrong(self, key: str, expected: str, hint: str = "") -> None:
        """Reports a value of the wrong type."""
        node = self._values[key]
        self.findings.add("NS203", f"`{key}` is {expected}, and this is {kind_of(node)}", node.span, hint)

    def invalid(self, key: str, message: str, hint: str) -> None:
        """Reports a value that is not allowed."""
        self.findings.add("NS204", message, self._values[key].span, hint)

    def text(
        self, key: str, *, needed: str = "", pattern: re.Pattern[str] | None = None, hint: str = ""
    ) -> Word | None:
        """A constant text. ``needed`` is the help if it is missing; ``hint`` says what ``pattern`` asks for."""
        node = self._values.get(key)
        if node is None:
            if needed:
                self.missing(key, needed)
            return None
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            self.wrong(
                key, "text", f'write "{node.text}" in quotes' if isinstance(node, Scalar) and node.text else hint
            )
            return None
        if "${{" in node.value:
            self.findings.add(
                "NS204", f"an expression in `{key}`, which is the same in every run", node.span, "write a constant"
            )
            return None
        if not node.value or (pattern and not pattern.fullmatch(node.value)):
            self.invalid(key, f"`{node.value}` is no valid `{key}`", hint or "write some text")
            return None
        return Word(node.value, node.span)

    def choice(self, key: str, values: tuple[T, ...], default: T) -> T:
        """One of some words."""
        node = self._values.get(key)
        if node is None:
            return default
        said = node.text if isinstance(node, Scalar) else None
        for word in values:
            if word == said:
                return word
        what = f"`{said}`" if said is not None else kind_of(node)
        self.findings.add(
            "NS204", f"{what} is no valid `{key}`", node.span, did_you_mean(said or "", values, "it is one of")
        )
        return default

    def integer(self, key: str, low: int, high: int | None = None) -> int | None:
        """An integer within limits."""
        node = self._values.get(key)
        if node is None:
            return None
        value = node.value if isinstance(node, Scalar) else None
        if not isinstance(value, int) or isinstance(value, bool):
            self.wrong(key, "an integer")
            return None
        if value < low or (high is not None and value > high):
            limits = f"from {low} to {high}" if high is not None else f"{low} or more"
            self.invalid(key, f"`{key}` is {value}", f"it must be {limits}")
            return None
        return value

    def number(self, key: str, low: float | None = None) -> float | None:
        """A number, whole or not."""
        node = self._values.get(key)
        if node is None:
            return None
        value = node.value if isinstance(node, Scalar) else None
        if not isinstance(value, int | float) or isinstance(value, bool):
            self.wrong(key, "a number")
            return None
        if low is not None and value < low:
            self.invalid(key, f"`{key}` is {value}", f"it must be {low:g} or more")
            return None
        return value

    def boolean(self, key: str, *, default: bool = False) -> bool:
        """``true`` or ``false``."""
        node = self._values.get(key)
        if node is None:
            return default
        if not isinstance(node, Scalar) or not isinstance(node.value, bool):
            self.wrong(key, "true or false")
            return default
        return node.value

    def duration(self, key: str) -> float | None:
        """A constant duration, in seconds."""
        node = self._values.get(key)
        if isinstance(node, Scalar) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
            self.wrong(key, "a duration", f"write `{node.text}s` for seconds")
            return None
        word = self.text(key, hint=DURATION_HELP) if node is not None else None
        if word is None:
            return None
        try:
            return parse_duration(word.text)
        except ValueError as error:
            self.invalid(key, str(error).split(":")[0], DURATION_HELP)
            return None

    def duration_or_expression(self, key: str) -> Expression | float | None:
        """A duration, or ``${{ }}`` that yields one."""
        node = self._values.get(key)
        if isinstance(node, Scalar) and "${{" in node.text:
            return parse_value(node, self.findings)
        return self.duration(key)

    def expression(self, key: str, needed: str = "") -> Expression | None:
        """A bare expression."""
        node = self._values.get(key)
        if node is None:
            if needed:
                self.missing(key, needed)
            return None
        return bare(node, f"`{key}`", self.findings)

    def value(self, key: str) -> Expression | None:
        """Any value, with ``${{ }}`` where wanted."""
        node = self._values.get(key)
        return parse_value(node, self.findings) if node is not None else None

    def fields(self, key: str, needed: str = "") -> Fields | None:
        """A map below this one."""
        node = self._values.get(key)
        if node is None:
            if needed:
                self.missing(key, needed)
            return None
        if not isinstance(node, Fields):
            self.wrong(key, "a map")
            return None
        return node

    def items(self, key: str, needed: str = "", unless_empty: str = "") -> tuple[Node, ...] | None:
        """A list below this map. ``needed`` and ``unless_empty`` are the help where it is missing, or empty."""
        node = self._values.get(key)
        if node is None:
            if needed:
                self.missing(key, needed)
            return None
        if not isinstance(node, Items):
            self.wrong(key, "a list", "write its items with `- ` in front, or in brackets")
            return None
        hint = unless_empty or needed
        if not node.items and hint:
            self.invalid(key, f"`{key}` is empty", hint)
        return node.items


def bare(node: Node, what: str, findings: Findings) -> Expression | None:
    """A bare expression; `true`, `42` and the like are expressions too."""
    if isinstance(node, Scalar) and node.value is not None:
        return parse_bare(node, findings)
    findings.add(
        "NS203", f"{what} is an expression, and this is {kind_of(node)}", node.span, "write the expression as text"
    )
    return None


def words(node: Node, what: str, findings: Findings) -> tuple[Word, ...]:
    """One name or a list of names."""
    found: list[Word] = []
    for item in node.items if isinstance(node, Items) else (node,):
        if isinstance(item, Scalar) and isinstance(item.value, str) and item.value:
            found.append(Word(item.value, item.span))
        else:
            findings.add("NS203", f"{what} holds names, and this is {kind_of(item)}", item.span, "write a name")
    return tuple(found)
