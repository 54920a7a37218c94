"""What operators answer to a step that paused on a failure: for some devices, after a soak, and about other waves."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from temporalio import activity
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from plans import at_most, changing, plan, waves
from running import Live, Server
from scripted import World, failed
from workflows import contracts
from workflows.contracts import (
    DeviceOutcome,
    InteractInput,
    LeaseAnswer,
    LeaseInput,
    OperationAnswer,
    Quarantined,
    RunId,
    RunStatus,
)
from workflows.plan import Check, CheckAction, Constant, HostName, OnFailure

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2", "sw3", "sw4")
PAUSE = OnFailure(action="pause")


class OutOfService(World):
    """Some of its devices are quarantined."""

    @activity.defn(name=contracts.LEASE)
    async def lease(self, call: LeaseInput) -> LeaseAnswer:
        """Grants everything, and says what is out of service."""
        why = Quarantined(since=datetime(2026, 1, 1, tzinfo=UTC), because="it failed", by_run="r", run=RunId("r"))
        return LeaseAnswer(granted=True, quarantined=dict.fromkeys((HostName("sw3"), HostName("sw4")), why))


async def ask(live: Live, kind: str, **operation: object) -> None:
    await live.handle.execute_update(kind, {"by": "olga", **operation}, result_type=OperationAnswer)


async def refused(live: Live, kind: str, **operation: object) -> str:
    with pytest.raises(WorkflowUpdateFailedError) as error:
        await ask(live, kind, **operation)
    assert isinstance(error.value.cause, ApplicationError)
    return error.value.cause.message


def asks(what: str) -> Callable[[RunStatus], bool]:
    """Whether the run is paused on a question that begins so."""
    return lambda status: status.phase == "paused" and any(step.message.startswith(what) for step in status.steps)


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
