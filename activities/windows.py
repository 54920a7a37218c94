"""The activity `window`: when something that takes so long may begin inside a change window.

It is an activity because time zones are data of the machine (or of the package `tzdata`), and because history must keep
the answer: a government that moves its clocks must not change a live run.

A window opens at local times and stays open for a length of real time, so that four hours are four hours also in the
night in which the clocks change. An opening whose local time does not exist moves to the first minute after the gap;
one whose local time exists twice opens at its first occurrence only.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from temporalio import activity

from activities.fence import heartbeat
from workflows import contracts
from workflows.contracts import WindowInput, WindowResult
from workflows.errors import failure
from workflows.plan import Window
from workflows.windows import Cron, CronError, parse_cron

ONE_DAY: Final = timedelta(days=1)
# The 29th of February on a given weekday comes after 40 years at most (2072 to 2112); what is rarer never comes.
RAREST: Final = timedelta(days=41 * 366)


class Windows:
    """Holds nothing: the calendar is the machine's."""

    @activity.defn(name=contracts.WINDOW)
    @heartbeat()
    async def window(self, call: WindowInput) -> WindowResult:
        """The earliest time to begin.

        Raises:
            ApplicationError: ``invalid_input`` for a cron expression or a time zone that this worker does not know.
        """
        try:
            found = earliest(call.window, call.at, timedelta(seconds=call.needs_s))
        except CronError as error:
            raise failure("invalid_input", f"window: `{call.window.cron}` is no cron expression: {error}.") from None
        except UnknownZoneError as error:
            raise failure("invalid_input", f"window: {error}") from None
        return found if call.closing else found.model_copy(update={"closes": None})


class UnknownZoneError(ValueError):
    """A time zone that the worker's machine does not know."""


def earliest(window: Window, at: datetime, needs: timedelta) -> WindowResult:
    """When something may begin, at ``at`` or later, so that it ends before its window closes.

    Args:
        window: Opens and stays open; it may open again while it is open.
        at: Aware.
        needs: How long it takes.

    Returns:
        Times in UTC; ``start`` is ``None`` where it never fits.

    Raises:
        CronError: The expression cannot be read.
        UnknownZoneError: There is no such time zone here.
    """
    cron, zone, length = parse_cron(window.cron), _zone(window.time_zone), timedelta(seconds=window.duration_s)
    at = at.astimezone(UTC)
    if needs > length:
        return WindowResult(start=None)
    opened = _last_opening(cron, zone, at, not_before=at - length)
    closes = opened + length if opened is not None and at < opened + length else None
    if closes is not None and at + needs <= closes:
        return WindowResult(start=at, until=closes)
    following = _next_opening(cron, zone, at)
    until = following + length if following is not None else None
    return WindowResult(start=following, until=until, closes=closes)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # the last two: paths, and names of folders
        raise UnknownZoneError(
            f"this worker knows no time zone `{name}`; write it as the IANA does, as `Europe/Berlin`, or install the "
            "package tzdata."
        ) from None


def _last_opening(cron: Cron, zone: ZoneInfo, at: datetime, not_before: datetime) -> datetime | None:
    """The newest opening at ``at`` or before."""
    day = _local_day(at, zone) + ONE_DAY
    first = _local_day(not_before, zone) - ONE_DAY
    while day >= first:
        openings = [opening for opening in _openings(cron, zone, day) if opening <= at]
        if openings:
            return max(openings)
        day -= ONE_DAY
    return None


def _next_opening(cron: Cron, zone: ZoneInfo, after: datetime) -> datetime | None:
    """The first opening after a time."""
    day = _local_day(after, zone) - ONE_DAY
    last = day + RAREST
    while day <= last:
        opening = next((opening for opening in _openings(cron, zone, day) if opening > after), None)
        if opening is not None:
            return opening
        day += ONE_DAY
    return None


def _local_day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def _openings(cron: Cron, zone: ZoneInfo, day: date) -> Iterator[datetime]:
    """When it opens on a local day, in UTC and in order."""
    if not cron.on(day):
        return
    for hour in cron.hours:
        for minute in cron.minutes:
            yield _instant(datetime.combine(day, time(hour, minute)), zone)


def _instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a local time without zone: its first occurrence, or the end of the gap that swallows it.

    PEP 495: in a gap, ``fold=0`` counts with the offset before it and so yields a time after it, and ``fold=1`` the
    other way round; the clocks are moved in between.
    """
    found = local.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == local:
        return found
    before, after = local.replace(tzinfo=zone, fold=1).astimezone(UTC), found
    offset = after.astimezone(zone).utcoffset()
    while after - before > timedelta(minutes=1):
        middle = before + timedelta(minutes=max(1, (after - before) // timedelta(minutes=2)))
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after
