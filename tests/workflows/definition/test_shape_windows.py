"""Points in time and time zones: what is read, and what is refused with its reason."""

from workflows.definition.shape_windows import did_you_mean_zone, time_problem


def test_a_time_says_its_offset() -> None:
    assert time_problem("2026-12-01T02:00:00+01:00") is None
    assert time_problem("2026-12-01T02:00Z") is None
    assert time_problem("2026-12-01T02:00:00") == "`2026-12-01T02:00:00` does not say in which time zone"
    assert time_problem("2026-13-01T02:00:00Z") == "`2026-13-01T02:00:00Z` is no time"


def test_a_time_zone_that_is_nearly_right_is_named() -> None:
    assert did_you_mean_zone("europe/berlin") == "did you mean `Europe/Berlin`?"
    assert did_you_mean_zone("Europe/Berlni") == "did you mean `Europe/Berlin`?"
    assert did_you_mean_zone("x") == "write it as the IANA does, as `Europe/Berlin` or `UTC`"
