"""When change windows open, as far as the calendar says: the cron expression of a window, read and matched. Pure.

The compiler checks expressions with `cron_problem`; the activity `window` computes times. What a local time is in a
time zone is not for this module: zones are data of the machine (`activities/windows.py`).

The meaning is that of ``crontab(5)`` of Vixie cron, which POSIX ``crontab`` describes in part: five fields, lists,
ranges, steps, names of months and weekdays, Sunday as 0 or 7. Where both the day of the month and the weekday are
restricted, either is enough; a field that begins with ``*`` restricts nothing in this sense, so that beside one both
must match.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: Final[tuple[tuple[str, int, int, tuple[str, ...]], ...]] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 7, _WEEKDAYS),
)
_PIECE: Final = re.compile(r"(?P<low>\*|[0-9a-z]+)(?:-(?P<high>[0-9a-z]+))?(?:/(?P<step>[0-9]{1,4}))?")
_LONGEST_MONTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class CronError(ValueError):
    """A text that is no cron expression, or one that no day ever matches."""


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression: sorted numbers of each field; ``weekdays`` from 0, Sunday, to 6.

    ``either`` says that a day of the month *or* a weekday is enough.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    either: bool

    def on(self, day: date) -> bool:
        """Whether it opens on a day."""
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return by_day or by_weekday if self.either else by_day and by_weekday


def cron_problem(text: str) -> str | None:
    """What is wrong with a cron expression; None if it opens at some time."""
    try:
        parse_cron(text)
    except CronError as error:
        return str(error)
    return None


def parse_cron(text: str) -> Cron:
    """Read a cron expression.

    Raises:
        CronError: It cannot be read, or no day ever matches it.
    """
    parts = text.lower().split()
    if len(parts) != len(_FIELDS):
        raise CronError(f"it has {len(parts)} field{'' if len(parts) == 1 else 's'}")
    minutes, hours, days, months, weekdays = (
        tuple(sorted(_values(part, *field))) for part, field in zip(parts, _FIELDS, strict=True)
    )
    either = not parts[2].startswith("*") and not parts[4].startswith("*")
    if parts[4].startswith("*") and all(days[0] > _LONGEST_MONTHS[month - 1] for month in months):
        raise CronError("that day does not exist in any of its months")
    weekdays = tuple(sorted({day % 7 for day in weekdays}))
    return Cron(minutes, hours, days, months, weekdays, either)


def _values(part: str, what: str, low: int, high: int, names: tuple[str, ...]) -> set[int]:
    """The numbers that a field stands for."""
    found: set[int] = set()
    for piece in part.split(","):
        match = _PIECE.fullmatch(piece)
        if not match or (match["low"] == "*" and match["high"]):
            raise CronError(f"`{piece}` cannot be read in the {what}")
        step = int(match["step"]) if match["step"] else 1
        first, last = low, high
        if match["low"] != "*":
            first = _number(match["low"], piece, what, low, names)
            if match["high"] and not (match["high"] == "sun" and first > 0):  # a week may end on Sunday: `fri-sun`
                last = _number(match["high"], piece, what, low, names)
            elif not match["high"] and not match["step"]:
                last = first
        if not low <= first <= high or not low <= last <= high:
            raise CronError(f"`{piece}` is not from {low} to {high} in the {what}")
        if first > last:
            raise CronError(f"`{piece}` runs backwards in the {what}")
        if not 1 <= step <= high:
            raise CronError(f"`{piece}` has a step that is not from 1 to {high} in the {what}")
        found.update(range(first, last + 1, step))
    return found


def _number(word: str, piece: str, what: str, low: int, names: tuple[str, ...]) -> int:
    if word in names:
        return names.index(word) + low
    if word.isdecimal() and len(word) <= 2:
        return int(word)
    raise CronError(f"`{piece}` cannot be read in the {what}")
