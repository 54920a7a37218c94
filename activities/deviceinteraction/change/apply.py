"""Making a change once, whatever is killed or frozen in between. The order of the steps is the whole point.

intent known?  no → read ``before``, stage, compare with what was approved, checkpoint, write the intent
               yes → look: absent → stage again · committed → go on below · some of the lines hold, and nobody else
                     was there → type the rest · anything else → it must be undone
commit → read back → compare with the prediction → save → write the outcome

Under a confirm timer (`hold.py`) nothing is saved yet: that is for `confirm.py`, once the change may stay. Nothing here
knows a platform's commands. Rules 1 to 4, 7, 8 and 14 of the device-safety design are obeyed here.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from activities.deviceinteraction.change.effect import uncut, under_way
from activities.deviceinteraction.change.hold import begun_anew, deadline, demand_timer, note_sent, waiting
from activities.deviceinteraction.change.progress import Progress, expected, left_traces, progress, unpredicted
from activities.deviceinteraction.change.propose import stage
from activities.deviceinteraction.change.records import (
    Intent,
    Outcome,
    Partial,
    read_intent,
    read_outcome,
    read_partial,
    read_undo_begun,
    read_undo_outcome,
    write,
)
from activities.deviceinteraction.change.work import Work
from activities.deviceinteraction.config import hierarchy
from activities.deviceinteraction.config.footprint import Footprint, Path, between, shown
from activities.deviceinteraction.failures import Drifted, PartiallyApplied, RejectedByDevice, Reverted, Transient
from activities.deviceinteraction.model import Applied, Change, Hold
from activities.deviceinteraction.platforms.dialogue import LineRefused
from activities.deviceinteraction.platforms.protocol import Running, Staged
from activities.deviceinteraction.redaction import by_pattern

_NAMED_LINES = 5


async def apply(work: Work, change: Change, *, save: bool, bound: bool, hold: Hold | None = None) -> Applied:
    """Make a change, or find out that an earlier attempt did.

    Args:
        work: The device, its platform, names and journal.
        change: As it was proposed and perhaps approved.
        save: Whether to make it survive a restart; under a timer that is done by the confirm.
        bound: Whether the change must be exactly the one proposed.
        hold: How long the device shall wait for a confirm before it takes the change back by itself.

    Raises:
        Reverted: An earlier attempt's change is gone again: the device took it back, or an undo did.
        Drifted: The change would be another one today. Untouched.
        RejectedByDevice: Refused; nothing is applied.
        PartiallyApplied: The device is not as predicted; undo it.
        OutcomeUnknown: The link failed while an effect was under way.
        Transient: Nothing was changed; try again.
    """
    done = await read_outcome(work.journal)
    if done is not None:
        await _insist_that_it_stands(work)
        return done.applied
    before = await work.platform.running(work.device)
    intent = await read_intent(work.journal)
    if intent is None:
        return await _first(work, change, before, save=save, bound=bound, hold=hold)
    await _insist_that_it_stands(work)
    await work.platform.discard(work.device, work.names)
    if await read_partial(work.journal) is not None:
        raise PartiallyApplied(f"{work.device.host}: an earlier attempt left the change half made; it must be undone.")
    seen = progress(intent, before)
    if seen is None:
        return await _go_by_footprint(work, change, intent, before)
    if seen.finished:
        return await _finish(work, intent, before, seen.made)
    if seen.done:
        return await _go_on(work, change, intent, before, seen)
    return await _anew(work, change, intent, before)


async def _insist_that_it_stands(work: Work) -> None:
    """A change that was taken back is not made again in the same name, nor passed off as made: its undo is on record.

    Whoever asks for that was reset to a point before, or stood still meanwhile.
    """
    host = work.device.host
    if await read_undo_outcome(work.journal) is not None:
        raise Reverted(f"{host}: this change was made and taken back already; it is not made again in the same name.")
    if await read_undo_begun(work.journal) is not None:
        raise PartiallyApplied(f"{host}: this change is being taken back already; it must be undone to the end.")


async def _go_by_footprint(work: Work, change: Change, intent: Intent, now: Running) -> Applied:
    """The change is atomic, or somebody else was in the same blocks: what is there of it decides."""
    presence = intent.footprint.presence(now.present)
    if presence == "absent" and left_traces(intent, now):
        presence = "partial"  # nothing of the result, and yet something that was not there before
    match presence:
        case "absent":
            return await _anew(work, change, intent, now)
        case "committed":
            return await _finish(work, intent, now, intent.footprint)
        case "partial":
            raise PartiallyApplied(
                f"{work.device.host}: an earlier attempt left the change half made "
                f"({_named(intent.footprint.missing(now.present))}), and the rest of it does not follow from what is "
                "there; it must be undone."
            )
        case other:
            assert_never(other)


async def _anew(work: Work, change: Change, intent: Intent, now: Running) -> Applied:
    """Make what an earlier attempt meant to make, of which nothing was there.

    Its commit may have been under way all the time, by a session whose link was dead, and end between our look and our
    turn: then the change is there, and what is staged is another one.
    """
    await begun_anew(work, intent)
    now = await work.turn.at_rest(work.names) or now
    if intent.footprint.presence(now.present) == "committed":
        return await _finish(work, intent, now, intent.footprint)
    try:
        staged = await _stage(work, change, now, wanted=intent.digest)
    except Drifted:  # a platform without a lock that would tell
        after = await work.platform.running(work.device)
        if intent.footprint.presence(after.present) != "committed":
            raise
        return await _finish(work, intent, after, intent.footprint)
    return await _make(work, staged, intent, now)


async def _go_on(work: Work, change: Change, intent: Intent, now: Running, seen: Progress) -> Applied:
    """Type what is still missing, and judge the result as if one attempt had typed all of it."""
    base = replace(now, paths=seen.base, present=frozenset(seen.base))
    rest = hierarchy.rest(change.lines, seen.done)
    staged = Staged(intent.footprint, intent.diff, intent.digest, rest, intent.stages)
    if intent.timer_s is not None and not await waiting(work, intent):
        raise PartiallyApplied(
            f"{work.device.host}: an earlier attempt typed the first {seen.done} lines, and the confirm timer under "
            "which it did so runs no more; they must be undone."
        )
    try:
        return await uncut(_commit(work, staged, intent, base, timer_s=None))  # the timer of those lines runs on
    except RejectedByDevice as refused:  # "nothing applied" is true of this attempt alone
        raise PartiallyApplied(
            f"{refused.message} An earlier attempt had typed the first {seen.done} lines; they must be undone."
        ) from refused


async def _first(work: Work, change: Change, before: Running, *, save: bool, bound: bool, hold: Hold | None) -> Applied:
    """The first attempt: everything up to the intent is harmless to repeat."""
    timer_s = None if hold is None or change.empty else await demand_timer(work, hold)
    staged = await _stage(work, change, before, wanted=change.digest if bound else None)
    if staged.footprint.empty:
        await work.platform.discard(work.device, work.names)
        unchanged = Applied(changed=False, diff="", digest=staged.digest, fingerprint=before.fingerprint)
        await write(work.journal, Outcome(applied=unchanged, footprint=staged.footprint))
        return unchanged
    if hold is not None and change.empty:
        await work.platform.discard(work.device, work.names)
        raise Transient(f"{work.device.host}: the configuration has just changed, and there is something to do now.")
    try:
        await work.platform.checkpoint(work.device, work.names)
        intent = Intent(
            before=before.paths,
            fingerprint=before.fingerprint,
            footprint=staged.footprint,
            stages=staged.stages,
            diff=by_pattern(staged.diff),
            digest=staged.digest,
            inverse=work.platform.undo_lines(staged.footprint, expected(before.present, staged.footprint)),
            checkpoint=work.names.tag,
            save=save,
            timer_s=timer_s,
        )
        await write(work.journal, intent)
    except Exception:
        if work.device.is_alive():
            await work.platform.discard(work.device, work.names)
        raise
    return await _make(work, staged, intent, before)


async def _stage(work: Work, change: Change, before: Running, *, wanted: str | None) -> Staged:
    """Stage the change and insist that it is the one that is wanted, where one is."""
    staged = await stage(work.turn, work.platform, change.lines, before, work.names, change.mode)
    if wanted is not None and staged.digest != wanted:
        await work.platform.discard(work.device, work.names)
        raise Drifted(
            f"{work.device.host}: the change is no longer the one that was proposed, because the device's "
            f"configuration has changed since. It would now be:\n{by_pattern(staged.diff) or '(nothing)'}\n"
            "The device is untouched; propose again."
        )
    return staged


async def _make(work: Work, staged: Staged, intent: Intent, before: Running) -> Applied:
    return await uncut(_commit(work, staged, intent, before, timer_s=intent.timer_s))


async def _commit(work: Work, staged: Staged, intent: Intent, before: Running, *, timer_s: int | None) -> Applied:
    host = work.device.host
    if timer_s is not None:
        await note_sent(work)
    try:
        with under_way(host, "the commit"):
            try:
                await work.platform.commit(work.device, staged, before, work.names, timer_s)
            except LineRefused as refused:
                await _judge_refusal(work, refused, intent, before)
            after = await work.platform.running(work.device)
    except RejectedByDevice as refused:
        refused.touched = False
        raise
    actual = between(before.paths, after.paths)
    wrong = unpredicted(staged.footprint, before.paths, after.paths)
    if work.platform.made == "computed_by_device" and staged.footprint.presence(after.present) == "committed":
        wrong, actual = [], staged.footprint  # atomic: whatever else differs is somebody else's
    if wrong:
        await write(work.journal, Partial(footprint=actual))
        raise PartiallyApplied(
            f"{host}: after the change the configuration is not as predicted ({_named(wrong)}); it must be undone."
        )
    return await _finish(work, intent, after, actual)


async def _judge_refusal(work: Work, refused: LineRefused, intent: Intent, before: Running) -> None:
    """A line was refused: whether anything holds is read back, never assumed."""
    after = await work.platform.running(work.device)
    if after.present == before.present:
        if await waiting(work, intent):
            await work.platform.confirm_commit(work.device, work.names)  # nothing is left for the timer to take back
        raise RejectedByDevice(f"{refused.message} Nothing is applied.") from refused
    await write(work.journal, Partial(footprint=between(before.paths, after.paths)))
    raise PartiallyApplied(f"{refused.message} What came before it is applied; it must be undone.") from refused


async def _finish(work: Work, intent: Intent, after: Running, actual: Footprint) -> Applied:
    """Save where asked and write the outcome. Repeating it does no harm."""
    save = intent.save and intent.timer_s is None
    with under_way(work.device.host, "saving"):
        if save:
            await uncut(work.platform.save(work.device))
    applied = Applied(
        changed=not actual.empty,
        diff=intent.diff,
        digest=intent.digest,
        saved=save,
        fingerprint=after.fingerprint,
        confirm_by=await deadline(work, intent),
    )
    await write(work.journal, Outcome(applied=applied, footprint=actual))
    return applied


def _named(paths: Iterable[Path]) -> str:
    listed = list(paths)
    more = f" and {len(listed) - _NAMED_LINES} more" if len(listed) > _NAMED_LINES else ""
    return "; ".join(repr(shown(path)) for path in listed[:_NAMED_LINES]) + more
