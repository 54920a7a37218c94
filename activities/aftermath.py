"""The activity `look`: what a run that was cut off has left on devices, before another run changes them.

The journal says which of its effects had begun and not ended. Where there is none, nothing is in doubt and nobody logs
in. Where there is one, the undo of that run is carried out in its name: it looks at the device, aborts what is pending,
takes back what is half there, and proves it. A device that it has left in its maintenance is led out.
"""

import asyncio
from collections.abc import Iterator
from typing import Final

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.artifacts.documents import Documents
from activities.artifacts.store import ArtifactError
from activities.deviceinteraction.change.records import ConfirmOutcome, Outcome, UndoBegun, UndoOutcome, read_intent
from activities.effects import action_name, effects
from activities.fence import heartbeat
from activities.journal import ActionJournal, journal_of
from activities.undo import Undo
from activities.upkeep import upkeep_around
from activities.values import BUNDLE
from workflows import contracts
from workflows.contracts import Bundle, DeviceOutcome, InteractInput, LookInput, LookResult, Scope
from workflows.errors import failure
from workflows.plan import DevicesStep, HostName
from workflows.plan.order import by_needs

GENERATIONS: Final = 20  # of one step on one device; an operator's retries raise it, and nobody has retried so often
AT_ONCE: Final = 10  # devices that are logged in to
PAUSES_S: Final = (2.0, 5.0, 15.0)  # before a device that could not be asked is asked again


class Aftermath:
    """Holds what looking after a lost run needs.

    Args:
        documents: The artifact store, typed.
        undo: How a device is taken back.
    """

    def __init__(self, documents: Documents, undo: Undo) -> None:
        self._documents = documents
        self._undo = undo

    @activity.defn(name=contracts.LOOK)
    async def look(self, call: LookInput) -> LookResult:
        """Look at devices that a lost run has held.

        Raises:
            ApplicationError: ``block_unavailable`` where the artifact store fails. Devices that cannot be asked or
                taken back are in the result.
        """
        lost = call.lost
        if lost.prepared is None:
            return LookResult(unseen=dict.fromkeys(lost.devices, "nothing is known of what it did"))
        async with heartbeat():
            try:
                bundle = await self._documents.load(lost.prepared, BUNDLE)
                own = Scope(workflow_id=lost.holder.workflow_id, run=lost.holder.run, definition=bundle.plan.name)
                scope = lost.effects or own
                doubts = {host: await self._doubts(bundle, call, scope, host) for host in lost.devices}
            except ArtifactError as error:
                raise failure("block_unavailable", f"executor: {error}", retry=True) from None
            slots = asyncio.Semaphore(AT_ONCE)
            told = await asyncio.gather(*(self._settle(calls, slots) for calls in doubts.values()))
        said = dict(zip(doubts, told, strict=True))
        return LookResult(
            clean=tuple(host for host, (what, _) in said.items() if what == "clean"),
            taken_back=tuple(host for host, (what, _) in said.items() if what == "taken_back"),
            dirty={host: why for host, (what, why) in said.items() if what == "dirty"},
            unseen={host: why for host, (what, why) in said.items() if what == "unseen"},
        )

    async def _doubts(self, bundle: Bundle, call: LookInput, scope: Scope, host: HostName) -> list[InteractInput]:
        """The calls of the lost run that may have left the device in between, the last one first.

        Each generation is looked at: one in which nothing was begun may stand before one in which something was.
        """
        found = []
        for step in _changing(bundle):
            for generation in range(1, GENERATIONS + 1):
                assert call.lost.prepared is not None, "looked up above"
                one = InteractInput(
                    scope=scope, prepared=call.lost.prepared, step=step.id, host=host, generation=generation
                )
                states = [
                    await _state(journal_of(self._documents.store, one, action_name(index, action)))
                    for index, action in effects(step)
                ]
                if "open" in states:
                    found.append(one)
                elif await upkeep_around(self._documents.store, one, step.maintenance, undoes=False) is not None:
                    found.append(one.model_copy(update={"only": "leave"}))
        return list(reversed(found))

    async def _settle(self, calls: list[InteractInput], slots: asyncio.Semaphore) -> tuple[str, str]:
        """Takes back what is in doubt on one device; where it stands now, and why."""
        if not calls:
            return "clean", ""
        async with slots:
            for call in calls:
                try:
                    await self._take_back(call)
                except ApplicationError as error:
                    return ("dirty" if error.type == "undo_failed" else "unseen"), error.message
        return "taken_back", ""

    async def _take_back(self, call: InteractInput) -> DeviceOutcome:
        for pause_s in PAUSES_S:
            try:
                return await self._undo.undo(call)
            except ApplicationError as error:
                if error.non_retryable:
                    raise
            await asyncio.sleep(pause_s)
        return await self._undo.undo(call)


def _changing(bundle: Bundle) -> Iterator[DevicesStep]:
    for step in (*by_needs(bundle.plan.steps), *bundle.plan.finally_):
        if isinstance(step, DevicesStep) and effects(step):
            yield step


async def _state(journal: ActionJournal) -> str:
    """``none`` where an effect never began, ``open`` where it began and its end is not known, else ``settled``."""
    intent = await read_intent(journal)
    if intent is None:
        return "none"
    if await journal.read(UndoOutcome.key) is not None:
        return "settled"
    if await journal.read(UndoBegun.key) is not None or await journal.read(Outcome.key) is None:
        return "open"
    unconfirmed = intent.timer_s is not None and await journal.read(ConfirmOutcome.key) is None
    return "open" if unconfirmed else "settled"
