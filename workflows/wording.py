"""Words that runs, the guard, activities and clients share: many things named, lengths kept, what a wave waits for."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from workflows.contracts import ArtifactRef, WaveStatus

DIFF: Final = 2_000  # characters of a diff that are shown; of a longer one, whole lines
When = Callable[[datetime], str]  # how a moment is written; the Web UI and a terminal differ


def because(reason: str) -> str:
    """A reason, as the end of what it is for; nothing where none was given."""
    return f": {reason}" if reason else ""


def to_the_minute(moment: datetime) -> str:
    """A moment for people, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def some(names: Sequence[str], most: int) -> str:
    """The first of several names, and how many more there are: ``a, b and 3 more``."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def shortened(message: str, longest: int) -> str:
    """A message of at most so many characters; where it was cut can be seen."""
    return message if len(message) <= longest else f"{message[: longest - 1]}…"


def diff_shown(text: str, ref: ArtifactRef | None) -> str:
    """A diff as approvers see it. One that is cut says so, with how much is left and how to read the whole.

    Args:
        text: The whole diff.
        ref: Where it is kept.
    """
    if len(text) <= DIFF:
        return text
    begin = text[:DIFF]
    begin = begin[: begin.rfind("\n") + 1] or begin
    left = len(text[len(begin) :].splitlines())
    more = "1 more line" if left == 1 else f"{left} more lines"
    return f"{begin.removesuffix(chr(10))}\n… and {more}; the whole diff: netsaga artifact {ref}"


def limits(wave: WaveStatus, when: When) -> str:
    """How long a wave soaks, and by when one that is held must be confirmed; nothing where neither is so."""
    soaks = "" if wave.until is None else f"soaks until {when(wave.until)}"
    return "; ".join(part for part in (soaks, confirm_by(wave, when)) if part)


def confirm_by(wave: WaveStatus, when: When) -> str:
    """By when a wave that is held must be confirmed, or it is taken back; nothing where none is."""
    return "" if wave.confirm_until is None else f"must be confirmed by {when(wave.confirm_until)}"
