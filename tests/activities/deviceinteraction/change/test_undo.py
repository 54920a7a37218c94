"""The contract of `undo`, the same on all platforms, against simulated devices over SSH."""

import pytest

from activities.deviceinteraction.failures import CheckFailed, OutcomeUnknown
from activities.deviceinteraction.model import UndoMethod, Undone
from activities.deviceinteraction.platforms.registry import PLATFORMS
from activities.deviceinteraction.testbed import Fault
from activities.deviceinteraction.testbed.model import PLATFORMS as SIMULATED
from devicelab import NAMES, NEW_VLAN, OTHER_VLAN, Crash, Lab, MemoryJournal

ROLLBACK = "^(configure replace|rollback|configure checkpoint restore)"
METHODS: tuple[UndoMethod, ...] = ("native", "inverse", "restore")
DECLARED = [(name, method) for name in SIMULATED for method in PLATFORMS[name].undo_methods]


async def changed(lab: Lab, *, save: bool = False) -> MemoryJournal:
    journal = MemoryJournal()
    async with lab.session() as session:
        change = await session.propose(NEW_VLAN[lab.platform], NAMES)
        assert (await session.apply(change, NAMES, journal, save=save)).changed
    return journal


async def undone(lab: Lab, journal: MemoryJournal, *methods: UndoMethod) -> Undone:
    async with lab.session() as session:
        return await session.undo(NAMES, journal, methods=methods or METHODS)


@pytest.mark.parametrize(("lab", "method"), DECLARED, indirect=["lab"])
async def test_each_method_brings_the_device_back_exactly(lab: Lab, method: UndoMethod) -> None:
    before = lab.device.running_config()
    result = await undone(lab, await changed(lab), method)
    assert result == Undone(was_touched=True, method=method)
    assert lab.device.running_config() == before


async def test_undoing_a_saved_change_saves_again(lab: Lab) -> None:
    before = lab.device.startup_config()
    journal = await changed(lab, save=True)
    assert lab.device.startup_config() != before
    assert (await undone(lab, journal)).saved
    assert "120" not in lab.device.startup_config()


async def test_a_second_undo_makes_no_effect(lab: Lab) -> None:
    journal = await changed(lab)
    first = await undone(lab, journal)
    effects = lab.effects()
    assert await undone(lab, journal.survived()) == first
    assert lab.effects() == effects


@pytest.mark.parametrize("moment", ["undo-intent", "undo-outcome"])
async def test_an_undo_that_dies_is_finished_by_the_next_attempt(lab: Lab, moment: str) -> None:
    before = lab.device.running_config()
    journal = await changed(lab, save=True)
    journal.dies_after = moment
    with pytest.raises(Crash):
        await undone(lab, journal)
    result = await undone(lab, journal.survived())
    assert result.was_touched
    assert lab.device.running_config() == before


async def test_an_undo_whose_outcome_was_never_written_is_not_repeated(lab: Lab) -> None:
    before = lab.device.running_config()
    journal = await changed(lab)
    journal.dies_before = "undo-outcome"
    with pytest.raises(Crash):
        await undone(lab, journal)
    effects = lab.effects()
    assert (await undone(lab, journal.survived())).was_touched
    assert lab.effects() == effects
    assert lab.device.running_config() == before


async def test_nothing_is_undone_where_nothing_was_begun(lab: Lab) -> None:
    assert await undone(lab, MemoryJournal()) == Undone(was_touched=False)
    assert lab.effects() == []


async def test_an_intent_without_an_effect_is_found_untouched(lab: Lab) -> None:
    journal = MemoryJournal(dies_after="intent")
    async with lab.session() as session:
        change = await session.propose(NEW_VLAN[lab.platform], NAMES)
        with pytest.raises(Crash):
            await session.apply(change, NAMES, journal, save=False)
    assert not (await undone(lab, journal.survived())).was_touched
    assert lab.effects() == []


async def test_a_colleague_s_change_stays_and_is_reported(lab: Lab) -> None:
    journal = await changed(lab)
    lab.device.change(OTHER_VLAN[lab.platform])
    result = await undone(lab, journal, "native", "inverse")
    assert result.method == "inverse"
    assert not lab.has(120)
    assert lab.has(333, "theirs")
    assert any(line.startswith("+ ") and "333" in line for line in result.foreign)


async def test_without_the_inverse_a_colleague_s_change_is_not_thrown_away(lab: Lab) -> None:
    journal = await changed(lab)
    lab.device.change(OTHER_VLAN[lab.platform])
    with pytest.raises(CheckFailed, match="undo_failed"):
        await undone(lab, journal, "native", "restore")
    assert lab.has(333)


async def test_the_next_method_is_used_where_one_fails(lab: Lab) -> None:
    before = lab.device.running_config()
    journal = await changed(lab)
    lab.device.inject(Fault(kind="reject", match=ROLLBACK))
    assert (await undone(lab, journal, "native", "inverse")).method == "inverse"
    assert lab.device.running_config() == before


async def test_an_undo_that_fails_in_every_way_says_so(lab: Lab) -> None:
    journal = await changed(lab)
    lab.device.inject(Fault(kind="reject", match=ROLLBACK, times=0))
    with pytest.raises(CheckFailed, match="undo_failed") as failed:
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


@pytest.mark.parametrize("lab", ["juniper_junos"], indirect=True)
async def test_a_method_that_the_platform_does_not_offer_is_said_to_be_missing(lab: Lab) -> None:
    journal = await changed(lab)
    with pytest.raises(CheckFailed, match="does not offer it"):
        await undone(lab, journal, "restore")
