"""Tells the target that the settings name (`guard.alert`) of breakers that opened and devices taken out of service."""

from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.exceptions import ActivityError

from workflows import contracts
from workflows.contracts import DeviceResult, NotifyInput, NotifyResult
from workflows.plan import StepId
from workflows.run import calls, reports, verdict
from workflows.run.state import RunState

TIMEOUT: Final = timedelta(seconds=60)
GUARD: Final = StepId("guard")


async def alert(state: RunState, devices: tuple[DeviceResult, ...]) -> None:
    """Tells what has still to be told; one who cannot be told does not hold up the run, and the record says so."""
    lease = state.lease
    if any(run.tripped and not run.alerted for run in state.all_steps()) and workflow.patched("alerts-of-reads"):
        reports.note_alerts(state, {})  # of a run that held no devices, and had none to give back
    said, target = list(lease.alerts), state.plan_ready.guard.alert
    lease.alerts = []
    if not said or target is None:
        return
    lease.alerted += 1
    heading = f"**netsaga guard**: run {state.scope.workflow_id} ({state.plan_ready.plan.name})"
    call = NotifyInput(
        scope=state.scope,
        prepared=state.plan_ready.ref,
        step=GUARD,
        to=target,
        message="\n".join([heading, "", *(f"- {line}" for line in said)]),
        result=verdict.result(state, state.plan_ready.plan, devices),
        occasion=f"alert-{lease.alerted}",
    )
    try:
        await workflow.execute_activity(
            contracts.NOTIFY,
            call,
            activity_id=f"alert-{lease.alerted}",
            result_type=NotifyResult,
            start_to_close_timeout=TIMEOUT,
            heartbeat_timeout=calls.HEARTBEAT,
            retry_policy=calls.STORE_RETRY,
            summary=f"alert {target}",
        )
    except ActivityError as error:
        note = f"the alert to {target} could not be sent: {error.cause}"
        state.message = f"{state.message}; {note}".lstrip("; ")
