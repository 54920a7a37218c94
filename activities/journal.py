"""The journal of one action on one device: what makes a second attempt harmless.

It implements `deviceinteraction.model.Journal` over write-once keys of the artifact store, under
``journal/<run>/<step>/<host>/<generation>/<action>/<name>``. The run is the first execution's run id and never the
current one, so that continue-as-new and a new attempt find the same entries. Entries are never changed or removed.
"""

import json
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from activities.artifacts.store import ArtifactStore, canonical
from workflows.contracts import InteractInput

INTENT: Final = "intent"  # written by the device library right before its first write to the device


class JournalConflictError(ValueError):
    """Two attempts disagree about what was there: another one is, or was, at work on the same device."""


@dataclass(frozen=True, slots=True)
class ActionJournal:
    """The entries of one action.

    Args:
        store: Where entries are kept.
        prefix: The key up to the action, without a slash at its end.
    """

    store: ArtifactStore
    prefix: str

    async def read(self, key: str) -> dict[str, JsonValue] | None:
        """The entry with this name, or ``None``."""
        data = await self.store.read(f"{self.prefix}/{key}")
        if data is None:
            return None
        entry: dict[str, JsonValue] = json.loads(data)
        return entry

    async def write(self, key: str, value: dict[str, JsonValue]) -> None:
        """Keep an entry durably before returning.

        Raises:
            JournalConflictError: Another value is already there, and the older one counts.
        """
        path = f"{self.prefix}/{key}"
        data = canonical(value)
        if await self.store.create(path, data):
            return
        if await self.store.read(path) != data:
            raise JournalConflictError(f"Journal entry {path} was already written with another value.")


ATTEMPTS: Final = "sessions"  # not an action: what all attempts at a call, and its undo, know of each other


def journal_of(store: ArtifactStore, call: InteractInput, action: str) -> ActionJournal:
    """The journal of an action of a call.

    Args:
        store: Where entries are kept.
        call: The run, the step, the device and the generation.
        action: A name that is unique in its step, such as ``1-apply``, or `ATTEMPTS`.
    """
    host = call.host.replace("/", "%2F")
    scope = f"journal/{call.scope.run}/{call.step}/{host}/{call.generation}"
    return ActionJournal(store, f"{scope}/{action}")
