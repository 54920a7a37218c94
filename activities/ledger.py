"""What a run has set out to change on one device, in its order: where the journals of those changes lie.

A journal is found by step, generation and action; a later step knows none of them. So each change puts its journal's
place here before its first effect, under write-once numbers of the run and the device.
"""

from dataclasses import dataclass
from typing import Final

from activities.artifacts.store import ArtifactStore
from activities.deviceinteraction.change.records import read_outcome, read_undo_outcome
from activities.deviceinteraction.config.footprint import Footprint
from activities.journal import ActionJournal
from workflows.contracts import InteractInput

SAVED: Final = "-save"  # how the journal of the action `save` is called


@dataclass(frozen=True, slots=True)
class Ledger:
    """The changes of one run to one device.

    Args:
        store: Where they are kept.
        prefix: The key of all of them, without a slash at its end.
    """

    store: ArtifactStore
    prefix: str

    async def begun(self) -> list[ActionJournal]:
        """The journals of the changes that were begun, the first one first."""
        found: list[ActionJournal] = []
        while (entry := await self.store.read(self._key(len(found)))) is not None:
            found.append(ActionJournal(self.store, entry.decode()))
        return found

    async def begin(self, journal: ActionJournal) -> None:
        """Note a change; once, however often it is called."""
        known = [one.prefix for one in await self.begun()]
        if journal.prefix in known:
            return
        number = len(known)
        while not await self.store.create(self._key(number), journal.prefix.encode()):
            number += 1  # a step beside this one was faster

    async def made(self, since: int, until: int) -> list[Footprint]:
        """What the changes of a range of numbers have done and what has not been taken back, in order."""
        found = []
        for journal in (await self.begun())[since:until]:
            outcome = await read_outcome(journal)
            if outcome is not None and await read_undo_outcome(journal) is None:
                found.append(outcome.footprint)
        return found

    async def saved_after(self, journal: ActionJournal) -> bool:
        """Whether the run has saved the device's configuration by itself since a change was begun."""
        later = [one.prefix for one in await self.begun()]
        if journal.prefix in later:
            later = later[later.index(journal.prefix) + 1 :]
        return any(prefix.endswith(SAVED) for prefix in later)

    def _key(self, number: int) -> str:
        return f"{self.prefix}/{number}"


def ledger_of(store: ArtifactStore, call: InteractInput) -> Ledger:
    """The changes of a call's run to a call's device."""
    host = call.host.replace("/", "%2F")
    return Ledger(store, f"changes/{call.scope.run}/{host}")
