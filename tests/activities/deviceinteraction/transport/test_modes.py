"""Where a line is typed when each request begins anew: pure."""

import pytest

from activities.deviceinteraction.transport.modes import Mode

SESSION = Mode("configure session netsaga-0123")


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("configure terminal", "(config)"),
        ("configure", "(config)"),
        ("configure session netsaga-0123", "(config-s-netsag)"),
        ("configure session netsaga-0123 abort", ""),
        ("configure checkpoint save netsaga-0123", ""),
        ("configure replace checkpoint:netsaga-0123", ""),
        ("show version", ""),
    ],
)
def test_a_line_opens_a_mode_or_does_not(line: str, label: str) -> None:
    assert Mode().after(line).label == label


def test_what_opened_a_mode_is_sent_again_before_each_line() -> None:
    assert Mode().sent("show version") == ("show version",)
    assert SESSION.sent("show session-config") == ("configure session netsaga-0123", "show session-config")
    assert SESSION.sent("commit timer 00:01:00") == ("configure session netsaga-0123", "commit timer 00:01:00")


def test_a_session_is_ended_from_outside_so_that_one_that_is_gone_is_not_made_anew() -> None:
    assert SESSION.sent("commit") == ("configure session netsaga-0123 commit",)
    assert SESSION.sent("abort") == ("configure session netsaga-0123 abort",)
    assert Mode("configure session").sent("commit") == ("configure session", "commit")


def test_a_mode_is_left_by_what_ends_it_and_by_nothing_else() -> None:
    for line in ("end", "exit"):
        assert SESSION.only_leaves(line)
        assert SESSION.after(line) == Mode()
    for line in ("commit", "commit timer 00:01:00", "abort"):
        assert not SESSION.only_leaves(line)
        assert SESSION.after(line) == Mode()
    assert SESSION.after("vlan 120") == SESSION
    assert not Mode().only_leaves("exit")
