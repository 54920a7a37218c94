"""A called run that an operator resets: its caller is told the truth, and nothing of it is glossed over."""

import asyncio

import pytest

from calling import CLOSE, SlowUndo, call, called_by, guarded_world_of
from guarded import known, serving
from holders import reset
from plans import changing, plan, reading
from resetting import newest, task_after
from running import Server
from scripted import Holding
from workflows.contracts import RunResult

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_called_run_that_is_reset_is_waited_for_and_taken_back_as_a_whole(server: Server) -> None:
    world = guarded_world_of((call("child", "inner"), CLOSE), inner=(changing("first"), changing("second")))
    holding = Holding(world, touches=True)
    world.scripts["second", "sw1"] = holding
    async with serving(server, world) as runs:
        live = await runs.start()
        await asyncio.wait_for(holding.begun.wait(), 20)
        child = server.client.get_workflow_handle(f"{live.handle.id}/child", result_type=RunResult)
        await reset(server, child, await task_after(child, "child_workflow_execution_completed"))
        holding.go_on.set()
        result = await live.result()
        assert (await known(server, world)).leases == ()
    assert (result.verdict, called_by(result, "child").state, world.touched) == ("failed", "undone", set())


async def test_a_called_run_that_is_reset_when_it_has_given_its_devices_back_leaves_its_caller_in_doubt(
    server: Server,
) -> None:
    world = guarded_world_of((call("child", "inner"), CLOSE), inner=(changing("deploy"), reading("tidy")))
    world.plans["inner@1"] = plan(changing("deploy"), last=(reading("tidy"),), name="inner")
    tidying = Holding(world)
    world.scripts["tidy", "sw1"] = tidying
    async with serving(server, world) as runs:
        live = await runs.start()
        await asyncio.wait_for(tidying.begun.wait(), 20)
        child = server.client.get_workflow_handle(f"{live.handle.id}/child", result_type=RunResult)
        await reset(server, child, await task_after(child, "activity_task_completed"))  # that of `prepare`
        result = await live.result()
        tidying.go_on.set()
    one = called_by(result, "child")
    assert (result.verdict, one.state, one.left) == ("failed_dirty", "not_undone", "doubt")
    assert "was reset, and does not hold its devices" in result.message
    assert "it is not known what it has changed; look at its devices" in result.message
    assert len(world.touched) == 2


@pytest.mark.history("undo-under-way")
async def test_a_caller_that_is_reset_waits_for_the_undo_that_it_had_begun(server: Server) -> None:
    world = guarded_world_of((call("child", "inner"), CLOSE), hosts=("sw1",), inner=(changing("deploy"),))
    slow = SlowUndo(world)
    world.undo_scripts["deploy", "sw1"] = slow
    async with serving(server, world) as runs:
        live = await runs.start()
        await asyncio.wait_for(slow.begun.wait(), 20)
        await reset(server, live.handle, await task_after(live.handle, "child_workflow_execution_completed"))
        again = await newest(server, live)
        await again.until(lambda status: status.phase == "undoing")
        slow.go_on.set()
        result = await again.result()
        if server.keep_as is not None:
            await server.keep(again.handle, server.keep_as)
    assert (result.verdict, called_by(result, "child").state, world.touched) == ("failed", "undone", set())
