"""Runs that an operator resets: they touch no device that they do not hold any more, and go on with what they hold."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.leases import Leasing
from guarded import AtWork, Guarded, Serving, guarded, known, serving, until_waiting
from holders import reset
from plans import changing, plan
from resetting import newest, reset_while_it_waits, task_after
from running import Live, Server
from scripted import Holding
from workflows import contracts
from workflows.contracts import Decision, Holder, LeaseAnswer, LeaseInput, LeaseRequest, RunId
from workflows.plan import ApproveStep, Constant, HostName, StepId

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2")


def gated() -> Guarded:
    """Two steps that change, and people between them."""
    gate = ApproveStep(id=StepId("gate"), needs=(StepId("first"),), by="leads", timeout=Constant(value="30m"))
    steps = changing("first"), gate, changing("second", needs=("gate",))
    return guarded(plan(*steps), HOSTS, groups={"leads": ("ann",)})


async def refusal(live: Live) -> str:
    """Why a run that was reset goes no further."""
    with pytest.raises(WorkflowFailureError) as ended:
        await asyncio.wait_for(live.handle.result(), 60)
    assert isinstance(ended.value.cause, ApplicationError)
    assert ended.value.cause.type == "invalid_input"
    status = await live.status()
    assert (status.phase, status.message) == ("closed", ended.value.cause.message)
    return ended.value.cause.message


async def closed(runs: Serving) -> Live:
    """A run of two steps that was approved, and has closed."""
    live = await runs.start()
    await live.until(lambda status: bool(status.gates))
    await live.handle.signal(contracts.SIGNAL_APPROVE, Decision(by="ann"))
    assert (await live.result()).verdict == "succeeded"
    runs.world.calls.clear()
    return live


@pytest.mark.history("reset-closed")
@pytest.mark.parametrize("point", ["gate", "approval", "lease", "start"])
@pytest.mark.usefixtures("real_time")
async def test_a_closed_run_that_is_reset_touches_no_device(server: Server, point: str) -> None:
    world = gated()
    async with serving(server, world) as runs:
        live = await closed(runs)
        tasks = {
            "gate": await task_after(live.handle, "child_workflow_execution_completed"),  # the approval is sent again
            "approval": await task_after(live.handle, "workflow_execution_signaled", contracts.SIGNAL_APPROVE),
            "lease": await task_after(live.handle, "activity_task_completed"),  # that of `prepare`
            "start": 4,
        }
        holding = Holding(world)
        world.scripts["first", "sw1"] = holding
        other = await runs.start()
        await asyncio.wait_for(holding.begun.wait(), 20)
        world.calls.clear()
        await reset(server, live.handle, tasks[point])
        again = await newest(server, live)
        assert "was reset, and does not hold its devices" in await refusal(again)
        if point == "gate" and server.keep_as is not None:
            await server.keep(again.handle, server.keep_as)
        assert [call for call in world.calls if call != ("do", "first", "sw2")] == [], "that one is the other run's"
        state = await known(server, world)
        assert [lease.holder.workflow_id for lease in state.leases] == [other.handle.id]
        assert (state.queue, state.flagged, dict(state.quarantined)) == ((), {}, {})
        await other.handle.terminate("the test is over")
        holding.go_on.set()


@pytest.mark.usefixtures("real_time")
async def test_a_closed_run_that_is_reset_does_not_believe_its_journal_though_nobody_has_the_devices(
    server: Server,
) -> None:
    world = gated()
    async with serving(server, world) as runs:
        live = await closed(runs)
        await reset(server, live.handle, await task_after(live.handle, "workflow_execution_signaled"))
        assert "Start a new run" in await refusal(await newest(server, live))
        assert (world.calls, (await known(server, world)).leases) == ([], ())


@pytest.mark.history("reset-open")
@pytest.mark.usefixtures("real_time")
async def test_an_open_run_that_is_reset_goes_on_with_the_devices_that_it_holds(server: Server) -> None:
    world = gated()
    async with serving(server, world) as runs:
        live = await runs.start()
        await live.until(lambda status: bool(status.gates))
        other = await runs.start()
        await until_waiting(other)
        await reset(server, live.handle, await task_after(live.handle, "child_workflow_execution_completed"))
        again = await newest(server, live)
        await again.until(lambda status: bool(status.gates))
        await again.handle.signal(contracts.SIGNAL_APPROVE, Decision(by="ann"))
        assert (await again.result()).verdict == "succeeded"
        if server.keep_as is not None:
            await server.keep(again.handle, server.keep_as)
        assert (sorted(world.asked("do", "first")[:2]), sorted(world.asked("do", "second"))) == ([*HOSTS], [*HOSTS])
        await other.until(lambda status: bool(status.gates))
        await other.handle.signal(contracts.SIGNAL_APPROVE, Decision(by="ann"))
        assert (await other.result()).verdict == "succeeded", "it was given back"


async def test_a_run_that_is_reset_while_it_waits_keeps_its_place_and_may_ask_again_later(server: Server) -> None:
    world = guarded(plan(changing("deploy"), last=(changing("mark"),)), HOSTS)
    holding = Holding(world)
    world.scripts["deploy", "sw1"] = holding
    async with serving(server, world) as runs:
        first, again = await reset_while_it_waits(runs, holding)
        holding.go_on.set()
        assert (await first.result()).verdict == "succeeded"
        assert (await again.result()).verdict == "succeeded"
        state = await known(server, world)
        assert (state.leases, state.queue) == ((), ())
    assert (len(world.asked("do", "deploy")), len(world.asked("do", "mark"))) == (4, 4), "two devices of two runs"


async def test_a_run_that_is_reset_waits_for_a_batch_that_it_knows_no_more(server: Server) -> None:
    world = guarded(plan(changing("deploy")), HOSTS)
    holding = AtWork(world)
    world.scripts["deploy", "sw1"] = holding
    async with serving(server, world) as runs:
        live = await runs.start()
        await asyncio.wait_for(holding.begun.wait(), 20)
        await reset(server, live.handle, await task_after(live.handle, "activity_task_completed"))  # that of `prepare`
        again = await newest(server, live)
        async with asyncio.timeout(60):
            while "renew" not in [event async for event in activities(again)]:
                await asyncio.sleep(0.05)
        assert world.asked("do", "deploy").count("sw1") == 1, "the batch is at work"
        holding.go_on.set()
        assert (await again.result()).verdict == "succeeded"
    assert world.asked("undo", "deploy") == []


async def activities(live: Live) -> AsyncIterator[str]:
    """The ids of the activities that have answered, in order."""
    scheduled: dict[int, str] = {}
    async for event in live.handle.fetch_history_events():
        scheduled[event.event_id] = event.activity_task_scheduled_event_attributes.activity_id
        if event.HasField("activity_task_completed_event_attributes"):
            yield scheduled[event.activity_task_completed_event_attributes.scheduled_event_id]


@pytest.mark.usefixtures("real_time")
async def test_a_request_that_the_server_carries_out_anew_after_a_reset_is_granted_nothing(server: Server) -> None:
    world = gated()
    async with serving(server, world) as runs:
        live = await closed(runs)
        run = RunId(live.handle.first_execution_run_id or "")
        holder = Holder(workflow_id=live.handle.id, run=run, root=live.handle.id)
        request = LeaseRequest(holder=holder, devices=(HostName("sw1"),), number=1)
        environment = ActivityEnvironment(client=server.client)
        answer = await environment.run(Leasing(world.guard).lease, LeaseInput(request=request, execution=run))
        assert answer == LeaseAnswer(granted=False, execution=environment.info.workflow_run_id or "")
        assert (await known(server, world)).leases == ()
