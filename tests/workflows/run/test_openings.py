"""Change windows on the real server: a run waits for its window, then for its devices; operators may go beyond it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from temporalio import activity
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import CancelledError

from activities.windows import earliest
from plans import changing, plan, waves
from running import Live, Server
from scripted import World
from workflows import contracts
from workflows.contracts import (
    DeviceOutcome,
    InteractInput,
    LeaseAnswer,
    LeaseInput,
    OperationAnswer,
    ReleaseInput,
    WindowInput,
    WindowResult,
)
from workflows.plan import Window
from workflows.run.details import markdown

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2")
DAY = timedelta(days=1)


def minute() -> datetime:
    """Now, as cron knows it."""
    return datetime.now(UTC).replace(second=0, microsecond=0)


def opening(hours: float, **changes: object) -> Window:
    """Two hours of each day, the next or newest of which begins so many hours from now."""
    opens = minute() + timedelta(hours=hours)
    return Window(cron=f"{opens.minute} {opens.hour} * * *", duration_s=7200).model_copy(update=changes)


@dataclass
class Clocked(World):
    """A world with the calendar of the product, that remembers what came after what."""

    story: list[str] = field(default_factory=list)
    needs: list[float] = field(default_factory=list)  # seconds that waves have asked for
    queued: int = 0  # of the first requests, so many wait for ever

    @activity.defn(name=contracts.WINDOW)
    async def window(self, call: WindowInput) -> WindowResult:
        """As the product does."""
        self.story.append("window")
        self.needs.append(call.needs_s)
        return earliest(call.window, call.at, timedelta(seconds=call.needs_s))

    @activity.defn(name=contracts.LEASE)
    async def lease(self, call: LeaseInput) -> LeaseAnswer:
        """Grants all but the first requests."""
        self.story.append("lease")
        self.free = len(self.leases) >= self.queued
        return (await super().lease(call)).model_copy(update={"number": call.request.number})

    @activity.defn(name=contracts.RELEASE)
    async def release(self, call: ReleaseInput) -> None:
        """Takes everything back."""
        self.story.append("release")
        await super().release(call)

    @activity.defn(name=contracts.INTERACT)
    async def interact(self, call: InteractInput) -> DeviceOutcome:
        """One device's part."""
        self.story.append(call.step)
        return await super().interact(call)


def told(world: Clocked) -> list[str]:
    """What happened, with what happened several times in a row named once."""
    return [one for place, one in enumerate(world.story) if place == 0 or world.story[place - 1] != one]


async def ask(live: Live, operation: str, reason: str = "") -> OperationAnswer:
    said = {"by": "olga", "reason": reason}
    answer: OperationAnswer = await live.handle.execute_update(operation, said, result_type=OperationAnswer)
    return answer


async def until_said(live: Live, words: str) -> str:
    status = await live.until(lambda status: bool(status.steps) and words in status.steps[0].message)
    return status.steps[0].message


# ------------------------------------------------------------------------------------- the window, then the devices


@pytest.mark.history("window-first")
async def test_a_run_holds_no_devices_while_it_waits_for_its_window(server: Server) -> None:
    world = Clocked(plan(changing("deploy", window=opening(6))), HOSTS)
    result = await server.outcome(world)
    assert result.verdict == "succeeded"
    assert told(world) == ["window", "lease", "deploy", "release"]
    assert world.sealed[0].ended >= minute() + timedelta(hours=5)


@pytest.mark.history("window-missed")
async def test_a_run_that_queues_until_its_window_is_over_stands_in_the_queue_no_longer(server: Server) -> None:
    world = Clocked(plan(changing("deploy", window=opening(0))), HOSTS, queued=2)
    result = await server.outcome(world)
    assert result.verdict == "succeeded"
    missed = ["window", "lease", "release"]
    assert told(world) == [*missed, *missed, "window", "lease", "deploy", "release"]
    assert [request.number for request in world.leases] == [1, 2, 3]
    assert world.sealed[0].ended >= minute() + 2 * DAY - timedelta(hours=1), (
        "it began in the window of the day after the next"
    )
    assert world.reports[-1].failed == ()


async def test_devices_that_come_while_the_run_is_paused_are_kept_only_as_long_as_the_window_is_open(
    server: Server,
) -> None:
    world = Clocked(plan(changing("deploy", window=opening(0))), HOSTS, queued=1)
    with server.in_real_time():
        async with server.run(world) as live:
            await until_said(live, "waits for devices")
            await ask(live, "pause")
            await live.handle.signal(contracts.SIGNAL_LEASED, LeaseAnswer(granted=True, number=1))
            await live.until(lambda status: status.steps[0].message == "")
            assert told(world) == ["window", "lease"]
            await ask(live, "resume")
            assert (await live.result()).verdict == "succeeded"
    assert told(world) == ["window", "lease", "deploy", "release"]


async def test_what_has_changed_devices_keeps_them_while_a_later_step_waits_for_its_window(server: Server) -> None:
    night = changing("night", needs=("first",), window=opening(6))
    late = changing("late", needs=("night",), window=opening(12))
    world = Clocked(plan(changing("first"), night, late), HOSTS)
    assert (await server.outcome(world)).verdict == "succeeded"
    assert told(world) == ["lease", "first", "window", "night", "window", "late", "release"]


async def test_a_request_that_a_branch_without_a_window_waits_for_stands_when_a_window_closes(server: Server) -> None:
    world = Clocked(plan(changing("free"), changing("bound", window=opening(0))), HOSTS, queued=1)
    async with server.run(world) as live:
        await live.until(lambda status: len(status.steps) > 1 and "change window" in status.steps[1].message)
        assert ("release" in world.story, world.asked("do", "free")) == (False, [])
        await live.handle.signal(contracts.SIGNAL_LEASED, LeaseAnswer(granted=True, number=1))
        assert (await live.result()).verdict == "succeeded"
    assert (world.story.count("lease"), world.story.count("release")) == (1, 1)


async def test_a_cancel_ends_the_wait_for_a_window_and_nothing_was_asked_for(server: Server) -> None:
    world = Clocked(plan(changing("deploy", window=opening(6))), HOSTS)
    with server.in_real_time():
        async with server.run(world) as live:
            await until_said(live, "waits for the change window")
            await live.handle.cancel()
            assert isinstance(await live.end(), CancelledError)
    assert told(world) == ["window"]


async def test_a_step_of_finally_waits_for_its_window_before_it_asks_anew(server: Server) -> None:
    world = Clocked(plan(changing("deploy"), last=(changing("mark", window=opening(6)),)), HOSTS)
    assert (await server.outcome(world)).verdict == "succeeded"
    assert told(world) == ["lease", "deploy", "release", "window", "lease", "mark", "release"]


async def test_a_pause_that_outlasts_the_window_begins_no_wave_outside_of_it(server: Server) -> None:
    world = Clocked(plan(changing("deploy", window=opening(6))), HOSTS)
    with server.in_real_time():
        async with server.run(world) as live:
            await until_said(live, "waits for the change window")
            await ask(live, "pause")
            await server.pass_time(live.handle, timedelta(hours=9))
            assert world.asked("do", "deploy") == []
            await ask(live, "resume")
            await server.pass_time(live.handle, DAY)
            assert (await live.result()).verdict == "succeeded"
    assert world.sealed[0].ended >= minute() + timedelta(hours=29), "it was open again then"


# ------------------------------------------------------------------------------------------------ what is said of it


async def test_a_window_that_is_open_but_not_for_long_enough_is_said_with_what_the_wave_needs(server: Server) -> None:
    opened, short = minute() - timedelta(minutes=90), opening(-1.5)
    world = Clocked(plan(changing("deploy", window=short)), HOSTS)
    with server.in_real_time():
        async with server.run(world) as live:
            said = await until_said(live, "waits for the change window")
            await live.handle.cancel()
            await live.end()
    opens = f"{opened + DAY:%Y-%m-%d %H:%M} UTC"
    assert said.startswith(
        f"waits for the change window at {opens}: wave all needs 38m, and the change window closes in"
    )
    assert f"opens again at {opens} (1 turn of up to 20m under `concurrency`, as many turns of up to 18m" in said


async def test_later_waves_ask_for_as_long_as_earlier_ones_have_shown(server: Server) -> None:
    world = Clocked(plan(changing("deploy", window=opening(0), waves=waves(1, "100%"))), HOSTS)
    assert (await server.outcome(world)).verdict == "succeeded"
    first, second = world.needs
    assert (first, second) == (2 * 150 + 900 + 1050, 2 * 60)


# ------------------------------------------------------------------------------------------------ operators are asked


@pytest.mark.history("window-override")
async def test_a_wave_begins_outside_its_window_where_an_operator_says_why(server: Server) -> None:
    world = Clocked(plan(changing("deploy", window=opening(6, on_closed="pause"))), HOSTS)
    opens = f"{minute() + timedelta(hours=6):%Y-%m-%d %H:%M} UTC"
    with server.in_real_time():
        async with server.run(world) as live:
            status = await live.until(lambda status: status.phase == "paused")
            said = f"the change window is closed until {opens}; resume the run then, or before with a reason"
            assert said in status.steps[0].message
            assert status.next == (f"netsaga resume {live.handle.id} --by NAME --reason TEXT",)
            assert all(words in markdown(status) for words in ("**Paused** until somebody", said, *status.next))
            with pytest.raises(WorkflowUpdateFailedError) as refused:
                await ask(live, "resume", reason=" ")
            assert f"the change window of step deploy is closed until {opens}" in str(refused.value.cause)
            await live.handle.signal("resume", {"by": "otto"})
            await live.until(lambda status: bool(status.operations))
            assert told(world) == ["window"]
            answer = await ask(live, "resume", reason="the site is down")
            begins = f"wave all of step deploy begins although its change window is closed until {opens}"
            assert (answer.accepted, answer.message) == (True, begins)
            assert (await live.result()).verdict == "succeeded"
    assert told(world) == ["window", "lease", "deploy", "release"]
    otto, olga = world.sealed[0].operations
    assert (otto.by, "give a reason" in otto.refused, otto.besides) == ("otto", True, "")
    assert (olga.by, olga.reason, olga.refused, olga.besides) == ("olga", "the site is down", "", begins)


@pytest.mark.history("window-resumed")
async def test_a_window_that_has_opened_while_the_run_is_paused_needs_no_reason(server: Server) -> None:
    pause = opening(6, on_closed="pause")
    later = [WindowResult(start=minute() + timedelta(hours=6))]
    world = World(plan(changing("deploy", window=pause)), HOSTS, windows=later)
    async with server.run(world) as live:
        said = await until_said(live, "the change window is open")
        assert said == "the change window is open; wave all begins when the run is resumed"
        status = await live.status()
        assert (status.phase, world.leases) == ("paused", [])
        assert status.next == (f"netsaga resume {live.handle.id} --by NAME",)
        answer = await ask(live, "resume")
        assert (answer.accepted, answer.message) == (True, "")
        assert (await live.result()).verdict == "succeeded"


@pytest.mark.history("window-continued")
async def test_a_run_that_is_asked_about_goes_on_asking_in_its_next_execution(server: Server) -> None:
    pause = opening(6, on_closed="pause")
    world = Clocked(plan(changing("deploy", window=pause)), HOSTS, history_events=20)
    with server.in_real_time():
        async with server.run(world) as live:
            await live.until(lambda status: status.phase == "paused")
            for _ in range(3):
                await live.handle.signal("resume", {"by": "otto"})
            await live.until(lambda status: len(status.operations) == 3 and status.phase == "paused")
            assert (await ask(live, "resume", reason="the site is down")).accepted
            assert (await live.result()).verdict == "succeeded"
        described = await live.handle.describe()
    assert described.run_id != live.handle.first_execution_run_id
    assert told(world) == ["window", "lease", "deploy", "release"]
