"""Cases of the contract: a change that is proposed, made, saved, and held under the device's own timer."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from activities.deviceinteraction.failures import (
    Drifted,
    InvalidInput,
    Permanent,
    Reverted,
    StaleAttempt,
)
from activities.deviceinteraction.model import Confirmed, Hold, Names, Undone
from activities.deviceinteraction.platforms.protocol import Timer
from contract_case import Run, case, dying, without_checkpoints
from contract_rig import EVERY, Rig
from devicelab import NAMES, Crash, FrozenAfter, MemoryJournal

ANOTHER: Final = Names(token="ba9876543210", comment="another run")


@case("propose")
async def a_proposal_shows_the_change_and_makes_none(rig: Rig) -> None:
    before, kept, witness = rig.truth(), rig.kept(), rig.witness()
    async with rig.session() as session:
        change = await session.propose(rig.ours, NAMES)
        assert await session.propose(rig.ours, ANOTHER) == change, "a digest depends on the names"
        for wrong in ("\x03", "vlan 120\nno vlan 10", "a\tb\x1b"):
            with pytest.raises(InvalidInput):
                await session.propose([wrong], NAMES)
    assert not change.empty
    assert change.made == rig.platform.made
    assert any(line.startswith(("+", "-")) for line in change.diff.splitlines())
    assert (change.inverse is not None) is ("inverse" in rig.platform.undo_methods)
    assert (rig.truth(), rig.kept(), rig.witness()) == (before, kept, witness)


@case("apply")
async def a_change_is_made_once_however_often_it_is_asked_for(rig: Rig) -> None:
    change, journal = await rig.proposed(), MemoryJournal()
    first = await rig.applied(change, journal)
    assert (first.changed, first.digest, rig.has()[0]) == (True, change.digest, True)
    witness = rig.witness()
    assert await rig.applied(change, journal.survived()) == first
    assert (await rig.proposed()).empty
    assert not (await rig.applied(await rig.proposed(), MemoryJournal(), save=True, names=ANOTHER)).changed
    assert rig.witness() == witness


@case("apply", "startup")
async def a_change_is_saved_where_that_is_asked_for(rig: Rig) -> None:
    kept = rig.kept()
    journal = await rig.made()
    assert rig.kept() == kept
    async with rig.session() as session:
        await session.save()
        assert rig.kept() != kept
        assert (await session.undo(NAMES, journal, methods=EVERY, saved=True)).saved
    assert sorted(rig.kept()) == sorted(kept)
    journal = await rig.made(save=True)
    assert sorted(rig.kept()) != sorted(kept)
    assert (await rig.undone(journal)).saved
    assert sorted(rig.kept()) == sorted(kept)


def _dying(moment: str) -> Run:
    async def dies(rig: Rig) -> None:
        change, journal = await rig.proposed(), dying(moment)
        with pytest.raises(Crash):
            await rig.applied(change, journal, save=True)
        witness, there = rig.witness(), rig.has()[0]
        assert (await rig.applied(change, journal.survived(), save=True)).changed
        assert rig.has()[0]
        assert not there or rig.witness() == witness, "an effect was made twice"

    dies.__name__ = f"an_attempt_that_dies_{moment.replace(' ', '_')}_is_gone_on_with"
    return dies


for _moment in ("after intent", "before outcome"):
    case("apply")(_dying(_moment))


@case("propose", "lines")
async def a_device_that_moved_since_the_approval_has_drifted_and_is_untouched(rig: Rig) -> None:
    change = await rig.proposed(rig.both)
    rig.colleague(rig.theirs)
    witness = rig.witness()
    with pytest.raises(Drifted):
        await rig.applied(change, MemoryJournal())
    assert (rig.has(), rig.witness()) == ((False, True), witness)
    async with rig.session() as session:
        assert (await session.apply(change, NAMES, MemoryJournal(), save=False, bound=False)).changed
    assert rig.has() == (True, True)


@case("apply")
async def a_stale_attempt_changes_nothing_and_its_successor_does(rig: Rig) -> None:
    change, journal, before = await rig.proposed(), MemoryJournal(), rig.truth()
    for attempt in (journal, journal.survived()):
        with pytest.raises(StaleAttempt):
            await rig.applied(change, attempt, fence=FrozenAfter(0))
        assert rig.truth() == before
    assert (await rig.applied(change, journal.survived())).changed
    assert rig.has()[0]


@case("confirm")
async def a_change_that_is_confirmed_stays_and_only_then_is_saved(rig: Rig) -> None:
    kept, journal, began = rig.kept(), MemoryJournal(), datetime.now(UTC)
    applied = await rig.applied(await rig.proposed(), journal, save=True, hold=rig.hold)
    assert (applied.changed, applied.saved, rig.has()[0]) == (True, False, True)
    assert applied.confirm_by is not None
    assert applied.confirm_by >= began + rig.hold.within
    async with rig.session() as session:
        assert (await session.recall(NAMES, journal)).changed
    first = await rig.confirmed(journal)
    assert first == Confirmed(was_held=True, was_pending=True, saved=True)
    witness = rig.witness()
    assert await rig.confirmed(journal.survived()) == first
    assert rig.witness() == witness
    assert (rig.kept() != kept, rig.has()[0]) == (True, True)


@case("confirm")
async def a_change_that_nobody_confirms_is_taken_back_by_the_device_itself(rig: Rig) -> None:
    before, kept = rig.truth(), rig.kept()
    journal = await rig.made(save=True, hold=rig.brief)
    await rig.run_out()
    assert (rig.truth(), rig.kept()) == (before, kept)
    witness = rig.witness()
    with pytest.raises(Reverted) as reverted:
        await rig.confirmed(journal)
    assert not reverted.value.touched
    assert await rig.undone(journal) == Undone(was_touched=False)
    assert rig.truth() == before
    assert without_checkpoints(rig.witness()) == without_checkpoints(witness)


@case("confirm", "native")
async def a_change_that_waits_is_aborted_at_once_and_nothing_is_saved(rig: Rig) -> None:
    before, kept = rig.truth(), rig.kept()
    journal = await rig.made(save=True, hold=rig.hold)
    assert await rig.undone(journal) == Undone(was_touched=True, method="native")
    assert (rig.truth(), rig.kept()) == (before, kept)
    with pytest.raises(Reverted):
        await rig.confirmed(journal)


@case("confirm")
async def a_timer_that_the_platform_cannot_run_is_refused(rig: Rig) -> None:
    change, witness = await rig.proposed(), rig.witness()
    timer = rig.platform.timer
    assert isinstance(timer, Timer)
    with pytest.raises(InvalidInput, match="correct `within`"):
        await rig.applied(change, MemoryJournal(), hold=Hold(timedelta(seconds=timer.longest_s + 1)))
    assert rig.witness() == witness


@case("no timer")
async def without_a_timer_a_change_is_refused_or_made_plainly_as_was_asked(rig: Rig) -> None:
    change, witness = await rig.proposed(), rig.witness()
    with pytest.raises(Permanent, match="confirm timer"):
        await rig.applied(change, MemoryJournal(), hold=rig.hold)
    assert rig.witness() == witness
    journal = MemoryJournal()
    applied = await rig.applied(change, journal, save=True, hold=Hold(rig.hold.within, "plain"))
    assert (applied.changed, applied.saved, applied.confirm_by) == (True, True, None)
    assert await rig.confirmed(journal) == Confirmed(was_held=False)
