"""An undo reaches into the runs that were called: at their place, in their order, in their names, never cut short."""

import asyncio

import pytest
from temporalio.client import WorkflowFailureError

from calling import CLOSE, SlowUndo, call, called_by, undone, world_of
from plans import changing
from running import Server
from scripted import Holding
from workflows import contracts
from workflows.contracts import (
    ArtifactRef,
    DeviceOutcome,
    FailureInfo,
    InteractInput,
    Operation,
    OperationAnswer,
    RunStatus,
    UndoInfo,
)
from workflows.errors import failure
from workflows.plan import OnFailure, StepId

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.history("call-undone")
async def test_a_called_run_is_taken_back_at_its_place_and_in_its_own_order(server: Server) -> None:
    outer = (call("child", "inner"), changing("after"), CLOSE)
    world = world_of(outer, hosts=("sw1",), inner=(changing("first"), changing("second")))
    result = await server.outcome(world)
    assert undone(world) == [("after", "sw1"), ("second", "sw1"), ("first", "sw1")]
    assert (result.verdict, result.left, world.touched) == ("failed", "nothing", set())
    one = called_by(result, "child")
    assert (one.state, one.left) == ("undone", "nothing")
    assert one.undone_by == f"{result.id}/child/undo-{one.run[-8:]}"
    assert f"run {one.workflow_id} was taken back (run {one.undone_by}): undone on 2 of 2 changes" in result.message
    sealed = next(seal for seal in world.sealed if seal.scope.workflow_id == one.undone_by)
    assert (sealed.result.verdict, sealed.result.took_back) == ("succeeded", one.workflow_id)
    assert set(sealed.undo_folds) == {"first", "second"}
    assert sealed.folds == {}


async def test_what_is_asked_of_a_device_is_asked_under_the_name_of_the_called_run_and_leased_anew(
    server: Server,
) -> None:
    world = world_of((call("child", "inner"), CLOSE), hosts=("sw1",), inner=(changing("deploy"),))
    asked: list[InteractInput] = []

    async def script(call: InteractInput) -> DeviceOutcome:
        asked.append(call)
        world.touched.discard((call.step, call.host))
        return DeviceOutcome(host=call.host, status="undone", touched=True, undo=UndoInfo(method="native"))

    world.undo_scripts["deploy", "sw1"] = script
    result = await server.outcome(world)
    one = called_by(result, "child")
    assert [(call.scope.workflow_id, call.scope.run) for call in asked] == [(one.workflow_id, one.run)]
    asks = [lease for lease in world.leases if lease.holder.workflow_id == one.undone_by]
    assert [(lease.holder.root, lease.effects) for lease in asks] == [(result.id, asked[0].scope)]
    assert one.undone_by in {holder.workflow_id for holder in world.released}


async def test_a_device_of_a_called_run_that_cannot_be_taken_back_is_named_and_makes_the_caller_dirty(
    server: Server,
) -> None:
    world = world_of((changing("before"), call("child", "inner"), CLOSE), inner=(changing("deploy"),))
    world.undo_fails("deploy", "sw2")
    result = await server.outcome(world)
    one = called_by(result, "child")
    assert (result.verdict, one.state, one.left) == ("failed_dirty", "not_undone", "doubt")
    told = next(call for call in world.reports if call.holder.workflow_id == one.undone_by)
    assert [(device.host, device.dirty) for device in told.failed] == [("sw2", True)]
    assert world.touched == {("deploy", "sw2")}
    assert "was NOT taken back whole" in result.message
    assert "NOT undone: sw2; put them right by hand" in result.message


async def test_runs_that_a_called_run_has_called_are_taken_back_too(server: Server) -> None:
    world = world_of(
        (call("child", "middle"), CLOSE),
        hosts=("sw1",),
        middle=(changing("one"), call("grandchild", "inner"), changing("three")),
        inner=(changing("two"),),
    )
    result = await server.outcome(world)
    assert undone(world) == [("three", "sw1"), ("two", "sw1"), ("one", "sw1")]
    assert (result.verdict, world.touched) == ("failed", set())


async def test_a_step_that_calls_is_a_scope_of_its_own(server: Server) -> None:
    close = CLOSE.model_copy(update={"on_failure": OnFailure(action="undo", scope="step", of=StepId("child"))})
    world = world_of((changing("before"), call("child", "inner"), close), hosts=("sw1",), inner=(changing("deploy"),))
    result = await server.outcome(world)
    assert world.touched == {("before", "sw1")}
    assert (result.verdict, result.left) == ("stopped", "changes")


async def test_what_a_called_run_keeps_that_has_failed_itself_is_taken_back_by_its_caller(server: Server) -> None:
    inner = (changing("first"), changing("second"))  # which stop at a failure
    world = world_of((call("child", "inner"),), inner=inner)
    world.fails("second", "sw2")
    result = await server.outcome(world)
    assert world.touched == set()
    assert (result.verdict, called_by(result, "child").state) == ("failed", "undone")


@pytest.mark.history("call-cancelled-directly")
async def test_who_has_cancelled_a_called_run_and_why_is_said_by_its_caller_which_takes_the_rest_back(
    server: Server,
) -> None:
    world = world_of((call("child", "inner"),), inner=(changing("first"), changing("second")))
    holding = Holding(world)
    world.scripts["second", "sw2"] = holding
    async with server.run(world) as live:
        await asyncio.wait_for(holding.begun.wait(), 20)
        child = server.client.get_workflow_handle(f"{live.handle.id}/child")
        olga = Operation(by="olga", reason="wrong building")
        await child.execute_update("cancel", olga, result_type=OperationAnswer)
        result = await live.result()
    assert result.steps[0].message.startswith(f"run {child.id} was taken back")
    assert f"step child: run {child.id}: cancelled: olga: wrong building" in result.message
    assert (result.verdict, world.touched) == ("failed", set())


async def test_a_called_run_that_was_terminated_is_named_and_never_said_to_be_taken_back(server: Server) -> None:
    world = world_of((call("child", "inner"),), inner=(changing("deploy"),))
    holding = Holding(world)
    world.scripts["deploy", "sw2"] = holding
    async with server.run(world) as live:
        await asyncio.wait_for(holding.begun.wait(), 20)
        await server.client.get_workflow_handle(f"{live.handle.id}/child").terminate("by the test")
        result = await live.result()
    one = called_by(result, "child")
    assert (result.verdict, one.state, one.undone_by) == ("failed_dirty", "not_undone", "")
    assert f"run {one.workflow_id} was NOT taken back whole: it is not known what it has changed" in result.message


async def test_the_runs_of_every_try_of_a_step_are_taken_back_the_newest_first(server: Server) -> None:
    world = world_of((call("child", "inner", OnFailure(action="pause")), CLOSE), inner=(changing("deploy"),))
    world.fails("deploy", "sw2")

    async def undone_each_time(call: InteractInput) -> DeviceOutcome:  # the change of each try, as the journal knows it
        return DeviceOutcome(host=call.host, status="undone", touched=True, undo=UndoInfo(method="native"))

    world.undo_scripts["deploy", "sw1"] = undone_each_time
    async with server.run(world) as live:
        await live.until(lambda status: status.phase == "paused")
        del world.scripts["deploy", "sw2"]
        await live.handle.execute_update("retry", Operation(by="olga"), result_type=OperationAnswer)
        result = await live.result()
    first, second = result.steps[0].runs
    assert (first.state, second.state) == ("undone", "undone")
    assert first.undone_by != second.undone_by
    backs = [seal.scope.workflow_id for seal in world.sealed if seal.result.took_back]
    assert backs == [second.undone_by, first.undone_by]
    assert result.verdict == "failed"


class Gone(dict[ArtifactRef, str]):
    """A store that has lost everything."""

    def __getitem__(self, ref: ArtifactRef) -> str:
        raise failure("permanent", f"{ref[:10]} is gone")


async def test_a_called_run_whose_state_is_gone_is_named_and_nothing_of_it_is_touched(server: Server) -> None:
    world = world_of((changing("before"), call("child", "inner"), CLOSE), hosts=("sw1",), inner=(changing("deploy"),))
    world.saved = Gone()
    result = await server.outcome(world)
    assert (result.verdict, world.touched) == ("failed_dirty", {("deploy", "sw1")})
    assert f"what run {result.id}/child has kept cannot be read" in result.message


async def test_a_cancel_of_the_caller_or_of_the_undo_itself_does_not_cut_it_and_both_show_it(server: Server) -> None:
    world = world_of((call("child", "inner"), CLOSE), inner=(changing("deploy"),))
    slow = SlowUndo(world)
    world.undo_scripts["deploy", "sw1"] = slow
    async with server.run(world) as live:
        await asyncio.wait_for(slow.begun.wait(), 20)
        status = await live.until(lambda status: status.phase == "undoing")
        assert status.steps[0].state == "undoing"
        undo = server.client.get_workflow_handle(status.steps[0].runs[0].undone_by)
        seen: RunStatus = await undo.query(contracts.QUERY_STATUS, result_type=RunStatus)
        assert (seen.definition, seen.phase) == ("inner", "undoing")
        await live.handle.cancel()
        await undo.cancel()
        with pytest.raises(Exception, match="update failed"):
            await undo.execute_update("cancel", Operation(by="olga"), result_type=OperationAnswer)
        slow.go_on.set()
        with pytest.raises(WorkflowFailureError):
            await asyncio.wait_for(live.handle.result(), 30)
        status = await live.status()
    assert (status.verdict, status.steps[0].state, world.touched) == ("cancelled", "undone", set())


@pytest.mark.history("call-undone-again")
async def test_a_device_of_a_called_run_is_come_back_to_when_the_caller_has_restored_its_upstream(
    server: Server,
) -> None:
    world = world_of((changing("core"), call("child", "inner"), CLOSE), hosts=("sw1",), inner=(changing("edge"),))

    async def cut_off(call: InteractInput) -> DeviceOutcome:
        if ("core", "sw1") in world.touched:
            info = FailureInfo(type="unreachable", message="it does not answer")
            lost = DeviceOutcome(host=call.host, status="undo_failed", touched=True, failure=info)
            raise failure("unreachable", info.message, lost.model_dump(mode="json"))
        world.touched.discard((call.step, call.host))
        return DeviceOutcome(host=call.host, status="undone", touched=True, undo=UndoInfo(method="native"))

    world.undo_scripts["edge", "sw1"] = cut_off
    result = await server.outcome(world)
    one = called_by(result, "child")
    assert (result.verdict, one.state, world.touched) == ("failed", "undone", set())
    assert one.undone_by.endswith("-again")


async def test_a_long_undo_of_a_called_run_continues_as_new(server: Server) -> None:
    hosts = tuple(f"sw{number}" for number in range(1, 4))
    inner = tuple(changing(f"deploy{number}") for number in range(1, 4))
    world = world_of((call("child", "inner"), CLOSE), hosts=hosts, inner=inner)
    world.history_events = 25
    result = await server.outcome(world)
    one = called_by(result, "child")
    assert (result.verdict, one.state, world.touched) == ("failed", "undone", set())
    undo = await server.client.get_workflow_handle(one.undone_by).describe()
    assert undo.run_id != undo.raw_description.workflow_execution_info.first_run_id


async def test_no_client_has_a_run_taken_back(server: Server) -> None:
    world = world_of((changing("deploy"),))
    back = {"workflow_id": "a", "run": "b", "pieces": ["sha256:0"]}
    async with server.run(world, {"definition": "test", "takes_back": back}) as live:
        cause = await live.end()
    assert "`takes_back` is asked for by runs" in str(cause)
