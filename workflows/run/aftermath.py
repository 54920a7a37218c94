"""What lost runs have left behind on devices: looked at before the first change, and taken back if cut in two.

The journal of the lost run says where it had begun and not ended; only those devices are logged in to.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.exceptions import ActivityError
from temporalio.workflow import ActivityCancellationType

from workflows import contracts
from workflows.contracts import LookInput, LookResult, Lost
from workflows.plan import HostName
from workflows.run import calls
from workflows.run.pools import TAKEN_UP
from workflows.run.state import RunState

AT_ONCE: Final = 50  # devices an activity
# As long as an undo may take on each of them, one after the other on a slow site.
TIMEOUT: Final = timedelta(hours=2)


async def look(state: RunState) -> None:
    """Looks after the devices of `LeaseRun.lost`. Those that are not as they should be are barred from this run."""
    for lost in state.lease.lost:
        for number, (pool, hosts) in enumerate(_parts(state, lost)):
            if state.cut:
                return
            await _look(state, lost.model_copy(update={"devices": hosts}), pool, number)


def _parts(state: RunState, lost: Lost) -> Iterator[tuple[str | None, tuple[HostName, ...]]]:
    """The devices of each worker pool, `AT_ONCE` at a time."""
    pools = state.plan_ready.pools
    for pool in dict.fromkeys(pools.get(host) for host in lost.devices):
        mine = tuple(host for host in lost.devices if pools.get(host) == pool)
        for start in range(0, len(mine), AT_ONCE):
            yield pool, mine[start : start + AT_ONCE]


async def _look(state: RunState, lost: Lost, pool: str | None, number: int) -> None:
    lease, run = state.lease, lost.holder.workflow_id
    try:
        found: LookResult = await workflow.execute_activity(
            contracts.LOOK,
            LookInput(scope=state.scope, lost=lost),
            activity_id=f"look/{lost.holder.run[:8]}/{number}",
            result_type=LookResult,
            task_queue=contracts.pool_queue(workflow.info().task_queue, pool),
            schedule_to_start_timeout=None if pool is None else TAKEN_UP,
            start_to_close_timeout=TIMEOUT,
            heartbeat_timeout=calls.HEARTBEAT,
            retry_policy=calls.STORE_RETRY,
            cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=f"look at {len(lost.devices)} devices that {run} left behind"[:200],
        )
    except ActivityError as error:
        found = LookResult(unseen=dict.fromkeys(lost.devices, str(error.cause)))
    lease.looked_at += [*found.clean, *found.taken_back, *found.dirty]
    lease.dirty.update({host: f"run {run} left it in between: {why}" for host, why in found.dirty.items()})
    lease.left_by.update(dict.fromkeys(found.dirty, lost.holder.run))
    barred = {**found.dirty, **found.unseen}
    for host, why in barred.items():
        lease.barred[HostName(host)] = (
            f"run {run} was cut off while it held this device, and what it left cannot be put right: {why}"
        )[: contracts.MESSAGE_LENGTH]
