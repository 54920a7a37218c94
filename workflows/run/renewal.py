"""A run that was reset (`temporal workflow reset`): it asks whether it still holds its devices before it touches any.

Its history may end before it gave them back, and other runs have changed them since; what its journal says was done may
be undone by now. So the guard is asked what stands, and grants nothing anew. A run that has nothing any more fails in
plain words. How the SDK tells of a reset: the server writes a failed workflow task into the history, and the run's
random seed is a new one from there on (`temporalio.workflow.register_random_seed_callback`), in every replay too.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final

from temporalio import workflow

from workflows import contracts
from workflows.contracts import Holder, LeaseAnswer, LeaseInput, LeaseRequest
from workflows.errors import failure
from workflows.plan import HostName
from workflows.run import calls
from workflows.run.state import RunState

AGAIN: Final = timedelta(seconds=15)  # a run that was reset while it waited for devices asks so often


def holder_of(state: RunState) -> Holder:
    """A run, as the guard knows it."""
    info = workflow.info()
    root = info.root.workflow_id if info.root else info.workflow_id
    return Holder(workflow_id=info.workflow_id, run=state.scope.run, root=root)


def call_of(state: RunState, devices: Sequence[HostName] | None = None) -> LeaseInput:
    """What a run asks with. It names the execution that is known to hold what it holds.

    Args:
        state: The run.
        devices: Those without which it does not go on, where they are known.
    """
    return LeaseInput(
        request=LeaseRequest(holder=holder_of(state), devices=tuple(devices or ()), number=state.lease.releases + 1),
        execution=state.lease.execution or workflow.info().original_execution_run_id,
    )


def asks(state: RunState) -> bool:
    """Whether the run was reset, and does not know yet what it still holds. Builds of before took that for granted.

    One that has asked for nothing has nothing to be in doubt of: a run that only reads goes on.
    """
    return state.lease.doubted and state.lease.asked and workflow.patched("asks-after-a-reset")


async def settled(state: RunState) -> None:
    """Waits until it is known whether the devices are the run's own; at once, unless it was reset."""
    if asks(state):
        await workflow.wait_condition(lambda: not state.lease.doubted)


def _never() -> bool:
    return False


async def renewed(call: LeaseInput, enough: Callable[[], bool] = _never) -> LeaseAnswer:
    """Asks the guard what stands, and waits where that is a place in the queue.

    Args:
        call: For whom. The guard is asked for as long as it takes: with devices half changed there is no way back.
        enough: Whether nobody waits for the devices any more. Batches of its own that it knows no more are waited for
            all the same: nobody else may have the devices as long as they are at work.

    Returns:
        Granted, or neither granted nor queued; still queued where it was enough.
    """
    ours = f"{call.request.holder.workflow_id}/"
    while True:
        answer: LeaseAnswer = await workflow.execute_activity(
            contracts.LEASE,
            call.model_copy(update={"renews": True}),
            activity_id="renew",
            result_type=LeaseAnswer,
            start_to_close_timeout=calls.STORE_TIMEOUT,
            heartbeat_timeout=calls.HEARTBEAT,
            retry_policy=calls.STATE_RETRY,
            summary="it was reset: are the devices still its own?",
        )
        if answer.granted or not answer.held_by:
            return answer
        over = _never if any(one.startswith(ours) for one in answer.held_by) else enough
        if over():
            return answer
        with suppress(TimeoutError):
            said = "it was reset while it waited for devices"
            await workflow.wait_condition(over, timeout=AGAIN, timeout_summary=said)


async def insist(call: LeaseInput | None) -> None:
    """The same for a batch, which its run has begun before it knew that it was reset.

    Raises:
        ApplicationError: ``invalid_input``: its devices are not the run's any more.
    """
    parent = workflow.info().parent
    if call is None or parent is None or parent.run_id == call.execution:
        return
    if not (await renewed(call)).granted:
        raise failure("invalid_input", gone(call.request.holder.workflow_id))


def gone(workflow_id: str) -> str:
    """What people are told of a run that goes no further."""
    return (
        f"run {workflow_id} was reset, and does not hold its devices: it had given them back, had none yet, or had "
        "others than it names now, and others may have changed them since. So it goes no further, and has touched none "
        "of them since it was reset. Start a new run for what is left to do."
    )
