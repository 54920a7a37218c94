"""Taking a change back and proving it. Idempotent: a crash at any point leaves it to the next attempt.

If nobody else changed the device since, the methods are tried in the order given, and each must leave exactly the
configuration of ``before``. If somebody did, only the inverse lines are used, as anything else would take that
person's work away, and the footprint of our change must be gone. A confirm timer of ours that still runs is aborted,
which is the native way then, or stopped before anything else is typed. Device-safety rules 5 and 6 are obeyed here.
"""

from collections.abc import Sequence
from typing import assert_never

from activities.deviceinteraction.change.effect import uncut, under_way
from activities.deviceinteraction.change.hold import waiting
from activities.deviceinteraction.change.progress import progress
from activities.deviceinteraction.change.records import (
    Intent,
    UndoBegun,
    UndoOutcome,
    has_confirm_begun,
    read_intent,
    read_outcome,
    read_partial,
    read_undo_begun,
    read_undo_outcome,
    write,
)
from activities.deviceinteraction.change.work import Work
from activities.deviceinteraction.config.footprint import Footprint, shown
from activities.deviceinteraction.failures import CheckFailed, RejectedByDevice
from activities.deviceinteraction.model import Names, UndoMethod, Undone
from activities.deviceinteraction.platforms.protocol import Running


async def undo(work: Work, *, methods: Sequence[UndoMethod], saved: bool = False) -> Undone:
    """Take back what the journal says was done, or find out that nothing was.

    Args:
        work: Whom to talk to, and where to remember.
        methods: Which may be used, in their order.
        saved: Whether the change was saved after it was made, by itself: then what is left is saved as well.

    Raises:
        CheckFailed: ``undo_failed``: the device still differs after every method that may be used.
        OutcomeUnknown: The link failed while the undo was under way.
        Transient: Nothing was changed; try again.
    """
    done = await read_undo_outcome(work.journal)
    if done is not None:
        return done.undone
    intent, outcome = await read_intent(work.journal), await read_outcome(work.journal)
    if outcome is not None and not outcome.applied.changed:
        return await _ended(work, Undone(was_touched=False))
    await work.platform.discard(work.device, work.names)
    await work.platform.discard(work.device, _names_of_undo(work.names))
    if intent is not None and saved:
        intent = intent.model_copy(update={"save": True})
    if intent is None:
        await work.platform.forget(work.device, work.names)
        return await _ended(work, Undone(was_touched=False))
    now = await work.platform.running(work.device)
    begun = await read_undo_begun(work.journal)
    known = begun or outcome or await read_partial(work.journal)
    footprint = known.footprint if known is not None else _found(intent, now)
    if known is None and footprint.presence(now.present) == "absent":
        now = await work.turn.at_rest(work.names) or now
        footprint = _found(intent, now)
    if footprint.presence(now.present) == "absent":
        if await waiting(work, intent):
            await uncut(_stop_timer(work))  # nothing of ours is left for it to take back
        was_touched = known is not None and not (begun is None and await _reverted(work, intent))
        return await uncut(_close(work, intent, footprint, now, None, was_touched=was_touched))
    if begun is None:
        await write(work.journal, UndoBegun(footprint=footprint))
    return await uncut(_undo(work, intent, footprint, now, methods))


async def _reverted(work: Work, intent: Intent) -> bool:
    """Whether a change that is gone was never confirmed: then its timer took it back, and nothing is left to save."""
    return intent.timer_s is not None and not await has_confirm_begun(work.journal)


def _found(intent: Intent, now: Running) -> Footprint:
    """What an attempt that died did. That may be more than its result shows: a port that was shut for a while."""
    seen = progress(intent, now)
    return intent.footprint if seen is None else seen.made


async def _undo(
    work: Work, intent: Intent, footprint: Footprint, now: Running, methods: Sequence[UndoMethod]
) -> Undone:
    alone = footprint.without(now.present) == frozenset(intent.before)
    offered: list[UndoMethod] = [method for method in methods if method in work.platform.undo_methods]
    usable: list[UndoMethod] = [method for method in offered if alone or method == "inverse"]
    reasons = [f"{method}: {work.platform.name} does not offer it" for method in methods if method not in offered]
    if not alone:
        reasons.append("it was changed since, by somebody else or a later step, so only the inverse may be used")
    for method in usable:
        with under_way(work.device.host, f"the undo ({method})"):
            try:
                await _by(work, method, intent, footprint, now)
            except (CheckFailed, RejectedByDevice) as error:
                reasons.append(f"{method}: {error.message}")
                await work.platform.discard(work.device, _names_of_undo(work.names))
            now = await work.platform.running(work.device)
            wrong = _differs(intent, footprint, now, alone=alone, exact=method != "inverse")
        if wrong is None:
            return await _close(work, intent, footprint, now, method, was_touched=True)
        reasons.append(f"{method}: {wrong}")
    tried = " | ".join(reasons) or f"none of the methods {list(methods)} may be used"
    raise CheckFailed(
        # What to do comes first: the end of a long message is lost on its way.
        f"{work.device.host} is not as it was before the change. Compare it with the checkpoint {intent.checkpoint} "
        f"and repair it by hand. What was tried: {tried}",
        touched=True,
    )


async def _by(work: Work, method: UndoMethod, intent: Intent, footprint: Footprint, now: Running) -> None:
    timed = await waiting(work, intent)
    if timed and method != "native":
        await _stop_timer(work)  # or it would strike later, at whatever is there then
    match method:
        case "native" if timed:
            await work.turn.past_lock(lambda: work.platform.abort_timer(work.device, work.names))
        case "native":
            await work.turn.past_lock(lambda: work.platform.roll_back(work.device, work.names))
        case "restore":
            await work.platform.restore(work.device, work.names)
        case "inverse":
            lines = work.platform.undo_lines(footprint, now.present)
            if lines is None:
                raise CheckFailed(
                    f"{work.device.host}: the inverse cannot be typed: it would hold a secret, which is not kept, or "
                    "bring a line back into the middle of a list whose order counts, which lines cannot say."
                )
            names = _names_of_undo(work.names)
            staged = await work.turn.past_lock(lambda: work.platform.stage(work.device, lines, now, names))
            await work.platform.commit(work.device, staged, now, names)
        case other:
            assert_never(other)


async def _stop_timer(work: Work) -> None:
    with under_way(work.device.host, "stopping the confirm timer"):
        await work.turn.past_lock(lambda: work.platform.confirm_commit(work.device, work.names))


def _differs(intent: Intent, footprint: Footprint, now: Running, *, alone: bool, exact: bool) -> str | None:
    """In what the device still differs from ``before``; ``None`` where it does not.

    The order of lines counts after a rollback; lines that were typed again may stand elsewhere.
    """
    left = footprint.missing(now.present)
    if left:
        return f"still differs in {'; '.join(repr(shown(path)) for path in left[:5])}"
    others = now.present ^ frozenset(intent.before)
    if alone and others:
        return f"differs beyond our change in {'; '.join(repr(shown(path)) for path in sorted(others)[:5])}"
    if alone and exact and now.fingerprint != intent.fingerprint:
        return "has all lines of before, in another order"
    return None


async def _close(
    work: Work, intent: Intent, footprint: Footprint, now: Running, method: UndoMethod | None, *, was_touched: bool
) -> Undone:
    """Save again where the change was saved, drop the checkpoint, write it down."""
    may_be_saved = intent.save and (intent.timer_s is None or await has_confirm_begun(work.journal))
    saved = was_touched and may_be_saved
    with under_way(work.device.host, "saving after the undo"):
        if saved:
            await work.platform.save(work.device)
    await work.platform.forget(work.device, work.names)
    ours = {*footprint.added, *footprint.removed}
    before = frozenset(intent.before)
    foreign = [f"{'+' if path in now.present else '-'} {shown(path)}" for path in sorted((now.present ^ before) - ours)]
    return await _ended(work, Undone(was_touched=was_touched, method=method, foreign=tuple(foreign), saved=saved))


async def _ended(work: Work, undone: Undone) -> Undone:
    await write(work.journal, UndoOutcome(undone=undone))
    return undone


def _names_of_undo(names: Names) -> Names:
    """Names for the undo's own session and commit, so that they are not taken for those of the change."""
    return Names(token=f"{names.token[:11]}u", comment=f"undo of {names.comment}")
