"""The contract of `apply`, the same on all platforms, against simulated devices over SSH."""

import asyncio
from pathlib import Path

import pytest

from activities.deviceinteraction.failures import (
    CheckFailed,
    DeviceFailure,
    PartiallyApplied,
    RejectedByDevice,
    Transient,
)
from activities.deviceinteraction.model import Applied, Change, PlatformName
from activities.deviceinteraction.testbed import Fault
from devicelab import COMMIT_LINE, HASTY, NAMES, NEW_VLAN, OTHER_VLAN, Lab, MemoryJournal, lab_of

CANDIDATES = ("arista_eos", "juniper_junos", "cisco_iosxr")


async def proposed(lab: Lab, lines: tuple[str, ...] | None = None) -> Change:
    async with lab.session() as session:
        return await session.propose(lines or NEW_VLAN[lab.platform], NAMES)


async def applied(lab: Lab, change: Change, journal: MemoryJournal, *, save: bool = False) -> Applied:
    async with lab.session() as session:
        return await session.apply(change, NAMES, journal, save=save)


async def test_a_refused_first_line_leaves_the_device_untouched(lab: Lab) -> None:
    change, before = await proposed(lab), lab.device.running_config()
    lab.device.inject(Fault(kind="reject", match="120"))
    with pytest.raises(RejectedByDevice) as refused:
        await applied(lab, change, MemoryJournal())
    assert not refused.value.touched
    assert lab.device.running_config() == before


async def test_a_refused_later_line_is_partial_without_a_candidate_and_undone(lab: Lab) -> None:
    lines = (*NEW_VLAN[lab.platform], *OTHER_VLAN[lab.platform])
    change, before, journal = await proposed(lab, lines), lab.device.running_config(), MemoryJournal()
    lab.device.inject(Fault(kind="reject", match="333"))
    with pytest.raises(DeviceFailure) as refused:
        await applied(lab, change, journal)
    assert isinstance(refused.value, RejectedByDevice if lab.platform in CANDIDATES else PartiallyApplied)
    assert "theirs" not in "".join(lab.effects()), "a line was sent after the refusal"
    async with lab.session() as session:
        undone = await session.undo(NAMES, journal, methods=["native", "inverse"])
    assert undone.was_touched == (lab.platform not in CANDIDATES)
    assert lab.device.running_config() == before


async def test_a_cancel_during_the_commit_waits_for_the_device_and_its_outcome(lab: Lab) -> None:
    change, journal = await proposed(lab), MemoryJournal()
    lab.device.inject(Fault(kind="slow", match=COMMIT_LINE[lab.platform], seconds=0.3))
    async with lab.session() as session:
        running = asyncio.ensure_future(session.apply(change, NAMES, journal, save=False))
        while "intent" not in journal.entries:
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert "outcome" in journal.entries
    assert lab.has(120)


async def test_a_hanging_read_is_transient_and_untouched(lab: Lab) -> None:
    change = await proposed(lab)
    lab.device.inject(Fault(kind="hang", match="show (running|configuration)"))
    with pytest.raises(Transient) as failed:
        async with lab.session(timeouts=HASTY) as session:
            await session.apply(change, NAMES, MemoryJournal(), save=False)
    assert not failed.value.touched
    assert lab.effects() == []


@pytest.mark.parametrize("lab", ["cisco_iosxe", "cisco_nxos", "arista_eos"], indirect=True)
async def test_a_failed_save_is_reported_and_made_up_for(lab: Lab) -> None:
    change, journal = await proposed(lab), MemoryJournal()
    lab.device.inject(Fault(kind="reject", match="^(write|copy running-config startup)"))
    with pytest.raises(DeviceFailure) as failed:
        await applied(lab, change, journal, save=True)
    assert failed.value.touched
    effects = lab.effects()
    assert (await applied(lab, change, journal.survived(), save=True)).saved
    assert lab.effects() == effects
    assert "120" in lab.device.startup_config()


@pytest.mark.parametrize("platform", ["cisco_iosxe", "cisco_nxos"])
async def test_a_device_that_does_something_else_than_predicted_is_undone_natively(
    platform: PlatformName, tmp_path: Path
) -> None:
    async with lab_of(platform, tmp_path) as lab:
        change, before, journal = await proposed(lab), lab.device.running_config(), MemoryJournal()
        # The device takes the line without a word and does not do it: only reading back can tell.
        lab.device.inject(Fault(kind="empty", match="name lab", phase="before"))
        with pytest.raises(PartiallyApplied, match="not as predicted"):
            await applied(lab, change, journal)
        with pytest.raises(PartiallyApplied, match="earlier attempt"):
            await applied(lab, change, journal.survived())
        async with lab.session() as session:
            undone = await session.undo(NAMES, journal, methods=["native"])
        assert undone.method == "native"
        assert lab.device.running_config() == before


@pytest.mark.parametrize("platform", ["cisco_iosxe", "arista_eos"])
async def test_no_change_starts_where_the_privilege_is_not_known(platform: PlatformName, tmp_path: Path) -> None:
    async with lab_of(platform, tmp_path) as lab:
        lab.device.inject(Fault(kind="empty", match="show privilege"))
        with pytest.raises(CheckFailed):
            await proposed(lab)
        assert lab.effects() == []
