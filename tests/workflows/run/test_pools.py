"""Devices that only the workers of a pool reach: they go to its queue; a pool without workers is named, not awaited."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import WorkflowHandle
from temporalio.worker import Worker

from plans import at_least, changing, plan, reading
from running import Live, Server
from scripted import World
from workflows import contracts
from workflows.contracts import (
    DeviceOutcome,
    InteractInput,
    Operation,
    OperationAnswer,
    PoolInput,
    PoolState,
    RunResult,
)
from workflows.plan import OnFailure
from workflows.run import calls, pools

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2", "sw3", "sw4")
POOLS = {"sw3": "dc1", "sw4": "dc1"}


def statuses(result: RunResult) -> dict[str, str]:
    return {device.name: device.status for device in result.devices}


def message_of(result: RunResult, host: str) -> str:
    return next(device.message for device in result.devices if device.name == host)


@asynccontextmanager
async def pool_worker(server: Server, live: Live, world: World, pool: str) -> AsyncIterator[Worker]:
    """A worker of a pool, with a world of its own, so that one sees what was asked of it."""
    queue = (await live.handle.describe()).task_queue
    worker = Worker(server.client, task_queue=f"{queue}-{pool}", activities=[world.interact, world.undo])
    async with worker:
        yield worker


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time is skipped while an activity waits for a worker, so the limits are short here."""
    monkeypatch.setattr(pools, "TAKEN_UP", timedelta(seconds=1))
    monkeypatch.setattr(calls, "HEARTBEAT", timedelta(seconds=1))


def dies_with(world: World, step: str, host: str) -> asyncio.Event:
    """The worker is not heard of again once it has begun with this device; the event says that it has."""
    begun = asyncio.Event()

    async def script(call: InteractInput) -> DeviceOutcome:
        begun.set()
        activity.raise_complete_async()

    world.scripts[step, host] = script
    return begun


@pytest.mark.history("pools")
async def test_a_device_of_a_pool_is_reached_by_the_workers_of_the_pool_alone(server: Server) -> None:
    world = World(plan(changing("deploy")), HOSTS, pools=POOLS, pools_served={"dc1"})
    there = World(world.plan, HOSTS)
    async with server.run(world) as live, pool_worker(server, live, there, "dc1"):
        result = await live.result()
    assert result.verdict == "succeeded"
    assert sorted(world.asked("do", "deploy")) == ["sw1", "sw2"]
    assert sorted(there.asked("do", "deploy")) == ["sw3", "sw4"]
    assert world.pools_asked == ["dc1"]


@pytest.mark.history("pool-unserved")
async def test_a_pool_without_workers_fails_its_devices_by_name_and_no_others(server: Server) -> None:
    world = World(plan(changing("deploy", accept=at_least(50))), HOSTS, pools=POOLS)
    result = await server.outcome(world)
    assert result.verdict == "partial"
    assert statuses(result) == {"sw1": "changed", "sw2": "changed", "sw3": "failed", "sw4": "failed"}
    said = "executor: no worker serves the pool dc1; start one with `netsaga worker --pool dc1`"
    assert message_of(result, "sw3") == said
    assert world.sealed[0].result.counts == {"changed": 2, "failed": 2}
    assert world.asked("undo", "deploy") == []


async def test_a_pool_that_dies_before_it_takes_a_device_up_fails_it_untouched(server: Server) -> None:
    world = World(plan(reading("look")), HOSTS, pools=POOLS)
    world.pools_dying = ["dc1"]
    result = await server.outcome(world)
    assert result.verdict == "failed"
    assert statuses(result)["sw3"] == "failed"
    assert "no worker serves the pool dc1" in message_of(result, "sw3")
    assert len(world.pools_asked) >= 2


@pytest.mark.history("pool-lost")
async def test_what_a_worker_of_a_pool_had_begun_is_undone_by_the_next_one(server: Server) -> None:
    world = World(plan(changing("deploy")), HOSTS, pools={"sw4": "dc1"}, pools_served={"dc1"})
    first, second = World(world.plan, HOSTS), World(world.plan, HOSTS)
    begun = dies_with(first, "deploy", "sw4")
    second.touched.add(("deploy", "sw4"))
    async with server.run(world) as live:
        async with pool_worker(server, live, first, "dc1"):
            await begun.wait()
            world.pools_served.clear()
        async with asyncio.timeout(60):
            while len(world.pools_asked) < 2:
                await asyncio.sleep(0.05)
        async with pool_worker(server, live, second, "dc1"):
            result = await live.result()
    assert statuses(result)["sw4"] == "undone"
    assert second.asked("undo", "deploy") == ["sw4"]


@dataclass
class SlowlyServed(World):
    """A world whose server takes its time to say whether a pool is served."""

    asking: asyncio.Event = field(default_factory=asyncio.Event)
    answer: asyncio.Event = field(default_factory=asyncio.Event)

    @activity.defn(name=contracts.SERVED)
    async def served(self, call: PoolInput) -> PoolState:
        """Says so when the test lets it."""
        self.asking.set()
        await self.answer.wait()
        return await super().served(call)


@pytest.mark.history("pool-cut")
async def test_who_is_cut_while_the_pool_is_asked_for_was_not_begun_with(server: Server) -> None:
    world = SlowlyServed(plan(changing("deploy")), HOSTS, pools=POOLS, pools_served={"dc1"})
    there = World(world.plan, HOSTS)
    async with server.run(world) as live, pool_worker(server, live, there, "dc1"):
        await world.asking.wait()
        await live.handle.cancel()
        batch = server.client.get_workflow_handle(f"{live.handle.id}/deploy/all/0")
        async with asyncio.timeout(30):
            while not await _signalled(batch):
                await asyncio.sleep(0.05)
        world.answer.set()
        assert "cancelled" in str(await live.end())
    result = world.sealed[0].result
    assert statuses(result) == {"sw1": "changed", "sw2": "changed", "sw3": "skipped", "sw4": "skipped"}
    assert message_of(result, "sw3") == "cancelled before it began: the run was cancelled"
    assert there.asked("do", "deploy") == []


async def _signalled(batch: WorkflowHandle[Any, Any]) -> bool:
    events = (await batch.fetch_history()).events
    return any(event.HasField("workflow_execution_signaled_event_attributes") for event in events)


async def test_a_device_that_cannot_be_taken_back_for_want_of_a_worker_is_named_with_its_pool(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "TAKEN_UP", timedelta(seconds=0.1))
    world = World(plan(changing("deploy")), HOSTS, pools={"sw4": "dc1"}, pools_served={"dc1"})
    there = World(world.plan, HOSTS)
    begun = dies_with(there, "deploy", "sw4")
    async with server.run(world) as live:
        async with pool_worker(server, live, there, "dc1"):
            await begun.wait()
            world.pools_served.clear()
        result = await live.result()
    assert result.verdict == "failed_dirty"
    assert statuses(result)["sw4"] == "undo_failed"
    assert "no worker serves the pool dc1" in message_of(result, "sw4")
    assert "had begun with this device" in message_of(result, "sw4")


@pytest.mark.history("pool-not-begun")
async def test_what_nobody_had_begun_is_not_taken_back_when_an_operator_stops(server: Server) -> None:
    world = World(plan(changing("deploy", on_failure=OnFailure(action="pause"))), HOSTS, pools=POOLS)
    async with server.run(world) as live:
        await live.until(lambda status: any("retry, skip" in step.message for step in status.steps))
        stop = Operation(by="olga")
        await live.handle.execute_update("stop", stop, result_type=OperationAnswer)
        result = await live.result()
    assert result.verdict == "stopped", "an undo that waits for the pool's workers would end as dirty"
    assert statuses(result) == {"sw1": "changed", "sw2": "changed", "sw3": "failed", "sw4": "failed"}
    assert world.asked("undo", "deploy") == []
