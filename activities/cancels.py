"""Asks the server to cancel the very run that calls this.

The server closes a workflow as cancelled only where a cancel was asked of it. A run that people cancel by an update or
a signal of ours has none; a workflow may not ask for its own (the server answers such a command with
`EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND`), and any client may. Nothing is decided here.
"""

from datetime import timedelta
from typing import Final

from temporalio import activity

from workflows import contracts
from workflows.contracts import CancelInput

ANSWER: Final = timedelta(seconds=5)


class Cancels:
    """Asks for cancels, by the worker's own client."""

    @activity.defn(name=contracts.REQUEST_CANCEL)
    async def request_cancel(self, call: CancelInput) -> None:
        """Asks for the cancel of the execution that waits for this; the server has kept it when this returns.

        Raises:
            RPCError: The server refuses, or did not answer in time.
        """
        run = activity.info()
        assert run.workflow_id is not None, "a run's activity"
        handle = activity.client().get_workflow_handle(run.workflow_id, run_id=run.workflow_run_id)
        await handle.cancel(reason=call.reason, rpc_timeout=ANSWER)
