"""How lines are matched, and VLAN lists read and written."""

import pytest

from activities.deviceinteraction.testbed.grammar import Entry, Grammar, Match, Refused
from activities.deviceinteraction.testbed.vlanlist import vlan_numbers, vlan_ranges

GRAMMAR = Grammar(
    [
        Entry(tuple(template.split()), lambda _cli, match: match, level=level, plain=template.startswith("ntp"))
        for template, level in (
            ("show version", 1),
            ("show vlan", 1),
            ("show vlan brief", 1),
            ("shutdown", 15),
            ("copy running-config startup-config", 15),
            ("copy running-config <url>", 15),
            ("ntp server <address>", 15),
            ("description <text...>", 15),
        )
    ]
)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("show version", "show version"),
        ("sho ver", "show version"),
        ("show vl b", "show vlan brief"),
        ("copy run start", "copy running-config startup-config"),
        ("copy run flash:x", "copy running-config flash:x"),
        ("desc  two  blanks ", "description two  blanks"),
        ("SHOW VLAN", "show vlan"),
    ],
)
def test_a_line_is_written_out(line: str, text: str) -> None:
    match = GRAMMAR.match(line)
    assert isinstance(match, Match)
    assert match.text == text


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("sh version", Refused("ambiguous", 0)),
        ("show v", Refused("ambiguous", 5)),
        ("show nothing", Refused("invalid", 5)),
        ("show vlan brief more", Refused("invalid", 16)),
        ("show", Refused("incomplete", 4)),
        ("description", Refused("incomplete", 11)),
    ],
)
def test_a_wrong_line_is_refused_where_it_goes_wrong(line: str, refused: Refused) -> None:
    assert GRAMMAR.match(line) == refused


def test_what_needs_more_privilege_is_not_seen() -> None:
    assert GRAMMAR.match("shutdown", level=1) == Refused("invalid", 0)


def test_a_plain_setting_may_stop_early_when_it_is_taken_back() -> None:
    match = GRAMMAR.match("no ntp server", partial=True, start=2)
    assert isinstance(match, Match)
    assert not match.complete
    assert match.text == "ntp server"


@pytest.mark.parametrize(
    ("numbers", "text"), [([10], "10"), ([10, 11], "10-11"), ([30, 10, 11, 12, 40], "10-12,30,40"), ([], "")]
)
def test_vlan_lists_are_written_with_ranges(numbers: list[int], text: str) -> None:
    assert vlan_ranges(numbers) == text
    if text:
        assert vlan_numbers(text) == sorted(numbers)
