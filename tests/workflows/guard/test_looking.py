"""How the guard looks after those in the way: all of them at once, and nobody where nobody waits."""

import asyncio
import uuid
from collections.abc import Sequence

import pytest
from temporalio import activity
from temporalio.api.history.v1 import HistoryEvent
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.leases import Leasing
from holders import Runs, guarding, standing_runs
from running import Server
from workflows import contracts
from workflows.contracts import GuardState, HoldersInput, HoldersState, LeaseAnswer, LeaseRequest
from workflows.converter import CONVERTER
from workflows.guard.workflow import GuardWorkflow

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def waiting(runs: Runs, *names: str) -> None:
    """The first of some runs holds a device, the others wait for it."""
    await runs.start(*names)
    for name in names:
        assert (await runs.lease(name, "sw1")).granted is (name == names[0])


async def events(runs: Runs) -> Sequence[HistoryEvent]:
    return (await runs.guard.fetch_history()).events


async def looks(runs: Runs) -> list[list[str]]:
    """Whom the guard has asked about, look by look."""
    found = []
    for event in await events(runs):
        asked = event.activity_task_scheduled_event_attributes
        if asked.activity_type.name:
            assert asked.activity_type.name == contracts.HOLDERS
            (call,) = await CONVERTER.decode(asked.input.payloads, [HoldersInput])
            found.append([holder.workflow_id.removeprefix(f"{runs.guard.id}-") for holder in call.holders])
    return found


async def until_told(runs: Runs, name: str) -> None:
    async with asyncio.timeout(60):
        while await runs.told(name) != ["leased"]:
            await asyncio.sleep(0.05)


async def until_looked(runs: Runs, *names: str) -> None:
    async with asyncio.timeout(60):
        while list(names) not in await looks(runs):
            await asyncio.sleep(0.05)


async def until_idle(runs: Runs) -> None:
    """Until the guard has done all that follows from its newest signal."""
    async with asyncio.timeout(60):
        while True:
            kinds = [event.WhichOneof("attributes") or "" for event in await events(runs)]
            told = max(i for i, kind in enumerate(kinds) if kind.startswith("external_workflow_execution_signaled"))
            if any(kind.startswith("workflow_task_completed") for kind in kinds[told:]):
                return
            await asyncio.sleep(0.05)


@pytest.mark.history("guard-looks")
async def test_all_in_the_way_are_asked_about_at_once_and_nobody_once_nobody_waits(server: Server) -> None:
    async with standing_runs(server) as runs:
        await waiting(runs, "one", "two", "three")
        await until_looked(runs, "one", "two", "three")
        await runs.handles["one"].terminate("by the test")
        await until_told(runs, "two")
        await until_looked(runs, "two", "three")
        await runs.handles["two"].terminate("by the test")
        await until_told(runs, "three")
        await until_idle(runs)
        kinds = [event.WhichOneof("attributes") or "" for event in await events(runs)]
        last = max(i for i, kind in enumerate(kinds) if kind.startswith("activity_task_completed"))
        assert not [kind for kind in kinds[last:] if kind.startswith("timer_started")], "it looks after nobody"
        state = await runs.guard.query(contracts.QUERY_LEASES, result_type=GuardState)
        assert [lease.holder for lease in state.leases] == [runs.holder("three")]
        assert [lost.holder for lost in state.lost] == [runs.holder("one"), runs.holder("two")]
        if server.keep_as is not None:
            await server.keep(runs.guard, server.keep_as)


async def test_more_than_fit_into_one_question_are_asked_about_in_pieces_and_nobody_who_is_closed_gets_a_turn(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contracts, "BATCH_SIZE", 2)
    queue = f"guard-{uuid.uuid4().hex[:8]}"
    async with standing_runs(server, queue) as runs:
        async with guarding(server, queue):
            await waiting(runs, "one", "two", "three")
            await until_looked(runs, "three")
        for name in ("one", "two"):
            await runs.handles[name].terminate("by the test")
        async with guarding(server, queue):
            await until_told(runs, "three")
            assert ["one", "two"] in await looks(runs)
            kinds = [event.WhichOneof("attributes") or "" for event in await events(runs)]
            state = await runs.guard.query(contracts.QUERY_LEASES, result_type=GuardState)
    assert len([kind for kind in kinds if kind.startswith("signal_external_workflow_execution_initiated")]) == 1
    assert [lost.holder.run for lost in state.lost] == [runs.holder("one").run]


class Stale(Leasing):
    """What a look at runs has found, and tells only when the test lets it."""

    def __init__(self, guard: str) -> None:
        super().__init__(guard)
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    @activity.defn(name=contracts.HOLDERS)
    async def holders(self, call: HoldersInput) -> HoldersState:
        """The first one had ended by then."""
        self.begun.set()
        await self.go_on.wait()
        return HoldersState(states={call.holders[0].run: "ended"})


@pytest.mark.history("guard-hears")
async def test_a_run_that_has_asked_since_it_was_looked_at_is_not_taken_for_closed(server: Server) -> None:
    queue = f"guard-{uuid.uuid4().hex[:8]}"
    async with standing_runs(server, queue) as runs:
        stale = Stale(runs.guard.id)
        worker = Worker(
            server.client,
            task_queue=queue,
            workflows=[GuardWorkflow],
            activities=[stale.holders, stale.holder],
            workflow_runner=UnsandboxedWorkflowRunner(),
        )
        async with worker:
            await waiting(runs, "one", "two")
            await asyncio.wait_for(stale.begun.wait(), 60)
            request = LeaseRequest(holder=runs.holder("one"), devices=())
            renewed = await runs.guard.execute_update(contracts.UPDATE_RENEW, request, result_type=LeaseAnswer)
            assert renewed.granted, "it was reset after the look had begun"
            stale.go_on.set()
            await until_looked(runs, "one", "two")
            async with asyncio.timeout(60):
                while not [event for event in await events(runs) if event.HasField("timer_started_event_attributes")]:
                    await asyncio.sleep(0.05)
            state = await runs.guard.query(contracts.QUERY_LEASES, result_type=GuardState)
            assert [lease.holder for lease in state.leases] == [runs.holder("one")]
            assert await runs.told("two") == []
            if server.keep_as is not None:
                await server.keep(runs.guard, server.keep_as)
