"""The activity `undo`: takes one device's part of a step back, in a session of its own, and proves it.

It takes the same argument as `interact`, for the journal under that name knows what was done. Nothing written there
means that nothing was sent, and then no session is opened.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Final

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.actions import Actions
from activities.artifacts.documents import Documents
from activities.artifacts.store import ArtifactError
from activities.assembling import assembled
from activities.deviceinteraction.change.hold import due
from activities.deviceinteraction.failures import DeviceFailure, Permanent, Reverted
from activities.deviceinteraction.model import Fence, Undone
from activities.deviceinteraction.session import Session
from activities.effects import action_name, effects, names_for
from activities.fence import heartbeat
from activities.holding import Holding, holding_of
from activities.journal import ATTEMPTS, INTENT, ActionJournal, JournalConflictError, journal_of
from activities.ledger import Ledger, ledger_of
from activities.logbook import Logbook
from activities.outcomes import Gathered, classified
from activities.sessions import Sessions
from activities.upkeep import Upkeep, upkeep_around
from activities.values import BUNDLE
from workflows import contracts
from workflows.contracts import DeviceOutcome, InteractInput, UndoInfo
from workflows.plan import DevicesStep
from workflows.run.holding import stays_inside

FOREIGN_KEPT: Final = 20


class Undo:
    """Holds what taking a device back needs.

    Args:
        documents: The artifact store, typed.
        sessions: How to log in.
    """

    def __init__(self, documents: Documents, sessions: Sessions) -> None:
        self._documents = documents
        self._sessions = sessions

    @activity.defn(name=contracts.UNDO)
    async def undo(self, call: InteractInput) -> DeviceOutcome:
        """Take back what `interact` did with the same argument.

        Returns:
            Status ``succeeded`` and untouched where there was nothing to undo, else ``undone``.

        Raises:
            ApplicationError: ``undo_failed`` where the device is not as it was or cannot be proven to be; another
                class, to be tried again, where it could not be asked. A `DeviceOutcome` is the first detail.
        """
        async with heartbeat() as fence:
            return await self._attempt(call, fence)

    async def _attempt(self, call: InteractInput, fence: Fence) -> DeviceOutcome:
        attempt = activity.info().attempt
        gathered = Gathered(call.host, attempt, touched=True)  # until the opposite is known
        gathered.logbook = Logbook(self._documents.store, call, "undo", attempt)
        try:
            return await self._take_back(call, gathered, fence)
        except asyncio.CancelledError:
            # Nobody cancels an undo but a worker that stops; the next worker goes on.
            said = "the worker is stopping; another one goes on with the undo"
            raise gathered.failed("transient", said, "undo_failed", retry=True) from None
        except Exception as error:  # noqa: BLE001  # every end of an attempt must carry its outcome
            raise _failed(gathered, error) from None

    async def _take_back(self, call: InteractInput, gathered: Gathered, fence: Fence) -> DeviceOutcome:
        bundle = await self._documents.load(call.prepared, BUNDLE)
        step = bundle.plan.step(call.step)
        assert isinstance(step, DevicesStep), "only a step over devices is undone on a device"
        begun = [] if call.only == "leave" else await self._begun(call, step)
        upkeep = await upkeep_around(self._documents.store, call, step.maintenance, undoes=bool(begun))
        if not begun and upkeep is None:
            gathered.touched = False
            return gathered.outcome("succeeded")
        if begun and not step.undo:
            raise Permanent("the definition says `undo: none` for this step; the change stays until a person acts.")
        device = bundle.devices[call.host]
        held = holding_of(self._documents.store, call, step) if call.only == "leave" and stays_inside(step) else None
        attempts = journal_of(self._documents.store, call, ATTEMPTS)
        ledger = ledger_of(self._documents.store, call)
        async with self._sessions.open(device, step, fence, self._documents, gathered, attempts) as session:
            if upkeep is None:
                undone = await _all(session, call, step, begun, ledger)
            elif held is not None and await _waits(held, session):
                undone = []
            else:
                actions = await assembled(Actions, call, bundle, step, self._documents, gathered, self._sessions.files)
                if begun:
                    await _entered(upkeep, actions, session, gathered)
                try:
                    undone = await _all(session, call, step, begun, ledger)
                except DeviceFailure as error:
                    if not error.retryable:
                        await _left(upkeep.leave(actions, session), f"{error.message} Besides, ")
                    raise
                await _left(upkeep.leave(actions, session))
        return _outcome(gathered, undone)  # after the session, whose transcript is kept at its end

    async def _begun(self, call: InteractInput, step: DevicesStep) -> list[tuple[int, ActionJournal]]:
        """The effects that may have reached the device, the last one first."""
        begun = []
        for index, action in reversed(effects(step)):
            journal = journal_of(self._documents.store, call, action_name(index, action))
            if await journal.read(INTENT) is not None:
                begun.append((index, journal))
        return begun


async def _all(
    session: Session, call: InteractInput, step: DevicesStep, begun: Sequence[tuple[int, ActionJournal]], ledger: Ledger
) -> list[Undone]:
    return [
        await session.undo(names_for(call, index), journal, methods=step.undo, saved=await ledger.saved_after(journal))
        for index, journal in begun
    ]


async def _waits(held: Holding, session: Session) -> bool:
    """Whether the device has still to take its change back: leaving would settle that. Its undo leads it out."""
    if await due(held.journal) is None:
        return False
    try:
        await session.recall(names_for(held.call, held.place), held.journal)
    except Reverted:
        return False
    return True


async def _entered(upkeep: Upkeep, actions: Actions, session: Session, gathered: Gathered) -> None:
    """Lead the device into maintenance where it is not. It is taken back even where that fails: that matters more."""
    if await upkeep.inside() and not upkeep.prefix:
        return  # its step led it in, or tried to
    try:
        await upkeep.enter(actions, session)
    except DeviceFailure as error:
        if error.retryable:
            raise
        gathered.warn(f"undone without maintenance: {error.message}")


async def _left(leaving: Awaitable[None], before: str = "") -> None:
    try:
        await leaving
    except DeviceFailure as error:
        error.message = f"{before}the device could not leave its maintenance: {error.message}"
        raise


def _outcome(gathered: Gathered, undone: list[Undone]) -> DeviceOutcome:
    taken_back = [part for part in undone if part.was_touched]
    if not taken_back:
        gathered.touched = False
        return gathered.outcome("succeeded")
    foreign = tuple(dict.fromkeys(line for part in taken_back for line in part.foreign))
    return gathered.outcome("undone", undo=UndoInfo(method=taken_back[-1].method, foreign=foreign[:FOREIGN_KEPT]))


def _failed(gathered: Gathered, error: Exception) -> ApplicationError:
    kind, message = classified(error)
    if isinstance(error, ArtifactError | JournalConflictError) or (
        isinstance(error, DeviceFailure) and error.retryable
    ):
        return gathered.failed(kind, message, "undo_failed", retry=True)
    return gathered.failed("undo_failed", message, "undo_failed", retry=False)
