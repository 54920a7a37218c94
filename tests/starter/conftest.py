"""A real Temporal server for the clients, and a worker with a scripted run on it."""

from collections.abc import AsyncIterator

import pytest
from temporalio.common import SearchAttributeKey
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from scripted_run import ScriptedRun
from starter.client import Orchestrator
from starter.dev.server import program
from workflows.contracts import SEARCH_ATTRIBUTES, TASK_QUEUE


@pytest.fixture
async def address() -> AsyncIterator[str]:
    """The address of a server of its own."""
    environment = await WorkflowEnvironment.start_local(
        dev_server_existing_path=program(),
        search_attributes=[SearchAttributeKey.for_keyword(name) for name in SEARCH_ATTRIBUTES.values()],
    )
    async with environment:
        yield environment.client.service_client.config.target_host


@pytest.fixture
async def idle(address: str) -> Orchestrator:
    """A client of a server without a worker."""
    return await Orchestrator.connect(address=address)


@pytest.fixture
async def orchestrator(idle: Orchestrator) -> AsyncIterator[Orchestrator]:
    """A client of a server with a worker."""
    async with Worker(idle.client, task_queue=TASK_QUEUE, workflows=[ScriptedRun]):
        assert await idle.worker_comes(within_s=10)
        yield idle
