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
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from worker.settings import Settings, VersioningSettings
from workflows.guard.workflow import GuardWorkflow, VersionedGuardWorkflow
from workflows.run.batch import BatchWorkflow
from workflows.run.workflow import RunWorkflow

# What waits for a worker that was killed: the sticky queue first, then a heartbeat. With the SDK's defaults (10 s, and
# heartbeats throttled to 30 s) the only worker took 16 s to take up its runs again, so both are short here.
STICKY_TIMEOUT: Final = timedelta(seconds=2)
HEARTBEAT_THROTTLE: Final = timedelta(seconds=1)
DRAIN: Final = timedelta(seconds=30)  # then activities are cancelled; a commit still ends (device-safety 14)

WORKFLOWS: Final[tuple[type, ...]] = (RunWorkflow, BatchWorkflow, GuardWorkflow)
# With versions, runs end on the build on which they began, and the guard moves on, or old builds would never drain.
VERSIONED_WORKFLOWS: Final[tuple[type, ...]] = (RunWorkflow, BatchWorkflow, VersionedGuardWorkflow)

# Our own modules and the ones they rest on are loaded once and shared by all runs: a run would otherwise cost some
# megabytes of modules. `workflows/ruff.toml` and import-linter keep clocks, chance and clients out of them.
SHARED_MODULES: Final = ("workflows", "pydantic", "pydantic_core", "annotated_types", "opentelemetry")


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
    return Worker(
        client,
        task_queue=settings.temporal.task_queue,
        workflows=workflows or (WORKFLOWS if settings.versioning.build is None else VERSIONED_WORKFLOWS),
        activities=activities,
        identity=identity(),
        workflow_runner=SandboxedWorkflowRunner(
            restrictions=SandboxRestrictions.default.with_passthrough_modules(*SHARED_MODULES)
        ),
        max_cached_workflows=limits.workflows_cached,
        max_concurrent_activities=limits.activities,
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
        max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        default_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        graceful_shutdown_timeout=DRAIN,
        # A request that cannot be decoded must fail its run; it would stay running for ever otherwise.
        workflow_failure_exception_types=[ValidationError],
        deployment_config=_deployment(settings.versioning),
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
