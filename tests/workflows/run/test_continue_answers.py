"""Answers to a paused step that come while no worker is up, with so much else that the run continues as new at once."""

import asyncio
import uuid

import pytest

from plans import changing, plan
from running import REQUEST, Live, Server
from scripted import World
from workflows import contracts
from workflows.contracts import RunResult
from workflows.plan import OnFailure

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.usefixtures("real_time")]
EVENTS = 100


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
