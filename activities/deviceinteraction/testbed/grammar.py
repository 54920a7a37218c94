"""Command grammars: templates such as ``switchport access vlan <id>``, matched with abbreviations as devices do.

One matcher serves exec and configuration modes of all platforms. It knows no command and alters nothing: what a
match means, and how a refusal reads, is the platform's.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

_WORD = re.compile(r'"[^"]*"|\S+')

#: What a placeholder accepts, by its name; a name that is not here accepts any one word.
ARGUMENTS: dict[str, re.Pattern[str]] = {
    "number": re.compile(r"\d+"),
    "vlan": re.compile(r"\d+"),
    "vlans": re.compile(r"\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*,?"),
    "clock": re.compile(r"\d{1,2}:\d{2}:\d{2}"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A command that a mode knows.

    Attributes:
        tokens: Literals, ``<argument>`` for one word, or a last ``<argument...>`` for all that is left.
        run: Called with the CLI and the match. `Any`: each platform's CLI brings its own methods.
        level: The least privilege that sees the command.
        key: For a plain setting, how many leading words say which setting it is; a new value replaces the one with
            the same key. 0 means the whole line: several may stand side by side.
        plain: Whether it is a plain setting, so that its ``no`` form may stop early.
    """

    tokens: tuple[str, ...]
    run: Callable[[Any, "Match"], Any]
    level: int = 1
    key: int = 0
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """A line understood. ``text`` is the line with its keywords written out, without ``no``."""

    entry: Entry
    text: str
    args: dict[str, str] = field(default_factory=dict)
    negated: bool = False
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """A line not understood, and the offset of the character where that became clear."""

    kind: Literal["invalid", "incomplete", "ambiguous"]
    offset: int


class Grammar:
    """The commands of one mode.

    Args:
        entries: The commands; where two match alike, the earlier one wins.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = tuple(entries)

    def match(self, line: str, *, level: int = 15, partial: bool = False, start: int = 0) -> Match | Refused:
        """Understand a line from character ``start`` on.

        Args:
            line: As typed.
            level: The privilege of the session.
            partial: Accept a line that stops early, as ``no description`` does for plain settings.
            start: Where to begin; offsets still count from the line's first character.
        """
        words = [(found[0], found.start()) for found in _WORD.finditer(line, start)]
        candidates = [entry for entry in self._entries if entry.level <= level]
        for index, (word, offset) in enumerate(words):
            narrowed = _narrow(candidates, index, word)
            if isinstance(narrowed, str):
                return Refused("ambiguous" if narrowed == "ambiguous" else "invalid", offset)
            candidates = narrowed
        return _finish(candidates, words, line, partial)


def _narrow(candidates: list[Entry], index: int, word: str) -> list[Entry] | Literal["ambiguous", "invalid"]:
    """The candidates that accept a word at an index: an exact keyword beats a prefix, a prefix beats an argument."""
    exact: list[Entry] = []
    prefix: list[Entry] = []
    open_: list[Entry] = []
    lowered = word.lower()
    for entry in candidates:
        if index >= len(entry.tokens):
            if entry.tokens[-1].endswith("...>"):
                open_.append(entry)
            continue
        token = entry.tokens[index]
        if token.startswith("<"):
            if _accepts(token, word):
                open_.append(entry)
        elif token.lower() == lowered:
            exact.append(entry)
        elif token.lower().startswith(lowered):
            prefix.append(entry)
    if exact:
        return exact
    if prefix:
        return prefix if len({entry.tokens[index] for entry in prefix}) == 1 else "ambiguous"
    return open_ or "invalid"


def _accepts(token: str, word: str) -> bool:
    pattern = ARGUMENTS.get(token.strip("<>").removesuffix("..."))
    return pattern is None or pattern.fullmatch(word) is not None


def _finish(candidates: list[Entry], words: list[tuple[str, int]], line: str, partial: bool) -> Match | Refused:
    for entry in candidates:
        rest = entry.tokens[-1].endswith("...>")
        if len(words) == len(entry.tokens) or (rest and len(words) > len(entry.tokens)):
            return _matched(entry, words, line)
    if partial and words:
        for entry in candidates:
            if entry.plain:
                return _matched(entry, words, line)
    return Refused("incomplete", len(line))


def _matched(entry: Entry, words: list[tuple[str, int]], line: str) -> Match:
    args: dict[str, str] = {}
    text: list[str] = []
    for token, (word, offset) in zip(entry.tokens, words, strict=False):
        if token.endswith("...>"):
            value = line[offset:].rstrip()
            args[token[1:-4]] = value
            text.append(value)
        elif token.startswith("<"):
            args[token[1:-1]] = word
            text.append(word)
        else:
            text.append(token)
    return Match(entry, " ".join(text), args, complete=len(words) >= len(entry.tokens))
