"""The last moment of a run that was cancelled: it closes as cancelled, whoever cancelled it and how.

The server closes a workflow as cancelled only where a cancel was asked of the server. An operator's update or signal is
none, and neither is the cancel of a run that this one has joined; so the run has one asked for when all else is done.
"""

from temporalio import workflow
from temporalio.exceptions import ActivityError

from workflows import contracts
from workflows.contracts import CancelInput, RunResult
from workflows.run import calls


async def ask_for_cancel(result: RunResult, reason: str) -> None:
    """Has the server asked to cancel this run, unless it was; where that fails, the run closes as failed.

    Args:
        result: Of the run; nothing is asked for where its verdict is another one.
        reason: Who cancelled it, and why.
    """
    if result.verdict != "cancelled" or workflow.cancellation_reason() is not None:
        return
    if not workflow.patched("cancelled-ends-cancelled"):
        return
    try:
        await workflow.execute_activity(
            contracts.REQUEST_CANCEL,
            CancelInput(reason=(reason or result.message)[: contracts.MESSAGE_LENGTH]),
            activity_id="cancel",
            start_to_close_timeout=calls.CANCEL_TIMEOUT,
            retry_policy=calls.CANCEL_RETRY,
            summary="close as cancelled",
        )
    except ActivityError as error:
        workflow.logger.warning("the run could not be cancelled at the server, and closes as failed: %s", error.cause)
