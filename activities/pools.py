"""The activity `served`: whether a pool has a worker, as the Temporal server knows it. Decides nothing about runs.

The client is the worker's own, as `temporalio.activity.client` hands it out.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio import activity
from temporalio.api.deployment.v1 import WorkerDeploymentVersion as Version
from temporalio.api.enums.v1 import TaskQueueType, WorkerStatus
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeWorkerDeploymentVersionRequest,
    ListWorkersRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.fence import heartbeat
from workflows import contracts
from workflows.contracts import PoolInput, PoolState

FRESH: Final = timedelta(seconds=15)  # workers of pools say every 5 s that they live (`worker/telemetry.py`)
PATIENCE_S: Final = 12.0
GRACE_S: Final = 3.0  # where nobody is known at all: a server that has just started has yet to hear of its workers
PAUSE_S: Final = 1.0
NOT_ASKED_THERE: Final = frozenset({RPCStatusCode.UNIMPLEMENTED, RPCStatusCode.INVALID_ARGUMENT})

Signs = Mapping[str, tuple[str, datetime]]  # by worker: its identity, and when it last said that it lives


class Pools:
    """Asks the server about the workers of pools."""

    @activity.defn(name=contracts.SERVED)
    @heartbeat()
    async def served(self, call: PoolInput) -> PoolState:
        """Whether somebody serves a pool now.

        Workers are asked for by their own signs of life: one that is busy with as many devices as it takes polls for
        no more, and yet serves. A sign is fresh by our clock, or else it is seen to be renewed, for the clocks of two
        machines may differ. Servers that keep no signs of life are asked who polls; they remember that
        for five minutes.

        Where the run is pinned to a build whose workers have served the pool before, only those of that build count:
        Temporal gives the run's activities to no others.

        Raises:
            RPCError: The server does not answer.
        """
        client = activity.client()
        pollers = await _pollers(client, call.queue)
        version = await _bound_to(client, call)
        before = await _signs(client, call.queue, version)
        if before is None:
            return PoolState(served=bool(pollers), workers=pollers)
        now = datetime.now(UTC)
        alive = {name for name, seen in before.values() if abs(now - seen) < FRESH}
        loop = asyncio.get_running_loop()
        until = loop.time() + (PATIENCE_S if before or pollers else GRACE_S)
        while not alive and loop.time() < until:
            await asyncio.sleep(PAUSE_S)
            after = await _signs(client, call.queue, version) or {}
            alive = {name for key, (name, seen) in after.items() if key not in before or seen != before[key][1]}
        return PoolState(served=bool(alive), workers=tuple(sorted(alive)))


async def _bound_to(client: Client, call: PoolInput) -> Version | None:
    """The version whose workers alone are given the run's activities on this queue; None where any will do."""
    if call.deployment is None or call.build is None:
        return None
    version = Version(deployment_name=call.deployment, build_id=call.build)
    request = DescribeWorkerDeploymentVersionRequest(namespace=client.namespace, deployment_version=version)
    try:
        known = await client.workflow_service.describe_worker_deployment_version(request)
    except RPCError as error:
        if error.status in NOT_ASKED_THERE | {RPCStatusCode.NOT_FOUND}:
            return None
        raise
    return version if any(queue.name == call.queue for queue in known.version_task_queues) else None


async def _signs(client: Client, queue: str, version: Version | None) -> Signs | None:
    """The signs of life of workers, of one version or any, that take up work; None where the server keeps none."""
    request = ListWorkersRequest(namespace=client.namespace, query=f"TaskQueue='{queue}'")
    try:
        answer = await client.workflow_service.list_workers(request)
    except RPCError as error:
        if error.status in NOT_ASKED_THERE:
            return None
        raise
    beats = [info.worker_heartbeat for info in answer.workers_info]
    return {
        beat.worker_instance_key: (beat.worker_identity, beat.heartbeat_time.ToDatetime(tzinfo=UTC))
        for beat in beats
        if beat.status == WorkerStatus.WORKER_STATUS_RUNNING and (version is None or beat.deployment_version == version)
    }


async def _pollers(client: Client, queue: str) -> tuple[str, ...]:
    """The identities of those who have polled of late."""
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
    )
    request.task_queue.name = queue
    answer = await client.workflow_service.describe_task_queue(request)
    return tuple(sorted({poller.identity for poller in answer.pollers}))
