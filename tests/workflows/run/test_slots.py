"""The slots of concurrency: what is in use stays where it is, and nothing is idle while a device waits."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

from expressions import tree
from plans import at_least, at_most, changing, plan
from running import Live, Server
from scripted import World
from workflows import contracts
from workflows.contracts import DeviceOutcome, InteractInput
from workflows.plan import Window
from workflows.run.slots import evenly, shared
from workflows.run.workflow import RunWorkflow

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATIENCE_S = 30.0
SCHEDULED, ENDED = EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED, EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
SIGNALLED, DECIDED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED, EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
TELLS = EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED
START_CHILD = EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED
batches = st.lists(st.tuples(st.integers(1, 100), st.integers(0, 40)), min_size=1, max_size=20)


@given(batches, st.integers(0, 300))
async def test_slots_are_divided_whole_and_never_taken_from_under_a_device(
    found: list[tuple[int, int]], free: int
) -> None:
    needs, held = [need for need, _ in found], [slots for _, slots in found]
    used = [min(need, slots) for need, slots in found]
    concurrency = max(sum(used) + free, len(found))
    divided = shared(concurrency, needs, held)
    assert sum(divided) == min(concurrency, sum(needs))
    assert all(was <= slots <= need for was, slots, need in zip(used, divided, needs, strict=True))
    if concurrency - sum(used) >= used.count(0):
        assert all(divided), "each that is opened gets one"


@given(batches, st.integers(0, 30))
async def test_where_there_are_fewer_slots_than_are_held_all_give(found: list[tuple[int, int]], fewer: int) -> None:
    needs, held = [need for need, _ in found], [slots for _, slots in found]
    used = [min(need, slots) for need, slots in found]
    concurrency = max(0, sum(used) - 1 - fewer)
    divided = shared(concurrency, needs, held)
    assert sum(divided) == min(concurrency, sum(used))
    assert all(slots <= was for was, slots in zip(used, divided, strict=True)), "none gets more than it has"


async def test_a_free_slot_goes_to_where_the_most_devices_wait_for_each() -> None:
    assert shared(100, [9, 16, 16], [13, 12, 12]) == [9, 16, 16]
    assert shared(40, [9, 60, 30], [13, 12, 12]) == [9, 19, 12]
    assert shared(10, [100, 10], [0, 0]) == [9, 1]
    assert shared(12, [100, 100, 100], [10, 6, 1]) == [6, 5, 1]
    assert shared(2, [9, 9, 9], [1, 1, 1]) == [1, 1, 0]


async def test_evenly_is_at_least_one_each_and_no_more_than_can_be_used() -> None:
    assert evenly(10, [100, 100, 2]) == [4, 4, 2]
    assert evenly(3, [5, 5, 5]) == [1, 1, 1]
    assert evenly(4, [0, 9]) == [0, 4]


@dataclass
class UnderWay:
    """Devices that end when they may, and how many of them were under way at once."""

    world: World
    goes_on: Callable[[str], bool]
    now: set[str] = field(default_factory=set)
    ended: list[str] = field(default_factory=list)
    at_starts: list[int] = field(default_factory=list)  # how many were, with each that began
    moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __post_init__(self) -> None:
        for host in self.world.hosts:
            self.world.scripts["deploy", host] = self

    async def __call__(self, call: InteractInput) -> DeviceOutcome:
        """Waits until it may end; bounded."""
        async with self.moved:
            self.now.add(call.host)
            self.at_starts.append(len(self.now))
            self.moved.notify_all()
            await asyncio.wait_for(self.moved.wait_for(lambda: self.goes_on(call.host)), PATIENCE_S)
            self.now.remove(call.host)
            self.ended.append(call.host)
            self.moved.notify_all()
        return DeviceOutcome(host=call.host, status="succeeded", changed=True, touched=True)

    async def begun(self, number: int) -> None:
        """Waits until so many devices are under way; bounded."""
        await self.until(lambda: len(self.now) == number)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits until devices have come so far; bounded."""
        async with self.moved:
            await asyncio.wait_for(self.moved.wait_for(condition), PATIENCE_S)

    async def look_again(self) -> None:
        """Something has changed upon which devices wait."""
        async with self.moved:
            self.moved.notify_all()


HOSTS = tuple(f"sw{number:02}" for number in range(12))


@pytest.fixture
def by_three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four batches make the twelve devices."""
    monkeypatch.setattr(contracts, "BATCH_SIZE", 3)


def twelve(concurrency: int, go_on: set[str], **changes: object) -> UnderWay:
    """A change of twelve devices, each of which ends as soon as it is named in ``go_on``."""
    world = World(plan(changing("deploy", concurrency=concurrency, **changes)), HOSTS)
    return UnderWay(world, lambda host: host in go_on)


@pytest.mark.history("slots-passed-on")
async def test_slots_of_a_batch_that_starts_no_more_devices_go_to_another_before_it_ends(server: Server) -> None:
    hosts = tuple(f"sw{number:03}" for number in range(140))
    first, last = set(hosts[:100]), hosts[-1]
    world = World(plan(changing("deploy", concurrency=7)), hosts)
    most_of_the_first = 0

    def goes_on(host: str) -> bool:
        # By its size the first batch has 5 slots. What is in it waits for a sixth, and the last of the other for all.
        nonlocal most_of_the_first
        most_of_the_first = max(most_of_the_first, len(devices.now & first))
        if host == last:
            return first.issubset(devices.ended)
        return host not in first or most_of_the_first > 5

    devices = UnderWay(world, goes_on)
    result = await server.outcome(world)
    assert result.counts == {"changed": 140}
    assert most_of_the_first == 6, "all but the one in which the other's last device is"
    assert max(devices.at_starts) <= 7


async def events(server: Server, live: Live, batch: int) -> list[EventType.ValueType]:
    """What has happened in a batch."""
    handle: WorkflowHandle[Any, Any] = server.client.get_workflow_handle(f"{live.handle.id}/deploy/all/{batch}")
    return [event.event_type for event in (await handle.fetch_history()).events]


async def test_a_batch_behind_which_others_wait_tells_of_failures_alone(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contracts, "BATCH_SIZE", 2)
    hosts = tuple(f"sw{number:02}" for number in range(42))
    world = World(plan(changing("deploy", concurrency=20, accept=at_most(1))), hosts)
    seen = asyncio.Event()
    devices = UnderWay(world, lambda _: seen.is_set())
    world.fails("deploy", "sw04")
    async with server.run(world) as live:
        await live.until(lambda status: bool(status.failures))  # while all the others are still at work
        seen.set()
        await devices.look_again()
        result = await live.result()
        happened = [await events(server, live, batch) for batch in range(21)]
    told = [found.count(TELLS) for found in happened]
    assert result.verdict == "partial"
    assert told[:20] == [0, 0, 1, *[0] * 17]
    assert told[20] > 0, "nothing waits behind the last"


@pytest.mark.usefixtures("by_three")
async def test_a_batch_is_opened_only_with_a_slot_that_nobody_uses(server: Server) -> None:
    go_on = set(HOSTS[6:])
    night = Window(cron="0 22 * * *", duration_s=7200.0, time_zone="UTC")
    devices = twelve(2, go_on, window=night)  # in which batches that are open go on during a pause
    async with server.run(devices.world) as live:
        await devices.begun(2)
        await live.handle.execute_update("pause", {"by": "olga"})
        go_on.update(HOSTS[:3])  # the first batch ends, and the second gets its slot
        await devices.look_again()
        await devices.until(lambda: devices.now == set(HOSTS[3:5]))
        await live.handle.execute_update("resume", {"by": "olga"})
        found = [event.event_type for event in (await live.handle.fetch_history()).events]
        go_on.update(HOSTS)
        await devices.look_again()
        result = await live.result()
    assert found.count(START_CHILD) == 2, "both slots are in use"
    assert result.counts == {"changed": 12}
    assert max(devices.at_starts) == 2


@pytest.mark.usefixtures("by_three")
async def test_with_fewer_slots_than_batches_some_wait_and_all_come_to_their_end(server: Server) -> None:
    go_on: set[str] = set()
    devices = twelve(4, go_on)

    async def found(batch: int, *expected: EventType.ValueType) -> list[EventType.ValueType]:
        """Waits until the last of these have come in this order; bounded."""
        for _ in range(300):
            happened = await events(server, live, batch)
            if [event for event in happened if event in expected][-len(expected) :] == list(expected):
                return happened
            await asyncio.sleep(0.02)
        raise AssertionError(f"batch {batch} never came there")

    async with server.run(devices.world) as live:
        await devices.begun(4)
        await live.handle.execute_update("set_concurrency", {"by": "olga", "concurrency": 1})
        for batch in (1, 2, 3):
            await found(batch, SIGNALLED)
        go_on.update(HOSTS[::3])  # the first device of each
        await devices.look_again()
        waits = [(await found(batch, ENDED, DECIDED)).count(SCHEDULED) for batch in (1, 2, 3)]
        await devices.begun(1)
        go_on.update(HOSTS)
        await devices.look_again()
        result = await live.result()
    assert waits == [1, 1, 1], "no device follows"
    assert result.counts == {"changed": 12}
    assert devices.at_starts[-7:] == [1] * 7


async def test_slots_that_failures_burn_are_made_good_as_long_as_all_devices_may_fail_so_often(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contracts, "BATCH_SIZE", 10)
    hosts = tuple(f"sw{number:02}" for number in range(20))
    world = World(plan(changing("deploy", concurrency=1, accept=at_least(80), budget="strict")), hosts)
    for host in hosts[10:13]:  # of 10 two may fail, and of 20 four
        world.fails("deploy", host)
    result = await server.outcome(world)
    assert result.counts == {"changed": 17, "failed": 3}


@pytest.mark.history("waves-judged-whole")
async def test_where_order_ranks_devices_their_failures_are_judged_by_the_whole_wave(server: Server) -> None:
    hosts = tuple(f"sw{number:02}" for number in range(10))
    ranks = (tree("device.data.depth"),)
    world = World(plan(changing("deploy", concurrency=1, accept=at_least(90), order=ranks)), hosts)
    world.facts = {host: {"name": host, "data": {"depth": int(host > "sw02")}} for host in hosts}
    world.fails("deploy", "sw00")  # of its three none may
    result = await server.outcome(world)
    assert result.verdict == "partial"
    assert result.counts == {"changed": 9, "failed": 1}


async def test_a_slot_that_is_burnt_and_made_good_before_its_batch_is_known_to_have_begun_is_not_lost(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = workflow.start_child_workflow

    async def late(*args: Any, **options: Any) -> Any:
        """As where the run's worker was away meanwhile: the first news come together with the batch's beginning."""
        handle = await start(*args, **options)
        run = workflow.instance()
        if isinstance(run, RunWorkflow):
            await workflow.wait_condition(lambda: bool(run.status().failures))
        return handle

    monkeypatch.setattr(workflow, "start_child_workflow", late)
    world = World(plan(changing("deploy", concurrency=1, accept=at_most(1), budget="strict")), ("sw1", "sw2", "sw3"))
    world.fails("deploy", "sw1")
    result = await server.outcome(world)
    assert result.counts == {"changed": 2, "failed": 1}
