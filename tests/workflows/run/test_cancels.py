"""Cancels that come late: while the run undoes, and while its `finally` runs. Neither is cut short by them."""

import asyncio

import pytest
from temporalio import activity

from plans import changing, plan, reading
from running import Server
from scripted import Holding, World
from workflows.contracts import DeviceOutcome, InteractInput, UndoInfo
from workflows.plan import OnFailure

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2", "sw3")


@pytest.mark.history("cancel-while-undoing")
async def test_a_cancel_while_the_run_undoes_does_not_cut_the_undo(server: Server) -> None:
    world = World(plan(changing("deploy", on_failure=OnFailure(action="undo", scope="step"), concurrency=1)), HOSTS)
    world.fails("deploy", "sw3", touched=True)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(call: InteractInput) -> DeviceOutcome:
        begun.set()
        while not go_on.is_set():
            activity.heartbeat()
            await asyncio.sleep(0.05)
        world.touched.discard((call.step, call.host))
        return DeviceOutcome(host=call.host, status="undone", touched=True, undo=UndoInfo(method="native"))

    world.undo_scripts["deploy", "sw1"] = slow
    async with server.run(world) as live:
        await asyncio.wait_for(begun.wait(), 20)
        await live.until(lambda status: status.phase == "undoing")
        await live.handle.cancel()
        go_on.set()
        with pytest.raises(Exception, match="Workflow execution"):
            await asyncio.wait_for(live.handle.result(), 30)
        status = await live.status()
    assert status.verdict == "cancelled"
    assert status.result is not None
    assert {device.status for device in status.result.devices} == {"undone"}
    assert world.touched == set()


@pytest.mark.history("cancel-in-finally")
async def test_a_cancel_while_finally_runs_changes_neither_the_verdict_nor_what_is_left_to_do(server: Server) -> None:
    world = World(plan(changing("deploy"), last=(reading("after"), reading("last"))), HOSTS)
    holding = Holding(world)
    world.scripts["after", "sw2"] = holding
    async with server.run(world) as live:
        await asyncio.wait_for(holding.begun.wait(), 20)
        await live.handle.cancel()
        holding.go_on.set()
        result = await live.result()
    assert result.verdict == "succeeded"
    assert {step.id: step.state for step in result.steps} == {
        "deploy": "succeeded",
        "after": "succeeded",
        "last": "succeeded",
    }
    assert world.asked("do", "last") == list(HOSTS)
