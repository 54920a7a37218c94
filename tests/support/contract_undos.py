"""Cases of the contract: a change that is taken back, by each method, once, and never with somebody else's."""

import pytest

from activities.deviceinteraction.failures import (
    CheckFailed,
)
from activities.deviceinteraction.model import UndoMethod, Undone
from contract_case import Run, case, dying, without_checkpoints
from contract_rig import EVERY, Rig
from devicelab import Crash, MemoryJournal


def _undoing(method: UndoMethod) -> Run:
    async def undone(rig: Rig) -> None:
        before = rig.truth()
        journal = await rig.made()
        first = await rig.undone(journal, method)
        assert first == Undone(was_touched=True, method=method)
        assert rig.truth() == before
        witness = rig.witness()
        assert await rig.undone(journal.survived(), method) == first
        assert rig.witness() == witness

    undone.__name__ = f"a_change_is_taken_back_exactly_by_{method}_and_once"
    return undone


case("native", "native later")(_undoing("native"))
case("inverse")(_undoing("inverse"))
case("restore")(_undoing("restore"))


@case("apply")
async def a_method_that_is_not_offered_is_said_to_be_missing(rig: Rig) -> None:
    journal = await rig.made()
    missing: list[UndoMethod] = [method for method in EVERY if method not in rig.platform.undo_methods]
    if missing:
        with pytest.raises(CheckFailed, match=r"is not as it was before the change.*does not offer it") as failed:
            await rig.undone(journal, *missing)
        assert failed.value.touched
    assert rig.has()[0]


@case("apply")
async def where_nothing_was_done_nothing_is_undone(rig: Rig) -> None:
    change, witness = await rig.proposed(), rig.witness()
    assert await rig.undone(MemoryJournal()) == Undone(was_touched=False)
    journal = MemoryJournal(dies_before="intent")
    with pytest.raises(Crash):
        await rig.applied(change, journal)
    assert await rig.undone(journal.survived()) == Undone(was_touched=False)
    journal = MemoryJournal(dies_after="intent")
    with pytest.raises(Crash):
        await rig.applied(change, journal)
    assert not (await rig.undone(journal.survived())).was_touched
    assert without_checkpoints(rig.witness()) == without_checkpoints(witness)


def _undo_dying(moment: str) -> Run:
    async def dies(rig: Rig) -> None:
        before, kept = rig.truth(), rig.kept()
        journal = await rig.made(save=True)
        journal = dying(moment, journal)
        with pytest.raises(Crash):
            await rig.undone(journal)
        witness, gone = rig.witness(), rig.truth() == before
        assert (await rig.undone(journal.survived())).was_touched
        assert (rig.truth(), sorted(rig.kept())) == (before, sorted(kept))
        assert not gone or rig.witness() == witness, "an effect was made twice"

    dies.__name__ = f"an_undo_that_dies_{moment.replace(' ', '_')}_is_finished_by_the_next"
    return dies


for _moment in ("after undo-intent", "before undo-outcome"):
    case("apply")(_undo_dying(_moment))


@case("inverse", "lines")
async def what_a_colleague_made_meanwhile_stays_and_is_reported(rig: Rig) -> None:
    journal = await rig.made()
    rig.colleague(rig.theirs)
    undone = await rig.undone(journal)
    assert undone.method == "inverse"
    assert rig.has() == (False, True)
    assert any(line.startswith("+ ") for line in undone.foreign)


@case("apply")
async def without_an_inverse_what_a_colleague_made_is_not_thrown_away(rig: Rig) -> None:
    journal = await rig.made()
    rig.colleague(rig.theirs)
    with pytest.raises(CheckFailed, match="is not as it was before the change"):
        await rig.undone(journal, "native", "restore")
    assert rig.has()[1]
