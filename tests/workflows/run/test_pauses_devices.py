"""A pause in the middle of a wave: the devices under way end, and no other begins until the run is resumed."""

import asyncio
from types import SimpleNamespace

import pytest
from temporalio import workflow

from answering import ask, asks
from plans import changing, plan, waves
from running import Live, Server
from scripted import Holding, World
from workflows import contracts
from workflows.contracts import Operation, OperationAnswer
from workflows.plan import OnFailure, Window
from workflows.run import batches, renewal
from workflows.run.state import RunState

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2", "sw3", "sw4")
UNDOES = OnFailure(action="undo", scope="step")


async def paused_after(live: Live, holding: Holding, changed: int) -> None:
    """Pauses the run while a device is under way, and waits until that has ended."""
    await asyncio.wait_for(holding.begun.wait(), 20)
    await ask(live, "pause")
    await live.told(contracts.SIGNAL_SLOTS)
    holding.go_on.set()
    await live.until(lambda status: status.steps[0].counts == {"changed": changed, "pending": len(HOSTS) - changed})


@pytest.mark.history("pause-in-a-wave")
async def test_a_paused_wave_takes_up_no_more_devices_until_it_is_resumed(server: Server) -> None:
    world = World(plan(changing("deploy", concurrency=1)), HOSTS)
    holding = world.scripts["deploy", "sw2"] = Holding(world, touches=True)
    async with server.run(world) as live:
        await paused_after(live, holding, 2)
        (batch,) = await live.batches()
        await asyncio.wait_for(batch.result(), 20)
        assert world.asked("do", "deploy") == ["sw1", "sw2"]
        await ask(live, "resume")
        result = await live.result()
    assert (result.verdict, result.counts) == ("succeeded", {"changed": 4})
    assert world.asked("do", "deploy") == list(HOSTS), "each once"


async def test_a_wave_that_is_resumed_at_once_leaves_no_device_out(server: Server) -> None:
    world = World(plan(changing("deploy", concurrency=1, waves=waves(3, "100%"))), HOSTS)
    holding = world.scripts["deploy", "sw1"] = Holding(world, touches=True)
    async with server.run(world) as live:
        await asyncio.wait_for(holding.begun.wait(), 20)
        for kind in ("pause", "resume", "pause", "resume"):
            await ask(live, kind)
        holding.go_on.set()
        result = await live.result()
    assert result.counts == {"changed": 4}
    assert world.asked("do", "deploy") == list(HOSTS)


async def test_a_wave_that_is_paused_is_cancelled_and_what_it_has_changed_is_taken_back(server: Server) -> None:
    world = World(plan(changing("deploy", concurrency=1, on_failure=UNDOES)), HOSTS)
    holding = world.scripts["deploy", "sw2"] = Holding(world, touches=True)
    async with server.run(world) as live:
        await paused_after(live, holding, 2)
        await live.handle.cancel()
        await live.end()
    assert world.sealed[0].result.counts == {"undone": 2, "untouched": 2}
    assert world.touched == set()


async def test_a_wave_that_is_paused_goes_on_where_the_run_continues_as_new_meanwhile(server: Server) -> None:
    world = World(plan(changing("deploy", concurrency=1)), HOSTS, history_events=40)
    holding = world.scripts["deploy", "sw2"] = Holding(world, touches=True)
    async with server.run(world) as live:
        await paused_after(live, holding, 2)
        for _ in range(40):
            await live.handle.signal("nobody-waits-for-this")
        async with asyncio.timeout(20):
            while await live.executions() < 2:
                await asyncio.sleep(0.05)
        assert world.asked("do", "deploy") == ["sw1", "sw2"]
        await ask(live, "resume")
        result = await live.result()
    assert result.counts == {"changed": 4}
    assert world.asked("do", "deploy") == list(HOSTS)


@pytest.mark.usefixtures("real_time")
async def test_a_batch_that_is_being_started_at_a_pause_takes_up_no_device(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused = asyncio.Event()

    async def late(_: RunState) -> None:
        await workflow.wait_condition(paused.is_set)  # as after a reset, until the guard has told what is held

    monkeypatch.setattr(batches, "renewal", SimpleNamespace(settled=late, call_of=renewal.call_of))
    world = World(plan(changing("deploy")), HOSTS)
    async with server.run(world) as live:
        await live.until(lambda status: [step.state for step in status.steps] == ["running"])
        await ask(live, "pause")
        paused.set()
        await live.handle.signal("nobody-waits-for-this")
        async with asyncio.timeout(20):
            while not (found := await live.batches()):
                await asyncio.sleep(0.05)
        await asyncio.wait_for(found[0].result(), 20)
        assert world.asked("do", "deploy") == []
        await ask(live, "resume")
        assert (await live.result()).counts == {"changed": 4}


async def test_devices_that_are_tried_again_wait_for_the_resume_too(server: Server) -> None:
    world = World(plan(changing("deploy", concurrency=1, on_failure=OnFailure(action="pause"))), HOSTS)
    world.fails("deploy", "sw1", "partially_applied", touched=True)
    async with server.run(world) as live:
        await live.until(asks("1 device of wave all failed"))
        holding = world.scripts["deploy", "sw1"] = Holding(world, touches=True)
        await ask(live, "retry")
        await paused_after(live, holding, 1)
        assert world.asked("do", "deploy") == ["sw1", "sw1"]
        await ask(live, "resume")
        result = await live.result()
    assert result.counts == {"changed": 4}


async def test_a_wave_with_a_change_window_goes_on_to_its_end_and_whoever_pauses_is_told(server: Server) -> None:
    night = Window(cron="0 22 * * *", duration_s=7200.0, time_zone="UTC")
    world = World(plan(changing("deploy", concurrency=1, waves=waves(2, "100%"), window=night)), HOSTS)
    holding = world.scripts["deploy", "sw1"] = Holding(world, touches=True)
    async with server.run(world) as live:
        await asyncio.wait_for(holding.begun.wait(), 20)
        answer = await live.handle.execute_update("pause", Operation(by="olga"), result_type=OperationAnswer)
        assert "goes on to its end: it was begun to end inside its change window" in answer.message
        holding.go_on.set()
        await live.until(lambda status: status.steps[0].waves[0].state == "succeeded")
        assert world.asked("do", "deploy") == ["sw1", "sw2"]
        await ask(live, "resume")
        assert (await live.result()).counts == {"changed": 4}
