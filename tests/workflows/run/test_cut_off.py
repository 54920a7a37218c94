"""Waves that end before each of their devices had a turn: another step failed, a breaker opened, a batch was cut."""

import asyncio

import pytest

from expressions import tree
from plans import at_most, changing, plan, reading, waves
from running import Server
from scripted import Holding, World, failed
from workflows import contracts
from workflows.contracts import DeviceOutcome, InteractInput, RunResult
from workflows.plan import Breaker, DevicesStep, OnFailure, StepId

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2", "sw3", "sw4")
ANOTHER = "another step failed before all devices were taken up"


def shown(world: World, step: str) -> list[tuple[str, str]]:
    return [(wave.name, wave.state) for wave in world.sealed[0].waves[StepId(step)]]


def lasted_s(world: World) -> float:
    return (world.sealed[0].ended - world.sealed[0].started).total_seconds()


async def beside_a_failure(server: Server, slow: DevicesStep) -> tuple[World, RunResult]:
    """Another step fails while the first device is under way."""
    world = World(plan(slow, reading("quick", needs=())), HOSTS)
    world.facts = {host: {"name": host, "data": {"pair": host in HOSTS[:2]}} for host in HOSTS}
    first = Holding(world, touches=True)

    async def fails(call: InteractInput) -> DeviceOutcome:
        await first.begun.wait()
        raise failed(call, "check_failed", touched=False)

    world.scripts = {("slow", "sw1"): first, ("quick", "sw1"): fails}
    async with server.run(world) as live:
        await live.until(lambda status: any(step.state == "failed" for step in status.steps))
        await live.told(contracts.SIGNAL_SLOTS)
        first.go_on.set()
        return world, await live.result()


@pytest.mark.history("cut-off-by-another")
async def test_a_wave_that_another_step_has_cut_short_fails_and_does_not_soak(server: Server) -> None:
    slow = changing("slow", needs=(), concurrency=1, waves=waves("50%", "100%", soak="30m"))
    world, result = await beside_a_failure(server, slow)
    assert shown(world, "slow") == [("w1", "failed"), ("w2", "pending")]
    assert (result.verdict, result.steps[0].message) == ("stopped", f"wave w1: {ANOTHER}")
    assert lasted_s(world) < 1800, "its devices were not done: there was nothing to wait for"


@pytest.mark.history("cut-off-by-its-breaker")
async def test_a_wave_that_its_breaker_has_cut_short_is_taken_back_without_a_soak(server: Server) -> None:
    step = changing(
        "deploy",
        concurrency=1,
        accept=at_most(3),
        breaker=Breaker(failures=1, within_s=60),
        waves=waves("100%", soak="30m"),
        on_failure=OnFailure(action="undo", scope="step"),
    )
    world = World(plan(step), HOSTS)
    world.fails("deploy", "sw2")
    result = await server.outcome(world)
    assert result.message.startswith("step deploy: the breaker opened: 1 failure within 60 s; undone on 1 of 1 devices")
    assert lasted_s(world) < 1800, "an undo does not wait for the soak of what is taken back"


@pytest.mark.history("cut-off-with-its-batch")
@pytest.mark.usefixtures("real_time")
async def test_a_wave_whose_batch_somebody_has_cancelled_is_not_followed_by_the_next(server: Server) -> None:
    world = World(plan(changing("deploy", concurrency=1, waves=waves(2, "100%"), accept=at_most(1))), HOSTS)
    first = Holding(world, touches=True)
    world.scripts["deploy", "sw1"] = first
    async with server.run(world) as live:
        await asyncio.wait_for(first.begun.wait(), 20)
        (batch,) = await live.batches()
        await batch.cancel()
        result = await live.result()
    assert shown(world, "deploy") == [("w1", "failed"), ("w2", "pending")]
    assert (result.verdict, world.asked("do", "deploy")) == ("failed", ["sw1"])
    assert result.message == "step deploy: wave w1: not taken up: 1 of 2 devices"


@pytest.mark.history("together-cut-off")
async def test_who_belongs_to_a_device_that_is_not_taken_up_any_more_is_taken_back(server: Server) -> None:
    world, result = await beside_a_failure(
        server, changing("slow", needs=(), concurrency=1, together=tree("device.data.pair"))
    )
    assert world.touched == set()
    assert [device.status for device in result.devices] == ["undone", "untouched", "untouched", "untouched"]
    assert result.steps[0].message == f"wave all: {ANOTHER}"
