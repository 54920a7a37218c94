"""A real Temporal server for the worker's tests, in memory, on a free loopback port."""

import sysconfig
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from starter.dev.server import reading
from workflows.converter import CONVERTER


@pytest.fixture
async def server() -> AsyncIterator[WorkflowEnvironment]:
    program = Path(sysconfig.get_path("scripts")) / "temporal"
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(program),
        dev_server_log_level="error",
        dev_server_extra_args=[*reading(200)],
        data_converter=CONVERTER,
    ) as environment:
        yield environment
