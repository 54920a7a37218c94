"""Durations and shares as people write them."""

import pytest

from workflows.durations import parse_duration, parse_share


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0),
        ("500ms", 0.5),
        ("30s", 30),
        ("1.5m", 90),
        ("5m", 300),
        ("2h", 7200),
        ("1d", 86400),
        ("1h30m", 5400),
        (" 5m ", 300),
    ],
)
def test_a_duration_is_a_number_of_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "-5m", "5m later", "1w", "9999d", "5M", "1e3s"])
def test_what_is_no_duration_says_how_one_is_written(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a duration: write a number and a unit|is longer than 366 days"):
        parse_duration(text)


@pytest.mark.parametrize(("text", "share"), [("10%", 0.1), ("0%", 0), ("100 %", 1), ("2.5%", 0.025)])
def test_a_share_is_a_number_up_to_one(text: str, share: float) -> None:
    assert parse_share(text) == share


@pytest.mark.parametrize("text", ["10", "101%", "-1%", "%", "ten%"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a percentage"):
        parse_share(text)
