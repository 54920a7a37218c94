"""The shape of times: change windows, and points in time.

What a cron expression may be is `workflows/windows.py`'s. The time zone database that Python reads decides what a time
zone is.
"""

from datetime import datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from workflows.definition import keys
from workflows.definition.diagnostics import Findings
from workflows.definition.mapping import Section
from workflows.definition.nodes import Fields
from workflows.plan import Window
from workflows.suggest import did_you_mean
from workflows.windows import cron_problem

_CRON_HELP: Final = 'five fields: minute, hour, day, month, weekday, as "0 22 * * mon-fri"'
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
    except (ZoneInfoNotFoundError, ValueError, OSError):  # the last two: paths, and names of folders
        return False
    return True


def time_problem(text: str) -> str | None:
    """What is wrong with a point in time; None for ISO 8601 with an offset."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return f"`{text}` is no time"
    return None if when.tzinfo is not None else f"`{text}` does not say in which time zone"
