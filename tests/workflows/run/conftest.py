"""A Temporal server for the interpreter's tests, with clocks that skip what nobody waits for."""

import sysconfig
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.common import SearchAttributeKey
from temporalio.testing import WorkflowEnvironment

from running import Server
from workflows import contracts
from workflows.converter import CONVERTER

TEMPORAL = Path(sysconfig.get_path("scripts")) / "temporal"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server() -> AsyncIterator[Server]:
    """One real server for all cases; each workflow has a clock of its own."""
    environment = await WorkflowEnvironment.start_time_skipping_v2(
        dev_server_existing_path=str(TEMPORAL),
        dev_server_extra_args=["--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"],
        data_converter=CONVERTER,
        search_attributes=[SearchAttributeKey.for_keyword(name) for name in contracts.SEARCH_ATTRIBUTES.values()],
    )
    async with environment:
        yield Server(environment.client)
