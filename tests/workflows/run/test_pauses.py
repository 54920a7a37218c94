"""Pauses and what meets them: a run that continues as new, a cancel, and answers that are given while they last."""

import asyncio

import pytest

from answering import ask, asks
from plans import changing, plan, reading, waves
from running import Live, Server
from scripted import Holding, World
from starter.errors import DecisionRefused
from starter.handle import RunHandle
from workflows.contracts import HttpResult
from workflows.errors import failure
from workflows.plan import ApproveStep, Constant, HttpStep, OnFailure, StepId

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2", "sw3", "sw4")
PAUSE = OnFailure(action="pause")
STOPS = OnFailure(action="stop")
UNDOES = OnFailure(action="undo", scope="step")
SHORT = 40  # events


async def continues(live: Live) -> None:
    """Makes the history so long that the run continues as new, and waits until it has."""
    for _ in range(SHORT):
        await live.handle.signal("nobody-waits-for-this")
    async with asyncio.timeout(20):
        while await live.executions() < 2:
            await asyncio.sleep(0.05)


def get(**changes: object) -> HttpStep:
    fields = {"id": StepId("get"), "method": "get", "url": Constant(value="http://x/"), "on_failure": PAUSE}
    return HttpStep.model_validate(fields | changes)


@pytest.mark.usefixtures("real_time")
async def test_a_run_that_is_paused_while_it_continues_as_new_can_be_cancelled(server: Server) -> None:
    step = changing("deploy", waves=waves("100%", soak="2h"), on_failure=UNDOES)
    world = World(plan(step), HOSTS, history_events=SHORT)
    async with server.run(world) as live:
        await live.until(lambda status: any(wave.state == "soaking" for one in status.steps for wave in one.waves))
        await ask(live, "pause")
        await continues(live)
        await live.handle.cancel()
        await live.end()
    assert world.sealed[0].result.verdict == "cancelled"
    assert world.touched == set()


@pytest.mark.history("paused-continued")
@pytest.mark.usefixtures("real_time")
async def test_a_gate_is_decided_also_where_a_paused_run_continues_as_new_meanwhile(server: Server) -> None:
    gate = ApproveStep(id=StepId("gate"), by="leads", timeout=Constant(value="2h"))
    world = World(
        plan(gate, changing("deploy", needs=("gate",))), HOSTS, groups={"leads": ("ann",)}, history_events=SHORT
    )
    async with server.run(world) as live:
        await live.until(lambda status: bool(status.gates))
        await ask(live, "pause")
        await continues(live)
        await live.handle.signal("approve", {"by": "ann"})
        status = await live.until(lambda status: status.steps[0].state == "succeeded")
        assert (status.phase, status.steps[1].state, world.touched) == ("paused", "pending", set())
        await ask(live, "resume")
        assert (await live.result()).verdict == "succeeded"


@pytest.mark.history("answered-continued")
@pytest.mark.parametrize("answer", ["stop", "undo"])
async def test_a_device_is_taken_back_where_the_run_continues_as_new_on_the_answer(server: Server, answer: str) -> None:
    world = World(plan(changing("deploy", on_failure=PAUSE)), HOSTS, history_events=SHORT)
    world.fails("deploy", "sw2", "partially_applied", touched=True)
    async with server.run(world) as live:
        await live.until(asks("1 device of wave all failed"))
        async with asyncio.TaskGroup() as sending:  # in one workflow task, or nearly so
            for number in range(SHORT):
                sending.create_task(live.handle.signal("nobody-waits-for-this"))
                if number == 0:
                    sending.create_task(live.handle.signal(answer, {"by": "olga"}))
        result = await live.result()
    assert ("deploy", "sw2") not in world.touched
    assert result.counts == {"changed": 3, "undone": 1}


def refused() -> World:
    """A run whose system says no."""
    world = World(plan(get()), HOSTS)
    world.answers["get"] = failure("permanent", "no")
    return world


async def asked_and_paused(live: Live) -> None:
    await live.until(asks("no; retry"))
    await ask(live, "pause")


@pytest.mark.history("retry-while-paused")
async def test_a_step_that_is_not_over_devices_is_tried_again_when_the_run_is_resumed(server: Server) -> None:
    world = refused()
    async with server.run(world) as live:
        await asked_and_paused(live)
        world.answers["get"] = HttpResult(status=200)
        await ask(live, "retry")
        await live.until(lambda status: status.steps[0].message.endswith("is tried again when the run is resumed"))
        assert len(world.called) == 1
        await ask(live, "resume")
        result = await live.result()
    assert (result.verdict, len(world.called)) == ("succeeded", 2)


async def test_a_retry_that_waits_for_the_resume_is_cancelled_with_the_run(server: Server) -> None:
    world = refused()
    async with server.run(world) as live:
        await asked_and_paused(live)
        await ask(live, "retry")
        await live.handle.cancel()
        await live.end()
    assert len(world.called) == 1
    assert world.sealed[0].result.verdict == "cancelled"


@pytest.mark.history("cancel-while-paused-in-branches")
async def test_a_cancel_of_a_paused_run_is_each_branch_s_to_answer(server: Server) -> None:
    left = reading("left", needs=("deploy",), on_failure=STOPS)
    right = reading("right", needs=("deploy",), on_failure=OnFailure(action="undo", scope="run"))
    world = World(plan(changing("deploy"), left, right, reading("after", needs=("left", "right"))), HOSTS)
    holding = world.scripts["deploy", "sw2"] = Holding(world, touches=True)
    async with server.run(world) as live:
        await asyncio.wait_for(holding.begun.wait(), 20)
        await ask(live, "pause")
        holding.go_on.set()
        await live.until(lambda status: status.steps[0].state == "succeeded")
        await live.handle.cancel()
        await live.end()
    assert world.touched == set()
    result = world.sealed[0].result
    assert [step.state for step in result.steps] == ["undone", "cancelled", "cancelled", "skipped"]
    assert "step left: cancelled before it began; undone on 4 of 4 devices" in result.message


async def test_a_branch_that_a_pause_has_held_back_is_asked_beside_one_that_a_cancel_has_cut(server: Server) -> None:
    left = reading("left", needs=(), on_failure=STOPS)
    deploy = changing("deploy", needs=())
    right = reading("right", needs=("deploy",), on_failure=OnFailure(action="undo", scope="run"))
    world = World(plan(left, deploy, right), HOSTS)
    cut = world.scripts["left", "sw1"] = Holding(world)
    holding = world.scripts["deploy", "sw2"] = Holding(world, touches=True)
    async with server.run(world) as live:
        await asyncio.gather(*(asyncio.wait_for(one.begun.wait(), 20) for one in (cut, holding)))
        await ask(live, "pause")
        holding.go_on.set()
        await live.until(lambda status: status.steps[1].state == "succeeded")
        await live.handle.cancel()
        await live.end()
    assert world.touched == set()
    assert [step.state for step in world.sealed[0].result.steps] == ["cancelled", "undone", "cancelled"]


@pytest.mark.usefixtures("real_time")
async def test_who_asks_for_what_is_refused_only_later_is_told_so(server: Server) -> None:
    gate = ApproveStep(id=StepId("gate"), by="leads", timeout=Constant(value="2h"))
    world = World(plan(gate), HOSTS, groups={"leads": ("ann",)}, history_events=SHORT)
    world.load_waits_for = asyncio.Event()
    async with server.run(world) as live:
        await live.until(lambda status: bool(status.gates))
        await ask(live, "pause")
        await continues(live)
        handle = RunHandle(server.client, live.handle.id)
        late = asyncio.create_task(handle.operate("pause", by="rob"))
        await live.took(1)
        world.load_waits_for.set()
        with pytest.raises(DecisionRefused, match="the run is paused already"):
            await late
        await live.handle.cancel()
        await live.end()
