"""What a login sees of a device: prompts, modes, answers and questions, without any I/O.

`shell.py` types lines into a `Cli` and prints what it replies; each platform has its own. Commands are methods
marked with `command`; plain configuration lines are `Setting` data. Both are gathered into one grammar a mode.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, TypeVar

from activities.deviceinteraction.testbed.grammar import Entry, Grammar, Match, Refused


@dataclass(frozen=True, slots=True)
class Question:
    """Something that a device asks before it goes on.

    Attributes:
        prompt: As printed, without a line break at its end.
        answer: What to do with the answer.
        by: A whole ``line``, a ``hidden`` line that is not echoed, or a single ``key``.
    """

    prompt: str
    answer: Callable[[str], "Reply"]
    by: Literal["line", "hidden", "key"] = "line"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a device does with a line: the text that it prints, then perhaps a question, then the next prompt."""

    text: str = ""
    result: Literal["ok", "rejected"] = "ok"
    question: Question | None = None
    close: bool = False


class Setting(NamedTuple):
    """A configuration line that a mode keeps as it is: its template and how many words make its key (0: all)."""

    template: str
    key: int = 0


class _Declared(NamedTuple):
    template: str
    modes: tuple[str, ...]
    level: int


_PIPE = re.compile(r'\|(?=(?:[^"]*"[^"]*")*[^"]*$)')  # a bar outside quotes
_DECLARED: dict[object, list[_Declared]] = {}
F = TypeVar("F", bound=Callable[..., Reply])


def command(*templates: str, mode: str = "exec", level: int = 15) -> Callable[[F], F]:
    """Mark a method as the command that these templates describe.

    Args:
        templates: See `grammar.Entry.tokens`, separated by blanks.
        mode: The mode that knows it; several are separated by blanks.
        level: The least privilege that sees it.
    """

    def mark(method: F) -> F:
        _DECLARED[method] = [_Declared(template, tuple(mode.split()), level) for template in templates]
        return method

    return mark


class Cli(ABC):
    """One login's view of a device."""

    settings: ClassVar[Mapping[str, tuple[Setting, ...]]] = {}
    grammars: ClassVar[Mapping[str, Grammar]] = {}
    more: ClassVar[str] = " --More-- "

    page_length: int = 24

    def __init_subclass__(cls) -> None:
        """Gather the commands of a class and of those it extends; an override keeps its parent's templates."""
        super().__init_subclass__()
        modes: dict[str, list[Entry]] = {}
        declared: dict[str, list[_Declared]] = {}
        for klass in reversed(cls.__mro__):
            for name, member in vars(klass).items():
                if callable(member) and member in _DECLARED:
                    declared[name] = _DECLARED[member]
        for name, several in declared.items():
            for one in several:
                for mode in one.modes:
                    entry = Entry(tuple(one.template.split()), getattr(cls, name), level=one.level)
                    modes.setdefault(mode, []).append(entry)
        for mode, kept in cls.settings.items():
            modes.setdefault(mode, []).extend(
                Entry(tuple(setting.template.split()), _store, key=setting.key, plain=True) for setting in kept
            )
        cls.grammars = {mode: Grammar(entries) for mode, entries in modes.items()}

    @property
    @abstractmethod
    def mode(self) -> str:
        """The mode as the command log names it, such as ``exec`` or ``config-vlan``."""

    @property
    @abstractmethod
    def prompt(self) -> str:
        """What is printed before the next line is read."""

    @abstractmethod
    def execute(self, line: str) -> Reply:
        """Do what a line says."""

    @abstractmethod
    def refusal(self, refused: Refused, line: str) -> Reply:
        """The platform's words for a line that it does not understand."""

    @abstractmethod
    def no_space(self) -> Reply:
        """The platform's words for a full disk."""

    def locked(self) -> Reply:
        """The platform's words where another session holds the configuration; IOS-XE's, if it has none of its own.

        Cisco, "Exclusive Configuration Change Access and Access Session Locking".
        """
        words = "Configuration mode locked exclusively by user 'colleague' process '78' from terminal 'vty1'."
        return Reply(f"{words} Please try later.", "rejected")

    def store(self, match: Match) -> Reply:
        """Keep a plain setting, or take it away."""
        raise NotImplementedError(match.text)

    @abstractmethod
    def interrupt(self) -> None:
        """Ctrl-Z: on most platforms it leaves configuration mode."""

    @abstractmethod
    def closed(self) -> None:
        """The session is gone, whatever the reason: give back what it held."""


def _store(cli: Cli, match: Match) -> Reply:
    return cli.store(match)


class Pipe(NamedTuple):
    """One ``| keyword argument`` after a command."""

    keyword: str
    argument: str


def split_pipes(line: str, keywords: tuple[str, ...]) -> tuple[str, list[Pipe]] | Refused:
    """Take the pipes off a line.

    Args:
        line: As typed.
        keywords: What the platform knows behind ``|``, abbreviations allowed.
    """
    if "|" not in line:
        return line, []
    head, *tails = _PIPE.split(line)
    pipes: list[Pipe] = []
    offset = len(head)
    for tail in tails:
        word, _, argument = tail.strip().partition(" ")
        found = [keyword for keyword in keywords if word and keyword.startswith(word.lower())]
        if not found:
            return Refused("invalid", offset + 2)
        pipes.append(Pipe(found[0], argument.strip().strip('"')))
        offset += len(tail) + 1
    return head.rstrip(), pipes


def filter_lines(text: str, pipes: list[Pipe]) -> str:
    """Apply the pipes that choose lines; those that mean something else to a platform pass unseen."""
    lines = text.split("\n")
    for pipe in pipes:
        try:
            pattern = re.compile(pipe.argument)
        except re.error:
            pattern = re.compile(re.escape(pipe.argument))
        match pipe.keyword:
            case "include" | "match" | "grep" | "egrep":
                lines = [line for line in lines if pattern.search(line)]
            case "exclude" | "except":
                lines = [line for line in lines if not pattern.search(line)]
            case "begin" | "find":
                start = next((index for index, line in enumerate(lines) if pattern.search(line)), len(lines))
                lines = lines[start:]
            case "section":
                lines = _sections(lines, pattern)
            case "count":
                lines = [f"Count: {len([line for line in lines if line])} lines"]
            case _:
                continue
    return "\n".join(lines)


def _sections(lines: list[str], pattern: re.Pattern[str]) -> list[str]:
    kept: list[str] = []
    inside = False
    for line in lines:
        if not line.startswith(" "):
            inside = pattern.search(line) is not None
        if inside:
            kept.append(line)
    return kept
