"""Whether a pool has a worker: asked of a real server, over workers that live, are busy, and have gone."""

import asyncio
import sysconfig
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment
from temporalio.worker import Worker, WorkerDeploymentConfig

from activities import pools
from activities.pools import Pools
from starter.dev.server import reading
from workflows import contracts
from workflows.contracts import PoolInput, PoolState
from workflows.converter import CONVERTER


@activity.defn(name=contracts.INTERACT)
async def takes_long() -> None:
    await asyncio.sleep(60)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """Of a server in memory; its workers tell every second that they live."""
    program = Path(sysconfig.get_path("scripts")) / "temporal"
    runtime = Runtime(telemetry=TelemetryConfig(), worker_heartbeat_interval=timedelta(seconds=1))
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(program),
        dev_server_log_level="error",
        dev_server_extra_args=[*reading(200)],
        data_converter=CONVERTER,
        runtime=runtime,
    ) as environment:
        yield environment.client


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "PATIENCE_S", 2.5)
    monkeypatch.setattr(pools, "GRACE_S", 0.5)
    monkeypatch.setattr(pools, "PAUSE_S", 0.2)


async def asked(client: Client, queue: str, *, build: str | None = None) -> PoolState:
    call = PoolInput(pool="dc1", queue=queue, deployment="netsaga" if build else None, build=build)
    return await ActivityEnvironment(client=client).run(Pools().served, call)


async def until(client: Client, *, served: bool, build: str | None = None) -> PoolState:
    """The answer, once the server has heard of what happened."""
    async with asyncio.timeout(60):
        while (state := await asked(client, "netsaga-dc1", build=build)).served is not served:
            await asyncio.sleep(0.2)
    return state


def worker(client: Client, queue: str, build: str | None = None) -> Worker:
    config = None
    if build is not None:
        version = WorkerDeploymentVersion("netsaga", build)
        config = WorkerDeploymentConfig(version=version, use_worker_versioning=True)
    return Worker(
        client,
        task_queue=queue,
        activities=[takes_long],
        max_concurrent_activities=1,
        identity="of-the-pool",
        deployment_config=config,
    )


async def test_a_pool_that_nobody_has_ever_served_is_known_soon(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "PATIENCE_S", 600.0)
    async with asyncio.timeout(60):
        assert await asked(client, "netsaga-dc1") == PoolState(served=False)


async def test_a_worker_serves_while_it_is_busy_and_no_more_when_it_has_gone(client: Client) -> None:
    async with worker(client, "netsaga-dc1"):
        assert (await until(client, served=True)).workers == ("of-the-pool",)
        busy = await client.start_activity(
            contracts.INTERACT,
            id=uuid.uuid4().hex,
            task_queue="netsaga-dc1",
            start_to_close_timeout=timedelta(minutes=1),
        )
        await asyncio.sleep(1.5)
        assert (await asked(client, "netsaga-dc1")).served
        await busy.terminate()
    assert not (await asked(client, "netsaga-dc1")).served


async def test_a_worker_whose_clock_is_wrong_is_seen_to_live(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "FRESH", timedelta(0))
    async with worker(client, "netsaga-dc1"):
        await until(client, served=True)


async def test_a_run_that_is_pinned_to_a_build_is_served_by_workers_of_that_build(client: Client) -> None:
    async with worker(client, "netsaga-dc1", "b"):
        async with worker(client, "netsaga-dc1", "a"):
            await until(client, served=True, build="a")
        await until(client, served=False, build="a")
        assert (await asked(client, "netsaga-dc1", build="b")).served
