"""Regular expressions: what is compiled, and what is refused because nothing could end it."""

import pytest

from workflows.patterns import Mistake, Pattern, check_pattern


@pytest.mark.parametrize(
    "pattern",
    [
        r"^RITM[0-9]{7}$",
        r"(?P<port>\S+)\s+(?P<state>up|down)\s+(.*)$",
        r"(?:\s+\S+)+",
        r"(.*\n)+end",
        r"(?:[^,]+,)*last",
        r"^(?:Gi|Te|Fo)[\d/.]+$",
        r"(?:\d{1,3}\.){3}\d{1,3}",
        r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}",
        r"up.*up.*connected",
        r"(?i)vlan(?!\s*1\b)\s*(\d+)",
        r"(?P<a>x)(?P=a)?",
        r"(a)?(?(1)b|c)",
        r"\d++\.",
        r"(?>a+)b",
    ],
)
def test_a_pattern_that_people_write_is_compiled(pattern: str) -> None:
    assert isinstance(check_pattern(pattern), Pattern), check_pattern(pattern)


def test_named_groups_are_columns_in_their_order() -> None:
    checked = check_pattern(r"(?P<zone>\S+) (x) (?P<at>\d+)")

    assert isinstance(checked, Pattern)
    assert checked.columns == ("zone", "at")


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+", "(a*)*", "(a|aa)+$", "(a|a?)+$", "(aa?)+$", r"(\w+\s?)*x", r"(?:\d+\.?)+x", "([a-z]+)*$", "(x+x+)+y",
        "(a|b|ab)*c", "((a+)b?)*", "(.*)*x", r"^(?:[\w.]+)+@", ".*.*.*.*x", ".*a.*b.*c.*d", r"\d*\d*\d*\d*x",
        "(?:a{1,9}){20}b", "(?:(?:a+))+b", "(?=(a+)+b)x",
        r"(?s)(.*\n)+x",
    ],
)  # fmt: skip
def test_a_pattern_that_can_run_for_ever_is_refused(pattern: str) -> None:
    checked = check_pattern(pattern)

    assert isinstance(checked, Mistake)
    assert checked.endless
    assert checked.hint


@pytest.mark.parametrize(
    ("pattern", "message", "start"),
    [
        ("a(b", "missing )", 1), ("[0-9", "unterminated character set", 0), ("a**", "multiple repeat", 2),
        ("(?P<a>x)(?P<a>y)", "redefinition of group name", 9), ("x\by", "control character", 1),
        ("a" * 1001, "more than 1,000 characters", 0), ("a{99999999999999999999}", "not a valid", 0),
    ],
    ids=["bracket", "set", "repeat", "twice", "control", "long", "huge"],
)  # fmt: skip
def test_a_pattern_that_is_not_valid_is_refused_where_that_shows(pattern: str, message: str, start: int) -> None:
    checked = check_pattern(pattern)

    assert isinstance(checked, Mistake)
    assert message in checked.message
    assert 0 <= checked.start <= checked.end <= len(pattern)
    assert abs(checked.start - start) <= 3
    assert not checked.endless
