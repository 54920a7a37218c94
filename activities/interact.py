"""The activity `interact`: all actions of one step on one device, in one session.

It turns whatever happens into an outcome, or into a failure that carries one. Whether a class of failure is tried again
is said by the step (`retry.on`). An unexpected exception is a bug of ours: logged with its traceback, never retried.
"""

import asyncio
from typing import Final

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.actions import Actions, action_name, effects
from activities.artifacts.documents import Documents
from activities.artifacts.store import ArtifactError
from activities.deviceinteraction.failures import DeviceFailure, StaleAttempt
from activities.deviceinteraction.model import Fence
from activities.fence import heartbeat
from activities.journal import ATTEMPTS, INTENT, journal_of
from activities.outcomes import Gathered, classified, status_of
from activities.sessions import Sessions, SiteBusy
from activities.values import BUNDLE, OUTPUTS, values_of_steps
from workflows import contracts
from workflows.contracts import Bundle, DeviceOutcome, InteractInput
from workflows.errors import RETRIED_AS, FailureType
from workflows.plan import DevicesStep

UNTOUCHED: Final = ("rejected_by_device", "drifted")  # the device itself has said that nothing of this is applied


class Interact:
    """Holds what a device's part of a step needs.

    Args:
        documents: The artifact store, typed.
        sessions: How to log in.
    """

    def __init__(self, documents: Documents, sessions: Sessions) -> None:
        self._documents = documents
        self._sessions = sessions

    @activity.defn(name=contracts.INTERACT)
    async def interact(self, call: InteractInput) -> DeviceOutcome:
        """Carry out a step on a device.

        Raises:
            ApplicationError: Of one of our failure types, with a `DeviceOutcome` as its first detail.
        """
        async with heartbeat() as fence:
            return await self._attempt(call, fence)

    async def _attempt(self, call: InteractInput, fence: Fence) -> DeviceOutcome:
        gathered = Gathered(call.host, activity.info().attempt)
        try:
            bundle = await self._documents.load(call.prepared, BUNDLE)
        except ArtifactError as error:
            raise gathered.failed("block_unavailable", f"executor: {error}", "failed", retry=True) from None
        step = bundle.plan.step(call.step)
        assert isinstance(step, DevicesStep), "only a step over devices is carried out on a device"
        try:
            gathered.touched = await self._touched(call, step)
            return await self._carry_out(call, bundle, step, gathered, fence)
        except asyncio.CancelledError:
            raise await self._cancelled(call, step, gathered) from None
        except Exception as error:  # noqa: BLE001  # every end of an attempt must carry its outcome
            raise await self._failed(call, step, gathered, error) from None

    async def _carry_out(
        self, call: InteractInput, bundle: Bundle, step: DevicesStep, gathered: Gathered, fence: Fence
    ) -> DeviceOutcome:
        device = bundle.devices[call.host]
        earlier = await values_of_steps(self._documents, call.values, step.reads, call.host)
        context: dict[str, object] = {
            "inputs": bundle.inputs,
            "device": device.model_dump(mode="json"),
            "inventory": list(bundle.devices),
            "run": {"id": call.scope.workflow_id, "definition": bundle.plan.name, "version": bundle.plan.version},
        }
        outputs = await self._documents.load(call.outputs, OUTPUTS) if call.outputs else {}
        actions = Actions(call, step, bundle.plan, self._documents, gathered, earlier, context, outputs)
        begin = await actions.resume()
        if call.only == "after":  # a second look: the last change was made, and is not made again
            begin = max((index + 1 for index, _ in effects(step)), default=0)
        attempts = journal_of(self._documents.store, call, ATTEMPTS)
        async with self._sessions.open(device, step, fence, self._documents, gathered, attempts) as session:
            await actions.run(session, begin)
        return gathered.outcome("succeeded")

    async def _touched(self, call: InteractInput, step: DevicesStep) -> bool:
        """Whether an attempt of this generation, this one included, may have changed the configuration."""
        for index, action in effects(step):
            journal = journal_of(self._documents.store, call, action_name(index, action))
            if await journal.read(INTENT) is not None:  # an empty change leaves none
                return True
        return False

    async def _cancelled(self, call: InteractInput, step: DevicesStep, gathered: Gathered) -> BaseException:
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
        if isinstance(error, DeviceFailure) and error.touched:
            gathered.touched = True
        elif kind in UNTOUCHED:
            gathered.touched = gathered.changed  # by an earlier action of this step
        else:
            gathered.touched = gathered.touched or await self._touched_or_in_doubt(call, step)
        if isinstance(error, StaleAttempt | SiteBusy):
            retry = True  # the worker's doing, not the device's; Temporal's own limit bounds these
        else:
            retry = _wanted(kind, step) and await self._attempts_left(call, step)
        return gathered.failed(kind, message, status_of(kind, touched=gathered.touched), retry=retry)

    async def _touched_or_in_doubt(self, call: InteractInput, step: DevicesStep) -> bool:
        try:
            return await self._touched(call, step)
        except ArtifactError:
            return bool(effects(step))  # not to know means that it may be so

    async def _attempts_left(self, call: InteractInput, step: DevicesStep) -> bool:
        """Whether the plan grants another attempt. Attempts that died with their worker are not the device's fault."""
        journal = journal_of(self._documents.store, call, "attempts")
        attempt = activity.info().attempt
        try:
            await journal.write(f"failed-{attempt}", {})
            failed = [await journal.read(f"failed-{number}") for number in range(1, attempt + 1)]
        except ArtifactError:
            return attempt < step.retry.attempts
        return sum(entry is not None for entry in failed) < step.retry.attempts


def _wanted(kind: FailureType, step: DevicesStep) -> bool:
    return any(kind in RETRIED_AS.get(name, ()) for name in step.retry.on)
