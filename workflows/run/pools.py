"""A batch's view of worker pools: which queue a device's activities go to, and whether anybody serves it.

A pool without workers is a block that is unavailable, never an endless wait: it is asked for before its first device,
and again whenever nobody has taken up an activity in time. As long as a worker lives, waiting for it is like waiting
for a slot.
"""

import asyncio
from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import WorkerDeploymentVersion
from temporalio.exceptions import ActivityError, TimeoutType
from temporalio.exceptions import TimeoutError as TimedOut

from workflows import contracts
from workflows.contracts import DeviceOutcome, FailureInfo, HostWork, PoolInput, PoolState
from workflows.run import calls

TAKEN_UP: Final = timedelta(seconds=30)  # then it is asked whether the pool has a worker at all


class Pools:
    """Of one batch; what was answered is kept until it is asked anew."""

    def __init__(self) -> None:
        self._answers: dict[str, asyncio.Task[bool]] = {}
        self._asked = 0

    def queue(self, work: HostWork) -> str:
        """Where the workers are that reach a device."""
        return contracts.pool_queue(workflow.info().task_queue, work.pool)

    def limit(self, work: HostWork) -> timedelta | None:
        """How long an activity of a device may wait to be taken up before its pool is asked for; None: without end."""
        return None if work.pool is None else TAKEN_UP

    async def served(self, work: HostWork) -> bool:
        """Whether somebody serves the device's pool, as it was last heard; a device of no pool is served."""
        if work.pool is None:
            return True
        if work.pool not in self._answers:
            self._answers[work.pool] = asyncio.create_task(self._ask(work.pool))
        return await self._answers[work.pool]

    async def still_served(self, work: HostWork) -> bool:
        """Asks anew, once for all devices that wait for the same answer."""
        if work.pool is not None and work.pool in self._answers and self._answers[work.pool].done():
            del self._answers[work.pool]
        return await self.served(work)

    async def _ask(self, pool: str) -> bool:
        self._asked += 1
        version = _version()
        try:
            state: PoolState = await workflow.execute_activity(
                contracts.SERVED,
                PoolInput(
                    pool=pool,
                    queue=contracts.pool_queue(workflow.info().task_queue, pool),
                    deployment=version.deployment_name if version else None,
                    build=version.build_id if version else None,
                ),
                activity_id=f"served/{pool}/{self._asked}",
                result_type=PoolState,
                **calls.STORE,
                summary=f"is there a worker of the pool {pool}?",
            )
        except ActivityError:
            workflow.logger.warning("the server could not say whether the pool %s is served", pool)
            return True  # who takes nothing up in time is asked for again
        return state.served


def not_taken_up(error: ActivityError) -> bool:
    """Whether an activity ended because no worker took it up in time."""
    return isinstance(error.cause, TimedOut) and error.cause.type is TimeoutType.SCHEDULE_TO_START


def begun_before(error: ActivityError) -> bool:
    """Whether an earlier attempt of the activity had been taken up, and may have touched the device."""
    return error.cause is not None and error.cause.__cause__ is not None


def unserved(work: HostWork, *, begun: bool) -> DeviceOutcome:
    """The outcome of a device whose pool nobody serves.

    Args:
        work: The device.
        begun: Whether a worker had begun with it: then nobody knows what it holds.
    """
    version = _version()
    build = f" of build {version.build_id}" if version else ""
    command = f"netsaga worker --pool {work.pool}" + (f" --build {version.build_id}" if version else "")
    message = f"executor: no worker{build} serves the pool {work.pool}; start one with `{command}`"
    if begun:
        message += "; a worker that has gone had begun with this device"
    info = FailureInfo(type="block_unavailable", message=message[: contracts.MESSAGE_LENGTH], begun=begun)
    return DeviceOutcome(host=work.host, status="unknown" if begun else "failed", touched=begun, failure=info)


def _version() -> WorkerDeploymentVersion | None:
    """The version to which the batch is pinned; a worker without versions has a build too, and no deployment."""
    version = workflow.info().get_current_deployment_version()
    return version if version is not None and version.deployment_name else None
