"""What is SR Linux's own: named candidates, a timer that any session ends, checkpoints, no other commit meanwhile."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from activities.deviceinteraction.failures import (
    CheckFailed,
    ConfigLocked,
    InvalidInput,
    RejectedByDevice,
    Reverted,
)
from activities.deviceinteraction.model import Hold, Undone
from activities.deviceinteraction.probing import probe
from activities.deviceinteraction.testbed import Fault
from activities.deviceinteraction.verifying import verify
from devicelab import NAMES, NEW_VLAN, OTHER_VLAN, Lab, MemoryJournal, lab_of
from hand_clock import HandClock
from testbed_terminal import terminal

LINES, THEIRS = NEW_VLAN["nokia_srlinux"], OTHER_VLAN["nokia_srlinux"]
HOLD = Hold(timedelta(seconds=90))
CLOCK = HandClock()


@pytest.fixture
async def switch(tmp_path: Path) -> AsyncIterator[Lab]:
    async with lab_of("nokia_srlinux", tmp_path, CLOCK) as made:
        yield made


async def held(lab: Lab) -> MemoryJournal:
    """A change that waits for its confirmation, and shall be saved then."""
    journal = MemoryJournal()
    async with lab.session() as session:
        await session.apply(await session.propose(LINES, NAMES), NAMES, journal, save=True, hold=HOLD)
    return journal


async def test_a_switch_says_what_it_is_and_in_which_state_its_interfaces_are(switch: Lab) -> None:
    async with switch.session() as session:
        facts = await session.facts()
        found = (await session.snapshot(["interfaces"])).interfaces
        with pytest.raises(InvalidInput, match="network instances"):
            await session.snapshot(["vlans"])
    assert (facts.hostname, facts.vendor, facts.version, facts.model) == (
        "acc-001",
        "Nokia",
        "v23.10.1",
        "7220 IXR-D2L",
    )
    assert found is not None
    desk, dark, uplink = found["ethernet-1/1"], found["ethernet-1/4"], found["ethernet-1/49"]
    assert (desk.admin, desk.oper, desk.mode, desk.trunk_vlans, desk.description) == (
        "up",
        "up",
        "trunk",
        (10,),
        "desk 1",
    )
    assert (dark.admin, dark.oper) == ("down", "down")
    assert uplink.mode == "routed"


async def test_a_proposal_leaves_no_candidate_behind(switch: Lab) -> None:
    async with switch.session() as session:
        change = await session.propose(LINES, NAMES)
        assert session.transport.prompt == "running\nA:netsaga@acc-001#"
        assert NAMES.tag not in await session.transport.send("info flat from state system configuration candidate *")
    assert change.diff.splitlines()[0] == "+   network-instance vlan-120 {"
    assert change.inverse == ("delete / network-instance vlan-120",)


async def test_a_candidate_of_a_crashed_attempt_is_dropped_and_never_entered_again(switch: Lab) -> None:
    async with switch.session() as crashed:
        await crashed.transport.send(f"enter candidate private name {NAMES.tag}")
        await crashed.transport.send("set / interface lo99 description left")
        async with switch.session() as session:
            assert "lo99" not in (await session.propose(LINES, NAMES)).diff
    entered = [entry["line"] for entry in switch.device.commands() if entry["line"].startswith("enter candidate")]
    assert entered == [f"enter candidate private name {NAMES.tag}", f"enter candidate private name {NAMES.tag}-2"]


async def test_a_colleague_s_candidate_is_neither_committed_nor_dropped(switch: Lab) -> None:
    switch.device.change(THEIRS, commit=False)
    async with switch.session() as session:
        await session.apply(await session.propose(LINES, NAMES), NAMES, MemoryJournal(), save=False)
    assert (switch.has(120, "lab"), switch.has(333)) == (True, False)
    switch.device.change([])
    assert switch.has(333, "theirs")


@pytest.mark.parametrize(
    "line", ["network-instance x type mac-vrf", "set interface lo1", "enter running", "delete interface"]
)
async def test_a_line_that_is_not_a_whole_path_is_refused_before_anything_is_typed(switch: Lab, line: str) -> None:
    async with switch.session() as session:
        with pytest.raises(InvalidInput, match="begin lines with"):
            await session.propose((line,), NAMES)
    assert not [entry for entry in switch.device.commands() if entry["line"].startswith("enter")]


async def test_what_only_the_validation_finds_is_a_refusal_without_a_trace(switch: Lab) -> None:
    before = switch.device.running_config()
    async with switch.session() as session:
        with pytest.raises(RejectedByDevice, match=r"subinterface 'ethernet-1/9\.0'"):
            await session.propose(["set / network-instance users interface ethernet-1/9.0"], NAMES)
        with pytest.raises(RejectedByDevice, match="Unknown token 'vlan'"):
            await session.propose(["set / vlan 120"], NAMES)
        assert session.transport.prompt.startswith("running")
    assert switch.device.running_config() == before


async def test_a_change_under_a_timer_is_confirmed_from_another_session_and_saved_then(switch: Lab) -> None:
    journal = await held(switch)
    assert switch.device.revert_due == CLOCK.now() + HOLD.within
    assert "120" not in switch.device.startup_config()
    async with switch.session() as session:
        confirmed = await session.confirm(NAMES, journal)
    assert (confirmed.was_pending, confirmed.saved) == (True, True)
    CLOCK.turn(3600)
    assert "120" in switch.device.startup_config()
    async with switch.session() as session:
        assert await session.undo(NAMES, journal, methods=["native"]) == Undone(
            was_touched=True, method="native", saved=True
        )
    assert "120" not in switch.device.running_config() + switch.device.startup_config()


async def test_what_nobody_confirms_goes_back_by_itself(switch: Lab) -> None:
    before = switch.device.running_config()
    journal = await held(switch)
    CLOCK.turn(90)
    assert switch.device.running_config() == before
    async with switch.session() as session:
        with pytest.raises(Reverted):
            await session.confirm(NAMES, journal)


async def test_an_undo_rejects_the_commit_that_waits(switch: Lab) -> None:
    before = switch.device.running_config()
    journal = await held(switch)
    async with switch.session() as session:
        assert await session.undo(NAMES, journal, methods=["native"]) == Undone(was_touched=True, method="native")
    assert (switch.device.running_config(), switch.device.revert_due) == (before, None)
    assert "/tools system configuration confirmed-reject" in [entry["line"] for entry in switch.device.commands()]


async def test_nobody_commits_while_a_commit_waits(switch: Lab) -> None:
    journal = await held(switch)
    with pytest.raises(ValueError, match="commit confirmed in progress"):
        switch.device.change(THEIRS)
    async with switch.session() as session:
        change = await session.propose(THEIRS, type(NAMES)("1" * 12, "other"))
        with pytest.raises(RejectedByDevice, match="commit confirmed in progress"):
            await session.apply(change, type(NAMES)("1" * 12, "other"), MemoryJournal(), save=False)
        with pytest.raises(ConfigLocked, match="waits for its confirmation"):
            await session.apply(change, type(NAMES)("2" * 12, "other"), MemoryJournal(), save=False, hold=HOLD)
        await session.undo(NAMES, journal, methods=["native"])


async def test_a_checkpoint_that_cannot_be_made_stops_the_change(switch: Lab) -> None:
    before = switch.device.running_config()
    switch.device.inject(Fault(kind="no_space", match="generate-checkpoint"))
    async with switch.session() as session:
        change = await session.propose(LINES, NAMES)
        with pytest.raises(CheckFailed, match=r"checkpoint .* could not be made"):
            await session.apply(change, NAMES, MemoryJournal(), save=False)
        assert session.transport.prompt.startswith("running")
    assert switch.device.running_config() == before


async def test_many_changes_leave_room_for_the_checkpoints_of_others(switch: Lab) -> None:
    async with terminal(switch.device) as typed:
        await typed.output("save checkpoint name theirs")
    async with switch.session() as session:
        for number in range(9):
            names = type(NAMES)(f"{number:012x}", "one of many")
            change = await session.propose([f"set / interface lo{number} description x"], names)
            assert (await session.apply(change, names, MemoryJournal(), save=False)).changed
        listing = await session.show("info flat from state system configuration checkpoint *")
    assert " name theirs" in listing
    assert listing.count(" name netsaga-") == 6


async def test_a_hostname_change_does_not_lose_the_prompt(switch: Lab) -> None:
    journal = MemoryJournal()
    async with switch.session() as session:
        change = await session.propose(["set / system name host-name other"], NAMES)
        await session.apply(change, NAMES, journal, save=False)
        assert session.transport.prompt == "running\nA:netsaga@other#"
        assert (await session.undo(NAMES, journal, methods=["restore"])).method == "restore"


async def test_secrets_leave_the_session_nowhere(switch: Lab) -> None:
    async with switch.session() as session:
        shown = await session.show("info from running /")
    assert "$y$" not in shown
    assert "community <redacted>" in shown


async def test_the_contract_can_be_verified_and_the_device_probed(switch: Lab) -> None:
    before = switch.device.running_config()
    result = await verify(switch.target, host_keys=switch.host_keys)
    assert {part.state for part in result.parts} == {"ok"}, result
    assert switch.device.running_config() == before
    report = await probe(switch.target, host_keys=switch.host_keys)
    assert (report.usable, report.confirm.state) == (True, "ok")


async def test_it_is_restarted_and_comes_up_with_what_was_saved(switch: Lab) -> None:
    switch.device.change(LINES)
    CLOCK.turn(60)
    async with switch.session() as session:
        await session.reboot(MemoryJournal(), timedelta(seconds=20))
        assert (await session.facts()).hostname == "acc-001"
    assert not switch.has(120)
