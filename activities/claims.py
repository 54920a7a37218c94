"""Two requests for the same work: asks the guard who does it, and waits for the end of a run that does."""

from typing import Final

from temporalio import activity
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError, TerminatedError
from temporalio.service import RPCError, RPCStatusCode

from activities.fence import heartbeat
from activities.guard import Guard, newest_of, state_of
from workflows import contracts
from workflows.contracts import ClaimAnswer, ClaimInput, FollowInput, FollowResult, Gone, RunResult, RunStatus
from workflows.errors import failure
from workflows.run.verdict import result_in

TRIES: Final = 10  # holders that were found closed, one after the other


class Claiming:
    """Talks to the guard about work.

    Args:
        guard: Its workflow id; one for a namespace.
    """

    def __init__(self, guard: str = contracts.GUARD_ID) -> None:
        self._guard = Guard(guard)

    @activity.defn(name=contracts.CLAIM)
    @heartbeat()
    async def claim(self, call: ClaimInput) -> ClaimAnswer:
        """Asks for some work. Whoever is said to do it is alive: a closed run answers for nobody.

        Raises:
            ApplicationError: ``block_unavailable``, retried: the ones who did it kept closing meanwhile.
        """
        request = call.request
        for _ in range(TRIES):
            answer = await self._guard.ask(contracts.UPDATE_CLAIM, request, ClaimAnswer)
            if answer.granted or answer.holder is None:
                return answer
            found = await state_of(answer.holder)
            if found.state == "open":
                return answer
            request = request.model_copy(update={"gone": Gone(holder=answer.holder, state=found.state)})
        raise failure("block_unavailable", "executor: whoever did this work had closed, each time", retry=True)

    @activity.defn(name=contracts.FOLLOW)
    async def follow(self, call: FollowInput) -> FollowResult:
        """Waits until a run is closed, and tells how."""
        async with heartbeat():
            return await _end_of(call)


async def _end_of(call: FollowInput) -> FollowResult:
    holder = call.holder
    # It is followed through every continue-as-new, and every reset; another run with the same id is not.
    run = await newest_of(holder)
    handle = activity.client().get_workflow_handle(holder.workflow_id, run_id=run, result_type=RunResult)
    try:
        return FollowResult(result=await handle.result())
    except WorkflowFailureError as error:
        cause = error.cause
        if isinstance(cause, TerminatedError) and await newest_of(holder) != run:
            return await _end_of(call)  # it was reset meanwhile
        if isinstance(cause, ApplicationError):
            return FollowResult(result=result_in(cause), type=cause.type or "", message=cause.message)
        return FollowResult(result=await _cancelled(call), message=str(cause))
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return FollowResult(message="the server knows it no longer")
        raise


async def _cancelled(call: FollowInput) -> RunResult | None:
    """A cancelled run keeps its result in its status; one that was terminated may have none."""
    handle = activity.client().get_workflow_handle(call.holder.workflow_id)
    status: RunStatus = await handle.query(contracts.QUERY_STATUS, result_type=RunStatus)
    return status.result if status.result is not None and status.result.run == call.holder.run else None
