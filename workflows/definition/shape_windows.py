"""The shape of times: change windows as cron expressions, points in time, and durations beyond the plain ones.

Cron is that of `crontab(5)`: five fields, lists, ranges, steps, the names of months and weekdays. The time zone
database that Python brings decides what a time zone is; nothing else is read.
"""

import re
from datetime import datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo, available_timezones

from workflows.definition import keys
from workflows.definition.diagnostics import Findings
from workflows.definition.mapping import Section
from workflows.definition.nodes import Fields
from workflows.plan import Window
from workflows.suggest import did_you_mean

_CRON_HELP: Final = 'five fields: minute, hour, day, month, weekday, as "0 22 * * mon-fri"'
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: Final[tuple[tuple[str, int, int, tuple[str, ...]], ...]] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 7, _WEEKDAYS),
)
_RANGE: Final = re.compile(r"(?P<low>\*|\w+)(?:-(?P<high>\w+))?(?:/(?P<step>\d+))?")
_DAYS_OF_MONTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_ON_CLOSED: Final[tuple[Literal["wait", "stop", "pause"], ...]] = ("wait", "stop", "pause")


def shape_window(node: Fields, what: str, findings: Findings, *, of_step: bool = True) -> Window | None:
    """A change window.

    Args:
        node: Its map.
        what: What it is called in messages.
        findings: Where mistakes go.
        of_step: Whether it is a ``devices`` step's, which says with ``on_closed`` what happens outside.
    """
    inner = Section(node, what, keys.WINDOW if of_step else keys.WAIT_WINDOW, findings)
    before = len(findings.items)
    cron = inner.text("cron", needed=_CRON_HELP, hint=_CRON_HELP)
    if cron is not None:
        problem = cron_problem(cron.text)
        if problem:
            inner.invalid("cron", f"`{cron.text}` is no cron expression: {problem}", _CRON_HELP)
    if "duration" not in inner:
        inner.missing("duration", "how long the window stays open, as `4h`")
    duration = inner.duration("duration")
    if duration == 0:
        inner.invalid("duration", "a window that is never open", "write how long it stays open, as `4h`")
    zone = inner.text("time_zone")
    if zone is not None and not _is_zone(zone.text):
        hint = did_you_mean_zone(zone.text)
        inner.invalid("time_zone", f"there is no time zone `{zone.text}`", hint)
    on_closed: Literal["wait", "stop", "pause"] = inner.choice("on_closed", _ON_CLOSED, "wait") if of_step else "wait"
    if cron is None or duration is None or len(findings.items) > before:
        return None
    return Window(
        cron=" ".join(cron.text.split()),
        duration_s=duration,
        time_zone=zone.text if zone else "UTC",
        on_closed=on_closed,
    )


def did_you_mean_zone(name: str) -> str:
    """The nearest time zone, or how they are named; there are too many to list."""
    zones = {zone.lower(): zone for zone in available_timezones()}
    near = zones.get(name.lower())
    hint = f"did you mean `{near}`?" if near else did_you_mean(name, zones.values(), "")
    return hint if hint.startswith("did") else "write it as the IANA does, as `Europe/Berlin` or `UTC`"


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError):  # the second: names of folders, and `ZoneInfoNotFoundError` is a `KeyError`
        return False
    except KeyError:
        return False
    return True


def cron_problem(text: str) -> str | None:
    """What is wrong with a cron expression; None if it opens at some time."""
    parts = text.split()
    if len(parts) != len(_FIELDS):
        return f"it has {len(parts)} field{'' if len(parts) == 1 else 's'}"
    values: list[set[int]] = []
    for part, (what, low, high, names) in zip(parts, _FIELDS, strict=True):
        found = _values(part.lower(), low, high, names)
        if isinstance(found, str):
            return f"{found} in the {what}"
        values.append(found)
    days, months = values[2], values[3]
    if parts[4].startswith("*") and all(min(days) > _DAYS_OF_MONTHS[month - 1] for month in months):
        return "that day does not exist in any of its months"
    return None


def _values(part: str, low: int, high: int, names: tuple[str, ...]) -> set[int] | str:
    """The numbers that a field stands for, or what is wrong with it."""
    found: set[int] = set()
    for piece in part.split(","):
        match = _RANGE.fullmatch(piece)
        if not match or (match["low"] == "*" and match["high"]):
            return f"`{piece}` cannot be read"
        if match["low"] == "*":
            first, last = low, high
        else:
            start = _number(match["low"], low, names)
            end = _number(match["high"], low, names) if match["high"] else high if match["step"] else start
            if start is None or end is None:
                return f"`{piece}` cannot be read"
            first, last = start, end
        if not low <= first <= high or not low <= last <= high:
            return f"`{piece}` is not from {low} to {high}"
        if first > last:
            return f"`{piece}` runs backwards"
        step = int(match["step"]) if match["step"] else 1
        if not 1 <= step <= high:
            return f"`{piece}` has a step that is not from 1 to {high}"
        found.update(range(first, last + 1, step))
    return found


def _number(word: str, low: int, names: tuple[str, ...]) -> int | None:
    if word in names:
        return names.index(word) + low
    return int(word) if word.isascii() and word.isdigit() and len(word) <= 2 else None


def time_problem(text: str) -> str | None:
    """What is wrong with a point in time; None for ISO 8601 with an offset."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return f"`{text}` is no time"
    return None if when.tzinfo is not None else f"`{text}` does not say in which time zone"
