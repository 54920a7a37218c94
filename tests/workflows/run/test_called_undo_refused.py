"""An undo of a called run that the guard refuses is asked for again; and it asks for no more than it will touch."""

import pytest
from temporalio import activity

from calling import CLOSE, call, called_by, undone, world_of
from guarded import until_waiting
from plans import changing
from running import Live, Server
from scripted import World
from workflows import contracts
from workflows.contracts import (
    DeviceOutcome,
    InteractInput,
    LeaseAnswer,
    LeaseInput,
    Operation,
    OperationAnswer,
    RunResult,
)
from workflows.run import calls

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_devices_that_the_guard_never_gives_are_asked_for_as_long_as_an_undo_is_tried_and_then_named(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = 3
    monkeypatch.setattr(calls.UNDO_RETRY, "maximum_attempts", attempts)
    world = world_of((call("child", "inner"), CLOSE), hosts=("sw1",), inner=(changing("deploy"),))
    world.refuses = "/child/undo-"
    result = await server.outcome(world)
    asked = [lease for lease in world.leases if "/child/undo-" in lease.holder.workflow_id]
    assert len(asked) == attempts
    assert (result.verdict, world.touched) == ("failed_dirty", {("deploy", "sw1")})
    assert "was NOT taken back whole" in result.message
    assert "runs would wait for each other" in result.message
    assert "NOT undone: sw1" in called_by(result, "child").message


async def test_an_undo_that_asks_again_can_be_called_off(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls.UNDO_RETRY, "maximum_attempts", 1_000)
    world = world_of((call("child", "inner"), CLOSE), hosts=("sw1",), inner=(changing("deploy"),))
    world.refuses = "/child/undo-"
    async with server.run(world) as live:
        status = await live.until(lambda status: any(one.undone_by for step in status.steps for one in step.runs))
        undo = Live(server.client.get_workflow_handle(status.steps[0].runs[0].undone_by, result_type=RunResult), world)
        await until_waiting(undo, "asks for its devices again")
        olga = Operation(by="olga", reason="it will not end")
        await undo.handle.execute_update("cancel", olga, result_type=OperationAnswer)
        result = await live.result()
    one = called_by(result, "child")
    assert (result.verdict, one.state) == ("failed_dirty", "not_undone")
    assert "cancelled while it waited for devices: olga: it will not end; NOT undone: sw1" in one.message


class Circling(World):
    """A guard that refuses an undo until others have ended, so many requests later."""

    refusals = 2

    @activity.defn(name=contracts.LEASE)
    async def lease(self, call: LeaseInput) -> LeaseAnswer:
        """Refuses some requests."""
        self.refuses = "/child/undo-" if self.refusals else ""
        self.refusals -= "/undo-" in call.request.holder.workflow_id
        answer: LeaseAnswer = await super().lease(call)
        return answer


@pytest.mark.history("undo-refused")
async def test_an_undo_goes_on_when_the_runs_that_would_wait_for_each_other_have_ended(server: Server) -> None:
    plain = world_of((call("child", "inner"), CLOSE), hosts=("sw1",), inner=(changing("deploy"),))
    world = Circling(plain.plan, plain.hosts, plans=plain.plans, answers=plain.answers)
    result = await server.outcome(world)
    assert (result.verdict, called_by(result, "child").state, world.touched) == ("failed", "undone", set())
    assert sum("/undo-" in lease.holder.workflow_id for lease in world.leases) == 1 + Circling.refusals


async def test_an_undo_asks_for_the_devices_that_hold_something_and_for_no_others(server: Server) -> None:
    world = world_of((call("child", "inner"), CLOSE), hosts=("sw1", "sw2", "sw3"), inner=(changing("deploy"),))

    async def unchanged(call: InteractInput) -> DeviceOutcome:
        return DeviceOutcome(host=call.host, status="succeeded")

    world.scripts["deploy", "sw2"] = unchanged
    result = await server.outcome(world)
    (asked,) = [lease.devices for lease in world.leases if "/undo-" in lease.holder.workflow_id]
    assert (asked, result.verdict, world.touched) == (("sw1", "sw3"), "failed", set())


@pytest.mark.history("undo-of-calls-alone")
async def test_an_undo_that_touches_no_device_itself_leases_none(server: Server) -> None:
    world = world_of(
        (call("child", "middle"), CLOSE), hosts=("sw1",), middle=(call("grandchild", "inner"),), inner=(changing("x"),)
    )
    result = await server.outcome(world)
    undos = [lease.holder.workflow_id for lease in world.leases if "/undo-" in lease.holder.workflow_id]
    assert [one.count("/undo-") for one in undos] == [2], "that of the run that has changed something"
    assert (result.verdict, undone(world), world.touched) == ("failed", [("x", "sw1")], set())
