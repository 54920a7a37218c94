"""An undo of a called run ends: whatever it is sent, whoever has its devices, and whatever becomes of its caller."""

import asyncio

import pytest
from temporalio.client import WorkflowFailureError, WorkflowUpdateFailedError

from calling import CLOSE, SlowUndo, call, called_by, guarded_world_of, undone, world_of
from guarded import Guarded, Serving, known, serving, until_waiting
from plans import changing, reading
from running import Live, Server
from scripted import Holding
from workflows import contracts
from workflows.contracts import Operation, OperationAnswer, RunResult, RunStatus

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_update_that_no_undo_knows_is_refused_and_does_not_keep_it_from_ending(server: Server) -> None:
    world = world_of((call("child", "inner"), CLOSE), hosts=("sw1",), inner=(changing("deploy"),))
    slow = SlowUndo(world)
    world.undo_scripts["deploy", "sw1"] = slow
    async with server.run(world) as live:
        await asyncio.wait_for(slow.begun.wait(), 20)
        status = await live.until(lambda status: bool(status.steps[0].runs[0].undone_by))
        undo = server.client.get_workflow_handle(status.steps[0].runs[0].undone_by)
        with pytest.raises(WorkflowUpdateFailedError):
            await asyncio.wait_for(undo.execute_update("mistyped", {"by": "olga"}), 10)
        await undo.signal("mistyped", {"by": "olga"})
        slow.go_on.set()
        assert (await live.result()).verdict == "failed"
        seen: RunStatus = await undo.query(contracts.QUERY_STATUS, result_type=RunStatus)
    assert [operation.refused for operation in seen.operations] == ["no step of this run waits for the signal mistyped"]


def stolen() -> tuple[Guarded, Holding]:
    """A caller that undoes what it has called when another run has its devices."""
    world = guarded_world_of(
        (call("child", "inner"), reading("look"), CLOSE), inner=(changing("deploy"),), thief=(changing("steal"),)
    )
    thief = Holding(world)
    world.scripts["steal", "sw1"] = thief
    return world, thief


async def robbed(runs: Serving, thief: Holding) -> tuple[Live, Live]:
    """The caller, which is to undo from here on, and the run that has got the devices of what it has called."""
    runs.world.scripts["look", "sw1"] = looking = Holding(runs.world)
    live = await runs.start()
    await asyncio.wait_for(looking.begun.wait(), 20)
    other = await runs.start("thief@1")
    await asyncio.wait_for(thief.begun.wait(), 20)
    looking.go_on.set()
    return live, other


async def waiting_undo(server: Server, world: Guarded) -> Live:
    """The undo that has asked for the devices of another run; bounded."""
    async with asyncio.timeout(60):
        while not (queue := (await known(server, world)).queue):
            await asyncio.sleep(0.05)
    undo = Live(server.client.get_workflow_handle(queue[0].holder.workflow_id, result_type=RunResult), world)
    await until_waiting(undo)
    return undo


@pytest.mark.history("call-undo-called-off")
async def test_an_undo_that_waits_for_devices_of_another_run_can_be_cancelled_and_names_what_stands(
    server: Server,
) -> None:
    world, thief = stolen()
    async with serving(server, world) as runs:
        live, other = await robbed(runs, thief)
        undo = await waiting_undo(server, world)
        await live.handle.cancel()  # that of the caller does not reach it
        olga = Operation(by="olga", reason="the other one takes too long")
        with pytest.raises(WorkflowUpdateFailedError):
            await undo.handle.execute_update("pause", olga, result_type=OperationAnswer)
        await undo.handle.execute_update("cancel", olga, result_type=OperationAnswer)
        with pytest.raises(WorkflowFailureError):
            await asyncio.wait_for(live.handle.result(), 30)
        status = await live.status()
        one = status.steps[0].runs[0]
        assert (status.verdict, one.state, one.left) == ("failed_dirty", "not_undone", "doubt")
        assert "cancelled while it waited for devices: olga: the other one takes too long" in one.message
        assert "NOT undone: sw1, sw2" in one.message
        state = await known(server, world)
        assert ([lease.holder.workflow_id for lease in state.leases], state.queue) == ([other.handle.id], ())
        await runs.keep(live)
        assert sorted(state.quarantined) == ["sw1", "sw2"], "no run builds upon what stands there"
        thief.go_on.set()
        await other.result()


async def test_an_undo_goes_on_when_the_other_run_gives_the_devices_back(server: Server) -> None:
    world, thief = stolen()
    async with serving(server, world) as runs:
        live, _ = await robbed(runs, thief)
        await waiting_undo(server, world)
        thief.go_on.set()
        result = await live.result()
    assert (result.verdict, called_by(result, "child").state) == ("failed", "undone")
    assert {step for step, _ in world.touched} == {"steal"}


async def test_an_undo_goes_on_when_its_caller_is_terminated(server: Server) -> None:
    world = guarded_world_of((changing("before"), call("child", "inner"), CLOSE), inner=(changing("deploy"),))
    slow = SlowUndo(world)
    world.undo_scripts["deploy", "sw1"] = slow
    async with serving(server, world) as runs:
        live = await runs.start()
        await asyncio.wait_for(slow.begun.wait(), 20)
        status = await live.status()
        await live.handle.terminate("by the test")
        after = await runs.start("inner@1")
        await until_waiting(after)
        slow.go_on.set()
        undo = server.client.get_workflow_handle(status.steps[1].runs[0].undone_by, result_type=RunResult)
        assert (await asyncio.wait_for(undo.result(), 30)).verdict == "succeeded"
        assert (await after.result()).verdict == "succeeded"
        assert (await known(server, world)).leases == ()


async def test_a_caller_that_continues_as_new_between_two_undos_takes_each_called_run_back_once(server: Server) -> None:
    outer = (call("one", "first"), call("two", "second"), call("three", "third"), CLOSE)
    called = {name: (changing(f"of-{name}"),) for name in ("first", "second", "third")}
    world = world_of(outer, hosts=("sw1",), **called)
    world.history_events = 48
    result = await server.outcome(world)
    described = await server.client.get_workflow_handle(result.id).describe()
    assert described.run_id != described.raw_description.workflow_execution_info.first_run_id
    assert undone(world) == [("of-third", "sw1"), ("of-second", "sw1"), ("of-first", "sw1")]
    assert (result.verdict, result.left, world.touched) == ("failed", "nothing", set())
    assert all(f"run {result.id}/{step} was taken back" in result.message for step in ("one", "two", "three"))
