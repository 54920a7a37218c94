"""What is lost on the way: batches, answers, the store, a target. The run says so and leaves nothing in doubt."""

import asyncio

import pytest
from temporalio.exceptions import ApplicationError

from plans import at_most, changing, plan, reading, waves
from running import Server
from scripted import Holding, World
from workflows import contracts
from workflows.contracts import DeviceOutcome, InteractInput, RunResult
from workflows.plan import Constant, DevicesStep, Name, NotifyStep, OnFailure, StepId

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2", "sw3", "sw4")


def statuses(result: RunResult) -> dict[str, str]:
    return {device.name: device.status for device in result.devices}


@pytest.mark.history("batch-lost")
async def test_the_devices_of_a_lost_batch_are_looked_at_and_taken_back(server: Server) -> None:
    world = World(plan(changing("deploy", waves=waves(2, "100%"), concurrency=1)), HOSTS)
    world.scripts["deploy", "sw2"] = Holding(world, touches=True)
    world.scripts["deploy", "sw1"] = holding = Holding(world, touches=True)
    async with server.run(world) as live:
        first = await asyncio.wait_for(_first(holding, world), 20)
        await server.client.get_workflow_handle(f"{live.handle.id}/deploy/w1/0").terminate("by the test")
        result = await live.result()
    assert first
    assert result.verdict == "failed"
    assert world.touched == set()
    assert sorted(statuses(result).values()) == ["failed", "undone", "untouched", "untouched"]
    lost = next(device for device in result.devices if device.status == "undone")
    assert "ended without a result" in lost.message


async def _first(holding: Holding, world: World) -> bool:
    while not world.touched:
        await asyncio.sleep(0.05)
    return True


async def test_an_answer_without_an_outcome_counts_as_touched(server: Server) -> None:
    world = World(plan(changing("deploy", accept=at_most(1))), HOSTS)

    async def broken(call: InteractInput) -> DeviceOutcome:
        world.touched.add((call.step, call.host))
        raise ApplicationError("out of memory", type="MemoryError", non_retryable=True)

    world.scripts["deploy", "sw1"] = broken
    result = await server.outcome(world)
    assert result.verdict == "partial"
    assert statuses(result)["sw1"] == "undone"
    assert "out of memory" in result.devices[0].message


async def test_a_store_that_refuses_costs_the_record_and_not_the_verdict(server: Server) -> None:
    result = await server.outcome(World(plan(changing("deploy")), HOSTS, store_fails=True))
    assert result.verdict == "succeeded"
    assert result.record is None
    assert "the record could not be written" in result.message


async def test_a_notice_in_the_middle_tells_how_the_run_stands(server: Server) -> None:
    tell = NotifyStep(id=StepId("tell"), needs=(StepId("deploy"),), to="people", template="summary.md.j2")
    world = World(plan(changing("deploy"), tell, reading("look", needs=("tell",))), HOSTS)
    result = await server.outcome(world)
    assert result.verdict == "succeeded"
    assert world.told[0].result.counts == {"changed": 4}
    assert world.told[0].template == "summary.md.j2"


async def test_devices_that_are_no_list_or_no_members_fail_the_step(server: Server) -> None:
    for devices, said in (
        (Constant(value=3), "must be a list of devices"),
        (Constant(value=["sw9"]), "not in this run's inventory: sw9"),
        (Name(name="nothing"), "nothing has no value here"),
    ):
        world = World(plan(changing("deploy", devices=devices)), HOSTS)
        result = await server.outcome(world)
        assert result.verdict == "failed"
        assert said in result.message


async def test_a_soak_that_is_no_duration_fails_the_step_before_any_change(server: Server) -> None:
    for soak in ("soon", True):
        world = World(plan(changing("deploy", waves=waves(1, "100%", soak=soak))), HOSTS)
        result = await server.outcome(world)
        assert result.verdict == "failed"
        assert "the soak of wave w1" in result.message
        assert world.calls == []


async def test_a_step_without_devices_succeeds_and_says_so(server: Server) -> None:
    world = World(plan(changing("deploy", devices=Constant(value=[]))), HOSTS)
    result = await server.outcome(world)
    assert result.verdict == "succeeded"
    assert result.steps[0].message == "no devices"
    assert result.counts == {"untouched": 4}


async def test_an_undo_that_finds_nothing_to_do_says_so(server: Server) -> None:
    world = World(
        plan(changing("deploy"), reading("look", needs=("deploy",), on_failure=OnFailure(action="undo", scope="step"))),
        HOSTS,
    )
    world.fails("look", "sw1")
    result = await server.outcome(world)
    assert result.verdict == "stopped"
    assert "there was nothing to undo" in result.message


async def test_a_failing_branch_stops_the_devices_of_another(server: Server) -> None:
    slow: DevicesStep = changing("slow", needs=(), concurrency=1)
    world = World(plan(slow, reading("quick", needs=())), HOSTS)
    holding = Holding(world, touches=True)
    for host in HOSTS:
        world.scripts["slow", host] = holding
    world.fails("quick", "sw1")
    async with server.run(world) as live:
        await asyncio.wait_for(holding.begun.wait(), 20)
        await live.until(lambda status: any(step.state == "failed" for step in status.steps))
        await live.told(contracts.SIGNAL_SLOTS)
        holding.go_on.set()
        result = await live.result()
    assert result.verdict == "stopped"
    assert "step quick" in result.message
    assert len(world.asked("do", "slow")) < len(HOSTS)


@pytest.mark.history("cancel-at-once")
async def test_a_cancel_before_the_plan_is_there_starts_nothing(server: Server) -> None:
    world = World(plan(changing("deploy")), HOSTS, prepare_waits_for=asyncio.Event())
    async with server.run(world) as live:
        await live.handle.cancel(reason="a typing mistake")
        await asyncio.sleep(0.2)
        assert world.prepare_waits_for is not None
        world.prepare_waits_for.set()
        await live.until(lambda status: status.phase == "closed")
        status = await live.status()
    assert status.verdict == "cancelled"
    assert "a typing mistake" in status.message
    assert world.calls == []
