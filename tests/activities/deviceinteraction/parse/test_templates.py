"""Rows are the same as ntc_templates' own, only sooner; what cannot be parsed says so."""

from datetime import timedelta

import pytest
from ntc_templates.parse import parse_output  # type: ignore[import-untyped]  # ships no types

from activities.deviceinteraction.failures import CheckFailed
from activities.deviceinteraction.parse import parse_rows
from activities.deviceinteraction.parse.bounded import parse_bounded

VLANS = """\
VLAN Name                             Status    Ports
---- -------------------------------- --------- -------------------------------
1    default                          active    Gi1/0/1, Gi1/0/2
10   users                            active    Gi1/0/3
1002 fddi-default                     act/unsup
"""
INVENTORY = """\
NAME: "1", DESCR: "WS-C3850-48P"
PID: WS-C3850-48P      , VID: V05  , SN: FCW0000D0AB
"""
TWICE = {
    "one template": ("cisco_ios", "show vlan", VLANS),
    "an abbreviation": ("cisco_ios", "sh vlan", VLANS),
    "another": ("cisco_ios", "show inventory", INVENTORY),
    "several templates": ("cisco_ios", "show cdp neighbors detail", ""),
}


@pytest.mark.parametrize(("platform", "command", "output"), TWICE.values(), ids=TWICE)
def test_rows_equal_those_of_ntc_templates(platform: str, command: str, output: str) -> None:
    for _ in range(2):
        assert list(parse_rows(platform, command, output)) == parse_output(platform, command, output)


def test_a_command_without_a_template_says_so() -> None:
    with pytest.raises(CheckFailed, match="no template"):
        parse_rows("cisco_ios", "show frobnication", "x")


def test_output_that_the_template_rejects_says_so() -> None:
    with pytest.raises(CheckFailed, match="does not look as"):
        parse_rows("cisco_ios", "show interfaces description", "this is garbage\n")


async def test_a_long_output_is_parsed_in_a_process_of_its_own() -> None:
    many = VLANS + "".join(
        f"{number:<4} VLAN{number:04d}                         active\n" for number in range(100, 400)
    )
    rows = await parse_bounded("cisco_ios", "show vlan", many)
    assert rows == parse_rows("cisco_ios", "show vlan", many)
    assert len(rows) == 303


async def test_a_failure_in_that_process_is_the_same_failure() -> None:
    with pytest.raises(CheckFailed, match="does not look as"):
        await parse_bounded("cisco_ios", "show interfaces description", "this is garbage\n" * 1000)


async def test_a_parse_that_takes_too_long_is_ended() -> None:
    with pytest.raises(CheckFailed, match="was ended"):
        await parse_bounded("cisco_ios", "show vlan", VLANS * 100, limit=timedelta(seconds=0.01))
