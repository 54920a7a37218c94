"""Waits for signals and for devices that come back, on the real server."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from pydantic import JsonValue
from temporalio import activity
from temporalio.client import WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from gated import GatedWorld
from plans import changing, of, plan, reading
from running import Live, Server
from scripted import World
from workflows import contracts
from workflows.contracts import OperationAnswer, RunResult, RunStatus, WindowInput, WindowResult
from workflows.errors import failure
from workflows.plan import ApproveStep, Constant, Input, NotifyStep, OnFailure, SetStep, Step, StepId, WaitStep, Window

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2", "sw3")
PAYLOAD = {
    "passed": Input(type="boolean", required=True),
    "rounds": Input(type="integer", required=False, default=1, minimum=1),
}


def waiting(**changes: object) -> WaitStep:
    return WaitStep.model_validate({"id": "burn_in", **changes})


def for_signal(**changes: object) -> WaitStep:
    return waiting(signal="burn_in_done", payload=PAYLOAD, **changes)


def world(*steps: Step) -> GatedWorld:
    tell = SetStep(
        id=StepId("tell"),
        needs=(StepId("burn_in"),),
        values=(("passed", of("steps.burn_in.passed")), ("rounds", of("steps.burn_in.rounds"))),
    )
    return GatedWorld(plan(*steps, tell), HOSTS)


def message(result: RunResult, step: str) -> str:
    return next(one.message for one in result.steps if one.id == step)


def count_waiting(number: int, status: RunStatus) -> bool:
    return [step.state for step in status.steps].count("waiting") == number


async def refusal(live: Live, payload: object) -> str:
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await live.handle.execute_update("burn_in_done", payload)
    assert isinstance(refused.value.cause, ApplicationError)
    return refused.value.cause.message


@pytest.mark.history("signal")
@pytest.mark.usefixtures("real_time")
async def test_a_signal_opens_the_wait_and_its_fields_are_outputs(server: Server) -> None:
    async with server.run(held := world(for_signal(limit=Constant(value="2h")))) as live:
        await live.until(lambda status: status.phase == "waiting")
        await live.handle.signal("burn_in_done", {"passed": True, "by": "lab"})
        result = await live.result()
    assert result.verdict == "succeeded"
    (record,) = held.sealed[0].operations
    assert (record.operation, record.by, record.how, record.refused) == ("signal burn_in_done", "lab", "signal", "")


async def test_a_signal_that_does_not_fit_is_recorded_and_the_wait_goes_on(server: Server) -> None:
    async with server.run(held := world(for_signal())) as live:
        await live.until(lambda status: status.phase == "waiting")
        for payload in ({"passed": "yes"}, {"rounds": 0, "passed": True}, "done", None):
            await live.handle.signal("burn_in_done", payload)
        await live.until(lambda status: len(status.operations) == 4)
        await live.handle.signal("burn_in_done", {"passed": True})
        assert (await live.result()).verdict == "succeeded"
    said = [record.refused for record in held.sealed[0].operations]
    assert "field `passed`: expected true or false" in said[0]
    assert "expected 1 or more" in said[1]
    assert "takes one JSON object with `passed`, `rounds`" in said[2]
    assert "missing field `passed`" in said[3]
    assert said[4] == ""


async def test_an_update_of_the_same_name_answers(server: Server) -> None:
    async with server.run(world(for_signal())) as live:
        await live.until(lambda status: status.phase == "waiting")
        assert "unknown field `pased`: did you mean" in await refusal(live, {"pased": True})
        answer = await live.handle.execute_update("burn_in_done", {"passed": True}, result_type=OperationAnswer)
        assert answer.accepted
        assert (await live.result()).verdict == "succeeded"


async def test_a_signal_that_no_step_waits_for_is_recorded_as_refused(server: Server) -> None:
    async with server.run(held := world(for_signal())) as live:
        await live.handle.signal("burn_in_doen", {"passed": True})
        await live.until(lambda status: len(status.operations) == 1)
        await live.handle.signal("burn_in_done", {"passed": True})
        assert (await live.result()).verdict == "succeeded"
    assert [(record.operation, record.refused) for record in held.sealed[0].operations] == [
        ("signal burn_in_doen", "no step of this run waits for the signal burn_in_doen"),
        ("signal burn_in_done", ""),
    ]


async def test_a_signal_that_comes_before_its_step_waits_is_kept(server: Server) -> None:
    early = (waiting(id="first", for_=Constant(value="1h")), for_signal(needs=("first",), limit=Constant(value="5m")))
    async with server.run(world(*early)) as live:
        await live.handle.signal("burn_in_done", {"passed": False, "rounds": 3})
        assert (await live.result()).verdict == "succeeded"


@pytest.mark.history("signal-before-plan")
@pytest.mark.usefixtures("real_time")
async def test_an_update_that_comes_before_the_plan_is_known_is_kept_for_its_step(server: Server) -> None:
    held = world(for_signal(limit=Constant(value="5m")))
    held.prepare_waits_for = asyncio.Event()
    async with server.run(held) as live:
        sent = asyncio.create_task(
            live.handle.execute_update("burn_in_done", {"passed": True}, result_type=OperationAnswer)
        )
        wrong = asyncio.create_task(live.handle.execute_update("burn_in_done", [], result_type=OperationAnswer))
        await live.took(2)
        assert [one for one in (sent, wrong) if one.done()] == [], "only the plan says what fits"
        held.prepare_waits_for.set()
        assert (await sent).accepted
        assert "takes one JSON object with `passed`, `rounds`" in (await wrong).message
        assert (await live.result()).verdict == "succeeded"


async def test_no_signal_in_time_fails_the_step(server: Server) -> None:
    result = await server.outcome(world(for_signal(limit=Constant(value="2h"))))
    assert result.verdict == "failed"
    assert message(result, "burn_in") == "no signal burn_in_done within 2h"


async def test_two_steps_take_two_signals_in_their_order(server: Server) -> None:
    steps = (for_signal(id="one"), for_signal(id="burn_in", needs=("one",)))
    async with server.run(world(*steps)) as live:
        await live.until(lambda status: status.phase == "waiting")
        for rounds in (1, 2):
            await live.handle.execute_update("burn_in_done", {"passed": True, "rounds": rounds})
        assert (await live.result()).verdict == "succeeded"


@pytest.mark.usefixtures("real_time")
async def test_a_signal_after_its_step_has_ended_is_refused(server: Server) -> None:
    last = waiting(id="hold", needs=("tell",), for_=Constant(value="1h"))
    held = GatedWorld(
        plan(for_signal(), SetStep(id=StepId("tell"), needs=(StepId("burn_in"),), values=()), last), HOSTS
    )
    async with server.run(held) as live:
        await live.until(lambda status: status.phase == "waiting")
        await live.handle.execute_update("burn_in_done", {"passed": True})
        await live.until(lambda status: any(step.id == "hold" and step.state == "waiting" for step in status.steps))
        assert "no step waits for `burn_in_done` any more" in await refusal(live, {"passed": True})
        await server.pass_time(live.handle, timedelta(hours=2))
        assert (await live.result()).verdict == "succeeded"


@pytest.mark.history("waits-side-by-side")
@pytest.mark.usefixtures("real_time")
async def test_of_two_that_wait_for_one_signal_the_slower_one_goes_on_waiting(server: Server) -> None:
    first, second = (waiting(id=name, needs=(), signal="go", limit=Constant(value="2h")) for name in ("one", "two"))
    beside = ApproveStep.model_validate({"id": "gate", "needs": (), "by": "leads", "timeout": Constant(value="2h")})
    held = World(plan(first, second, beside), HOSTS, groups={"leads": ("ann",)})
    async with server.run(held) as live:
        for waiting_still in (3, 2):  # the gate is open all the time
            await live.until(partial(count_waiting, waiting_still))
            await live.handle.signal("go", {})
        await live.until(partial(count_waiting, 1))
        await live.handle.execute_update("approve", {"by": "ann"})
        assert (await live.result()).verdict == "succeeded"
        assert await live.executions() == 1


# -------------------------------------------------------------------------------------------------------------- time


@pytest.mark.usefixtures("real_time")
async def test_a_time_with_an_offset_is_told_in_utc(server: Server) -> None:
    async with server.run(GatedWorld(plan(waiting(until=Constant(value="2101-01-02T02:00:00+10:00"))), HOSTS)) as live:
        status = await live.until(lambda status: any(step.message.startswith("until") for step in status.steps))
        assert status.steps[0].message == "until 2101-01-01 16:00:00 UTC"
        await live.handle.execute_update("cancel", {"by": "olga"})
        with pytest.raises(WorkflowFailureError):
            await live.result()


@pytest.mark.parametrize(
    ("what", "value", "said"),
    [
        ("for_", 1e300, "`for` is no number of seconds that a timer holds"),
        ("for_", 10**400, "`for` is no number of seconds that a timer holds"),
        ("for_", -1e300, "`for` is no number of seconds that a timer holds"),
        ("for_", float("nan"), "`for` is no number of seconds that a timer holds"),
        ("until", "9999-12-31T23:59:59-14:00", "`until` must be a time such as"),
    ],
)
async def test_what_no_clock_can_hold_fails_the_step(server: Server, what: str, value: JsonValue, said: str) -> None:
    result = await server.outcome(GatedWorld(plan(waiting(**{what: Constant.model_construct(value=value)})), HOSTS))
    assert result.verdict == "failed"
    assert message(result, "burn_in").startswith(f"an expression has no value: {said}")


# ----------------------------------------------------------------------------------------------------------- devices


def for_devices(**changes: object) -> GatedWorld:
    step = waiting(**{"devices": of("inventory"), "limit": Constant(value="10m"), **changes})
    return GatedWorld(plan(step, reading("look", needs=(StepId("burn_in"),))), HOSTS)


@pytest.mark.history("devices-back")
async def test_devices_are_looked_at_again_until_all_answer(server: Server) -> None:
    held = for_devices()
    held.away = {"sw2": 2}
    result = await server.outcome(held)
    assert result.verdict == "succeeded"
    assert held.logins == [("sw1", "sw2", "sw3"), ("sw2",), ("sw2",)]
    assert message(result, "burn_in") == "3 devices answered"


async def test_devices_that_stay_away_fail_the_step_by_name(server: Server) -> None:
    held = for_devices(limit=Constant(value="20s"))
    held.away = {"sw3": 1_000}
    result = await server.outcome(held)
    assert result.verdict == "failed"
    assert message(result, "burn_in") == "1 device did not answer in time (sw3: sw3 says unreachable)"


async def test_a_device_that_refuses_the_login_is_asked_once(server: Server) -> None:
    held = for_devices()
    held.locked, held.away = ("sw1",), {"sw2": 1}
    result = await server.outcome(held)
    assert [host for look in held.logins for host in look].count("sw1") == 1
    assert "1 device refused the login; it was not tried again (sw1: sw1 says permanent)" in message(result, "burn_in")


@pytest.mark.history("wait-beyond-its-limit")
async def test_a_time_that_lies_beyond_the_limit_of_its_wait_fails_the_step_at_once(server: Server) -> None:
    held = world(waiting(window=Window(cron="0 22 * * 6", duration_s=3600), limit=Constant(value="1h")))
    opens = datetime(2100, 1, 2, 22, tzinfo=UTC)
    held.windows.append(WindowResult(start=opens, until=opens + timedelta(hours=1)))
    result = await server.outcome(held)
    assert result.verdict == "failed"
    assert message(result, "burn_in") == "it would end at 2100-01-02 22:00:00 UTC, and its `timeout` is 1h"


def two_nights() -> tuple[World, datetime]:
    """A change behind a window that opens in an hour, for an hour, and again on the day after."""
    opens = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    wait = waiting(window=Window(cron="0 22 * * *", duration_s=3600))
    held = World(plan(wait, reading("look", needs=("burn_in",))), HOSTS)
    nights = [opens + timedelta(days=day) for day in (0, 1)]
    held.windows = [WindowResult(start=night, until=night + timedelta(hours=1)) for night in nights]
    return held, nights[1]


async def paused_into_its_window(server: Server, live: Live) -> None:
    """The run waits for its window, and is paused when that opens."""
    await live.until(lambda status: any(step.message.startswith("until") for step in status.steps))
    await live.handle.execute_update("pause", {"by": "olga"})
    await server.pass_time(live.handle, timedelta(minutes=90))


async def until_tomorrow(server: Server, live: Live, opens: datetime) -> None:
    """Waits until the run waits for its window once more, and ends it there."""
    said = f"until {opens:%Y-%m-%d %H:%M:%S} UTC"
    await live.until(lambda status: any(step.message == said for step in status.steps))
    assert live.world.asked("do", "look") == []
    await server.pass_time(live.handle, timedelta(hours=26))
    assert (await live.result()).verdict == "succeeded"


@pytest.mark.history("window-missed")
@pytest.mark.usefixtures("real_time")
async def test_a_window_that_closes_while_the_run_is_paused_is_waited_for_again(server: Server) -> None:
    held, tomorrow = two_nights()
    async with server.run(held) as live:
        await paused_into_its_window(server, live)
        assert (await live.status()).steps[0].state == "waiting"
        await server.pass_time(live.handle, timedelta(hours=10))
        await live.handle.execute_update("resume", {"by": "olga"})
        await until_tomorrow(server, live, tomorrow)


@pytest.mark.usefixtures("real_time")
async def test_a_pause_that_ends_inside_the_window_lets_the_run_begin(server: Server) -> None:
    held, _ = two_nights()
    async with server.run(held) as live:
        await paused_into_its_window(server, live)
        await live.handle.execute_update("resume", {"by": "olga"})
        assert (await live.result()).verdict == "succeeded"


@pytest.mark.usefixtures("real_time")
async def test_a_run_that_is_cancelled_while_it_is_paused_before_a_window_begins_nothing(server: Server) -> None:
    held, _ = two_nights()
    async with server.run(held) as live:
        await paused_into_its_window(server, live)
        await live.handle.execute_update("cancel", {"by": "olga"})
        with pytest.raises(WorkflowFailureError):
            await live.result()
    assert held.asked("do", "look") == []
    assert [step.message for step in held.sealed[0].result.steps] == ["no longer waited for", "not reached"]


@pytest.mark.usefixtures("real_time")
async def test_a_window_that_has_closed_when_a_worker_is_up_again_is_waited_for_again(server: Server) -> None:
    held, tomorrow = two_nights()
    begun = datetime.now(UTC) - timedelta(hours=8)  # when it was open, and the worker was lost
    held.windows[0] = WindowResult(start=begun, until=begun + timedelta(hours=1))
    async with server.run(held) as live:
        await until_tomorrow(server, live, tomorrow)


class Astray(World):
    """Its worker's machine knows no time zones."""

    @activity.defn(name=contracts.WINDOW)
    async def window(self, call: WindowInput) -> WindowResult:
        """Fails as the activity does."""
        raise failure("invalid_input", f"window: this worker knows no time zone `{call.window.time_zone}`")


async def test_a_window_that_no_worker_can_tell_fails_its_step_and_the_run_ends_as_it_should(server: Server) -> None:
    window = Window(cron="0 22 * * 6", duration_s=3600, time_zone="Mars/Base")
    undoes = OnFailure(action="undo", scope="run")
    second = changing("second", needs=("first",), window=window, on_failure=undoes)
    tell = NotifyStep(id=StepId("tell"), to="netops")
    held = Astray(plan(changing("first"), second, last=(tell,)), HOSTS)
    result = await server.outcome(held)
    assert (result.verdict, result.counts) == ("failed", {"undone": 3})
    assert "when the change window opens cannot be told: window: this worker knows no time zone" in result.message
    assert [one.to for one in held.told] == ["netops"]
