"""What the journal holds of one change. Mainly the intent, before the first effect, and the outcome after it.

Stored entries hold no secrets: diffs are redacted and paths are keyed.
"""

from datetime import datetime
from typing import ClassVar

from pydantic import JsonValue

from activities.deviceinteraction.config.footprint import Footprint, Path
from activities.deviceinteraction.model import Applied, Confirmed, Journal, Model, Undone


class Intent(Model):
    """Written once before the first effect; every later attempt goes by it and takes no new ``before``."""

    key: ClassVar[str] = "intent"

    before: tuple[Path, ...]  # the running configuration, keyed paths
    fingerprint: str  # of the running configuration, hex SHA-256
    footprint: Footprint
    stages: tuple[Footprint, ...] = ()  # what each line does to the one before; empty where the commit is atomic
    diff: str
    digest: str
    inverse: tuple[str, ...] | None
    checkpoint: str
    save: bool
    timer_s: int | None = None  # how long the device's timer runs; None where the commit holds at once


class Sent(Model):
    """Written before each commit under a timer, under ``sent-1``, ``sent-2`` and so on: the timer ends no earlier."""

    at: datetime


class Outcome(Model):
    """Written once the change is made, read back and, where asked, saved."""

    key: ClassVar[str] = "outcome"

    applied: Applied
    footprint: Footprint  # what really changed, which may hold defaults that the device added


class Partial(Model):
    """Written where a device was read back other than predicted: all that our lines did, for the undo to go by."""

    key: ClassVar[str] = "partial"

    footprint: Footprint


class ConfirmBegun(Model):
    """Written before the timer is stopped: from then on the change may stay, and may be saved."""

    key: ClassVar[str] = "confirm-intent"

    confirms: bool = True


class ConfirmOutcome(Model):
    """Written once the change stays and, where asked, is saved."""

    key: ClassVar[str] = "confirm-outcome"

    confirmed: Confirmed


class UndoBegun(Model):
    """Written before the first effect of an undo, so that a later attempt that finds it done knows who did it."""

    key: ClassVar[str] = "undo-intent"

    footprint: Footprint  # what is to be taken back, as it was found then


class UndoOutcome(Model):
    """Written once the undo is verified."""

    key: ClassVar[str] = "undo-outcome"

    undone: Undone


async def read_intent(journal: Journal) -> Intent | None:
    """The intent, if an attempt came that far."""
    found = await journal.read(Intent.key)
    return None if found is None else Intent.model_validate(found)


async def read_outcome(journal: Journal) -> Outcome | None:
    """The outcome, if the change is finished."""
    found = await journal.read(Outcome.key)
    return None if found is None else Outcome.model_validate(found)


async def read_partial(journal: Journal) -> Partial | None:
    """What a change that went wrong did, if that was seen."""
    found = await journal.read(Partial.key)
    return None if found is None else Partial.model_validate(found)


async def read_undo_begun(journal: Journal) -> UndoBegun | None:
    """What an undo set out to take back, if one began."""
    found = await journal.read(UndoBegun.key)
    return None if found is None else UndoBegun.model_validate(found)


async def read_undo_outcome(journal: Journal) -> UndoOutcome | None:
    """The end of the undo, if it is finished."""
    found = await journal.read(UndoOutcome.key)
    return None if found is None else UndoOutcome.model_validate(found)


async def has_confirm_begun(journal: Journal) -> bool:
    """Whether an attempt set out to confirm."""
    return await journal.read(ConfirmBegun.key) is not None


async def read_confirm_outcome(journal: Journal) -> ConfirmOutcome | None:
    """The end of the confirm, if it is finished."""
    found = await journal.read(ConfirmOutcome.key)
    return None if found is None else ConfirmOutcome.model_validate(found)


async def read_sent(journal: Journal) -> list[Sent]:
    """The commits under a timer that were sent, the last one last."""
    found: list[Sent] = []
    while (entry := await journal.read(f"sent-{len(found) + 1}")) is not None:
        found.append(Sent.model_validate(entry))
    return found


async def write_sent(journal: Journal, sent: Sent) -> None:
    """Note that a commit under a timer is about to be sent."""
    number = len(await read_sent(journal)) + 1
    value: dict[str, JsonValue] = sent.model_dump(mode="json")
    await journal.write(f"sent-{number}", value)


Entry = Intent | Outcome | Partial | ConfirmBegun | ConfirmOutcome | UndoBegun | UndoOutcome


async def write(journal: Journal, entry: Entry) -> None:
    """Store an entry durably."""
    value: dict[str, JsonValue] = entry.model_dump(mode="json")
    await journal.write(entry.key, value)
