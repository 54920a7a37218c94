"""Operators on the real server: pause, resume, cancel, answers to a paused step, another concurrency."""

import asyncio

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from plans import changing, of, plan, reading, waves
from running import Live, Server
from scripted import Holding, World
from workflows.contracts import Operation, OperationAnswer, RunStatus
from workflows.plan import HostName, OnFailure, StepId
from workflows.run.operating import WHAT
from workflows.run.operators import EXAMPLES, KINDS

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2", "sw3", "sw4")
PAUSE = OnFailure(action="pause")


async def ask(live: Live, kind: str, **operation: object) -> OperationAnswer:
    """An operation by update."""
    request = Operation.model_validate({"by": "olga", **operation})
    answer: OperationAnswer = await live.handle.execute_update(kind, request, result_type=OperationAnswer)
    return answer


async def refused(live: Live, kind: str, **operation: object) -> str:
    with pytest.raises(WorkflowUpdateFailedError) as error:
        await ask(live, kind, **operation)
    assert isinstance(error.value.cause, ApplicationError)
    return error.value.cause.message


def asks(status: RunStatus) -> bool:
    return status.phase == "paused" and any("retry, skip, undo or stop?" in step.message for step in status.steps)


def paused_on_failure(*failing: str, **changes: object) -> World:
    world = World(plan(changing("deploy", waves=waves(2, "100%"), on_failure=PAUSE, **changes)), HOSTS)
    for host in failing:
        world.fails("deploy", host, "partially_applied", touched=True)
    return world


@pytest.mark.history("pause")
async def test_a_paused_run_starts_nothing_new_until_it_is_resumed(server: Server) -> None:
    world = World(plan(changing("deploy", waves=waves(1, "100%")), reading("look", needs=("deploy",))), HOSTS)
    holding = Holding(world)
    world.scripts["deploy", "sw1"] = holding
    async with server.run(world) as live:
        await asyncio.wait_for(holding.begun.wait(), 20)
        assert (await ask(live, "pause", reason="lunch")).phase == "paused"
        assert await refused(live, "pause") == "the run is paused already"
        holding.go_on.set()
        await live.until(lambda status: status.steps[0].counts.get("changed") == 1)
        assert world.asked("do", "deploy") == ["sw1"]
        assert (await ask(live, "resume")).accepted
        result = await live.result()
    assert result.verdict == "succeeded"
    assert [(one.operation, one.by, one.reason) for one in world.sealed[0].operations] == [
        ("pause", "olga", "lunch"),
        ("resume", "olga", ""),
    ]


async def test_the_server_s_metadata_of_a_live_run_say_what_operators_may_ask_and_how(server: Server) -> None:
    world = World(plan(changing("deploy")), HOSTS[:1])
    holding = Holding(world)
    world.scripts["deploy", "sw1"] = holding
    async with server.run(world) as live:
        await asyncio.wait_for(holding.begun.wait(), 20)
        told: WorkflowMetadata = await live.handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
        holding.go_on.set()
        await live.result()
    for handlers in (told.definition.update_definitions, told.definition.signal_definitions):
        described = {one.name: one.description for one in handlers}
        assert {kind: described.get(kind) for kind in KINDS} == {
            kind: f"{WHAT[kind]}. Send {EXAMPLES[kind]}" for kind in KINDS
        }


@pytest.mark.history("pause-retry")
async def test_a_failed_device_is_asked_about_taken_back_and_tried_again(server: Server) -> None:
    world = paused_on_failure("sw2")
    async with server.run(world) as live:
        await live.until(asks)
        assert ("deploy", "sw2") in world.touched  # asking comes before the undo
        assert "no single step" in await refused(live, "retry", step="look")
        assert "not devices of step deploy: sw9" in await refused(live, "retry", devices=["sw9"])
        del world.scripts["deploy", "sw2"]
        await ask(live, "retry", devices=["sw2"])
        result = await live.result()
    assert result.verdict == "succeeded"
    assert result.counts == {"changed": 4}
    assert world.asked("undo", "deploy") == ["sw2"]
    assert world.asked("do", "deploy").count("sw2") == 2


async def test_a_retry_that_fails_asks_again(server: Server) -> None:
    world = paused_on_failure("sw1")
    async with server.run(world) as live:
        await live.until(asks)
        with pytest.raises(WorkflowUpdateFailedError) as wrong:
            await live.handle.execute_update("retry", {"by": "olga", "devices": "sw1"})
        assert "`devices`: input should be a list; send {" in str(wrong.value.cause)
        with pytest.raises(WorkflowUpdateFailedError) as early:
            await live.handle.execute_update("approve", {"by": "olga"})
        assert str(early.value.cause).endswith("no gate is open now")
        await ask(live, "pause")
        assert (await ask(live, "retry")).message == "the run is paused, too, and does so once it is resumed"
        await ask(live, "resume")
        await live.until(lambda status: asks(status) and world.asked("do", "deploy").count("sw1") == 2)
        await ask(live, "skip", reason="it is being replaced")
        result = await live.result()
    assert result.verdict == "succeeded"
    assert result.counts == {"changed": 3, "skipped": 1}
    assert world.touched == {("deploy", host) for host in HOSTS[1:]}


@pytest.mark.history("pause-undo")
async def test_an_operator_undoes_the_wave(server: Server) -> None:
    world = paused_on_failure("sw4")
    async with server.run(world) as live:
        await live.until(asks)
        await ask(live, "undo", scope="wave")
        result = await live.result()
    assert result.verdict == "stopped"
    assert world.touched == {("deploy", "sw1"), ("deploy", "sw2")}


async def test_an_operator_stops_and_the_failed_device_is_taken_back(server: Server) -> None:
    world = paused_on_failure("sw4")
    async with server.run(world) as live:
        await live.until(asks)
        await ask(live, "stop")
        result = await live.result()
    assert result.verdict == "stopped"
    assert world.touched == {("deploy", host) for host in HOSTS[:3]}


async def test_a_cancel_of_a_paused_step_takes_its_failed_device_back(server: Server) -> None:
    world = paused_on_failure("sw1")
    async with server.run(world) as live:
        await live.until(asks)
        await ask(live, "cancel", reason="wrong building")
        with pytest.raises(WorkflowFailureError):
            await asyncio.wait_for(live.handle.result(), 30)
        status = await live.status()
    assert "olga: wrong building" in status.message
    assert world.touched == {("deploy", "sw2")}


async def test_the_concurrency_is_changed_live(server: Server) -> None:
    world = World(plan(changing("deploy", concurrency=1)), HOSTS)
    holding = [Holding(world) for _ in HOSTS]
    for host, one in zip(HOSTS, holding, strict=True):
        world.scripts["deploy", host] = one
    async with server.run(world) as live:
        await live.until(lambda status: any(one.begun.is_set() for one in holding))
        assert "`concurrency` is missing" in await refused(live, "set_concurrency")
        await ask(live, "set_concurrency", concurrency=4)
        await live.until(lambda status: all(one.begun.is_set() for one in holding))
        for one in holding:
            one.go_on.set()
        result = await live.result()
    assert result.verdict == "succeeded"
    assert world.sealed[0].operations[-1].concurrency == 4


async def test_an_operation_by_signal_is_carried_out_or_recorded_as_refused(server: Server) -> None:
    world = paused_on_failure("sw1")
    async with server.run(world) as live:
        await live.until(asks)
        await live.handle.signal("resume", {"by": "olga"})
        await live.handle.signal("skip", {"who": "olga"})
        await live.handle.signal("skip", {"by": "olga", "devices": ["sw1"]})
        result = await live.result()
    assert result.verdict == "succeeded"
    operations = world.sealed[0].operations
    assert "step deploy waits for retry" in operations[0].refused
    assert "cannot be read" in operations[1].refused
    assert (operations[2].operation, operations[2].devices, operations[2].refused) == ("skip", (HostName("sw1"),), "")


async def test_nothing_can_be_asked_of_a_run_that_has_come_to_its_verdict(server: Server) -> None:
    world = World(plan(reading("look", id=StepId("look"))), HOSTS)
    async with server.run(world) as live:
        await live.result()
        with pytest.raises(RPCError, match="completed"):
            await ask(live, "pause")


async def test_a_paused_run_that_is_cancelled_ends(server: Server) -> None:
    world = World(plan(changing("deploy", order=(of("device.data.depth"),))), HOSTS)
    world.facts = {host: {"data": {"depth": 3 - int(host[2]) // 3}} for host in HOSTS}
    holding = Holding(world)
    world.scripts["deploy", "sw1"] = holding
    async with server.run(world) as live:
        await asyncio.wait_for(holding.begun.wait(), 20)
        await ask(live, "pause")
        holding.go_on.set()
        await live.until(lambda status: status.steps[0].counts.get("changed") == 2)
        await live.handle.cancel(reason="enough")
        await live.end()
    last = world.sealed[0].operations[-1]
    assert (last.operation, last.by, last.reason, last.how) == ("cancel", "?", "enough", "server")
    assert world.asked("do", "deploy") == ["sw1", "sw2"], "the second rank was held back by the pause"


@pytest.mark.history("rest-of-wave")
async def test_after_an_answer_the_rest_of_the_wave_has_its_turn(server: Server) -> None:
    world = World(plan(changing("deploy", on_failure=PAUSE, concurrency=1)), HOSTS)
    world.fails("deploy", "sw1", "partially_applied", touched=True)
    async with server.run(world) as live:
        await live.until(asks)
        assert world.asked("do", "deploy") == ["sw1"], "nothing was begun once `accept` could not be met"
        del world.scripts["deploy", "sw1"]
        assert (await ask(live, "retry")).accepted
        result = await live.result()
    assert result.verdict == "succeeded"
    assert result.counts == {"changed": 4}
