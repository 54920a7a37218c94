"""Makes the Temporal worker out of a client, settings and activities: its numbers stand here, with their reasons.

It starts nothing and decides nothing about runs. `worker/ports.py` makes the activities.
"""

import os
import socket
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

from pydantic import ValidationError
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import Worker, WorkerDeploymentConfig

from starter.reading import own_version
from worker.runner import Runner
from worker.settings import Settings, VersioningSettings
from workflows.contracts import Prepared, pool_queue
from workflows.guard.workflow import GuardWorkflow, VersionedGuardWorkflow
from workflows.run.batch import BatchWorkflow
from workflows.run.workflow import RunWorkflow

# What waits for a worker that was killed: the sticky queue first, then a heartbeat. With the SDK's defaults (10 s, and
# heartbeats throttled to 30 s) the only worker took 16 s to take up its runs again, so both are short here.
STICKY_TIMEOUT: Final = timedelta(seconds=2)
HEARTBEAT_THROTTLE: Final = timedelta(seconds=1)
# A batch starts many activities at once. Over devices that are none, server and worker carried a tenth more of them a
# second than with the SDK's 5; over real logins there was no difference.
POLLS: Final = 20
# As a batch goes on, its next devices begin in the worker that decided so, without a way through the queue. With the
# SDK's 3 a third of them took that way; more than these go there still, so that the others of a fleet get their share.
EAGER: Final = 10
DRAIN: Final = timedelta(seconds=30)  # then activities are cancelled; a commit still ends (device-safety 14)

WORKFLOWS: Final[tuple[type, ...]] = (RunWorkflow, BatchWorkflow, GuardWorkflow)
# With versions, runs end on the build on which they began, and the guard moves on, or old builds would never drain.
VERSIONED_WORKFLOWS: Final[tuple[type, ...]] = (RunWorkflow, BatchWorkflow, VersionedGuardWorkflow)


def identity() -> str:
    """How this worker appears in histories and in the Web UI."""
    return f"netsaga-{os.getpid()}@{socket.gethostname()}"


def build_worker(
    client: Client,
    settings: Settings,
    activities: Sequence[Callable[..., Any]],
    *,
    workflows: Sequence[type] | None = None,
) -> Worker:
    """A worker that has not begun to poll.

    Args:
        client: Connected to the namespace of the settings, with the converter of `workflows/converter.py`.
        settings: Queue, limits and versioning are read.
        activities: All that the plan may call; async functions, so that no thread pool is needed.
        workflows: Ours, unless a test gives others.
    """
    limits = settings.limits
    Prepared.model_rebuild()  # its validator would be built in a workflow task otherwise; those are to be short
    return Worker(
        client,
        task_queue=settings.temporal.task_queue,
        workflows=workflows or (WORKFLOWS if settings.versioning.build is None else VERSIONED_WORKFLOWS),
        activities=activities,
        identity=identity(),
        workflow_runner=Runner(),
        max_cached_workflows=limits.workflows_cached,
        max_concurrent_activities=limits.activities,
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
        max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        default_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        graceful_shutdown_timeout=DRAIN,
        # Nothing is stored outside of histories; with more than 1, each payload would have an asyncio task of its own.
        max_workflow_task_external_storage_concurrency=1,
        max_concurrent_activity_task_polls=POLLS,
        max_eager_activity_reservations_per_workflow_task=EAGER,
        # A request that cannot be decoded must fail its run; it would stay running for ever otherwise.
        workflow_failure_exception_types=[ValidationError],
        deployment_config=_deployment(settings.versioning),
        build_id=_unversioned(settings.versioning),
    )


def build_pool_worker(
    client: Client, settings: Settings, pool: str, activities: Sequence[Callable[..., Any]]
) -> Worker:
    """A worker that has not begun to poll, for what is to be done on the devices of one pool. It runs no workflows.

    Args:
        client: As for `build_worker`.
        settings: Queue, limits and versioning are read.
        pool: Its name.
        activities: All of them; only those on devices are ever asked of a pool.
    """
    return Worker(
        client,
        task_queue=pool_queue(settings.temporal.task_queue, pool),
        activities=activities,
        identity=identity(),
        max_concurrent_activities=settings.limits.activities,
        max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        default_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        graceful_shutdown_timeout=DRAIN,
        deployment_config=_deployment(settings.versioning),
        build_id=_unversioned(settings.versioning),
    )


def _deployment(versioning: VersioningSettings) -> WorkerDeploymentConfig | None:
    """Worker versioning where a build is named: runs end on the build on which they began."""
    if versioning.build is None:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(versioning.deployment, versioning.build),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.PINNED,
    )


def _unversioned(versioning: VersioningSettings) -> str | None:
    """How a worker without a build names itself; unasked, the SDK would read the code of all modules to make a name."""
    return f"netsaga-{own_version()}" if versioning.build is None else None
