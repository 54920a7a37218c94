"""What an undo has put right is in service again: on the real server, with the real guard."""

import pytest

from calling import CLOSE, call, called_by, guarded_world_of
from guarded import known
from plans import changing
from running import Server
from scripted import failed
from workflows.contracts import DeviceOutcome, FailureInfo, InteractInput, Operation, OperationAnswer, UndoInfo
from workflows.errors import failure
from workflows.plan import OnFailure

pytestmark = pytest.mark.asyncio(loop_scope="session")


def silent(call: InteractInput) -> Exception:
    """A device that could not be taken back, for it does not answer; it is not tried again at once."""
    info = FailureInfo(type="unreachable", message="it does not answer")
    lost = DeviceOutcome(host=call.host, status="undo_failed", touched=True, failure=info)
    return failure("unreachable", info.message, lost.model_dump(mode="json"))


async def test_a_device_that_a_later_undo_has_restored_is_in_service_again_and_the_guard_says_by_what(
    server: Server,
) -> None:
    world = guarded_world_of((changing("core"), call("child", "inner"), CLOSE), inner=(changing("edge"),))

    async def cut_off(call: InteractInput) -> DeviceOutcome:
        if ("core", "sw1") in world.touched:
            raise silent(call)
        world.touched.discard((call.step, call.host))
        return DeviceOutcome(host=call.host, status="undone", touched=True, undo=UndoInfo(method="native"))

    world.undo_scripts["edge", "sw1"] = cut_off
    async with server.run(world) as live:
        result = await live.result()
        state = await known(server, world)
    one = called_by(result, "child")
    assert (result.verdict, one.state, world.touched) == ("failed", "undone", set())
    assert (state.quarantined, [record.devices for record in state.cleared]) == ({}, [("sw1",)])
    assert state.cleared[0].by == f"run {one.undone_by}"
    assert "back in service: sw1" in one.message
    assert result.quarantined == {}


async def test_a_device_that_an_undo_of_an_operator_has_restored_is_in_service_again(server: Server) -> None:
    world = guarded_world_of(
        (call("child", "inner", OnFailure(action="pause")),), hosts=("sw1",), inner=(changing("edge"),)
    )
    away = [True]

    async def half_way(call: InteractInput) -> DeviceOutcome:
        world.touched.add((call.step, call.host))
        raise failed(call, "partially_applied", touched=True)

    async def undo(call: InteractInput) -> DeviceOutcome:
        if away:
            raise silent(call)
        world.touched.discard((call.step, call.host))
        return DeviceOutcome(host=call.host, status="undone", touched=True, undo=UndoInfo(method="native"))

    world.scripts["edge", "sw1"], world.undo_scripts["edge", "sw1"] = half_way, undo
    async with server.run(world) as live:
        await live.until(lambda status: status.phase == "paused")
        assert sorted((await known(server, world)).quarantined) == ["sw1"]
        away.clear()
        await live.handle.execute_update("undo", Operation(by="olga"), result_type=OperationAnswer)
        result = await live.result()
        state = await known(server, world)
    assert (result.verdict, called_by(result, "child").state, world.touched) == ("failed", "undone", set())
    assert (state.quarantined, len(state.cleared)) == ({}, 1)


async def test_a_device_that_the_undo_could_not_restore_stays_out_of_service_with_both_causes(server: Server) -> None:
    world = guarded_world_of((call("child", "inner"), CLOSE), inner=(changing("first"), changing("second")))

    async def half_way(call: InteractInput) -> DeviceOutcome:
        world.touched.add((call.step, call.host))
        raise failed(call, "partially_applied", touched=True)

    world.scripts["second", "sw1"] = half_way
    world.undo_fails("second", "sw1")
    async with server.run(world) as live:
        result = await live.result()
        state = await known(server, world)
    one = called_by(result, "child")
    assert (result.verdict, one.state, world.touched) == ("failed_dirty", "not_undone", {("second", "sw1")})
    (out,) = state.quarantined.values()
    assert (out.by_run, out.run, out.left_by) == (one.workflow_id, one.run, (one.run,))
    assert state.cleared == ()
