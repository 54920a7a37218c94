"""Answers to a paused step that come while no worker is up, with so much else that the run continues as new at once."""

import asyncio
import uuid

import pytest

from answering import asks
from expressions import tree
from plans import at_most, changing, plan, waves
from running import REQUEST, Live, Server
from scripted import World, failed
from workflows import contracts
from workflows.contracts import DeviceOutcome, InteractInput, RunResult
from workflows.plan import Breaker, Check, CheckAction, Constant, OnFailure

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.usefixtures("real_time")]
EVENTS = 100
HOSTS = ("sw1", "sw2", "sw3", "sw4")


@pytest.mark.history("answered-and-cut")
async def test_a_cancel_between_two_executions_leaves_nothing_of_what_an_answer_takes_back(server: Server) -> None:
    pausing = changing("deploy", on_failure=OnFailure(action="pause"))
    world = World(plan(pausing), ("sw1", "sw2"), history_events=EVENTS, load_waits_for=asyncio.Event())
    assert world.load_waits_for is not None
    world.fails("deploy", "sw2", touched=True)
    queue = f"answers-{uuid.uuid4().hex[:8]}"
    async with server.worker(world, queue):
        handle = await server.client.start_workflow(
            contracts.RUN, REQUEST, id=queue, task_queue=queue, result_type=RunResult
        )
        live = Live(handle, world)
        await live.until(lambda status: status.phase == "paused")
    await handle.signal("stop", {"by": "olga"})
    for _ in range(EVENTS):
        await handle.signal("nothing")
    async with server.worker(world, queue):
        await asyncio.wait_for(world.loading.wait(), 30)
        await handle.cancel()
        await asyncio.sleep(0.3)  # the execution that reads its state has heard it
        world.load_waits_for.set()
        await live.end()
    if server.keep_as is not None:
        await server.keep(handle, server.keep_as)
    assert world.touched == {("deploy", "sw1")}, "a device in between"
    assert world.sealed[0].result.counts == {"changed": 1, "undone": 1}


async def test_a_breaker_that_has_opened_is_remembered_until_all_that_failed_has_its_turn(server: Server) -> None:
    breaker = Breaker(failures=2, within_s=3600)
    pausing = {"on_failure": OnFailure(action="pause"), "accept": at_most(2), "breaker": breaker}
    world = World(plan(changing("deploy", waves=waves(2, "100%"), **pausing)), HOSTS, history_events=EVENTS)
    world.fails("deploy", "sw1")
    world.fails("deploy", "sw3")
    queue = f"answers-{uuid.uuid4().hex[:8]}"
    async with server.worker(world, queue):
        handle = await server.client.start_workflow(
            contracts.RUN, REQUEST, id=queue, task_queue=queue, result_type=RunResult
        )
        live = Live(handle, world)
        await live.until(asks("the breaker opened"))
    await handle.signal("retry", {"by": "olga"})
    for _ in range(EVENTS):
        await handle.signal("nothing")
    world.scripts.clear()
    async with server.worker(world, queue):
        result = await live.result()
    assert await live.executions() > 1
    assert (result.verdict, result.counts) == ("succeeded", {"changed": 4})


@pytest.mark.parametrize(
    "together",
    [
        pytest.param(False, marks=pytest.mark.history("cut-after-soak"), id="alone"),
        pytest.param(True, marks=pytest.mark.history("cut-after-soak-together"), id="together"),
    ],
)
async def test_a_cancel_between_two_executions_leaves_nothing_of_what_a_soak_has_brought_to_light(
    server: Server, *, together: bool
) -> None:
    looks = CheckAction(checks=(Check(name="still there", that=Constant(value=True)),))
    step = changing(
        "deploy",
        do=(*changing("deploy").do, looks),
        waves=waves("100%", soak="1s"),
        accept=at_most(2),
        on_failure=OnFailure(action="stop" if together else "pause"),
        together=tree("device.name[0]") if together else None,
    )
    world = World(plan(step), ("sw1", "sw2"), history_events=EVENTS, load_waits_for=asyncio.Event())
    world.facts = {host: {"name": host} for host in world.hosts}
    assert world.load_waits_for is not None
    looked, go_on = asyncio.Event(), asyncio.Event()

    async def flaps(call: InteractInput) -> DeviceOutcome:
        world.touched.add((call.step, call.host))
        if call.only == "after":
            looked.set()
            await go_on.wait()
            raise failed(call, "check_failed", touched=True)
        return DeviceOutcome(host=call.host, status="succeeded", changed=True, touched=True)

    world.scripts["deploy", "sw2"] = flaps
    async with server.run(world) as live:
        await asyncio.wait_for(looked.wait(), 30)
        for _ in range(EVENTS):
            await live.handle.signal("nothing")
        go_on.set()
        await asyncio.wait_for(world.loading.wait(), 30)
        await live.handle.cancel()
        await asyncio.sleep(0.3)  # the execution that reads its state has heard it
        world.load_waits_for.set()
        await live.end()
    assert world.touched == (set() if together else {("deploy", "sw1")}), "a device in between"
