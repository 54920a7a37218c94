"""``maintenance`` of a device: entered before a step's actions, left after them, whatever became of them.

The journal tells whether a device is inside, so that whoever comes next, a later attempt or the undo, leads it out. An
undo that comes later enters anew: taking a change back may need the same care as making it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from activities.actions import Actions
from activities.artifacts.store import ArtifactStore
from activities.deviceinteraction.session import Session
from activities.journal import ActionJournal, journal_of
from workflows.contracts import ArtifactRef, InteractInput
from workflows.plan import Maintenance

# Entries: begun, done, on the way out after all has passed inside, and over.
ENTER, ENTERED, PASSED, LEFT = "enter", "entered", "passed", "left"


@dataclass(frozen=True, slots=True)
class Upkeep:
    """The maintenance of one device around one call.

    Args:
        maintenance: What the step says.
        journal: What is known of it.
        prefix: Before the names of its actions and entries; the undo has its own.
    """

    maintenance: Maintenance
    journal: ActionJournal
    prefix: str = ""

    async def inside(self) -> bool:
        """Whether the device was led in, wholly or in part, and not yet out."""
        begun = await self.journal.read(self.prefix + ENTER) is not None
        return begun and await self.journal.read(self.prefix + LEFT) is None

    async def enter(self, actions: Actions, session: Session) -> None:
        """Carry out ``enter``, unless that was done.

        Raises:
            DeviceFailure: As any action.
        """
        if await self._entered_before(actions):
            return
        await self.journal.write(self.prefix + ENTER, {})
        seen = await actions.wrap(session, f"{self.prefix}enter", self.maintenance.enter)
        await self.journal.write(self.prefix + ENTERED, {name: str(ref) for name, ref in seen.items()})

    async def leave(self, actions: Actions, session: Session) -> None:
        """Carry out ``leave``, unless that was done.

        Raises:
            DeviceFailure: As any action; the device is still inside.
        """
        if await self.journal.read(self.prefix + LEFT) is not None:
            return
        await self._entered_before(actions)  # what was seen then may be compared with now
        await actions.wrap(session, f"{self.prefix}leave", self.maintenance.leave)
        await self.journal.write(self.prefix + LEFT, {})

    async def passed(self, refs: Mapping[str, ArtifactRef]) -> None:
        """Note that all that was to be seen inside has been, so that it is not looked for on the way out."""
        await self.journal.write(self.prefix + PASSED, {name: str(ref) for name, ref in refs.items()})

    async def passed_before(self, actions: Actions) -> bool:
        """Whether that is noted; what was seen is known again."""
        return await self._seen(PASSED, actions)

    async def _entered_before(self, actions: Actions) -> bool:
        """Whether the device was led in before; what was seen on the way is known again."""
        return await self._seen(ENTERED, actions)

    async def _seen(self, name: str, actions: Actions) -> bool:
        entry = await self.journal.read(self.prefix + name)
        if entry is None:
            return False
        await actions.see({name: ArtifactRef(str(ref)) for name, ref in entry.items()})
        return True


def upkeep_of(store: ArtifactStore, call: InteractInput, maintenance: Maintenance | None) -> Upkeep | None:
    """The maintenance of a call; ``None`` where its step has none.

    A second look, ``only="after"``, is not wrapped: it alters nothing.
    """
    if maintenance is None or call.only == "after":
        return None
    return Upkeep(maintenance, journal_of(store, call, "maintenance"))


async def upkeep_around(
    store: ArtifactStore, call: InteractInput, maintenance: Maintenance | None, *, undoes: bool
) -> Upkeep | None:
    """The maintenance around an undo; ``None`` where the device need not be led in or out.

    A device that its step left inside is undone there and led out as the step would have done it.

    Args:
        store: Where the journal is kept.
        call: The call that is taken back.
        maintenance: What the step says.
        undoes: Whether something is to be taken back.
    """
    upkeep = upkeep_of(store, call, maintenance)
    if upkeep is None or await upkeep.inside():
        return upkeep
    anew = replace(upkeep, prefix="undo-")
    return anew if undoes or await anew.inside() else None
