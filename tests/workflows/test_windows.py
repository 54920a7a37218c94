"""Cron expressions: what they mean, and what is said where they mean nothing."""

from datetime import date

import pytest

from workflows.windows import cron_problem, parse_cron


@pytest.mark.parametrize(
    ("text", "field", "values"),
    [
        ("0 22 * * *", "minutes", (0,)),
        ("*/20 22 * * *", "minutes", (0, 20, 40)),
        ("50/5 22 * * *", "minutes", (50, 55)),
        ("0 8-18/4,23 * * *", "hours", (8, 12, 16, 23)),
        ("0 0 1,15,31 * *", "days", (1, 15, 31)),
        ("0 0 * jan-mar,Dec *", "months", (1, 2, 3, 12)),
        ("0 0 * * 0", "weekdays", (0,)),
        ("0 0 * * 7", "weekdays", (0,)),
        ("0 0 * * 5-7", "weekdays", (0, 5, 6)),
        ("0 0 * * fri-sun", "weekdays", (0, 5, 6)),
        ("0 0 * * sun-tue", "weekdays", (0, 1, 2)),
        ("0 0 * * MON-FRI", "weekdays", (1, 2, 3, 4, 5)),
        ("0 0 * * *", "weekdays", (0, 1, 2, 3, 4, 5, 6)),
    ],
)
def test_a_field_stands_for_its_numbers(text: str, field: str, values: tuple[int, ...]) -> None:
    assert getattr(parse_cron(text), field) == values


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 22 * *", "it has 4 fields"),
        ("0", "it has 1 field"),
        ("", "it has 0 fields"),
        ("60 * * * *", "`60` is not from 0 to 59 in the minute"),
        ("* 24 * * *", "`24` is not from 0 to 23 in the hour"),
        ("* * 0 * *", "`0` is not from 1 to 31 in the day of the month"),
        ("* * * 13 *", "`13` is not from 1 to 12 in the month"),
        ("* * * * 8", "`8` is not from 0 to 7 in the weekday"),
        ("* * * * fry", "`fry` cannot be read in the weekday"),
        ("* * * * fri-mon", "`fri-mon` runs backwards in the weekday"),
        ("30-10 * * * *", "`30-10` runs backwards in the minute"),
        ("*/0 * * * *", "`*/0` has a step that is not from 1 to 59 in the minute"),
        ("*-5 * * * *", "`*-5` cannot be read in the minute"),
        ("1,,2 * * * *", "`` cannot be read in the minute"),
        ("@daily * * * *", "`@daily` cannot be read in the minute"),
        ("٣ * * * *", "`٣` cannot be read in the minute"),
        ("0 0 30 2 *", "that day does not exist in any of its months"),
        ("0 0 31 apr,jun *", "that day does not exist in any of its months"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    assert cron_problem(text) == said


def test_a_day_that_comes_only_in_leap_years_is_a_day() -> None:
    assert cron_problem("0 0 29 2 *") is None


def test_a_day_of_the_month_or_a_weekday_is_enough_where_both_are_restricted() -> None:
    cron = parse_cron("0 0 13 * fri")
    assert cron.on(date(2026, 10, 13))  # a Tuesday
    assert cron.on(date(2026, 10, 16))  # a Friday
    assert not cron.on(date(2026, 10, 14))


def test_a_field_that_begins_with_a_star_restricts_nothing_beside_the_other() -> None:
    cron = parse_cron("0 0 */2 * fri")
    assert cron.on(date(2026, 10, 9))  # a Friday, and an odd day
    assert not cron.on(date(2026, 10, 16))  # a Friday, and an even day
    assert not cron.on(date(2026, 10, 13))  # an odd day, and no Friday
