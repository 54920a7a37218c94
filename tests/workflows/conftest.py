"""A Temporal server for the interpreter's tests, with clocks that skip what nobody waits for.

``pytest tests/workflows/run --record-histories`` writes the histories of the cases marked ``history`` that are not
kept yet into ``tests/histories``. That folder only grows: what is there was written by an interpreter that is in use.
"""

import sysconfig
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.common import SearchAttributeKey
from temporalio.service import GrpcCompression, ServiceClient
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from histories import HISTORIES
from running import Server
from sandboxed import sandboxed
from starter.dev.server import reading
from worker.build import WORKFLOWS
from workflows import contracts
from workflows.converter import CONVERTER

TEMPORAL = Path(sysconfig.get_path("scripts")) / "temporal"
# Each run has a queue of its own, and each queue four partitions by default, which cost a tenth of the server's CPU.
ONE_PARTITION = tuple(
    part
    for kind in ("Read", "Write")
    for part in ("--dynamic-config-value", f"matching.numTaskqueue{kind}Partitions=1")
)
SKIPPING = ("--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server() -> AsyncIterator[Server]:
    """One real server for all cases; each workflow has a clock of its own."""
    environment = await WorkflowEnvironment.start_time_skipping_v2(
        dev_server_existing_path=str(TEMPORAL),
        dev_server_extra_args=[*reading(200), *ONE_PARTITION, *SKIPPING],
        data_converter=CONVERTER,
        identity="netsaga-test",
        search_attributes=[SearchAttributeKey.for_keyword(name) for name in contracts.SEARCH_ATTRIBUTES.values()],
    )
    async with environment:
        # Compression would take a tenth of the server's CPU and of ours, and nothing goes further than this machine.
        plain = replace(environment.client.service_client.config, grpc_compression=GrpcCompression.NONE)
        yield Server(environment, await ServiceClient.connect(plain))


@pytest.fixture
def real_time(server: Server) -> Iterator[None]:
    """The world's clock, for cases in which people answer: one that skips gives them a second."""
    with server.in_real_time():
        yield


@pytest.fixture(scope="session")
def replayer() -> Replayer:
    """Carries histories out again, by today's interpreter."""
    return Replayer(workflows=WORKFLOWS, data_converter=CONVERTER, workflow_runner=sandboxed())


@pytest.fixture(autouse=True)
def kept_history(request: pytest.FixtureRequest) -> Iterator[None]:
    """Says where the history of a marked case goes, when histories are recorded."""
    marker = request.node.get_closest_marker("history")
    if marker is None or not request.config.getoption("--record-histories"):
        yield
        return
    running: Server = request.getfixturevalue("server")
    path = HISTORIES / f"{marker.args[0]}.json"
    running.keep_as = None if path.with_suffix(".run.json").exists() else path
    yield
    running.keep_as = None
