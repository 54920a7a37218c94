"""A real Temporal server for the clients, a namespace of its own for each test, and a worker with a scripted run."""

import subprocess
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker

from sandboxed import sandboxed
from scripted_run import ScriptedRun
from starter.client import Orchestrator
from starter.dev.ports import free_port
from starter.dev.server import program
from workflows.contracts import TASK_QUEUE

NAMESPACES = 60  # runs, workers and "the last run" of one test are invisible to the others
# The server has workers of its own for each namespace (schedules, batches), which poll for as long as it lives.
NO_OTHER_WORKERS = ("--dynamic-config-value", "worker.perNamespaceWorkerCount=0")


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The address of a server in memory, one for a process of tests."""
    port = free_port()
    command = [program(), "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port)]
    command += [
        "--log-level",
        "never",
        *NO_OTHER_WORKERS,
        *(word for name in range(NAMESPACES) for word in ("--namespace", f"test-{name}")),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        yield f"127.0.0.1:{port}"
        server.kill()


@pytest.fixture(scope="session")
def namespaces() -> Iterator[str]:
    """Names of namespaces that no test has used."""
    return iter([f"test-{name}" for name in range(NAMESPACES)])


@pytest.fixture
async def idle(address: str, namespaces: Iterator[str]) -> Orchestrator:
    """A client of a namespace without a worker."""
    namespace = next(namespaces)
    deadline = time.monotonic() + 30
    while True:
        try:
            client = await Client.connect(address, namespace=namespace)
            await client.count_workflows()
            return await Orchestrator.connect(address=address, namespace=namespace)
        except (RuntimeError, RPCError):  # still starting
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@pytest.fixture
async def orchestrator(idle: Orchestrator) -> AsyncIterator[Orchestrator]:
    """A client of a namespace with a worker."""
    async with Worker(idle.client, task_queue=TASK_QUEUE, workflows=[ScriptedRun], workflow_runner=sandboxed()):
        assert await idle.worker_comes(within_s=60)
        yield idle


def _options(client: Client) -> tuple[str, ...]:
    return ("--address", client.service_client.config.target_host, "--namespace", client.namespace)


@pytest.fixture
def idle_at(idle: Orchestrator) -> tuple[str, ...]:
    """The options that lead a command to a namespace without a worker."""
    return _options(idle.client)


@pytest.fixture
def at(orchestrator: Orchestrator) -> tuple[str, ...]:
    """The options that lead a command to a namespace with a worker."""
    return _options(orchestrator.client)
