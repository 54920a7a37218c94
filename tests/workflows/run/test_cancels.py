"""Cancels that come late, while the run undoes and while its `finally` runs: neither is cut short by them.

And cancels of which the server knows nothing: those of operators.
"""

import asyncio
from dataclasses import dataclass, field

import pytest
from temporalio import activity
from temporalio.client import WorkflowExecutionStatus, WorkflowUpdateFailedError
from temporalio.exceptions import CancelledError

from plans import changing, plan, reading, ref
from running import Server
from scripted import Holding, World
from workflows import contracts
from workflows.contracts import (
    DeviceOutcome,
    InteractInput,
    Operation,
    OperationAnswer,
    ReleaseInput,
    ScriptCut,
    ScriptInput,
    ScriptResult,
    UndoInfo,
)
from workflows.errors import failure
from workflows.plan import Constant, OnFailure, ScriptStep, StepId

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


@pytest.mark.history("cancel-by-operator")
async def test_a_run_that_an_operator_cancels_is_cancelled_for_the_server_too(server: Server) -> None:
    world = World(plan(changing("deploy", on_failure=OnFailure(action="pause"))), HOSTS)
    world.fails("deploy", "sw2")
    async with server.run(world) as live:
        await live.until(lambda status: status.phase == "paused")
        operation = Operation(by="olga", reason="wrong building")
        await live.handle.execute_update("cancel", operation, result_type=OperationAnswer)
        assert isinstance(await live.end(), CancelledError)
        status, found = await live.status(), await live.handle.describe()
    assert (status.verdict, status.phase) == ("cancelled", "closed")
    assert status.message.startswith("cancelled: olga: wrong building")
    assert [(one.operation, one.by) for one in status.operations] == [("cancel", "olga")], (
        "the run's own is no operation"
    )
    assert found.status is WorkflowExecutionStatus.CANCELED


async def test_a_device_that_a_cancel_has_cut_says_who_asked_for_it(server: Server) -> None:
    world = World(plan(changing("deploy", on_failure=OnFailure(action="stop"))), HOSTS[:1])
    holding = world.scripts["deploy", "sw1"] = Holding(world)
    async with server.run(world) as live:
        await asyncio.wait_for(holding.begun.wait(), 20)
        await live.handle.signal("cancel", {"by": "olga", "reason": "wrong building"})
        assert isinstance(await live.end(), CancelledError)
        status = await live.status()
    assert status.result is not None
    assert [(device.status, device.message) for device in status.result.devices] == [
        ("skipped", "sw1 says cancelled: the run was cancelled: olga: wrong building")
    ]


async def test_a_cancelled_run_that_the_server_cannot_be_asked_about_closes_as_failed(server: Server) -> None:
    world = World(plan(changing("deploy", on_failure=OnFailure(action="pause"))), HOSTS[:1], cancel_fails=True)
    world.fails("deploy", "sw1")
    async with server.run(world) as live:
        await live.until(lambda status: status.phase == "paused")
        await live.handle.signal("cancel", {"by": "olga"})
        assert str(await live.end()).startswith("cancelled: olga")
        found = await live.handle.describe()
    assert found.status is WorkflowExecutionStatus.FAILED


@pytest.mark.history("script-cut")
async def test_a_program_that_a_cancel_has_ended_is_cancelled_and_tells_where_its_log_is(server: Server) -> None:
    close = ScriptStep(id=StepId("close"), run="close-ticket", on_failure=OnFailure(action="continue"))
    world = World(plan(close, changing("deploy", needs=("close",))), HOSTS)
    said = f"script `close-ticket` was ended by a cancel (what it printed until then: artifact {ref('log')})"
    world.answers["close"] = failure("cancelled", said, ScriptCut(log=ref("log")).model_dump(mode="json"))
    async with server.run(world) as live:
        async with asyncio.timeout(20):
            while not world.called:
                await asyncio.sleep(0.02)
        await live.handle.cancel()
        with pytest.raises(Exception, match="Workflow execution"):
            await asyncio.wait_for(live.handle.result(), 30)
        status = await live.status()
    assert status.result is not None
    told = status.result.steps[0]
    assert (status.verdict, told.state, told.message) == ("cancelled", "cancelled", said)
    assert status.result.message == f"cancelled; step close: {said}"


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
    assert sorted(world.asked("do", "last")) == list(HOSTS)
    (late,) = world.sealed[0].operations
    assert (late.operation, late.how) == ("cancel", "server")
    assert late.refused.startswith("the run has come to its verdict"), "the record does not claim that it counted"


@dataclass
class SlowAtTheEnd(World):
    """Its guard and its programs answer when the test lets them; a program that is cancelled ends well all the same."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    @activity.defn(name=contracts.RELEASE)
    async def release(self, call: ReleaseInput) -> None:
        """Takes everything back."""
        await self._slowly()

    @activity.defn(name=contracts.SCRIPT)
    async def script(self, call: ScriptInput) -> ScriptResult:
        """Has nothing to say."""
        await self._slowly()
        return ScriptResult(result=None)

    async def _slowly(self) -> None:
        self.begun.set()
        await self.go_on.wait()


@pytest.mark.history("cancel-after-the-steps")
@pytest.mark.parametrize("fails", [False, True], ids=["succeeded", "stopped"])
async def test_a_cancel_while_devices_are_given_back_comes_too_late(server: Server, *, fails: bool) -> None:
    world = SlowAtTheEnd(plan(changing("deploy", on_failure=OnFailure(action="stop"))), HOSTS)
    if fails:
        world.fails("deploy", "sw2")
    async with server.run(world) as live:
        await asyncio.wait_for(world.begun.wait(), 20)
        await live.handle.cancel()
        await live.until(lambda status: bool(status.operations))
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await live.handle.execute_update("cancel", Operation(by="olga"), result_type=OperationAnswer)
        world.go_on.set()
        result = await live.result()
    assert "it comes too late" in str(refused.value.cause)
    assert result.verdict == ("stopped" if fails else "succeeded")
    (late,) = world.sealed[0].operations
    assert (
        late.refused == "it comes too late: the steps are done; what is left is giving devices back and telling people"
    )


@pytest.mark.history("cancel-in-the-last-step")
async def test_a_cancel_that_cuts_nothing_short_came_too_late_and_the_record_says_so(server: Server) -> None:
    close = ScriptStep(id=StepId("close"), run="close-ticket", needs=(StepId("deploy"),))
    undo_all = OnFailure(action="undo", scope="run")
    world = SlowAtTheEnd(plan(changing("deploy", on_failure=undo_all), close), HOSTS)
    async with server.run(world) as live:
        await asyncio.wait_for(world.begun.wait(), 20)
        await live.handle.signal("cancel", {"by": "olga", "reason": "wrong building"})
        await live.until(lambda status: bool(status.operations))
        world.go_on.set()
        result = await live.result()
    assert (result.verdict, result.counts) == ("succeeded", {"changed": 3})
    assert result.message == "a cancel came too late, when nothing was left to be cut short: olga: wrong building"
    (late,) = world.sealed[0].operations
    assert (late.refused, late.besides) == ("", "it came too late: nothing was left to be cut short")


@pytest.mark.history("cancel-while-paused")
async def test_a_cancel_between_two_steps_is_the_next_step_s_to_answer(server: Server) -> None:
    undo_all = OnFailure(action="undo", scope="run")
    first = changing("first", on_failure=OnFailure(action="stop"))
    passed = reading("passed", when=Constant(value=False), needs=("first",))
    world = World(plan(first, passed, reading("next", on_failure=undo_all, needs=("passed",))), HOSTS)
    holding = Holding(world, touches=True)
    world.scripts["first", "sw2"] = holding
    async with server.run(world) as live:
        await asyncio.wait_for(holding.begun.wait(), 20)
        await live.handle.execute_update("pause", Operation(by="olga"), result_type=OperationAnswer)
        holding.go_on.set()
        await live.until(lambda status: status.steps[0].state == "succeeded")
        await live.handle.cancel()
        with pytest.raises(Exception, match="Workflow execution"):
            await asyncio.wait_for(live.handle.result(), 30)
        result = (await live.status()).result
    assert result is not None
    assert result.verdict == "cancelled"
    assert [step.state for step in result.steps] == ["undone", "skipped", "cancelled"]
    assert "step next: cancelled before it began; undone on 3 of 3 devices" in result.message
    assert world.touched == set()
