"""Reminders: what netsaga tells people by itself, because something waits for them."""

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from workflows import contracts
from workflows.contracts import NotifyInput, NotifyResult
from workflows.plan import StepId
from workflows.run import calls, verdict
from workflows.run.state import RunState


async def remind(state: RunState, step: StepId, to: str, message: str) -> tuple[str, str]:
    """Tells a notification target, where the settings name one as these people are called.

    A reminder is a courtesy: that it cannot be sent is said, and holds nothing up.

    Args:
        state: The run.
        step: What waits.
        to: A group, or the operators.
        message: What they are told; where to look is added.

    Returns:
        Where it went, empty where it did not; and what became of it, in words.
    """
    if to not in state.plan_ready.reminded:
        return "", f"no notification target is called {to}"
    run = state.scope.workflow_id
    try:
        told: NotifyResult = await workflow.execute_activity(
            contracts.NOTIFY,
            NotifyInput(
                scope=state.scope,
                prepared=state.plan_ready.ref,
                step=step,
                to=to,
                message=f"{state.scope.definition} ({run}): {message}. Look: netsaga status {run}",
                result=verdict.as_it_stands(state),
                occasion="reminder",
            ),
            activity_id=f"{step}/reminder",
            result_type=NotifyResult,
            start_to_close_timeout=calls.NOTICE_TIMEOUT,
            heartbeat_timeout=calls.HEARTBEAT,
            retry_policy=calls.NOTICE_RETRY,
            summary=f"remind {to}"[:200],
        )
    except ActivityError as error:
        cause = error.cause
        return "", f"{to} could not be reminded: {cause.message if isinstance(cause, ApplicationError) else cause}"
    return told.delivered, f"reminded: {told.delivered}"
