"""The way to the guard: updates to it, which start it where there is none, and whether a run is still alive.

The client is the worker's own, as `temporalio.activity.client` hands it out. Nothing is decided here.
"""

from typing import Any, Final, TypeVar

from temporalio import activity
from temporalio.client import WithStartWorkflowOperation, WorkflowExecutionStatus, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from workflows import contracts
from workflows.contracts import Holder, HolderState
from workflows.errors import failure
from workflows.plan import Model

# A run that closed in one of these ways has had its say: it undid what its definition asks for.
ENDED: Final = frozenset(
    {WorkflowExecutionStatus.COMPLETED, WorkflowExecutionStatus.FAILED, WorkflowExecutionStatus.CANCELED}
)
Answer = TypeVar("Answer", bound=Model)


class Guard:
    """Talks to the guard.

    Args:
        id_: Its workflow id; one for a namespace.
    """

    def __init__(self, id_: str = contracts.GUARD_ID) -> None:
        self._id = id_

    async def ask(self, update: str, request: Model, answer: type[Answer], id_: str | None = None) -> Answer:
        """Sends an update, and starts the guard where there is none.

        Args:
            update: Its name.
            request: Its one argument.
            answer: What it yields.
            id_: Of the update, where it must count once however often it is sent.

        Raises:
            ApplicationError: ``invalid_input``: what is asked for would never be granted, for runs would wait for each
                other in a circle. ``block_unavailable``, retried: one of those is closed, and the guard will find out.
            WorkflowUpdateFailedError: The guard refuses for another reason.
            RPCError: It cannot be asked now.
        """
        start: WithStartWorkflowOperation[Any, None] = WithStartWorkflowOperation(
            contracts.GUARD,
            id=self._id,
            task_queue=activity.info().task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary="leases devices to runs",
        )
        try:
            found: Answer = await activity.client().execute_update_with_start_workflow(
                update, request, start_workflow_operation=start, id=id_, result_type=answer
            )
        except WorkflowUpdateFailedError as error:
            if isinstance(error.cause, ApplicationError) and error.cause.type == contracts.CIRCLE:
                raise await _circle(error.cause) from None
            raise
        return found


async def _circle(refusal: ApplicationError) -> ApplicationError:
    """What a circle of waits comes to: it is one only while all who wait in it are alive."""
    for detail in refusal.details:
        holder = Holder.model_validate(detail)
        if (await state_of(holder)).state != "open":
            said = f"executor: run {holder.workflow_id} is closed, and the guard does not know it yet"
            return failure("block_unavailable", said, retry=True)
    return failure("invalid_input", refusal.message)


async def state_of(holder: Holder) -> HolderState:
    """Whether a run is alive, as the server knows it."""
    handle = activity.client().get_workflow_handle(holder.workflow_id, first_execution_run_id=holder.run)
    try:
        found = await handle.describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return HolderState(state="cut_off")
        raise
    if found.raw_description.workflow_execution_info.first_run_id != holder.run:
        return HolderState(state="ended")  # another run has taken the id since
    if found.status in {WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW}:
        return HolderState(state="open")
    return HolderState(state="ended" if found.status in ENDED else "cut_off")
