"""The guard on the real server, with the real activities: two runs, one fleet."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from temporalio.client import WorkflowUpdateFailedError
from temporalio.testing import ActivityEnvironment

from activities.leases import Leasing
from guarded import AtWork, Guarded, clear, guarded, known, serving, until_waiting
from plans import at_least, changing, plan, reading, waves
from running import Server
from scripted import Holding
from workflows import contracts
from workflows.contracts import ClearRequest, GuardPolicy, HolderInput, LookResult
from workflows.guard import workflow as guard_workflow
from workflows.plan import Breaker, HostName

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2")


@pytest_asyncio.fixture(loop_scope="session")
async def world() -> AsyncIterator[Guarded]:
    """With a guard of its own."""
    yield guarded(plan(changing("deploy")), HOSTS)


async def test_a_second_run_waits_until_the_first_has_given_its_devices_back(server: Server, world: Guarded) -> None:
    first = Holding(world)
    world.scripts["deploy", "sw1"] = first
    async with server.run(world) as one:
        await asyncio.wait_for(first.begun.wait(), 20)
        async with server.run(world) as two:
            await until_waiting(two)
            status = await two.status()
            assert one.handle.id in status.steps[0].message
            assert status.phase == "waiting"
            first.go_on.set()
            assert (await one.result()).verdict == "succeeded"
            assert (await two.result()).verdict == "succeeded"
        state = await known(server, world)
    assert (state.leases, state.queue) == ((), ())


async def test_a_run_that_waits_for_devices_can_be_cancelled(server: Server, world: Guarded) -> None:
    first = Holding(world)
    world.scripts["deploy", "sw1"] = first
    async with server.run(world) as one, server.run(world) as two:
        await asyncio.wait_for(first.begun.wait(), 20)
        holder, waiter = (one, two) if "waits" not in (await one.status()).steps[0].message else (two, one)
        await until_waiting(waiter)
        await waiter.handle.cancel()
        await waiter.until(lambda status: status.phase == "closed")
        assert (await waiter.status()).verdict == "cancelled"
        first.go_on.set()
        assert (await holder.result()).verdict == "succeeded"
        assert (await known(server, world)).queue == ()


@pytest.mark.history("aftermath")
async def test_the_devices_of_a_terminated_run_are_looked_at_by_the_next(server: Server, world: Guarded) -> None:
    first = Holding(world)
    world.scripts["deploy", "sw1"] = first
    async with serving(server, world) as runs:
        one = await runs.start()
        await asyncio.wait_for(first.begun.wait(), 20)
        await one.handle.terminate("by the test")
        first.go_on.set()
        two = await runs.start()
        assert (await two.result()).verdict == "succeeded"
        await runs.keep(two)
        state = await known(server, world)
    (looked,) = world.looks
    assert (looked.lost.holder.workflow_id, looked.lost.devices) == (one.handle.id, HOSTS)
    assert looked.lost.prepared is not None
    assert state.flagged == {}, "the next run has looked"


async def test_nobody_gets_the_devices_of_a_terminated_run_while_its_batches_are_at_work(
    server: Server, world: Guarded
) -> None:
    first = AtWork(world, touches=True)
    world.scripts["deploy", "sw1"] = first
    async with serving(server, world) as runs:
        one = await runs.start()
        await asyncio.wait_for(first.begun.wait(), 20)
        await one.handle.terminate("by the test")
        lost = (await known(server, world)).leases[0].holder
        environment, leasing = ActivityEnvironment(client=server.client), Leasing(world.guard)
        assert (await environment.run(leasing.holder, HolderInput(holder=lost))).state == "open"
        two = await runs.start()
        await until_waiting(two)
        world.calls.clear()
        first.go_on.set()
        assert (await two.result()).verdict == "succeeded"
        assert (await environment.run(leasing.holder, HolderInput(holder=lost))).state == "cut_off"
    assert [looked.lost.holder for looked in world.looks] == [lost]


async def test_what_a_terminated_run_left_in_between_is_not_changed_and_quarantined(
    server: Server, world: Guarded
) -> None:
    first = Holding(world)
    world.scripts["deploy", "sw1"] = first
    world.left = LookResult(dirty={HostName("sw1"): "foreign lines"}, unseen={HostName("sw2"): "does not answer"})
    async with server.run(world) as one:
        await asyncio.wait_for(first.begun.wait(), 20)
        await one.handle.terminate("by the test")
        first.go_on.set()
        world.calls.clear()
        async with server.run(world) as two:
            result = await two.result()
        state = await known(server, world)
    assert result.verdict == "failed"
    assert [device.status for device in result.devices] == ["quarantined", "quarantined"]
    assert "foreign lines" in result.devices[0].message
    assert world.asked("do", "deploy") == []
    assert list(state.quarantined) == ["sw1"]
    assert list(state.flagged) == ["sw2"], "nobody has seen it yet"


@pytest.mark.history("quarantined")
async def test_a_device_that_fails_too_often_is_not_changed_until_somebody_clears_it(
    server: Server, world: Guarded
) -> None:
    world.plan = plan(reading("look"), changing("deploy", accept=at_least(50)))
    world.guard_policy = GuardPolicy(failures=2, within_s=3600, alert="noc")
    world.fails("deploy", "sw1")
    async with serving(server, world) as runs:
        first = await runs.outcome()
        assert (first.verdict, dict(first.quarantined), world.told) == ("partial", {}, [])
        second = await runs.outcome()
        said = second.quarantined[HostName("sw1")]
        assert said == "2 failures within 1 h, the last one: step deploy: sw1 says check_failed"
        (told,) = world.told
        assert (told.to, said in (told.message or "")) == ("noc", True)
        world.calls.clear()
        live = await runs.start()
        third = await live.result()
        await runs.keep(live)
        assert third.verdict == "partial"
        assert [(device.name, device.status) for device in third.devices] == [
            ("sw1", "quarantined"),
            ("sw2", "changed"),
        ]
        assert "clear it with `netsaga quarantine clear sw1 --by NAME`" in third.devices[0].message
        assert world.asked("do", "deploy") == ["sw2"]
        assert sorted(world.asked("do", "look")) == ["sw1", "sw2"], "looking is not hindered"
        assert third.quarantined == {}, "it was there before"
        assert (await clear(server, world, "sw1")).cleared == ("sw1",)
        (record,) = (await known(server, world)).cleared
        assert (record.by, record.reason, record.how) == ("olga", "replaced", "update")
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await clear(server, world, "sw1")
        assert "neither quarantined nor flagged: sw1" in str(refused.value.cause)
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await server.client.get_workflow_handle(world.guard).execute_update(contracts.SIGNAL_CLEAR)
        assert 'this is nothing; send {"by": "NAME", "devices": ["HOST"]' in str(refused.value.cause)
        del world.scripts["deploy", "sw1"]
        assert (await runs.outcome()).verdict == "succeeded"


async def test_a_device_left_in_between_is_quarantined_at_once(server: Server, world: Guarded) -> None:
    world.fails("deploy", "sw1", touched=True)
    world.undo_fails("deploy", "sw1")
    async with serving(server, world) as runs:
        result = await runs.outcome()
        assert result.verdict == "failed_dirty"
        assert list(result.quarantined) == ["sw1"]
        again = await runs.outcome()
    assert (again.verdict, again.message) == ("failed", "step deploy: 1 of 2 devices failed; accepted is all")
    assert world.asked("do", "deploy").count("sw2") == 1, "nothing starts where `accept` cannot be met"


async def test_a_run_that_waited_hears_of_what_was_quarantined_meanwhile(server: Server, world: Guarded) -> None:
    first = Holding(world, touches=True)
    world.scripts["deploy", "sw1"] = first
    world.undo_fails("deploy", "sw1")
    async with server.run(world) as one:
        await asyncio.wait_for(first.begun.wait(), 20)
        async with server.run(world) as two:
            await until_waiting(two)
            await one.handle.cancel()
            assert (await two.result()).devices[0].status == "quarantined"


async def test_devices_that_the_breaker_of_a_step_kept_back_are_not_quarantined(server: Server) -> None:
    breaker = Breaker(failures=1, within_s=60)
    step = changing("deploy", accept=at_least(1), breaker=breaker, waves=waves(1, "100%"), concurrency=1)
    world = guarded(plan(step), ("sw1", "sw2", "sw3"), guard_policy=GuardPolicy(failures=2, alert="noc"))
    world.fails("deploy", "sw1")
    async with server.run(world) as live:
        result = await live.result()
        state = await known(server, world)
    assert [device.status for device in result.devices] == ["failed", "quarantined", "quarantined"]
    assert (dict(result.quarantined), dict(state.quarantined), list(state.failures)) == ({}, {}, ["sw1"])
    (told,) = world.told
    assert "step deploy: the breaker opened: 1 failure within 60 s" in (told.message or "")


@pytest.mark.history("alerted-of-reads")
async def test_people_are_told_of_a_breaker_of_a_step_that_reads_too(server: Server) -> None:
    step = reading("look", breaker=Breaker(failures=1, within_s=60))
    world = guarded(plan(step), HOSTS, guard_policy=GuardPolicy(alert="noc"))
    world.fails("look", "sw1")
    async with server.run(world) as live:
        await live.result()
    (told,) = world.told
    assert "step look: the breaker opened: 1 failure within 60 s" in (told.message or "")


async def test_the_guard_continues_as_new_by_itself_and_answers_an_update_once(
    server: Server, world: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard_workflow, "LONGEST_HISTORY", 40)
    world.fails("deploy", "sw1", touched=True)
    world.undo_fails("deploy", "sw1")
    async with server.run(world) as live:
        await live.result()
        handle = server.client.get_workflow_handle(world.guard)
        first = (await handle.describe()).run_id
        assert (await clear(server, world, "sw1", id_="once")).cleared == ("sw1",)
        for _ in range(20):
            await handle.signal(contracts.SIGNAL_CLEAR, ClearRequest(by="olga", devices=(HostName("sw9"),)))
        for _ in range(100):
            if (await handle.describe()).run_id != first:
                break
            await asyncio.sleep(0.05)
        assert (await handle.describe()).run_id != first
        assert (await clear(server, world, "sw1", id_="once")).cleared == ("sw1",), "answered as it was"
        state = await known(server, world)
        assert [record.id for record in state.cleared].count("once") == 1
