"""Letting a change stay that the device would take back by itself. Idempotent: a crash leaves it to the next attempt.

look: still there? → no: it reverted → yes: timer runs? → stop it, look again → save where asked → write it down

Whoever confirms has logged in anew, which proves that the device can be managed with the change in place
(device-safety rule 4).
"""

from typing import assert_never

from activities.deviceinteraction.change.effect import uncut, under_way
from activities.deviceinteraction.change.hold import waiting
from activities.deviceinteraction.change.records import (
    ConfirmBegun,
    ConfirmOutcome,
    Intent,
    Outcome,
    read_confirm_outcome,
    read_intent,
    read_outcome,
    write,
)
from activities.deviceinteraction.change.work import Work
from activities.deviceinteraction.config.footprint import shown
from activities.deviceinteraction.failures import CheckFailed, OutcomeUnknown, PartiallyApplied, Reverted
from activities.deviceinteraction.model import Applied, Confirmed


async def recall(work: Work) -> Applied:
    """What was applied, after a look at whether it is still there.

    Raises:
        Reverted: It is gone: the device's timer ran out.
        PartiallyApplied: Something else than what was committed is there; undo it.
        OutcomeUnknown: No attempt has finished the change.
    """
    intent, outcome = await _made(work)
    if intent is not None and intent.timer_s is not None:
        await _look(work, outcome)
    return outcome.applied


async def confirm(work: Work) -> Confirmed:
    """Stop the device's timer and, where the change was to be saved, save it.

    Raises:
        Reverted: It was too late. The device is as before.
        PartiallyApplied: Something else than what was committed is there; undo it.
        CheckFailed: The device refused; its timer still runs.
        OutcomeUnknown: The link failed while the confirm was under way; the next attempt looks.
        Transient: Nothing was confirmed; try again.
    """
    done = await read_confirm_outcome(work.journal)
    if done is not None:
        return done.confirmed
    intent, outcome = await _made(work)
    if intent is None or intent.timer_s is None:
        return Confirmed(was_held=False)
    await _look(work, outcome)
    pending = await waiting(work, intent)
    await write(work.journal, ConfirmBegun())
    return await uncut(_confirm(work, intent, outcome, pending=pending))


async def _confirm(work: Work, intent: Intent, outcome: Outcome, *, pending: bool) -> Confirmed:
    with under_way(work.device.host, "the confirm"):
        if pending:
            await work.turn.past_lock(lambda: work.platform.confirm_commit(work.device, work.names))
            await _look(work, outcome)  # the timer may have run out at the same moment
            if await waiting(work, intent):
                raise CheckFailed(f"{work.device.host}: the change was confirmed, and the device says that it was not.")
    with under_way(work.device.host, "saving"):
        if intent.save:
            await work.platform.save(work.device)
    confirmed = Confirmed(was_held=True, was_pending=pending, saved=intent.save)
    await write(work.journal, ConfirmOutcome(confirmed=confirmed))
    return confirmed


async def _made(work: Work) -> tuple[Intent | None, Outcome]:
    outcome = await read_outcome(work.journal)
    if outcome is None:
        raise OutcomeUnknown(f"{work.device.host}: the change was never finished, so there is nothing to confirm.")
    return await read_intent(work.journal), outcome


async def _look(work: Work, outcome: Outcome) -> None:
    now = await work.platform.running(work.device)
    presence = outcome.footprint.presence(now.present)
    match presence:
        case "committed":
            return
        case "absent":
            raise Reverted(
                f"{work.device.host}: the change is gone. Its confirm timer ran out, or somebody took it back before "
                "it was confirmed; the device is as before."
            )
        case "partial":
            left = "; ".join(repr(shown(path)) for path in outcome.footprint.missing(now.present)[:5])
            raise PartiallyApplied(
                f"{work.device.host}: of the unconfirmed change only a part is there ({left}): somebody changed the "
                "device meanwhile. It is not confirmed; it must be undone."
            )
        case other:
            assert_never(other)
