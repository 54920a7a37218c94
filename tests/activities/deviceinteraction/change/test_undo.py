"""The contract of `undo`, the same on all platforms, against simulated devices over SSH."""

from pathlib import Path

import pytest

from activities.deviceinteraction.failures import CheckFailed, OutcomeUnknown, PartiallyApplied, Reverted
from activities.deviceinteraction.model import UndoMethod, Undone
from activities.deviceinteraction.platforms.registry import PLATFORMS
from activities.deviceinteraction.testbed import Fault
from activities.deviceinteraction.testbed.model import PLATFORMS as SIMULATED
from devicelab import NAMES, NEW_VLAN, Lab, MemoryJournal, lab_of

ROLLBACK = "^(configure replace|rollback|configure checkpoint restore)"
METHODS: tuple[UndoMethod, ...] = ("native", "inverse", "restore")
DECLARED = [(name, method) for name in SIMULATED for method in PLATFORMS[name].undo_methods]


async def changed(lab: Lab, *, save: bool = False, journal: MemoryJournal | None = None) -> MemoryJournal:
    journal = journal or MemoryJournal()
    async with lab.session() as session:
        change = await session.propose(NEW_VLAN[lab.platform], NAMES)
        assert (await session.apply(change, NAMES, journal, save=save)).changed
    return journal


async def undone(lab: Lab, journal: MemoryJournal, *methods: UndoMethod) -> Undone:
    async with lab.session() as session:
        return await session.undo(NAMES, journal, methods=methods or METHODS)


async def test_the_next_method_is_used_where_one_fails(lab: Lab) -> None:
    before = lab.device.running_config()
    journal = await changed(lab)
    lab.device.inject(Fault(kind="reject", match=ROLLBACK))
    assert (await undone(lab, journal, "native", "inverse")).method == "inverse"
    assert lab.device.running_config() == before


async def test_a_change_that_was_taken_back_is_not_made_again_in_the_same_name(tmp_path: Path) -> None:
    async with lab_of("arista_eos", tmp_path) as lab:
        before, journal = lab.device.running_config(), await changed(lab)
        lab.device.inject(Fault(kind="drop", match=ROLLBACK, phase="after"))
        with pytest.raises(OutcomeUnknown):
            await undone(lab, journal, "native", "inverse")
        journal = journal.survived()
        with pytest.raises(PartiallyApplied, match="is being taken back already"):
            await changed(lab, journal=journal)
        assert (await undone(lab, journal, "native", "inverse")).was_touched
        with pytest.raises(Reverted, match="was made and taken back already"):
            await changed(lab, journal=journal)
        assert lab.device.running_config() == before


async def test_an_undo_that_fails_in_every_way_says_so(lab: Lab) -> None:
    journal = await changed(lab)
    lab.device.inject(Fault(kind="reject", match=ROLLBACK, times=0))
    with pytest.raises(CheckFailed, match="is not as it was before the change") as failed:
        await undone(lab, journal, "native")
    assert failed.value.touched


async def test_a_link_that_dies_during_the_undo_leaves_it_to_the_next_attempt(lab: Lab) -> None:
    before = lab.device.running_config()
    journal = await changed(lab)
    lab.device.inject(Fault(kind="drop", match=ROLLBACK, phase="after"))
    with pytest.raises(OutcomeUnknown):
        await undone(lab, journal, "native", "inverse")
    assert (await undone(lab, journal.survived(), "native", "inverse")).was_touched
    assert lab.device.running_config() == before
