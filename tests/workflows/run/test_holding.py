"""Waves that are held: confirmed as a whole, in time, or taken back as a whole."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from plans import at_least, changing, of, plan, waves
from running import Server
from scripted import Holding, World, failed
from workflows.contracts import DeviceOutcome, InteractInput, Operation, OperationAnswer
from workflows.plan import (
    Accept,
    ApplyAction,
    Breaker,
    Confirm,
    DevicesStep,
    HostName,
    OnFailure,
    ProposeAction,
    TemplateText,
)
from workflows.plan import Constant as Fixed
from workflows.run.holding import confirm_seconds, confirm_until, hold_of

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2", "sw3", "sw4")
TWO_FAIL = Breaker(failures=2, within_s=120)
TEMPLATE = TemplateText(template="t.j2", vars=Fixed(value=None))


def held(minutes: int = 15, **changes: object) -> DevicesStep:
    do = (
        ProposeAction(change=TEMPLATE, name="change"),
        ApplyAction(change="change", confirm=Confirm(within_s=minutes * 60, hold="wave"), save=True),
    )
    return changing("deploy", do=do, **changes)


async def unconfirmed(call: InteractInput) -> DeviceOutcome:
    raise failed(call, "check_failed", touched=True)


@pytest.mark.history("held")
async def test_each_wave_is_confirmed_after_its_soak_and_before_the_next(server: Server) -> None:
    world = World(plan(held(waves=waves(1, "100%", soak="2m"))), HOSTS)
    result = await server.outcome(world)
    assert result.verdict == "succeeded"
    assert [(kind, host) for kind, _, host in world.calls if kind != "do" or host in {"sw1", "sw2"}][:3] == [
        ("do", "sw1"),
        ("confirm", "sw1"),
        ("do", "sw2"),
    ]
    assert sorted(world.asked("confirm", "deploy")) == sorted(HOSTS)
    assert world.sealed[0].ended - world.sealed[0].started >= timedelta(minutes=4)


@pytest.mark.history("held-broken")
async def test_a_wave_that_does_not_pass_is_confirmed_nowhere(server: Server) -> None:
    world = World(plan(held(waves=waves(1, "100%"), on_failure=OnFailure(action="stop"))), HOSTS)
    world.fails("deploy", "sw4", touched=True)
    result = await server.outcome(world)
    assert result.verdict == "stopped", "the canary keeps its change, which was confirmed"
    assert result.counts == {"changed": 1, "undone": 3}
    assert world.asked("confirm", "deploy") == ["sw1"]
    assert "wave w2: 1 of 3 devices failed; accepted is all" in result.message
    assert {device.message for device in result.devices if device.name in {"sw2", "sw3"}} == {
        "taken back: wave w2 did not pass as a whole"
    }


async def test_failures_that_are_accepted_do_not_keep_the_others_from_being_confirmed(server: Server) -> None:
    world = World(plan(held(accept=at_least(75))), HOSTS)
    world.fails("deploy", "sw2", touched=True)
    result = await server.outcome(world)
    assert result.verdict == "partial"
    assert sorted(world.asked("confirm", "deploy")) == ["sw1", "sw3", "sw4"]


@pytest.mark.history("held-cancelled")
async def test_a_wave_whose_confirming_has_begun_is_confirmed_whole_also_where_the_run_is_cancelled(
    server: Server,
) -> None:
    world = World(plan(held(concurrency=1)), HOSTS)
    holding = world.confirm_scripts["deploy", "sw1"] = Holding(world)
    async with server.run(world) as live:
        await holding.begun.wait()
        await live.handle.cancel()
        batch = server.client.get_workflow_handle(f"{live.handle.id}/deploy/all/confirm/0")
        async with asyncio.timeout(30):
            while not any(
                e.HasField("workflow_execution_signaled_event_attributes") for e in (await batch.fetch_history()).events
            ):
                await asyncio.sleep(0.05)
        holding.go_on.set()
        assert "cancelled" in str(await live.end())
    assert sorted(world.asked("confirm", "deploy")) == sorted(HOSTS)
    assert world.sealed[0].result.counts == {"changed": 4}


@pytest.mark.history("continued-held")
async def test_a_wave_that_is_held_is_taken_back_also_where_the_cancel_comes_between_two_executions(
    server: Server,
) -> None:
    world = World(plan(held(waves=waves("100%", soak="5m"))), HOSTS, history_events=20)
    world.load_waits_for = asyncio.Event()
    async with server.run(world) as live:
        await world.loading.wait()
        await live.handle.cancel()
        world.load_waits_for.set()
        assert "cancelled" in str(await live.end())
    assert world.asked("confirm", "deploy") == []
    assert not world.touched
    assert world.sealed[0].result.counts == {"undone": 4}


@pytest.mark.history("continued-any")
async def test_a_later_wave_that_is_under_way_is_confirmed_by_the_next_execution(server: Server) -> None:
    first = Accept(kind="any", text="any")
    world = World(plan(held(waves=waves(1, "100%", soak="5m"), accept=first, concurrency=1)), HOSTS, history_events=40)
    world.fails("deploy", "sw1", touched=True)
    async with server.run(world) as live:
        result = await live.result()
    assert len(world.saved) > 0
    assert result.verdict == "partial"
    assert world.asked("confirm", "deploy") == ["sw2"]


@pytest.mark.history("reverted")
async def test_a_device_that_reverted_fails_the_wave_and_the_confirmed_ones_are_undone(server: Server) -> None:
    async def reverted(call: InteractInput) -> DeviceOutcome:
        world.touched.discard((call.step, call.host))
        raise failed(call, "reverted", touched=False)

    world = World(plan(held(on_failure=OnFailure(action="undo", scope="wave"))), HOSTS)
    world.confirm_scripts["deploy", "sw3"] = reverted
    result = await server.outcome(world)
    assert result.verdict == "failed"
    assert result.counts == {"undone": 3, "failed": 1}
    assert next(device.message for device in result.devices if device.name == "sw3") == "sw3 says reverted"
    assert not world.touched


async def test_devices_that_are_taken_back_because_of_others_do_not_open_the_breaker(server: Server) -> None:
    step = held(waves=waves("100%"), on_failure=OnFailure(action="undo", scope="wave"), breaker=TWO_FAIL)
    world = World(plan(step), HOSTS)
    world.fails("deploy", "sw4", touched=True)
    result = await server.outcome(world)
    assert result.counts == {"undone": 4}
    assert "wave w1: 1 of 4 devices failed; accepted is all" in result.message
    assert result.message.endswith("taken back before it was confirmed: deploy/w1")


@pytest.mark.history("held-late")
async def test_a_wave_that_takes_too_long_is_taken_back_in_time(server: Server) -> None:
    world = World(plan(held(waves=waves("100%", soak="20m"), on_failure=OnFailure(action="stop"))), HOSTS)
    result = await server.outcome(world)
    assert result.verdict == "failed"
    assert result.counts == {"undone": 4}
    assert world.asked("confirm", "deploy") == []
    assert "wave w1: could not be confirmed in time" in result.message
    assert world.sealed[0].ended - world.sealed[0].started < timedelta(minutes=15)


@pytest.mark.history("held-went-back")
async def test_devices_that_went_back_by_themselves_before_the_wave_was_taken_back_hold_nothing(server: Server) -> None:
    async def gone(call: InteractInput) -> DeviceOutcome:
        world.touched.discard((call.step, call.host))
        return DeviceOutcome(host=call.host, status="succeeded")  # the timer was faster: there is nothing to do

    world = World(plan(held(waves=waves("100%", soak="20m"), on_failure=OnFailure(action="stop"))), HOSTS)
    world.undo_scripts.update({("deploy", host): gone for host in HOSTS[:2]})
    result = await server.outcome(world)
    assert (result.verdict, result.left, result.counts) == ("failed", "nothing", {"undone": 4})
    assert {device.message for device in result.devices} == {"taken back: wave w1 could not be confirmed in time"}
    assert len(world.asked("undo", "deploy")) == len(HOSTS)


@pytest.mark.history("held-unconfirmed")
async def test_a_device_whose_confirm_fails_is_taken_back_also_where_the_step_pauses(server: Server) -> None:
    world = World(plan(held(accept=at_least(75), on_failure=OnFailure(action="pause"))), HOSTS)
    world.confirm_scripts["deploy", "sw3"] = unconfirmed
    result = await server.outcome(world)
    assert (result.verdict, result.counts) == ("partial", {"changed": 3, "undone": 1})
    assert world.touched == {("deploy", host) for host in HOSTS if host != "sw3"}


@pytest.mark.usefixtures("real_time")
async def test_whoever_is_asked_about_a_wave_that_could_not_be_confirmed_finds_all_of_it_taken_back(
    server: Server,
) -> None:
    world = World(plan(held(on_failure=OnFailure(action="pause"))), HOSTS)
    world.confirm_scripts["deploy", "sw3"] = unconfirmed
    async with server.run(world) as live:
        await live.until(lambda status: any(step.state == "waiting" for step in status.steps))
        assert not world.touched
        await live.handle.execute_update("stop", Operation(by="olga"), result_type=OperationAnswer)
        result = await live.result()
    assert (result.verdict, result.counts) == ("failed", {"undone": 4})


@pytest.mark.history("held-slower")
async def test_a_wave_whose_confirming_would_take_too_long_by_now_is_taken_back(server: Server) -> None:
    step = held(waves=waves("100%", soak="11m"), on_failure=OnFailure(action="stop"))
    world = World(plan(step), HOSTS)
    holding = world.scripts["deploy", "sw1"] = Holding(world, touches=True)
    async with server.run(world) as live:
        await asyncio.wait_for(holding.begun.wait(), 20)
        slower = Operation(by="olga", reason="the controllers are busy", concurrency=1)
        await live.handle.execute_update("set_concurrency", slower, result_type=OperationAnswer)
        holding.go_on.set()
        result = await live.result()
    assert (result.verdict, result.counts) == ("failed", {"undone": 4})
    assert world.asked("confirm", "deploy") == [], "four in a row take 6 minutes, and 4 are left"
    assert "wave w1: could not be confirmed in time" in result.message


async def test_a_pause_does_not_hold_up_the_time_of_a_confirm(server: Server) -> None:
    farthest_first = held(on_failure=OnFailure(action="stop"), order=(of("device.data.depth"),))
    world = World(
        plan(farthest_first), HOSTS, facts={host: {"data": {"depth": 3 - int(host[2]) // 3}} for host in HOSTS}
    )
    holding = Holding(world, touches=True)
    world.scripts["deploy", "sw1"] = holding
    async with server.run(world) as live:
        await asyncio.wait_for(holding.begun.wait(), 20)
        request = Operation(by="olga", reason="lunch")
        answer: OperationAnswer = await live.handle.execute_update("pause", request, result_type=OperationAnswer)
        assert answer.accepted
        status = await live.status()
        (by,) = [wave.confirm_until for wave in status.steps[0].waves]
        assert by is not None, "it says until when"
        assert by < status.started + timedelta(minutes=15)
        holding.go_on.set()
        result = await live.result()
    assert result.verdict == "failed"
    assert world.asked("do", "deploy") == ["sw1", "sw2"], "the second rank waits for the pause to end"
    assert not world.touched
    assert world.asked("confirm", "deploy") == []


@pytest.mark.usefixtures("real_time")
async def test_a_cancel_while_it_soaks_takes_the_wave_back(server: Server) -> None:
    world = World(plan(held(waves=waves("100%", soak="5m"), on_failure=OnFailure(action="stop"))), HOSTS)
    async with server.run(world) as live:
        await live.until(lambda status: any(wave.state == "soaking" for step in status.steps for wave in step.waves))
        await live.handle.cancel()
        await live.end()
    assert world.sealed[0].result.counts == {"undone": 4}
    assert not world.touched


async def test_a_held_wave_goes_on_where_a_long_run_was(server: Server) -> None:
    many = tuple(f"sw{index:03}" for index in range(1, 131))
    world = World(plan(held(300, waves=waves(1, "50%", "100%", soak="1m"), concurrency=1)), many, history_events=40)
    result = await server.outcome(world)
    assert result.verdict == "succeeded"
    assert sorted(world.asked("confirm", "deploy")) == sorted(many)


async def test_a_held_wave_is_given_up_whole_where_the_run_continues_as_new_meanwhile(server: Server) -> None:
    many = tuple(f"sw{index:03}" for index in range(1, 131))
    step = held(300, waves=waves("100%", soak="5h"), concurrency=1, on_failure=OnFailure(action="stop"))
    world = World(plan(step), many, history_events=40)
    result = await server.outcome(world)
    assert result.counts == {"undone": len(many)}
    assert "wave w1: could not be confirmed in time" in result.message
    assert world.asked("confirm", "deploy") == []
    assert not world.touched


async def test_the_time_of_the_confirm_pass_is_kept_free() -> None:
    step = held(10, timeout_s=30.0, concurrency=2)
    assert hold_of(step) is not None
    assert confirm_seconds(step, 4, 2) == (30 + 30) * 2
    assert hold_of(changing("deploy")) is None
    began = datetime(2026, 11, 22, tzinfo=UTC)
    assert confirm_until(step, tuple(map(HostName, HOSTS)), 2, began) == began + timedelta(minutes=8)
    assert confirm_until(changing("deploy"), (), 1, began) is None
