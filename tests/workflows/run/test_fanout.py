"""Waves, thresholds and slots, on the real server."""

import pytest

from plans import at_least, at_most, changing, of, plan, reading, waves
from running import Server
from scripted import World, failed
from workflows.contracts import DeviceOutcome, InteractInput, Page, RunResult
from workflows.plan import ApplyAction, Check, CheckAction, Constant, OnFailure, ProposeAction, StepId, TemplateText

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = tuple(f"sw{number:02}" for number in range(1, 11))


def statuses(result: RunResult) -> dict[str, str]:
    return {device.name: device.status for device in result.devices}


async def test_a_step_changes_every_device_and_the_run_succeeds(server: Server) -> None:
    world = World(plan(changing("deploy")), HOSTS)
    result = await server.outcome(world)
    assert result.verdict == "succeeded"
    assert result.counts == {"changed": 10}
    assert sorted(world.asked("do", "deploy")) == list(HOSTS)
    assert world.sealed[0].result.verdict == "succeeded"
    assert result.report == "report.html"


@pytest.mark.history("success")
async def test_waves_go_one_after_the_other_and_the_last_takes_the_rest(server: Server) -> None:
    world = World(plan(changing("deploy", waves=waves(1, "25%", "100%", soak="5m"), concurrency=1)), HOSTS)
    result = await server.outcome(world)
    assert result.verdict == "succeeded"
    sealed = world.sealed[0].waves[StepId("deploy")]
    assert [(wave.name, wave.size, wave.state) for wave in sealed] == [
        ("w1", 1, "succeeded"),
        ("w2", 3, "succeeded"),
        ("w3", 6, "succeeded"),
    ]
    assert world.asked("do", "deploy") == list(HOSTS)


async def test_a_canary_must_be_whole(server: Server) -> None:
    world = World(plan(changing("deploy", waves=waves(1, "100%"), accept=at_least(90))), HOSTS)
    world.fails("deploy", "sw01", "rejected_by_device")
    result = await server.outcome(world)
    assert result.verdict == "failed"
    assert world.asked("do", "deploy") == ["sw01"]
    assert statuses(result)["sw01"] == "failed"
    assert statuses(result)["sw02"] == "untouched"
    assert "wave w1" in result.message


@pytest.mark.history("partial")
async def test_failures_within_accept_make_a_partial_run_and_are_undone_by_themselves(server: Server) -> None:
    world = World(plan(changing("deploy", accept=at_least(80))), HOSTS)
    world.fails("deploy", "sw03", "partially_applied", touched=True)
    world.fails("deploy", "sw04", "rejected_by_device")
    result = await server.outcome(world)
    assert result.verdict == "partial"
    assert statuses(result)["sw03"] == "undone"
    assert statuses(result)["sw04"] == "failed"
    assert result.counts == {"changed": 8, "failed": 1, "undone": 1}
    assert world.touched.isdisjoint({("deploy", "sw03")})


async def test_nothing_new_starts_once_accept_cannot_be_met(server: Server) -> None:
    world = World(plan(changing("deploy", accept=at_most(1), concurrency=1)), HOSTS)
    for host in ("sw01", "sw02"):
        world.fails("deploy", host)
    result = await server.outcome(world)
    assert world.asked("do", "deploy") == ["sw01", "sw02"]
    assert result.verdict == "failed"


async def test_a_step_that_reads_looks_at_every_device_whatever_fails(server: Server) -> None:
    world = World(plan(reading("look")), HOSTS)
    for host in HOSTS[:5]:
        world.fails("look", host, "unreachable")
    result = await server.outcome(world)
    assert result.verdict == "failed"
    assert result.counts == {"unchanged": 5, "unreachable": 5}
    assert world.asked("undo", "look") == []


async def test_a_transient_failure_is_tried_again_and_others_are_not(server: Server) -> None:
    world = World(plan(reading("look", accept=at_most(9))), HOSTS)
    world.fails("look", "sw01", "transient")
    world.fails("look", "sw02", "permanent")
    await server.outcome(world)
    assert world.asked("do", "look").count("sw01") > 1
    assert world.asked("do", "look").count("sw02") == 1


async def test_devices_in_maintenance_are_skipped_and_leave_the_denominator(server: Server) -> None:
    world = World(plan(changing("deploy")), HOSTS, skipped={"sw05": "in maintenance"})
    result = await server.outcome(world)
    assert result.verdict == "succeeded"
    assert "sw05" not in world.asked("do", "deploy")
    assert statuses(result)["sw05"] == "skipped"
    assert result.steps[0].counts == {"changed": 9, "skipped": 1}


async def test_a_later_step_takes_the_devices_of_an_earlier_one_and_their_values(server: Server) -> None:
    world = World(
        plan(
            reading("precheck", accept=at_most(3)),
            changing("deploy", devices=of("steps.precheck.succeeded"), needs=("precheck",), reads=("precheck",)),
        ),
        HOSTS,
    )
    world.fails("precheck", "sw07")
    result = await server.outcome(world)
    assert "sw07" not in world.asked("do", "deploy")
    assert len(world.asked("do", "deploy")) == 9
    assert result.verdict == "partial"


@pytest.mark.history("batches")
async def test_two_hundred_and_fifty_devices_go_in_batches_of_a_hundred(server: Server) -> None:
    hosts = tuple(f"sw{number:03}" for number in range(250))
    world = World(plan(changing("deploy", concurrency=30)), hosts)
    async with server.run(world) as live:
        result = await live.result()
        page = await live.devices(Page(offset=240, limit=100))
    assert result.counts == {"changed": 250}
    assert sorted(world.asked("do", "deploy")) == sorted(hosts)
    assert (page.total, len(page.devices)) == (250, 10)
    assert page.devices[0].status == "changed"


@pytest.mark.history("undo-run")
async def test_the_run_is_undone_when_a_step_says_so(server: Server) -> None:
    world = World(
        plan(
            changing("first"),
            changing("second", needs=("first",), on_failure=OnFailure(action="undo", scope="run")),
        ),
        HOSTS[:4],
    )
    world.fails("second", "sw04", "partially_applied", touched=True)
    result = await server.outcome(world)
    assert result.verdict == "failed"
    assert set(statuses(result).values()) == {"undone"}
    assert [step.state for step in result.steps] == ["undone", "failed"]
    assert "undone on 7 of 7 changes on 4 devices, of second/all, first/all" in result.message
    assert world.touched == set()
    undone = [(step, host) for kind, step, host in world.calls if kind == "undo"]
    first = min(index for index, (step, _) in enumerate(undone) if step == "first")
    assert all(step == "second" for step, _ in undone[:first])


CHECKED = (
    ProposeAction(change=TemplateText(template="t.j2", vars=Constant(value=None)), name="change"),
    ApplyAction(change="change"),
    CheckAction(checks=(Check(name="active", that=Constant(value=True)),)),
)


@pytest.mark.history("second-look")
async def test_after_a_soak_the_checks_run_anew_and_the_wave_is_judged_again(server: Server) -> None:
    world = World(plan(changing("deploy", do=CHECKED, waves=waves(2, "100%", soak="10m"), accept=at_most(0))), HOSTS)
    looks: list[str] = []

    async def flaps(call: InteractInput) -> DeviceOutcome:
        looks.append(call.only)
        if call.only == "after":
            raise failed(call, "check_failed", touched=True)
        world.touched.add((call.step, call.host))
        return DeviceOutcome(host=call.host, status="succeeded", changed=True, touched=True)

    world.scripts["deploy", "sw02"] = flaps
    result = await server.outcome(world)
    assert looks == ["all", "after"]
    assert result.verdict == "stopped"
    assert statuses(result)["sw01"] == "changed"
    assert statuses(result)["sw02"] == "undone"
    assert statuses(result)["sw03"] == "untouched"
    assert "wave w1" in result.message or "1 of 10" in result.message


async def test_a_wave_that_still_passes_after_its_soak_goes_on(server: Server) -> None:
    world = World(plan(changing("deploy", do=CHECKED, waves=waves(1, "100%", soak="10m"))), HOSTS)
    result = await server.outcome(world)
    assert result.verdict == "succeeded"
    assert world.asked("do", "deploy").count("sw01") == 2  # changed, and looked at again
