"""Asks the guard for devices, gives them back with a word on those that failed, and says which runs are alive."""

from temporalio import activity

from activities.fence import heartbeat
from activities.guard import Guard, state_of, states_of, strays_of
from workflows import contracts
from workflows.contracts import (
    HolderInput,
    HoldersInput,
    HoldersState,
    HolderState,
    LeaseAnswer,
    LeaseInput,
    ReleaseAnswer,
    ReleaseInput,
)


class Leasing:
    """Talks to the guard about devices.

    Args:
        guard: Its workflow id; one for a namespace.
    """

    def __init__(self, guard: str = contracts.GUARD_ID) -> None:
        self._guard = Guard(guard)

    @activity.defn(name=contracts.LEASE)
    @heartbeat()
    async def lease(self, call: LeaseInput) -> LeaseAnswer:
        """Asks for all devices of a run at once; starts the guard where there is none.

        A run that was reset is granted nothing: it is told whether it still holds them, or waits for them, be it for
        batches that it has begun after the point to which it was reset. The server carries a request that was under way
        at that point out once more, for another execution than made it.

        Raises:
            ApplicationError: As `Guard.ask`.
        """
        execution = activity.info().workflow_run_id or ""
        if call.renews or (call.execution and call.execution != execution):
            request = call.request.model_copy(update={"needs_all": bool(call.request.devices)})
            answer = await self._guard.ask(contracts.UPDATE_RENEW, request, LeaseAnswer)
            if answer.granted and call.execution not in {"", execution}:
                strays = await strays_of(call.request.holder, call.execution, execution)
                answer = answer.model_copy(update={"granted": not strays, "held_by": strays})
            return answer.model_copy(update={"execution": execution})
        return await self._guard.ask(contracts.UPDATE_ACQUIRE, call.request, LeaseAnswer)

    @activity.defn(name=contracts.RELEASE)
    @heartbeat()
    async def release(self, call: ReleaseInput) -> ReleaseAnswer:
        """Gives devices back, and reports those that failed. A report counts once, however often it is sent."""
        return await self._guard.ask(contracts.SIGNAL_RELEASE, call, ReleaseAnswer, call.id or None)

    @activity.defn(name=contracts.HOLDER)
    @heartbeat()
    async def holder(self, call: HolderInput) -> HolderState:
        """Whether a run is alive, as the server knows it."""
        return await state_of(call.holder)

    @activity.defn(name=contracts.HOLDERS)
    @heartbeat()
    async def holders(self, call: HoldersInput) -> HoldersState:
        """Which of some runs are alive, as the server knows them."""
        return await states_of(call.holders)
