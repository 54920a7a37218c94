"""Runs whose history becomes long while something that lasts is under way: the other branches do not wait for it."""

import asyncio

import pytest

from plans import changing, plan, reading, waves
from running import Server
from scripted import Holding, World
from workflows.contracts import RunResult
from workflows.plan import (
    ApplyAction,
    CallStep,
    Confirm,
    Constant,
    DevicesStep,
    MapOf,
    ProposeAction,
    StepId,
    TemplateText,
)

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.usefixtures("real_time")]
MANY = tuple(f"sw{index}" for index in range(1, 9))
SHORT = 30  # events
ONE_BY_ONE = waves(1, 1, 1, 1, "100%")


def held() -> DevicesStep:
    do = (
        ProposeAction(change=TemplateText(template="t.j2", vars=Constant(value=None)), name="change"),
        ApplyAction(change="change", confirm=Confirm(within_s=900, hold="wave"), save=True),
    )
    return changing("deploy", needs=(), do=do, waves=waves("100%", soak="2s"), concurrency=1)


def ends(last: DevicesStep) -> tuple[DevicesStep, DevicesStep]:
    """Two more steps, of which the second begins in the next execution at the latest."""
    return last, reading("end", needs=(last.id,))


async def _settled(world: World, kind: str, number: int) -> bool:
    """Whether so many devices of `deploy` are asked in the end, however slow the machine is."""
    for _ in range(1200):
        if len(world.asked(kind, "deploy")) >= number:
            return True
        await asyncio.sleep(0.05)
    return False


async def _beside_a_slow_one(server: Server, world: World, kind: str) -> RunResult:
    """What a run comes to; all devices of `deploy` were asked while `slow` was at its first one."""
    slow = world.scripts["slow", "sw1"] = Holding(world)
    async with server.run(world) as live:
        settled = await _settled(world, kind, len(MANY))
        slow.go_on.set()
        result = await live.result()
        executions = await live.executions()
    assert settled, f"{kind}: the slow one kept the others waiting"
    assert executions > 1, "afterwards it continues as new"
    return result


@pytest.mark.history("held-beside")
async def test_a_wave_that_is_held_is_confirmed_in_time_whatever_another_branch_is_at(server: Server) -> None:
    last = reading("last", needs=(StepId("slow"), StepId("deploy")))
    world = World(plan(reading("slow", needs=()), held(), *ends(last)), MANY, history_events=SHORT)
    result = await _beside_a_slow_one(server, world, "confirm")
    assert result.counts == {"changed": len(MANY)}


@pytest.mark.history("beside-a-call")
async def test_devices_are_taken_up_while_a_called_run_takes_its_time(server: Server) -> None:
    call = CallStep(id=StepId("child"), needs=(), definition="inner", version="1", with_=MapOf(items=()))
    deploy, slow = changing("deploy", needs=(), waves=ONE_BY_ONE, concurrency=1), reading("slow")
    last = reading("last", needs=(call.id, deploy.id))
    world = World(plan(call, deploy, *ends(last), slow), MANY, history_events=SHORT)
    world.plans = {"test": plan(call, deploy, *ends(last)), "inner@1": plan(slow, name="inner")}
    result = await _beside_a_slow_one(server, world, "do")
    assert result.verdict == "succeeded"
