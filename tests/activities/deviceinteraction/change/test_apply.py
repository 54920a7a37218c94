"""The contract of `apply`, the same on all platforms, against simulated devices over SSH."""

import asyncio
from pathlib import Path

import pytest

from activities.deviceinteraction.failures import (
    CheckFailed,
    DeviceFailure,
    Drifted,
    OutcomeUnknown,
    PartiallyApplied,
    RejectedByDevice,
    StaleAttempt,
    Transient,
)
from activities.deviceinteraction.model import Applied, Change, PlatformName
from activities.deviceinteraction.testbed import Fault
from devicelab import COMMIT_LINE, HASTY, NAMES, NEW_VLAN, OTHER_VLAN, Crash, FrozenAfter, Lab, MemoryJournal, lab_of

CANDIDATES = ("arista_eos", "juniper_junos", "cisco_iosxr")


async def proposed(lab: Lab, lines: tuple[str, ...] | None = None) -> Change:
    async with lab.session() as session:
        return await session.propose(lines or NEW_VLAN[lab.platform], NAMES)


async def applied(lab: Lab, change: Change, journal: MemoryJournal, *, save: bool = False) -> Applied:
    async with lab.session() as session:
        return await session.apply(change, NAMES, journal, save=save)


async def test_proposing_alters_nothing(lab: Lab) -> None:
    before = lab.device.running_config()
    change = await proposed(lab)
    assert not change.empty
    assert any(line.startswith("+") and "120" in line for line in change.diff.splitlines())
    assert change.inverse
    assert lab.device.running_config() == before
    assert lab.effects() == []
    assert lab.effects("startup") == []
    assert lab.effects("checkpoint") == []


async def test_the_digest_does_not_depend_on_the_names(lab: Lab) -> None:
    async with lab.session() as session:
        first = await session.propose(NEW_VLAN[lab.platform], NAMES)
        second = await session.propose(NEW_VLAN[lab.platform], type(NAMES)("ba9876543210", "another run"))
    assert first == second


async def test_an_applied_change_is_there_and_saved(lab: Lab) -> None:
    result = await applied(lab, await proposed(lab), MemoryJournal(), save=True)
    assert result.changed
    assert result.saved
    assert lab.has(120, "lab")
    assert "120" in lab.device.startup_config()


async def test_a_second_call_with_the_same_journal_makes_no_effect(lab: Lab) -> None:
    change, journal = await proposed(lab), MemoryJournal()
    first = await applied(lab, change, journal)
    effects = lab.effects()
    assert await applied(lab, change, journal.survived()) == first
    assert lab.effects() == effects


async def test_a_change_that_is_there_already_writes_nothing_at_all(lab: Lab) -> None:
    lab.device.change(NEW_VLAN[lab.platform])
    change = await proposed(lab)
    assert change.empty
    result = await applied(lab, change, MemoryJournal(), save=True)
    assert not result.changed
    assert [lab.effects(kind) for kind in ("running", "startup", "checkpoint")] == [[], [], []]


@pytest.mark.parametrize("moment", ["intent", "outcome"])
async def test_an_attempt_that_dies_after_a_journal_entry_is_continued_and_not_repeated(lab: Lab, moment: str) -> None:
    change, journal = await proposed(lab), MemoryJournal(dies_after=moment)
    with pytest.raises(Crash):
        await applied(lab, change, journal)
    result = await applied(lab, change, journal.survived())
    assert result.changed
    assert lab.has(120, "lab")
    once = lab.effects()
    assert len(once) == len(set(once)), "a line took effect twice"


async def test_an_attempt_that_dies_before_its_outcome_is_written_finds_its_own_change(lab: Lab) -> None:
    change, journal = await proposed(lab), MemoryJournal(dies_before="outcome")
    with pytest.raises(Crash):
        await applied(lab, change, journal, save=True)
    effects = lab.effects()
    result = await applied(lab, change, journal.survived(), save=True)
    assert result.changed
    assert lab.effects() == effects


@pytest.mark.parametrize("phase", ["before", "after"])
async def test_a_link_that_dies_around_the_commit_leaves_an_unknown_outcome_that_is_looked_at(
    lab: Lab, phase: str
) -> None:
    change, journal = await proposed(lab), MemoryJournal()
    before = lab.device.running_config()
    lab.device.inject(Fault.model_validate({"kind": "drop", "match": COMMIT_LINE[lab.platform], "phase": phase}))
    with pytest.raises(OutcomeUnknown) as failed:
        await applied(lab, change, journal)
    assert failed.value.touched
    try:
        result = await applied(lab, change, journal.survived())
    except PartiallyApplied:
        assert lab.platform not in CANDIDATES
        async with lab.session() as session:
            await session.undo(NAMES, journal.survived(), methods=["native", "inverse"])
        assert lab.device.running_config() == before
    else:
        assert result.changed
        assert lab.has(120, "lab")
        commits = [line for line in lab.effects() if line.startswith("commit")]
        assert len(commits) <= 1


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


async def test_a_device_that_moved_since_the_approval_has_drifted_and_is_untouched(lab: Lab) -> None:
    change = await proposed(lab, (*NEW_VLAN[lab.platform], *OTHER_VLAN[lab.platform]))
    lab.device.change(OTHER_VLAN[lab.platform])
    with pytest.raises(Drifted):
        await applied(lab, change, MemoryJournal())
    assert lab.effects() == []
    assert not lab.has(120)


async def test_an_unbound_change_is_made_although_the_device_moved(lab: Lab) -> None:
    change = await proposed(lab, (*NEW_VLAN[lab.platform], *OTHER_VLAN[lab.platform]))
    lab.device.change(OTHER_VLAN[lab.platform])
    async with lab.session() as session:
        result = await session.apply(change, NAMES, MemoryJournal(), save=False, bound=False)
    assert result.changed
    assert lab.has(120)


async def test_a_stale_attempt_writes_nothing(lab: Lab) -> None:
    change, before = await proposed(lab), lab.device.running_config()
    with pytest.raises(StaleAttempt):
        async with lab.session(fence=FrozenAfter(0)) as session:
            await session.apply(change, NAMES, MemoryJournal(), save=False)
    assert lab.device.running_config() == before
    assert lab.effects() == []


async def test_an_attempt_that_goes_stale_before_the_commit_leaves_it_to_its_successor(lab: Lab) -> None:
    change, journal = await proposed(lab), MemoryJournal(dies_after="intent")
    with pytest.raises(Crash):
        await applied(lab, change, journal)
    with pytest.raises(StaleAttempt):
        async with lab.session(fence=FrozenAfter(0)) as session:
            await session.apply(change, NAMES, journal.survived(), save=False)
    assert (await applied(lab, change, journal.survived())).changed


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
