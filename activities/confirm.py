"""The activity `confirm`: lets a device keep what its step has left unconfirmed, once the whole wave has passed.

It takes the same argument as `interact`. A new session sees whether the change is still there, runs what follows it in
``do`` once more, stops the device's timer, saves, and leads the device out of its maintenance where that had to wait.
Where a check fails, the timer runs on, and the run undoes.
"""

from temporalio import activity

from activities.actions import Actions
from activities.artifacts.documents import Documents
from activities.assembling import assembled
from activities.deviceinteraction.model import Fence
from activities.fence import heartbeat
from activities.holding import holding_of
from activities.interact import Interact
from activities.journal import ATTEMPTS, journal_of
from activities.outcomes import Gathered
from activities.sessions import Sessions
from activities.upkeep import upkeep_of
from workflows import contracts
from workflows.contracts import Bundle, DeviceOutcome, InteractInput
from workflows.plan import DevicesStep
from workflows.run.holding import stays_inside


class Confirm:
    """Holds what confirming needs.

    Args:
        documents: The artifact store, typed.
        sessions: How to log in.
    """

    def __init__(self, documents: Documents, sessions: Sessions) -> None:
        self._documents = documents
        self._sessions = sessions
        self._attempts = Interact(documents, sessions, counted_in="confirm-attempts", part="confirm")

    @activity.defn(name=contracts.CONFIRM)
    async def confirm(self, call: InteractInput) -> DeviceOutcome:
        """Confirm what `interact` did with the same argument.

        Returns:
            Status ``succeeded``, also where somebody had confirmed it already, or where nothing was to be confirmed.

        Raises:
            ApplicationError: ``reverted`` where the device has taken the change back: failed, and as before. Another
                of our failure types where it could not be asked, or a check does not hold: the timer runs on, until
                ``confirm_by`` of the outcome. A `DeviceOutcome` is the first detail.
        """
        async with heartbeat() as fence:
            return await self._attempts.attempt(call, fence, self._carry_out)

    async def _carry_out(
        self, call: InteractInput, bundle: Bundle, step: DevicesStep, gathered: Gathered, fence: Fence
    ) -> DeviceOutcome:
        holding = holding_of(self._documents.store, call, step)
        assert holding is not None, "only a change with `confirm` is confirmed"
        await holding.begin(gathered)
        actions = await assembled(Actions, call, bundle, step, self._documents, gathered, self._sessions.files)
        await actions.resume()
        upkeep = upkeep_of(self._documents.store, call, step.maintenance) if stays_inside(step) else None
        attempts = journal_of(self._documents.store, call, ATTEMPTS)
        device = bundle.devices[call.host]
        async with self._sessions.open(device, step, fence, self._documents, gathered, attempts, fresh=True) as session:
            applied = await holding.recall(session, actions, gathered)
            on_the_way_out = upkeep is not None and await upkeep.passed_before(actions)
            if not on_the_way_out:
                await actions.run(session, holding.place + 1)
            await holding.confirm(session, actions, gathered, applied)
            if upkeep is not None:
                if not on_the_way_out:
                    await gathered.save(self._documents.store)
                    await upkeep.passed(gathered.refs)
                await upkeep.leave(actions, session)
        return gathered.outcome("succeeded")
