"""Runs whose history becomes long: they continue as new, and nobody who looks at the devices can tell."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowUpdateFailedError

from plans import at_least, changing, plan, reading, waves
from running import Server
from scripted import Holding, World
from workflows import contracts
from workflows.contracts import Decision, DecisionAnswer, Operation, OperationAnswer
from workflows.plan import ApproveStep, Constant, HostName, OnFailure, SetStep, StepId

pytestmark = pytest.mark.asyncio(loop_scope="session")
MANY = tuple(f"sw{index:03}" for index in range(1, 107))
SHORT = 30  # events, so that a few batches fill it


def approve(**changes: object) -> ApproveStep:
    fields: dict[str, object] = {"id": StepId("ok"), "by": "leads", "timeout": Constant(value="4h"), "needs": ()}
    return ApproveStep.model_validate(fields | changes)


@pytest.mark.history("continued")
async def test_a_long_run_takes_up_each_device_once_over_many_executions(server: Server) -> None:
    world = World(plan(changing("deploy", waves=waves(1, "50%", "100%"), concurrency=1), reading("look")), MANY)
    world = World(world.plan, MANY, history_events=SHORT)
    async with server.run(world) as live:
        result = await live.result()
        assert await live.executions() > 1
    assert result.verdict == "succeeded"
    assert result.counts == {"changed": len(MANY)}
    assert sorted(world.asked("do", "deploy")) == sorted(MANY)
    assert len(world.leases) == 1
    assert len(world.sealed) == 1
    assert world.sealed[0].started < world.sealed[0].ended


async def test_what_is_known_of_devices_survives(server: Server) -> None:
    look = reading("look", accept=at_least(50), needs=(StepId("deploy"),))
    world = World(plan(changing("deploy", accept=at_least(50)), look), MANY, history_events=SHORT)
    world.fails("deploy", "sw001", "unreachable")
    world.fails("deploy", "sw106", touched=True)
    result = await server.outcome(world)
    assert result.verdict == "partial"
    assert result.counts == {"changed": 104, "undone": 1, "unreachable": 1}
    by_name = {device.name: device for device in result.devices}
    assert by_name[HostName("sw001")].message == "sw001 says unreachable"
    assert len(world.sealed[0].folds[StepId("deploy")]) >= 2


async def test_an_undo_goes_on_where_it_was(server: Server) -> None:
    world = World(
        plan(
            changing("deploy", waves=waves("50%", "100%"), on_failure=OnFailure(action="undo", scope="step")),
        ),
        MANY,
        history_events=SHORT,
    )
    world.fails("deploy", "sw106", touched=True)
    async with server.run(world) as live:
        result = await live.result()
        assert await live.executions() > 1
    assert result.verdict == "failed"
    begun = world.asked("do", "deploy")
    assert sorted(world.asked("undo", "deploy")) == sorted(begun), "each device that was begun, and each once"
    assert not world.touched
    assert f"undone on {len(begun) - 1} of {len(begun) - 1} devices of deploy/w2, deploy/w1" in result.message


@pytest.mark.usefixtures("real_time")
async def test_a_gate_that_is_pending_keeps_its_answers_and_its_time(server: Server) -> None:
    world = World(
        plan(approve(quorum=2), reading("look", needs=(), concurrency=1), changing("deploy")),
        MANY,
        groups={"leads": ("ann", "bob", "eve")},
        history_events=SHORT,
    )

    holding = Holding(world)
    world.scripts["look", "sw001"] = holding
    async with server.run(world) as live:
        await asyncio.wait_for(holding.begun.wait(), 20)
        before = (await live.until(lambda status: bool(status.gates))).gates[0]
        first = Decision(by="ann", comment="looks good")
        answer: DecisionAnswer = await live.handle.execute_update(
            "approve", first, id="ann-1", result_type=DecisionAnswer
        )
        assert (answer.approvals, answer.gate) == (1, "open")
        holding.go_on.set()
        await live.until(lambda status: status.steps[1].state == "succeeded")
        assert await live.executions() > 1
        after = (await live.until(lambda status: bool(status.gates))).gates[0]
        assert (after.approvals, after.until) == (1, before.until)
        again: DecisionAnswer = await live.handle.execute_update(
            "approve", first, id="ann-1", result_type=DecisionAnswer
        )
        assert again == answer, "the same update is answered the same, and does nothing"
        with pytest.raises(WorkflowUpdateFailedError):
            await live.handle.execute_update("approve", first, id="ann-2", result_type=DecisionAnswer)
        await live.handle.signal("approve", Decision(by="bob"))
        result = await live.result()
    assert result.verdict == "succeeded"
    counted = [one.by for one in world.sealed[0].decisions if one.counted]
    assert counted == ["ann", "bob"], "of a refused one there is a record only if it came between two executions"


async def test_a_soak_lasts_no_longer_for_it(server: Server) -> None:
    soaking = changing("deploy", waves=waves("100%", soak="2h"), needs=())
    world = World(plan(soaking, reading("look", needs=(), concurrency=1)), MANY, history_events=SHORT)
    async with server.run(world) as live:
        await live.result()
        assert await live.executions() > 1
    sealed = world.sealed[0]
    assert timedelta(hours=2) <= sealed.ended - sealed.started < timedelta(hours=2, minutes=10)


async def test_a_pause_and_an_answer_outlive_an_execution(server: Server) -> None:
    steps = (
        changing("deploy", on_failure=OnFailure(action="pause"), needs=()),
        reading("look", needs=(), concurrency=1, on_failure=OnFailure(action="continue")),
        SetStep(id=StepId("last"), values=(("x", Constant(value=1)),), needs=(StepId("deploy"), StepId("look"))),
    )
    world = World(plan(*steps), MANY, history_events=SHORT)
    world.fails("deploy", "sw007", touched=True)
    async with server.run(world) as live:
        await live.until(lambda status: status.phase == "paused" and status.steps[1].state == "succeeded")
        assert await live.executions() > 1
        del world.scripts["deploy", "sw007"]
        answer: OperationAnswer = await live.handle.execute_update(
            "retry", Operation(by="olga", reason="the link is back"), result_type=OperationAnswer
        )
        assert answer.accepted
        result = await live.result()
    assert result.verdict == "succeeded"
    assert result.counts == {"changed": len(MANY)}
    assert [one.operation for one in world.sealed[0].operations] == ["retry"]


async def test_a_cancel_in_a_later_execution_ends_the_run_properly(server: Server) -> None:
    world = World(
        plan(
            changing("deploy", waves=waves("50%", "100%"), on_failure=OnFailure(action="undo", scope="step")),
            reading("look", concurrency=1),
        ),
        MANY,
        history_events=SHORT,
    )
    holding = Holding(world)
    world.scripts["look", "sw104"] = holding
    async with server.run(world) as live:
        await asyncio.wait_for(holding.begun.wait(), 30)
        assert await live.executions() > 1
        await live.handle.cancel()
        await live.end()
        description = await live.handle.describe()
        assert description.status is WorkflowExecutionStatus.CANCELED
    assert world.sealed[0].result.verdict == "cancelled"


async def test_nobody_can_start_a_run_in_the_middle(server: Server) -> None:
    world = World(plan(reading("look")), ("sw1",))
    request = {"scope": {"workflow_id": "other", "run": "x"}, "pieces": []}
    async with server.run(world, request) as live:
        cause = await live.end()
    assert getattr(cause, "type", "") == "invalid_input"
    assert not world.calls
    assert contracts.LOAD_STATE not in {kind for kind, _, _ in world.calls}


async def test_a_cancel_that_comes_between_two_executions_is_heard(server: Server) -> None:
    world = World(
        plan(reading("look", needs=(), concurrency=1), changing("deploy", waves=waves("100%", soak="2h"))),
        MANY,
        history_events=SHORT,
        load_waits_for=asyncio.Event(),
    )
    assert world.load_waits_for is not None
    async with server.run(world) as live:
        await asyncio.wait_for(world.loading.wait(), 30)
        await live.handle.cancel()
        await asyncio.sleep(0.3)  # the execution that reads its state has heard it
        world.load_waits_for.set()
        await live.end()
    assert world.sealed[0].result.verdict == "cancelled"
    assert world.sealed[0].ended - world.sealed[0].started < timedelta(hours=2), "the soak was cut"
