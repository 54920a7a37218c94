"""The activity `interact`: all actions of one step on one device, in one session.

It turns whatever happens into an outcome, or into a failure that carries one. Whether a class of failure is tried again
is said by the step (`retry.on`). An unexpected exception is a bug of ours: logged with its traceback, never retried.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from functools import partial
from typing import Final

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.actions import Actions
from activities.artifacts.documents import Documents
from activities.artifacts.store import ArtifactError
from activities.assembling import assembled
from activities.deviceinteraction.failures import DeviceFailure, StaleAttempt
from activities.deviceinteraction.model import Fence
from activities.deviceinteraction.session import Session
from activities.effects import action_name, effects
from activities.fence import heartbeat
from activities.holding import Holding, holding_of
from activities.journal import ATTEMPTS, INTENT, journal_of
from activities.logbook import Logbook, Part
from activities.outcomes import Gathered, classified, shortened, status_of
from activities.proposing import Proposing
from activities.sessions import Sessions, SiteBusy
from activities.upkeep import Upkeep, upkeep_of
from activities.values import BUNDLE
from workflows import contracts
from workflows.contracts import Bundle, DeviceOutcome, InteractInput
from workflows.errors import RETRIED_AS, FailureType
from workflows.plan import DevicesStep
from workflows.run.holding import stays_inside

log: Final = logging.getLogger(__name__)

UNTOUCHED: Final = ("rejected_by_device", "drifted", "reverted")  # the device itself shows that nothing is applied
CarryOut = Callable[[InteractInput, Bundle, DevicesStep, Gathered, Fence], Awaitable[DeviceOutcome]]


class Interact:
    """Holds what a device's part of a step needs.

    Args:
        documents: The artifact store, typed.
        sessions: How to log in.
        counted_in: The journal of the attempts that failed.
        part: What they do with a step, for the log of transcripts.
    """

    def __init__(
        self, documents: Documents, sessions: Sessions, counted_in: str = "attempts", part: Part = "do"
    ) -> None:
        self._documents = documents
        self._sessions = sessions
        self._counted_in = counted_in
        self._part: Part = part

    @activity.defn(name=contracts.INTERACT)
    async def interact(self, call: InteractInput) -> DeviceOutcome:
        """Carry out a step on a device.

        Raises:
            ApplicationError: Of one of our failure types, with a `DeviceOutcome` as its first detail.
        """
        async with heartbeat() as fence:
            return await self.attempt(call, fence, self._carry_out)

    async def attempt(self, call: InteractInput, fence: Fence, carry_out: CarryOut) -> DeviceOutcome:
        """One attempt at a call on a device, whose every end carries an outcome.

        Args:
            call: The call.
            fence: Of this attempt.
            carry_out: What is to be done.

        Raises:
            ApplicationError: Of one of our failure types, with a `DeviceOutcome` as its first detail.
        """
        attempt = activity.info().attempt
        gathered = Gathered(call.host, attempt)
        gathered.logbook = Logbook(self._documents.store, call, self._part, attempt)
        try:
            bundle = await self._documents.load(call.prepared, BUNDLE)
        except ArtifactError as error:
            raise gathered.failed("block_unavailable", f"executor: {error}", "failed", retry=True) from None
        step = bundle.plan.step(call.step)
        assert isinstance(step, DevicesStep), "only a step over devices is carried out on a device"
        try:
            gathered.touched = await self._touched(call, step)
            outcome = await carry_out(call, bundle, step, gathered, fence)
            await gathered.save(self._documents.store)
            return outcome
        except asyncio.CancelledError:
            raise await self._cancelled(call, step, gathered) from None
        except Exception as error:  # noqa: BLE001  # every end of an attempt must carry its outcome
            raise await self._failed(call, step, gathered, error) from None

    async def _carry_out(
        self, call: InteractInput, bundle: Bundle, step: DevicesStep, gathered: Gathered, fence: Fence
    ) -> DeviceOutcome:
        device = bundle.devices[call.host]
        kind = Proposing if call.mode == "plan" else Actions
        actions = await assembled(kind, call, bundle, step, self._documents, gathered, self._sessions.files)
        upkeep = None if call.mode == "plan" else upkeep_of(self._documents.store, call, step.maintenance)
        begin = await actions.resume()
        attempts = journal_of(self._documents.store, call, ATTEMPTS)
        holding = holding_of(self._documents.store, call, step)
        if call.only == "after":
            async with self._sessions.open(device, step, fence, self._documents, gathered, attempts) as session:
                await _look_again(session, actions, step, holding, gathered)
            return gathered.outcome("succeeded")
        held = holding is not None  # its timer runs between two sessions, so one slot of the site is kept for both
        if holding is not None:
            await holding.begin(gathered)
        login = partial(self._sessions.open, device, step, fence, self._documents, gathered, attempts, in_slot=held)
        async with self._sessions.slot(device, step) if held else nullcontext():
            async with login() as session:
                if upkeep is not None:
                    await upkeep.enter(actions, session)
                await actions.run(session, begin, None if holding is None else holding.place + 1)
                if gathered.confirm_by is None:
                    if holding is not None:  # made without a timer, or nothing was to be done
                        await actions.run(session, holding.place + 1)
                    await _left(upkeep, actions, session)
            if holding is not None and gathered.confirm_by is not None:
                async with login(fresh=True) as session:
                    applied = await holding.recall(session, actions, gathered)
                    await actions.run(session, holding.place + 1)
                    if holding.by == "device":
                        await holding.confirm(session, actions, gathered, applied)
                    if not stays_inside(step):  # else `CONFIRM` leads it out
                        await _left(upkeep, actions, session)
        return gathered.outcome("succeeded")

    async def _touched(self, call: InteractInput, step: DevicesStep) -> bool:
        """Whether an attempt of this generation, this one included, may have changed the configuration."""
        for index, action in effects(step):
            journal = journal_of(self._documents.store, call, action_name(index, action))
            if await journal.read(INTENT) is not None:  # an empty change leaves none
                return True
        return False

    async def _cancelled(self, call: InteractInput, step: DevicesStep, gathered: Gathered) -> BaseException:
        await gathered.save_or_forget(self._documents.store)
        gathered.touched = await self._touched_or_in_doubt(call, step)
        details = activity.cancellation_details()
        if details is not None and details.worker_shutdown:
            return gathered.failed("transient", "the worker is stopping; another one goes on", "unknown", retry=True)
        if not gathered.touched and gathered.transcript is None:
            return asyncio.CancelledError()
        what = "after its configuration was touched" if gathered.touched else "before anything was changed"
        status = status_of("cancelled", touched=gathered.touched)
        return gathered.failed("cancelled", f"cancelled between two actions, {what}", status, retry=False)

    async def _failed(
        self, call: InteractInput, step: DevicesStep, gathered: Gathered, error: Exception
    ) -> ApplicationError:
        kind, message = classified(error)
        await gathered.save_or_forget(self._documents.store)
        if isinstance(error, DeviceFailure) and error.touched:
            gathered.touched = True
        elif kind in UNTOUCHED:
            gathered.touched = gathered.changed  # by an earlier action of this step
        else:
            gathered.touched = gathered.touched or await self._touched_or_in_doubt(call, step)
        if isinstance(error, StaleAttempt | SiteBusy):
            retry = True  # the worker's doing, not the device's; Temporal's own limit bounds these
        else:
            retry = _wanted(kind, step) and await self._attempts_left(call, step, kind, message)
        if kind == "unreachable" and (unknown := await self._still_unknown(call)) is not None:
            message = f"{unknown} It has not been reached since."
        return gathered.failed(kind, message, status_of(kind, touched=gathered.touched), retry=retry)

    async def _touched_or_in_doubt(self, call: InteractInput, step: DevicesStep) -> bool:
        try:
            return await self._touched(call, step)
        except ArtifactError:
            return bool(effects(step))  # not to know means that it may be so

    async def _still_unknown(self, call: InteractInput) -> str | None:
        """What an earlier attempt left unknown, where nobody has found out since.

        A device that is not reached says no more of it, and how it came to that is what people need to know.
        """
        journal = journal_of(self._documents.store, call, self._counted_in)
        try:
            for number in range(activity.info().attempt - 1, 0, -1):
                entry = await journal.read(f"failed-{number}") or {"kind": "unreachable"}  # it died with its worker
                if entry.get("kind") == "outcome_unknown":
                    return str(entry["message"])
                if entry.get("kind") != "unreachable":
                    return None
        except ArtifactError:
            log.debug("what earlier attempts at %s left unknown cannot be read", call.host)
        return None

    async def _attempts_left(self, call: InteractInput, step: DevicesStep, kind: FailureType, message: str) -> bool:
        """Whether the plan grants another attempt. Attempts that died with their worker are not the device's fault."""
        journal = journal_of(self._documents.store, call, self._counted_in)
        attempt = activity.info().attempt
        try:
            await journal.write(f"failed-{attempt}", {"kind": kind, "message": shortened(message)})
            failed = [await journal.read(f"failed-{number}") for number in range(1, attempt + 1)]
        except ArtifactError:
            return attempt < step.retry.attempts
        return sum(entry is not None for entry in failed) < step.retry.attempts


async def _look_again(
    session: Session, actions: Actions, step: DevicesStep, holding: Holding | None, gathered: Gathered
) -> None:
    """What follows the last change, once more: it was made, and is not made again. Nothing is altered for it."""
    if holding is not None:  # a device that has taken its change back says so itself, and fails no check instead
        await holding.begin(gathered)
        await holding.recall(session, actions, gathered)
    await actions.run(session, max((index + 1 for index, _ in effects(step)), default=0))


async def _left(upkeep: Upkeep | None, actions: Actions, session: Session) -> None:
    if upkeep is not None:  # where something fails, `UNDO` leads the device out, after it took the change back
        await upkeep.leave(actions, session)


def _wanted(kind: FailureType, step: DevicesStep) -> bool:
    return any(kind in RETRIED_AS.get(name, ()) for name in step.retry.on)
