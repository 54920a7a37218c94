"""Asks the guard for devices and gives them back, and says whether a run is still alive. Decides nothing about them.

The client is the worker's own, as `temporalio.activity.client` hands it out.
"""

from typing import Final

from temporalio import activity
from temporalio.client import WithStartWorkflowOperation, WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from workflows import contracts
from workflows.contracts import HolderInput, HolderState, LeaseAnswer, LeaseInput, ReleaseInput

# A run that closed in one of these ways has had its say: it undid what its definition asks for.
ENDED: Final = frozenset(
    {WorkflowExecutionStatus.COMPLETED, WorkflowExecutionStatus.FAILED, WorkflowExecutionStatus.CANCELED}
)


class Leasing:
    """Talks to the guard.

    Args:
        guard: Its workflow id; one for a namespace.
    """

    def __init__(self, guard: str = contracts.GUARD_ID) -> None:
        self._guard = guard

    @activity.defn(name=contracts.LEASE)
    async def lease(self, call: LeaseInput) -> LeaseAnswer:
        """Asks for all devices of a run at once; starts the guard where there is none."""
        start: WithStartWorkflowOperation[object, None] = WithStartWorkflowOperation(
            contracts.GUARD,
            id=self._guard,
            task_queue=activity.info().task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary="leases devices to runs",
        )
        answer: LeaseAnswer = await activity.client().execute_update_with_start_workflow(
            contracts.UPDATE_ACQUIRE, call.request, start_workflow_operation=start, result_type=LeaseAnswer
        )
        return answer

    @activity.defn(name=contracts.RELEASE)
    async def release(self, call: ReleaseInput) -> None:
        """Gives devices back. A guard that is not there holds nothing."""
        try:
            await activity.client().get_workflow_handle(self._guard).signal(contracts.SIGNAL_RELEASE, call)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise

    @activity.defn(name=contracts.HOLDER)
    async def holder(self, call: HolderInput) -> HolderState:
        """Whether a run is alive, as the server knows it."""
        handle = activity.client().get_workflow_handle(call.holder.workflow_id, first_execution_run_id=call.holder.run)
        try:
            found = await handle.describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return HolderState(state="cut_off")
            raise
        if found.raw_description.workflow_execution_info.first_run_id != call.holder.run:
            return HolderState(state="ended")  # another run has taken the id since
        if found.status in {WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW}:
            return HolderState(state="open")
        return HolderState(state="ended" if found.status in ENDED else "cut_off")
