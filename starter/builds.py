"""Which build of the worker a run ends on, for those who wait for an answer that no other build can give.

A run that began under worker versioning is pinned to its build (`deploy/upgrade.md`). Where no worker of that build is
up, one of the next build does not help, and "start a worker" would be the wrong advice.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from temporalio.client import Client
from temporalio.service import RPCError

from starter.connection import ANSWER, readable
from starter.errors import NoWorkerError


async def build_of(client: Client, run_id: str) -> str:
    """The build to which the server has pinned a run; empty where it is bound to none, or the server does not say."""
    with suppress(RPCError):
        described = await client.get_workflow_handle(run_id).describe(rpc_timeout=ANSWER)
        return described.raw_description.workflow_execution_info.versioning_info.deployment_version.build_id
    return ""


@asynccontextmanager
async def answered(client: Client, run_id: str, asking: str) -> AsyncIterator[None]:
    """As `readable`, for what only a worker can answer: a worker that is missing is named with its build.

    Args:
        client: Connected to the namespace.
        run_id: The workflow id of the run that is asked.
        asking: What it is asked for, as "its status".

    Raises:
        NoWorkerError: No worker answered.
        StarterError: As `readable`.
    """
    try:
        with readable(client, run_id=run_id, asking=asking):
            yield
    except NoWorkerError as error:
        build = await build_of(client, run_id)
        if not build:
            raise
        raise NoWorkerError(
            f"No worker of build {build} answered when run {run_id} was asked for {asking}. The run began on that "
            f"build and ends on it; it is kept by the server, and goes on when one is up: netsaga worker --settings "
            f"FILE --build {build}",
            build=build,
        ) from error
