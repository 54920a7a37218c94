"""SR Linux and SR OS as somebody at a terminal sees them: prompts, candidates, timers, and what ends with a session."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities.deviceinteraction.testbed import DeviceSpec, Testbed, TestbedDevice
from hand_clock import HandClock
from testbed_terminal import Terminal, terminal

CLOCK = HandClock()
LO7 = '/configure router "Base" interface "lo7" description "seven"'


@pytest.fixture
async def testbed(tmp_path: Path) -> AsyncIterator[Testbed]:
    specs = [
        DeviceSpec(name="srl", platform="nokia_srlinux", number=1),
        DeviceSpec(name="sros", platform="nokia_sros", number=2),
    ]
    async with Testbed.start(state=tmp_path, devices=specs, clock=CLOCK) as running:
        yield running


@pytest.fixture
def srl(testbed: Testbed) -> TestbedDevice:
    return testbed.device("srl")


@pytest.fixture
def sros(testbed: Testbed) -> TestbedDevice:
    return testbed.device("sros")


def said(output: str) -> str:
    """What was printed, without the blank line and the mode line above the prompt."""
    return output.rpartition("\n")[0].rstrip("\n")


async def above(typed: Terminal, line: str) -> str:
    """The line above the prompt that follows a line."""
    return (await typed.send(line)).rstrip().split("\n")[-2]


async def test_the_prompt_of_sr_linux_tells_mode_context_and_what_is_not_committed_or_saved(srl: TestbedDevice) -> None:
    async with terminal(srl) as typed:
        assert await above(typed, "enter candidate") == "--{ candidate shared default }--[  ]--"
        assert await above(typed, "interface ethernet-1/1") == (
            "--{ candidate shared default }--[ interface ethernet-1/1 ]--"
        )
        assert await above(typed, 'description "x y"') == (
            "--{ * candidate shared default }--[ interface ethernet-1/1 ]--"
        )
        assert await above(typed, "/") == "--{ * candidate shared default }--[  ]--"
        assert said(await typed.output("diff")) == (
            '    interface ethernet-1/1 {\n-       description "desk 1"\n+       description "x y"\n    }'
        )
        assert "Leaving candidate mode." in await typed.output("commit now")
        assert await above(typed, "") == "--{ + running }--[  ]--"
        assert await above(typed, "save startup") == "--{ running }--[  ]--"


async def test_private_candidates_of_sr_linux_are_committed_each_by_itself(srl: TestbedDevice) -> None:
    async with terminal(srl) as first, terminal(srl) as second:
        await first.lines("enter candidate private name one", "set / interface lo1 description one")
        await second.lines("enter candidate private name two", "set / interface lo2 description two")
        await second.output("commit now")
        assert await above(first, "info /") == "--{ +*! candidate private one }--[  ]--"
        await first.output("commit now")
    assert {"lo1", "lo2"} <= set(re.findall(r"interface (lo\d)", srl.running_config()))


async def test_an_exclusive_session_of_sr_linux_keeps_others_out_and_its_lock_falls_with_it(srl: TestbedDevice) -> None:
    async with terminal(srl) as typed:
        async with terminal(srl) as holder:
            await holder.lines("enter candidate exclusive", "set / interface lo1 description one")
            assert "is locked" in await typed.output("enter candidate")
        while "is locked" in await typed.output("enter candidate"):
            pass  # the device has yet to notice that the other one hung up
        assert "lo1" not in await typed.output("info /")


async def test_a_named_candidate_of_sr_linux_outlives_its_session_until_it_is_cleared(srl: TestbedDevice) -> None:
    async with terminal(srl) as typed:
        await typed.lines("enter candidate private name kept", "set / interface lo1 description one", "enter running")
    async with terminal(srl) as typed:
        state = "info flat from state system configuration candidate *"
        assert "candidate kept type private" in await typed.output(state)
        await typed.output("tools system configuration candidate kept clear")
        assert said(await typed.output(state)) == ""


async def test_a_confirmed_commit_of_sr_linux_waits_in_any_session_and_goes_back_by_itself(srl: TestbedDevice) -> None:
    before = srl.running_config()
    async with terminal(srl) as typed:
        await typed.lines("enter candidate private", "set / interface lo1 description one")
        assert "automatic rollback in 5 minutes" in await typed.output("commit confirmed timeout 300")
    CLOCK.turn(299)
    async with terminal(srl) as typed:
        assert "status unconfirmed" in await typed.output("info flat from state system configuration commit *")
        CLOCK.turn(1)
        assert srl.running_config() == before
        assert "Error" in await typed.output("tools system configuration confirmed-accept")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("frobnicate", "Parsing error: Unknown token 'frobnicate'"),
        ("set / interface", "Parsing error: Missing value for 'interface'"),
        ("set / interface lo1 admin-state maybe", "Parsing error: Invalid value 'maybe'"),
        ("load checkpoint name none", "Error: There is no checkpoint 'none'"),
    ],
)
async def test_sr_linux_refuses_what_its_model_does_not_name(srl: TestbedDevice, line: str, words: str) -> None:
    async with terminal(srl) as typed:
        await typed.output("enter candidate private")
        assert words in await typed.output(line)


async def test_the_prompt_of_sr_os_tells_mode_context_and_what_is_not_committed(sros: TestbedDevice) -> None:
    async with terminal(sros) as typed:
        assert await above(typed, "edit-config exclusive") == "(ex)[/]"
        assert await above(typed, '/configure router "Base" interface "lo7"') == (
            '*(ex)[/configure router "Base" interface "lo7"]'
        )
        assert await above(typed, 'description "seven"') == '*(ex)[/configure router "Base" interface "lo7"]'
        assert await above(typed, "top") == "*(ex)[/]"
        assert 'interface "lo7" {' in await typed.output("compare")
        assert said(await typed.output("commit")) == ""
        assert await above(typed, "quit-config") == "[/]"
    assert LO7 in sros.running_config()


@pytest.mark.parametrize(("key", "mode"), [("y", "[/]"), ("n", "*(ex)[/]")])
async def test_leaving_with_uncommitted_changes_asks(sros: TestbedDevice, key: str, mode: str) -> None:
    async with terminal(sros) as typed:
        await typed.lines("edit-config exclusive", LO7)
        await typed.send("quit-config", "[y,n] ")
        typed.press(key)
        assert (await typed.read()).rstrip().split("\n")[-2] == mode


async def test_a_confirmed_commit_of_sr_os_goes_back_with_its_session(sros: TestbedDevice) -> None:
    before = sros.running_config()
    async with terminal(sros) as typed:
        await typed.lines("edit-config exclusive", LO7)
        assert "automatic rollback in 4 minutes 59 seconds" in await typed.output("commit confirmed 5")
        assert LO7 in sros.running_config()
    async with terminal(sros) as typed:
        while sros.live_sessions > 1:
            await typed.output("")
    assert (sros.running_config(), sros.revert_due) == (before, None)


@pytest.mark.parametrize(
    ("how", "words", "stays"), [("accept", "#2092", True), ("cancel", "#2096", False), ("", "", False)]
)
async def test_a_confirmed_commit_of_sr_os_is_accepted_canceled_or_runs_out(
    sros: TestbedDevice, how: str, words: str, stays: bool
) -> None:
    async with terminal(sros) as typed:
        await typed.lines("edit-config private", LO7, "commit confirmed")
        assert "commit not allowed" in await typed.output("commit")
        if how:
            assert words in await typed.output(f"commit confirmed {how}")
        CLOCK.turn(600)
        assert (LO7 in sros.running_config()) is stays


async def test_a_rollback_of_sr_os_loads_the_file_that_a_commit_left(sros: TestbedDevice) -> None:
    async with terminal(sros) as typed:
        await typed.lines("edit-config private", LO7, 'commit comment "first of all"', "/configure")
        history = await typed.output("/show system management-interface commit-history")
        assert re.search(r'Comment   "first of all"\n\s+Location  "cf3:\\config\.cfg"', history)
        assert 'from file "cf3:\\config.cfg.1"' in await typed.output("rollback 1")
        assert '-       interface "lo7" {' in await typed.output("compare")
        assert "Could not load" in await typed.output("rollback 40")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/configure frobnicate", "MINOR: MGMT_CORE #2201: Unknown element - 'frobnicate'"),
        ("/configure port", "MINOR: CLI #2001: Missing element value - 'port'"),
        ("/configure port 1/1/c1/1 admin-state maybe", "MINOR: MGMT_CORE #2301: Invalid element value - 'maybe'"),
    ],
)
async def test_sr_os_refuses_what_its_model_does_not_name(sros: TestbedDevice, line: str, words: str) -> None:
    async with terminal(sros) as typed:
        await typed.output("edit-config private")
        assert words in await typed.output(line)
