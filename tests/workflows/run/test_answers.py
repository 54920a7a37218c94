"""What operators answer to a step that paused: for some devices, after a soak, about other waves, and the whole."""

import asyncio

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from answering import OutOfService, ask, asks
from plans import at_most, changing, plan, reading, waves
from running import Live, Server
from scripted import Holding, World, failed
from workflows.contracts import DeviceOutcome, InteractInput
from workflows.plan import Accept, Breaker, Check, CheckAction, Constant, OnFailure

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2", "sw3", "sw4")
PAUSE = OnFailure(action="pause")


async def refused(live: Live, kind: str, **operation: object) -> str:
    with pytest.raises(WorkflowUpdateFailedError) as error:
        await ask(live, kind, **operation)
    assert isinstance(error.value.cause, ApplicationError)
    return error.value.cause.message


@pytest.mark.history("answers-for-some")
async def test_an_answer_for_some_devices_leaves_the_question_open_for_the_others(server: Server) -> None:
    world = World(plan(changing("deploy", waves=waves(1, "100%"), on_failure=PAUSE)), HOSTS)
    for host in HOSTS[1:]:
        world.fails("deploy", host, "partially_applied", touched=True)
    async with server.run(world) as live:
        await live.until(asks("3 devices of wave w2 failed"))
        assert await refused(live, "undo", devices=["sw1"]) == "nothing is asked about sw1, but about sw2, sw3, sw4"
        assert "name one of them" in await refused(live, "undo", devices=["sw2"], scope="wave")
        await ask(live, "undo", devices=["sw2"])
        await live.until(asks("2 devices of wave w2 failed"))
        assert ("deploy", "sw2") not in world.touched
        await ask(live, "stop", devices=["sw3"])
        await live.until(asks("1 device of wave w2 failed"))
        await ask(live, "skip")  # the last one that nobody has answered for
        result = await live.result()
    assert result.verdict == "stopped"
    assert result.counts == {"changed": 1, "skipped": 1, "undone": 2}
    assert world.touched == {("deploy", "sw1")}


@pytest.mark.history("asked-after-soak")
async def test_what_a_soak_brings_to_light_is_asked_about_too(server: Server) -> None:
    looks = CheckAction(checks=(Check(name="still there", that=Constant(value=True)),))
    do = (*changing("deploy").do, looks)
    step = changing("deploy", do=do, waves=waves(2, "100%", soak="10m"), on_failure=PAUSE)
    world = World(plan(step), HOSTS)

    async def flaps(call: InteractInput) -> DeviceOutcome:
        world.touched.add((call.step, call.host))
        if call.only == "after":
            raise failed(call, "check_failed", touched=True)
        return DeviceOutcome(host=call.host, status="succeeded", changed=True, touched=True)

    world.scripts["deploy", "sw2"] = flaps
    async with server.run(world) as live:
        await live.until(asks("1 device of wave w1 failed"))
        assert ("deploy", "sw2") in world.touched, "asking comes before the undo"
        del world.scripts["deploy", "sw2"]
        await ask(live, "retry", devices=["sw2"])
        result = await live.result()
    assert result.verdict == "succeeded"
    assert world.asked("undo", "deploy") == ["sw2"]
    assert world.asked("do", "deploy").count("sw2") == 4, "changed, looked at, changed again, looked at again"


@pytest.mark.history("asked-about-the-step")
async def test_devices_of_later_waves_that_are_out_of_service_are_asked_about_by_name(server: Server) -> None:
    step = changing("deploy", waves=waves(2, "100%"), accept=at_most(1), on_failure=PAUSE)
    async with server.run(OutOfService(plan(step), HOSTS)) as live:
        await live.until(asks("2 devices of step deploy failed"))
        assert "is not tried again: sw3, sw4; skip or stop" in await refused(live, "retry")
        await ask(live, "skip", devices=["sw3", "sw4"])
        result = await live.result()
    assert result.verdict == "succeeded"
    assert result.counts == {"changed": 2, "skipped": 2}


@pytest.mark.history("asked-about-a-breaker")
async def test_a_breaker_that_opens_pauses_too_and_what_it_kept_back_is_tried_again(server: Server) -> None:
    breaker = Breaker(failures=1, within_s=60)
    world = World(plan(changing("deploy", waves=waves(2, "100%"), breaker=breaker, on_failure=PAUSE)), HOSTS)
    world.fails("deploy", "sw2", touched=True)
    async with server.run(world) as live:
        await live.until(asks("the breaker opened: 1 failure within 60 s; retry"))
        assert world.touched == {("deploy", "sw1")}
        del world.scripts["deploy", "sw2"]
        await ask(live, "retry")
        result = await live.result()
    assert (result.verdict, result.counts) == ("succeeded", {"changed": 4})
    assert world.asked("do", "deploy").count("sw1") == 1


@pytest.mark.history("asked-about-a-demand")
async def test_what_a_step_over_devices_demands_of_itself_is_asked_about_too(server: Server) -> None:
    whole = Check(name="all are there", that=Constant(value=False))
    world = World(plan(changing("deploy", checks=(whole,), on_failure=PAUSE)), HOSTS)
    async with server.run(world) as live:
        await live.until(asks("all are there; retry, skip, undo or stop?"))
        await ask(live, "undo", scope="step")
        result = await live.result()
    assert (result.verdict, result.counts) == ("failed", {"undone": 4})


async def test_who_tries_again_with_too_few_devices_is_asked_again(server: Server) -> None:
    step = changing("deploy", accept=Accept(kind="count", value=5, text="5 of 6"), on_failure=PAUSE)
    world = World(plan(step, reading("look", needs=("deploy",))), HOSTS)
    question = "accepted is 5 of 6, and the step has 4 devices; retry"
    async with server.run(world) as live:
        await live.until(asks(question))
        await ask(live, "retry")
        await live.until(asks(question))
        await ask(live, "skip")
        result = await live.result()
    assert result.verdict == "partial"
    assert world.asked("do", "deploy") == []
    assert len(world.asked("do", "look")) == len(HOSTS)


@pytest.mark.history("retry-without-undo")
@pytest.mark.usefixtures("real_time")
async def test_a_device_that_may_not_be_taken_back_is_tried_again_on_top_of_what_it_holds(server: Server) -> None:
    world = World(plan(changing("deploy", undo=(), on_failure=PAUSE)), HOSTS)
    for host in HOSTS[:2]:
        world.fails("deploy", host, touched=True)
        world.undo_fails("deploy", host)
    async with server.run(world) as live:
        await live.until(asks("2 devices of wave all failed"))
        del world.scripts["deploy", "sw1"]
        await ask(live, "retry")
        await live.until(asks("1 device of wave all failed"))
        await ask(live, "stop")
        result = await live.result()
    assert (result.verdict, result.counts) == ("stopped", {"changed": 3, "failed": 1})
    assert world.asked("undo", "deploy") == []
    assert world.asked("do", "deploy").count("sw1") == world.asked("do", "deploy").count("sw2") == 2


@pytest.mark.history("skip-without-undo")
@pytest.mark.usefixtures("real_time")
async def test_a_device_that_may_not_be_taken_back_is_passed_over_as_what_it_is(server: Server) -> None:
    world = World(plan(changing("deploy", undo=(), on_failure=PAUSE)), HOSTS)
    world.fails("deploy", "sw1", "partially_applied", touched=True)
    world.fails("deploy", "sw2", touched=True)
    for host in HOSTS:
        world.undo_fails("deploy", host)
    async with server.run(world) as live:
        await live.until(asks("2 devices of wave all failed"))
        await ask(live, "skip", devices=["sw1"])
        await live.until(asks("1 device of wave all failed"))
        await ask(live, "skip")
        result = await live.result()
    assert (result.verdict, result.counts) == ("failed_dirty", {"changed": 2, "failed": 2})
    assert [device.message for device in result.devices[:2]] == ["sw1 says partially_applied", "sw2 says check_failed"]
    assert result.message == "put sw1 right by hand, then `netsaga quarantine clear HOST --by NAME`"
    assert [step.state for step in result.steps] == ["succeeded"]
    assert world.asked("undo", "deploy") == []


def where_three_fail() -> World:
    """Three of the devices fail in the middle, and an operator is asked about them."""
    world = World(plan(changing("deploy", on_failure=PAUSE)), HOSTS)
    for host in HOSTS[:3]:
        world.fails("deploy", host, touched=True)
    return world


@pytest.mark.history("retry-begins-at-once")
@pytest.mark.usefixtures("real_time")
async def test_a_retry_of_some_devices_does_not_wait_for_what_becomes_of_the_others(server: Server) -> None:
    world = where_three_fail()
    async with server.run(world) as live:
        await live.until(asks("3 devices of wave all failed"))
        await ask(live, "stop", devices=["sw3"])
        await live.until(asks("2 devices of wave all failed"))
        del world.scripts["deploy", "sw1"]
        await ask(live, "retry", devices=["sw1"])
        await live.until(asks("1 device of wave all failed"))
        assert ("deploy", "sw1") in world.touched
        assert world.asked("undo", "deploy") == ["sw3", "sw1"]
        await ask(live, "stop")
        result = await live.result()
    assert (result.verdict, result.counts) == ("stopped", {"changed": 2, "undone": 2})


@pytest.mark.usefixtures("real_time")
async def test_a_pause_holds_up_a_retry_of_some_devices_until_the_resume(server: Server) -> None:
    world = where_three_fail()
    async with server.run(world) as live:
        await live.until(asks("3 devices of wave all failed"))
        await ask(live, "set_concurrency", concurrency=1)
        world.scripts["deploy", "sw1"] = holding = Holding(world, touches=True)
        del world.scripts["deploy", "sw2"]
        await ask(live, "retry", devices=["sw1", "sw2"])
        await asyncio.wait_for(holding.begun.wait(), 20)
        await ask(live, "pause")
        holding.go_on.set()
        await live.until(lambda status: status.steps[0].counts.get("changed") == 2)
        assert ("deploy", "sw2") not in world.touched
        await ask(live, "resume")
        await live.until(asks("1 device of wave all failed"))
        assert ("deploy", "sw2") in world.touched
        await ask(live, "stop")
        result = await live.result()
    assert (result.verdict, result.counts) == ("stopped", {"changed": 3, "undone": 1})
