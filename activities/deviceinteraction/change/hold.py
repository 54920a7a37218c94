"""The device's own confirm timer, as the rest of `change/` sees it: may it be relied on, does it run, and until when.

A timer counts from before its commit was sent, by the clock of whoever sent it; so a device never reverts earlier than
the journal says (device-safety rule 4). What is done about a timer is decided in `apply.py`, `confirm.py`, `undo.py`.
"""

from datetime import UTC, datetime, timedelta
from typing import assert_never

from activities.deviceinteraction.change.records import (
    Intent,
    Sent,
    read_confirm_outcome,
    read_intent,
    read_sent,
    write_sent,
)
from activities.deviceinteraction.change.work import Work
from activities.deviceinteraction.failures import ConfigLocked, InvalidInput, PartiallyApplied, Permanent, Reverted
from activities.deviceinteraction.model import Hold, Journal
from activities.deviceinteraction.platforms.protocol import NoTimer, Timer


async def demand_timer(work: Work, hold: Hold) -> int | None:
    """How long the device's timer shall run, in seconds; ``None`` where a change without one is wanted instead.

    Raises:
        Permanent: There is no timer that can be relied on, and the change shall not be made without.
        InvalidInput: The timer cannot run as long as that.
        ConfigLocked: A commit of somebody else waits for its confirmation, which ours would be.
    """
    host, timer = work.device.host, work.platform.timer
    match timer:
        case NoTimer(reason):
            _demand_leave(host, hold, f"{work.platform.name} has no confirm timer: {reason}")
            return None
        case Timer():
            seconds = timer.seconds(hold.within)
        case other:
            assert_never(other)
    if seconds is None:
        raise InvalidInput(
            f"{host}: a confirm timer of {hold.within.total_seconds():g} s was asked for, and {work.platform.name} "
            f"takes {timer.unit_s} to {timer.longest_s} s; correct `within`."
        )
    missing = [need for need in await work.platform.timer_needs(work.device) if not need.met]
    if missing:
        said = "; ".join(f"{need.name}: {need.reason}" for need in missing)
        _demand_leave(host, hold, f"its confirm timer cannot be relied on: {said}")
        return None
    if await work.platform.pending(work.device, work.names) != "none":
        raise ConfigLocked(
            f"{host}: config locked: somebody else's commit waits for its confirmation, and ours would be taken for "
            "it. Nothing was changed; it is tried again once that one is confirmed or taken back."
        )
    return seconds


def _demand_leave(host: str, hold: Hold, reason: str) -> None:
    """Insist that a device without a timer may be changed all the same."""
    if hold.without_timer == "refuse":
        raise Permanent(
            f"{host}: {reason}. Nothing was changed; correct the device, or say `hold: best_effort` to change devices "
            "like this one without a timer."
        )


async def waiting(work: Work, intent: Intent) -> bool:
    """Whether the timer of this very change runs on the device."""
    if intent.timer_s is None or not await read_sent(work.journal):
        return False
    match await work.platform.pending(work.device, work.names):
        case "ours":
            return True
        case "unnamed":  # there is one for the whole device; once ours is known to be stopped it is somebody else's
            return await read_confirm_outcome(work.journal) is None
        case "others" | "none":
            return False
        case other:
            assert_never(other)


async def note_sent(work: Work) -> None:
    """Write down that a commit under a timer is about to be sent."""
    await write_sent(work.journal, Sent(at=datetime.now(UTC)))


async def due(journal: Journal) -> datetime | None:
    """When a device takes its change back by itself, as far as the journal knows; ``None`` where it does not.

    Aware, and the earliest time that is possible. It is known from before the commit on, whatever became of that, and
    until the change is confirmed.
    """
    intent = await read_intent(journal)
    if intent is None or await read_confirm_outcome(journal) is not None:
        return None
    return await _ends(journal, intent)


async def deadline(work: Work, intent: Intent) -> datetime | None:
    """When the device takes the change back by itself, at the earliest; ``None`` where it does not."""
    return await _ends(work.journal, intent)


async def _ends(journal: Journal, intent: Intent) -> datetime | None:
    sent = await read_sent(journal)
    return sent[-1].at + timedelta(seconds=intent.timer_s) if sent and intent.timer_s is not None else None


async def begun_anew(work: Work, intent: Intent) -> None:
    """Judge a change of which nothing is there although an attempt meant to make it: may it be made now?

    Raises:
        Reverted: It may have been made, and its time is over.
        PartiallyApplied: It is gone, and its timer runs: not our doing.
    """
    ends = await deadline(work, intent)
    if ends is None:
        return  # never sent, or without a timer
    if await waiting(work, intent):
        if not intent.stages:
            raise PartiallyApplied(f"{work.device.host}: the change is gone while its confirm timer runs; undo it.")
        # The attempt died between starting the timer and the first line: nothing is left for it to take back.
        await work.platform.confirm_commit(work.device, work.names)
    elif datetime.now(UTC) >= ends:
        raise Reverted(
            f"{work.device.host}: nothing of the change is there, and its confirm timer ran out at {ends:%H:%M:%S} UTC "
            "at the latest: the device took it back by itself, unless it had never been made."
        )
