"""Small pieces of text that all views share: times, counts, styles, and text from elsewhere made safe to print."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.text import Text

NARROWEST: Final = 120  # columns where the output is no terminal

STYLES: Final[Mapping[str, str]] = {
    "succeeded": "green",
    "changed": "green",
    "unchanged": "green",
    "approved": "green",
    "partial": "yellow",
    "undone": "yellow",
    "undoing": "yellow",
    "soaking": "cyan",
    "confirming": "cyan",
    "running": "cyan",
    "waiting": "magenta",
    "paused": "magenta",
    "unknown": "magenta",
    "quarantined": "magenta",
    "stopped": "bold yellow",
    "rejected": "bold yellow",
    "cancelled": "bold yellow",
    "failed": "bold red",
    "failed_dirty": "bold red",
    "undo_failed": "bold red",
    "unreachable": "red",
    "pending": "dim",
    "not reached": "dim",
    "skipped": "dim",
    "untouched": "dim",
}
ORDER: Final = tuple(STYLES)


PLAN_MODE: Final = "Plan mode: nothing is changed; what stands as changed would be."


def console() -> Console:
    """The console of standard output; at least `NARROWEST` columns wide where it is no terminal."""
    out = Console(highlight=False, markup=False, emoji=False, soft_wrap=False)
    if not out.is_terminal and out.width < NARROWEST:
        out.width = NARROWEST
    return out


def style(word: str) -> str:
    """The style of a status, a state or a verdict."""
    return STYLES.get(word, "")


def clean(text: str) -> str:
    """Text from a device or a person, without the control characters that could drive a terminal."""
    return "".join(c if c in "\n\t" or (c.isprintable() and c != "\x7f") else "\N{REPLACEMENT CHARACTER}" for c in text)


def one_line(text: str) -> str:
    """`clean`, on one line."""
    return " ".join(clean(text).split())


def utc(moment: datetime) -> str:
    """``2026-11-21 22:28:37Z``."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"


def iso(moment: datetime) -> str:
    """``2026-11-21T22:28:37Z``, as ISO 8601 has it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def lasted(seconds: float) -> str:
    """``4s``, ``3m 20s``, ``2h 05m``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02}m"


def word(text: str) -> Text:
    """A status, a state or a verdict, in its style."""
    return Text(text.replace("_", " "), style=style(text))


def counts(numbers: Mapping[str, int]) -> Text:
    """``20 succeeded, 1 failed``, in a fixed order; nothing for what is zero."""
    known = sorted(numbers, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
    parts = [Text(f"{numbers[name]} {name.replace('_', ' ')}", style=style(name)) for name in known if numbers[name]]
    return Text(", ").join(parts)


def number(many: int, what: str) -> str:
    """``1 device``, ``2 devices``."""
    return f"{many} {what}" if many == 1 else f"{many} {what}s"


def terminal() -> bool:
    """Whether a person can be asked: both input and output are a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()
