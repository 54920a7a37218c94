"""Which lines may be sent."""

import pytest

from activities.deviceinteraction.failures import InvalidInput
from activities.deviceinteraction.lines import checked


def test_comments_and_empty_lines_are_left_out_and_indentation_stays() -> None:
    assert checked(["! a comment", "", "vlan 120 ", "  name lab", "# another"]) == ("vlan 120", "  name lab")


@pytest.mark.parametrize(
    "line", ["vlan 120\nno vlan 10", "name a\rb", "name \x03", "name \x1b[A", "name\tx", "name \x85"]
)
def test_a_control_character_is_refused(line: str) -> None:
    with pytest.raises(InvalidInput, match="control character"):
        checked([line])


def test_a_file_keeps_its_tabs_and_hides_nothing_behind_them() -> None:
    assert checked(["\tipv4;"], "file") == ("\tipv4;",)
    with pytest.raises(InvalidInput, match="control character"):
        checked(["\tipv4;\x1b"], "file")


@pytest.mark.parametrize(
    "line",
    [
        "end",
        "do reload",
        "commit",
        "commit check",
        "write memory",
        "configure terminal",
        "rollback 1",
        "reload",
        "banner motd ^x",
    ],
)
def test_a_line_that_leaves_the_configuration_is_refused(line: str) -> None:
    with pytest.raises(InvalidInput, match="line 2"):
        checked(["vlan 120", line])


def test_no_line_at_all_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no line to send"):
        checked(["", "! nothing"])
