"""Rows are the same as ntc_templates' own, only sooner; what cannot be parsed says so."""

import re
from datetime import timedelta

import pytest
import textfsm  # type: ignore[import-untyped]  # ships no types
from ntc_templates.parse import ParsingException, parse_output  # type: ignore[import-untyped]  # same

from activities.deviceinteraction.failures import CheckFailed
from activities.deviceinteraction.parse import parse_rows
from activities.deviceinteraction.parse.bounded import parse_bounded
from activities.deviceinteraction.parse.templates import NAMED
from activities.deviceinteraction.platforms.registry import PLATFORMS
from template_outputs import commands, output_for

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
MODULES = """\
Mod Ports Card Type                              Model              Serial No.
--- ----- -------------------------------------- ------------------ -----------
  1    4  SUP720                                 WS-SUP720-3B       SAL00000001
  5   48  SFM-capable 48 port                    WS-X6748-GE-TX     SAL00000002

Mod MAC addresses                       Hw    Fw           Sw           Status
--- ---------------------------------- ------ ------------ ------------ -------
  1  0000.5e00.5301 to 0000.5e00.5304   1.0   8.5(3)       15.1(2)      Ok
  5  0000.5e00.5305 to 0000.5e00.5334   2.0   12.2(14r)    15.1(2)      Ok

Mod  Sub-Module                  Model              Serial       Hw     Status
---- --------------------------- ------------------ ----------- ------- -------
  1  Policy Feature Card 3       WS-F6K-PFC3B       SAL00000003  2.4    Ok
  5  Centralized Forwarding Card WS-F6700-CFC       SAL00000004  4.1    Ok

Mod  Online Diag Status
---- -------------------
  1  Pass
  5  Pass
"""
STACK = """\
Switch/Stack Mac Address : 0000.5e00.5301 - Local Mac Address
Mac persistency wait time: Indefinite
                                             H/W   Current
Switch#   Role    Mac Address     Priority Version  State
------------------------------------------------------------
*1       Active   0000.5e00.5301     15     V01     Ready
 2       Standby  0000.5e00.5302     14     V01     Ready

         Stack Port Status             Neighbors
Switch#  Port 1     Port 2           Port 1   Port 2
--------------------------------------------------------
  1         OK         OK               2        2
  2         OK         OK               1        1
"""
TWICE = {
    "one template": ("cisco_ios", "show vlan", VLANS),
    "an abbreviation": ("cisco_ios", "sh vlan", VLANS),
    "another": ("cisco_ios", "show inventory", INVENTORY),
    "several templates": ("cisco_ios", "show cdp neighbors detail", ""),
}


@pytest.fixture
def sweep(request: pytest.FixtureRequest) -> range:
    """The seeds of the outputs that are made for each template."""
    return range(int(str(request.config.getoption("--parse-outputs"))))


@pytest.mark.parametrize(("platform", "command", "output"), TWICE.values(), ids=TWICE)
def test_rows_equal_those_of_ntc_templates(platform: str, command: str, output: str) -> None:
    for _ in range(2):
        assert list(parse_rows(platform, command, output)) == parse_output(platform, command, output)


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("show module", MODULES),
        ("show switch detail", STACK),
    ],
)
def test_commands_with_several_templates_are_merged_as_there(command: str, output: str) -> None:
    for _ in range(2):
        rows = list(parse_rows("cisco_ios", command, output))
        assert rows
        assert rows == parse_output("cisco_ios", command, output)


def test_rows_and_refusals_are_those_of_ntc_templates_for_every_template_of_the_platforms(sweep: range) -> None:
    """Of each command that has a template, an output that is made from the template's own expressions."""
    found = {"rows": 0, "refused": 0}
    for platform, command, templates in commands():
        for seed in sweep:
            output = output_for(templates, lines=12, seed=seed)
            try:
                wanted = parse_output(platform, command, output)
            except (textfsm.TextFSMError, ParsingException) as error:
                with pytest.raises(CheckFailed, match=re.escape(str(error))):
                    parse_rows(platform, command, output)
                found["refused"] += 1
                continue
            assert list(parse_rows(platform, command, output)) == wanted, f"{platform}: {command}"
            found["rows"] += len(wanted)
    assert found["rows"] > 1000
    assert found["refused"] > 10


def test_a_command_without_a_template_says_so() -> None:
    with pytest.raises(CheckFailed, match="no template"):
        parse_rows("cisco_ios", "show frobnication", "x")


def test_output_that_the_template_rejects_says_so() -> None:
    with pytest.raises(CheckFailed, match="does not look as"):
        parse_rows("cisco_ios", "show interfaces description", "this is garbage\n")


def test_output_that_a_template_rejects_asks_whether_the_platform_is_right_by_the_inventory_s_name() -> None:
    with pytest.raises(CheckFailed, match="Is its platform in the inventory, cisco_iosxe, the right one"):
        parse_rows("cisco_ios", "show interfaces description", "this is garbage\n")
    called = {platform.parses_as: name for name, platform in PLATFORMS.items()}
    assert {parsed: name for parsed, name in called.items() if parsed != name} == NAMED


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
    many = VLANS + "10   users                            active    Gi1/0/3\n" * 20_000
    with pytest.raises(CheckFailed, match="was ended"):
        await parse_bounded("cisco_ios", "show vlan", many, limit=timedelta(seconds=0.01))
