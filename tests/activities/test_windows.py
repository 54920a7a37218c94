"""Change windows: against a clock that is read minute by minute, and in the nights in which clocks are moved."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.windows import Windows, earliest
from activity_bench import SCOPE, call, refused
from workflows.contracts import WindowInput
from workflows.plan import Window
from workflows.windows import parse_cron

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def window(cron: str, hours: float, zone: str = "UTC") -> Window:
    return Window(cron=cron, duration_s=hours * 3600, time_zone=zone)


def start(what: Window, at: str, needs: timedelta = timedelta()) -> str | None:
    """When it may begin, as the wall clock of the window's zone shows it."""
    zone = ZoneInfo(what.time_zone)
    found = earliest(what, datetime.fromisoformat(at).replace(tzinfo=zone), needs).start
    return f"{found.astimezone(zone):%Y-%m-%d %H:%M %z}" if found else None


# ---------------------------------------------------------------------------------------------------- minute by minute


def openings(what: Window, first: datetime, last: datetime) -> list[datetime]:
    """All openings, found by watching a wall clock: it opens when the clock *passes* a time that the cron names."""
    cron, zone = parse_cron(what.cron), ZoneInfo(what.time_zone)
    found, seen = [], (first - 3 * HOUR).astimezone(zone).replace(tzinfo=None)  # the latest time that it has shown
    now = first - 3 * HOUR
    while now <= last:
        shown = now.astimezone(zone).replace(tzinfo=None)
        passed = [seen + MINUTE * n for n in range(1, int((shown - seen) / MINUTE) + 1)]
        if any(cron.on(one.date()) and one.hour in cron.hours and one.minute in cron.minutes for one in passed):
            found.append(now)
        seen = max(seen, shown)
        now += MINUTE
    return [one for one in found if one >= first]


def slowly(what: Window, at: datetime, needs: timedelta) -> datetime | None:
    length = timedelta(seconds=what.duration_s)
    if needs > length:
        return None
    known = openings(what, at - length, at + timedelta(days=3))
    if any(opened <= at < opened + length and at + needs <= opened + length for opened in known):
        return at
    return next((opened for opened in known if opened > at), None)


fields = st.tuples(
    st.sampled_from(["0", "30", "15,45", "*/20", "10-12", "59"]),
    st.sampled_from(["*", "2", "1-3", "*/6", "22,23", "0"]),
    st.sampled_from(["*", "*", "25", "29", "*/2", "20-31"]),
    st.sampled_from(["*", "mar", "10", "3,10,11", "*/3"]),
    st.sampled_from(["*", "*", "sun", "7", "sat,sun", "fri-sun", "*/2"]),
)
# Around the nights in which clocks are moved in Europe, in North America and, by half an hour, on Lord Howe Island.
NIGHTS = [datetime(2026, *day, tzinfo=UTC) for day in ((3, 29), (10, 25), (3, 8), (11, 1), (4, 4), (10, 3), (7, 1))]


@settings(max_examples=60, deadline=None)
@given(
    fields=fields,
    night=st.sampled_from(NIGHTS),
    offset=st.integers(-30 * 60, 30 * 60),
    length=st.sampled_from([10, 60, 90, 240, 1500]),
    share=st.sampled_from([0.0, 0.3, 1.0, 1.1]),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
)
def test_the_start_is_the_one_that_a_watched_clock_shows(
    fields: tuple[str, ...], night: datetime, offset: int, length: int, share: float, zone: str
) -> None:
    what = Window(cron=" ".join(fields), duration_s=length * 60, time_zone=zone)
    at, needs = night + offset * MINUTE, timedelta(minutes=int(length * share))
    expected, found = slowly(what, at, needs), earliest(what, at, needs)
    if expected is None and found.start is not None:
        assert found.start > at + timedelta(days=2)  # beyond what was watched
    else:
        assert found.start == expected
    if found.start is not None and found.until is not None:
        assert found.start + needs <= found.until


# ------------------------------------------------------------------------------------------------------- by the case


def test_inside_the_window_it_may_begin_at_once_if_what_is_needed_fits() -> None:
    nightly = window("0 22 * * *", 4, "Europe/Berlin")
    assert start(nightly, "2026-07-01 23:10", HOUR) == "2026-07-01 23:10 +0200"
    assert start(nightly, "2026-07-02 01:00", HOUR) == "2026-07-02 01:00 +0200"
    assert start(nightly, "2026-07-02 01:01", HOUR) == "2026-07-02 22:00 +0200"
    assert start(nightly, "2026-07-02 02:00") == "2026-07-02 22:00 +0200"
    assert start(nightly, "2026-07-01 23:10", timedelta(hours=4, seconds=1)) is None


def test_a_window_that_is_open_and_closes_too_early_is_told() -> None:
    nightly = window("0 22 * * *", 4)
    inside, before = datetime(2026, 7, 2, 1, 30, tzinfo=UTC), datetime(2026, 7, 1, 21, tzinfo=UTC)
    assert earliest(nightly, inside, HOUR).closes == datetime(2026, 7, 2, 2, tzinfo=UTC)
    assert earliest(nightly, inside, timedelta(minutes=30)).closes is None, "it is enough"
    assert earliest(nightly, before, HOUR).closes is None, "none is open"


def test_seconds_of_the_time_that_is_asked_for_are_kept() -> None:
    at = datetime(2026, 7, 1, 23, 10, 5, 250, tzinfo=UTC)
    assert earliest(window("0 22 * * *", 4), at, HOUR).start == at


def test_a_start_that_the_clock_leaves_out_moves_to_the_first_minute_after_the_gap() -> None:
    assert start(window("30 2 * * *", 1, "Europe/Berlin"), "2026-03-28 12:00") == "2026-03-29 03:00 +0200"
    assert start(window("15 2 * * *", 1, "Australia/Lord_Howe"), "2026-10-03 12:00") == "2026-10-04 02:30 +1100"
    assert start(window("0 9 30 12 *", 1, "Pacific/Apia"), "2011-12-29 12:00") == "2011-12-31 00:00 +1400"


def test_a_start_that_the_clock_shows_twice_opens_once() -> None:
    short = window("30 2 * * *", 0.5, "Europe/Berlin")
    assert start(short, "2026-10-24 12:00") == "2026-10-25 02:30 +0200"
    after = datetime(2026, 10, 25, 1, 1, tzinfo=UTC)  # the second 02:00 is over
    found = earliest(short, after, timedelta()).start
    assert found == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_a_window_of_four_hours_has_four_hours_in_the_night_of_the_change_too() -> None:
    found = earliest(window("0 0 * * *", 4, "Europe/Berlin"), datetime(2026, 3, 28, 23, 0, tzinfo=UTC), HOUR)
    assert found.until == datetime(2026, 3, 29, 3, 0, tzinfo=UTC)


def test_rare_days_are_found() -> None:
    assert start(window("0 0 29 2 *", 1), "2097-01-01 00:00") == "2104-02-29 00:00 +0000"
    assert start(window("0 0 29 2 */7", 1), "2072-03-01 00:00") == "2088-02-29 00:00 +0000"


async def test_the_activity_answers_in_utc() -> None:
    asked = WindowInput(
        scope=SCOPE, window=window("0 22 * * *", 4, "Europe/Berlin"), at=datetime(2026, 7, 1, 12, tzinfo=UTC)
    )
    found = await call(Windows().window, asked)
    assert found.start == datetime(2026, 7, 1, 20, tzinfo=UTC)
    assert found.until == datetime(2026, 7, 2, 0, tzinfo=UTC)


async def test_the_activity_tells_of_a_window_that_closes_too_early_only_whoever_asks() -> None:
    nightly, at = window("0 22 * * *", 4), datetime(2026, 7, 2, 1, 30, tzinfo=UTC)
    asked = WindowInput(scope=SCOPE, window=nightly, at=at, needs_s=3600)
    assert (await call(Windows().window, asked)).closes is None
    closing = await call(Windows().window, asked.model_copy(update={"closing": True}))
    assert closing.closes == datetime(2026, 7, 2, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "zone", "said"),
    [
        ("0 25 * * *", "UTC", "`0 25 * * *` is no cron expression: `25` is not from 0 to 23 in the hour"),
        ("0 22 * * *", "Europe/Berlim", "knows no time zone `Europe/Berlim`"),
        ("0 22 * * *", "Europe", "knows no time zone `Europe`"),
        ("0 22 * * *", "../etc/passwd", "knows no time zone"),
    ],
)
async def test_what_cannot_be_computed_is_refused(cron: str, zone: str, said: str) -> None:
    asked = WindowInput(scope=SCOPE, window=window(cron, 4, zone), at=datetime(2026, 7, 1, tzinfo=UTC))
    error = await refused(Windows().window, asked)
    assert (error.type, error.non_retryable) == ("invalid_input", True)
    assert said in error.message
