"""The guard on the real server, with the real activities: two runs, one fleet."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from activities.leases import Leasing
from running import Live, Server
from scripted import Holding, World, changing, plan
from workflows import contracts
from workflows.contracts import ClearRequest, GuardState
from workflows.plan import HostName

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2")


class Guarded(World):
    """A world whose devices are leased by a real guard."""

    guard = ""

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """All, the real leases among them."""
        leasing = Leasing(self.guard)
        ours = {self.lease.__name__, self.release.__name__}
        plain = [one for one in super().activities if one.__name__ not in ours]
        return [*plain, leasing.lease, leasing.release, leasing.holder]


@pytest_asyncio.fixture(loop_scope="session")
async def world() -> AsyncIterator[Guarded]:
    """With a guard of its own."""
    made = Guarded(plan(changing("deploy")), HOSTS)
    made.guard = f"guard-{uuid.uuid4().hex[:8]}"
    yield made


async def leases(server: Server, world: Guarded) -> GuardState:
    handle = server.client.get_workflow_handle(world.guard)
    found: GuardState = await handle.query(contracts.QUERY_LEASES, result_type=GuardState)
    return found


async def until_waiting(live: Live) -> None:
    await live.until(lambda status: any("waits for devices" in step.message for step in status.steps))


async def test_a_second_run_waits_until_the_first_has_given_its_devices_back(server: Server, world: Guarded) -> None:
    first = Holding(world)
    world.scripts["deploy", "sw1"] = first
    async with server.run(world) as one:
        await asyncio.wait_for(first.begun.wait(), 20)
        async with server.run(world) as two:
            await until_waiting(two)
            status = await two.status()
            assert one.handle.id in status.steps[0].message
            assert status.phase == "waiting"
            first.go_on.set()
            assert (await one.result()).verdict == "succeeded"
            assert (await two.result()).verdict == "succeeded"
        state = await leases(server, world)
    assert (state.leases, state.queue) == ((), ())


async def test_a_run_that_waits_for_devices_can_be_cancelled(server: Server, world: Guarded) -> None:
    first = Holding(world)
    world.scripts["deploy", "sw1"] = first
    async with server.run(world) as one, server.run(world) as two:
        await asyncio.wait_for(first.begun.wait(), 20)
        holder, waiter = (one, two) if "waits" not in (await one.status()).steps[0].message else (two, one)
        await until_waiting(waiter)
        await waiter.handle.cancel()
        await waiter.until(lambda status: status.phase == "closed")
        assert (await waiter.status()).verdict == "cancelled"
        first.go_on.set()
        assert (await holder.result()).verdict == "succeeded"
        assert (await leases(server, world)).queue == ()


async def test_the_devices_of_a_terminated_run_go_to_the_next_and_are_flagged(server: Server, world: Guarded) -> None:
    first = Holding(world)
    world.scripts["deploy", "sw1"] = first
    async with server.run(world) as one:
        await asyncio.wait_for(first.begun.wait(), 20)
        await one.handle.terminate("by the test")
        first.go_on.set()
        async with server.run(world) as two:
            assert (await two.result()).verdict == "succeeded"
            state = await leases(server, world)
            assert state.flagged == dict.fromkeys(HOSTS, one.handle.id)
            request = ClearRequest(by="olga", devices=(HostName("sw1"),))
            await server.client.get_workflow_handle(world.guard).signal(contracts.SIGNAL_CLEAR, request)
            assert list((await leases(server, world)).flagged) == ["sw2"]
