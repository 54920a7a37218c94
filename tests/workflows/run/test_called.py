"""What a called run leaves behind is what its caller has left behind; and steps that only read leave nothing."""

import asyncio

import pytest

from plans import changing, plan, reading
from running import REQUEST, Live, Server
from scripted import Holding, World, failed
from workflows.contracts import DeviceOutcome, InteractInput, Operation, OperationAnswer
from workflows.errors import failure
from workflows.plan import CallStep, Check, Constant, DevicesStep, HttpStep, MapOf, OnFailure, Step, StepId

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2")
LAST = HttpStep(id=StepId("close"), method="get", url=Constant(value="itsm:/"), needs=(StepId("child"),))


def calling(*called: DevicesStep, then: tuple[Step, ...] = (LAST,)) -> World:
    call = CallStep(id=StepId("child"), definition="inner", version="1", with_=MapOf(items=()))
    world = World(plan(call, *then, *called), HOSTS)  # the steps of both, by their ids
    world.plans = {"test": plan(call, *then), "inner@1": plan(*called, name="inner")}
    world.answers["close"] = failure("check_failed", "the ticket is closed")
    return world


@pytest.mark.history("call-leaves")
async def test_a_run_that_fails_after_a_called_one_has_changed_devices_says_that_some_hold_a_change(
    server: Server,
) -> None:
    world = calling(changing("deploy"))
    result = await server.outcome(world)
    assert len(world.touched) == len(HOSTS)
    assert (result.verdict, result.message) == ("stopped", "step close: the ticket is closed")


async def test_a_called_run_that_has_taken_everything_back_leaves_nothing(server: Server) -> None:
    world = calling(changing("deploy", on_failure=OnFailure(action="undo", scope="step")))
    world.fails("deploy", "sw2")
    result = await server.outcome(world)
    assert world.touched == set()
    assert result.verdict == "failed"


@pytest.mark.history("call-dirty")
async def test_a_device_that_a_called_run_leaves_in_between_makes_its_caller_dirty_too(server: Server) -> None:
    world = calling(changing("deploy"))
    world.fails("deploy", "sw1", touched=True)
    world.undo_fails("deploy", "sw1")
    result = await server.outcome(world)
    assert result.verdict == "failed_dirty"
    assert f"run {result.id}/child: failed_dirty: step deploy" in result.message
    assert "put sw1 right by hand" in result.message


async def ask(live: Live, kind: str) -> OperationAnswer:
    answer: OperationAnswer = await live.handle.execute_update(kind, Operation(by="olga"), result_type=OperationAnswer)
    return answer


async def test_who_pauses_a_run_is_told_of_the_one_that_it_has_called(server: Server) -> None:
    world = calling(changing("deploy"), then=())
    busy = world.scripts["deploy", "sw1"] = Holding(world)
    async with server.run(world) as live:
        await asyncio.wait_for(busy.begun.wait(), 20)
        said = (await ask(live, "pause")).message
        child = f"{live.handle.id}/child"
        assert said == f"the run that step child has called goes on; pause it, too: netsaga pause {child} --by NAME"
        await ask(live, "resume")
        busy.go_on.set()
        assert (await live.result()).verdict == "succeeded"


async def test_who_pauses_a_run_is_told_of_all_that_it_has_called(server: Server) -> None:
    world = calling(changing("deploy"), then=())
    first = world.plan.steps[0]
    world.plans["test"] = plan(first, first.model_copy(update={"id": StepId("other")}))
    busy = world.scripts["deploy", "sw1"] = Holding(world)
    async with server.run(world) as live:
        await live.until(lambda status: [step.state for step in status.steps] == ["running", "running"])
        said = (await ask(live, "pause")).message
        child, other = (f"netsaga pause {live.handle.id}/{name} --by NAME" for name in ("child", "other"))
        assert said == f"the runs that steps child, other have called go on; pause them, too: {child}, {other}"
        await ask(live, "resume")
        busy.go_on.set()
        assert (await live.result()).verdict == "succeeded"


@pytest.mark.history("reads-asked")
async def test_who_pauses_on_what_could_not_be_read_takes_nothing_back(server: Server) -> None:
    world = World(plan(reading("look", on_failure=OnFailure(action="pause"))), HOSTS)
    once: list[InteractInput] = []

    async def script(call: InteractInput) -> DeviceOutcome:
        if once:
            return DeviceOutcome(host=call.host, status="succeeded")
        once.append(call)
        raise failed(call, "check_failed", touched=False)

    world.scripts["look", "sw1"] = script
    async with server.run(world) as live:
        await live.until(lambda status: status.phase == "paused")
        await ask(live, "retry")
        result = await live.result()
    assert result.verdict == "succeeded"
    assert world.asked("undo", "look") == []


async def test_a_step_says_how_many_warnings_the_run_that_it_called_has_ended_with(server: Server) -> None:
    warned = (Check(name="few are left", that=Constant(value=False), severity="warning"),)
    world = calling(reading("look", checks=warned), reading("again", checks=warned, needs=("look",)), then=())
    result = await server.outcome(world)
    assert [(step.state, step.warnings) for step in result.steps] == [("succeeded", 2)]
    world.fails("again", "sw1")
    result = await server.outcome(world)
    assert [(step.state, step.warnings) for step in result.steps] == [("failed", 1)]


async def test_what_a_run_is_limited_to_binds_the_runs_that_it_calls_and_those_that_they_call(server: Server) -> None:
    deeper = CallStep(id=StepId("deeper"), definition="last", version="1", with_=MapOf(items=()))
    world = calling(reading("look"), then=())
    world.plans |= {"inner@1": plan(deeper, name="inner"), "last@1": plan(reading("look"), name="last")}
    assert (await server.outcome(world, {**REQUEST, "limit": ["sw1"]})).verdict == "succeeded"
    assert [(one.limit, one.within) for one in world.requests] == [(("sw1",), ()), ((), ("sw1",)), ((), ("sw1",))]
