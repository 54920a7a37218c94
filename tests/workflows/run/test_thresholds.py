"""``accept`` in all its forms, the strict budget, computed values, waits, and what a step demands of itself."""

import asyncio
from typing import Literal

import pytest

from expressions import tree
from plans import at_least, at_most, changing, of, plan, reading, waves
from running import Server
from scripted import Holding, World, failed
from workflows.contracts import DeviceOutcome, InteractInput, RunResult
from workflows.plan import Accept, Check, Constant, DevicesStep, Expr, OnFailure, SetStep, StepId, WaitStep

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2", "sw3", "sw4", "sw5", "sw6")


def set_(step_id: str, **values: Expr) -> SetStep:
    return SetStep(id=StepId(step_id), values=tuple(values.items()))


def state(result: RunResult, step: str) -> str:
    return next(one.state for one in result.steps if one.id == step)


@pytest.mark.history("accept-any")
async def test_the_first_success_of_any_cancels_the_rest(server: Server) -> None:
    world = World(plan(changing("deploy", accept=Accept(kind="any", text="any"), concurrency=3)), HOSTS)
    holding = [Holding(world, touches=True) for _ in range(2)]
    world.scripts["deploy", "sw1"], world.scripts["deploy", "sw2"] = holding
    result = await server.outcome(world)
    assert result.verdict in {"succeeded", "partial"}
    assert state(result, "deploy") == "succeeded"
    assert result.counts["changed"] >= 1
    assert len(world.asked("do", "deploy")) < len(HOSTS)
    # What was under way and had touched its device is taken back.
    assert {host for _, host in world.touched} == {d.name for d in result.devices if d.status == "changed"}


@pytest.mark.parametrize(
    "action",
    [
        pytest.param("stop", marks=pytest.mark.history("any-is-enough")),
        pytest.param("pause", marks=pytest.mark.history("any-is-enough-asked")),
    ],
)
async def test_what_is_cut_because_one_success_is_enough_has_not_failed(
    server: Server, action: Literal["stop", "pause"]
) -> None:
    step = changing("deploy", accept=Accept(kind="any", text="any"), concurrency=3, on_failure=OnFailure(action=action))
    judged = set_("judged", failed=tree("steps.deploy.failed"), ratio=tree("steps.deploy.ratio"))
    outer = plan(step, judged.model_copy(update={"needs": ("deploy",)}))
    outputs = (("failed", tree("steps.judged.failed")), ("ratio", tree("steps.judged.ratio")))
    world = World(outer.model_copy(update={"outputs": outputs}), HOSTS[:4])
    touched, intended = Holding(world, touches=True), Holding(world, touches=True)

    async def first(call: InteractInput) -> DeviceOutcome:
        await touched.begun.wait()
        await intended.begun.wait()
        world.touched.add((call.step, call.host))
        return DeviceOutcome(host=call.host, status="succeeded", changed=True, touched=True)

    async def nothing_was_sent(call: InteractInput) -> DeviceOutcome:
        world.touched.discard((call.step, call.host))
        return DeviceOutcome(host=call.host, status="succeeded")

    world.scripts = {("deploy", "sw1"): touched, ("deploy", "sw2"): intended, ("deploy", "sw3"): first}
    world.undo_scripts["deploy", "sw2"] = nothing_was_sent
    result = await server.outcome(world)
    enough = "one device has succeeded, and `any` asks for no more"
    assert (result.verdict, result.outputs) == ("succeeded", {"failed": [], "ratio": 0.5})
    assert [(device.status, device.message) for device in result.devices] == [
        ("undone", f"sw1 says cancelled: {enough}"),
        ("skipped", f"cancelled between two actions, before anything was changed: {enough}"),
        ("changed", ""),
        ("untouched", ""),
    ]


@pytest.mark.parametrize(("failing", "verdict"), [(2, "partial"), (3, "stopped")])
async def test_so_many_of_so_many_must_succeed(server: Server, failing: int, verdict: str) -> None:
    world = World(plan(changing("deploy", accept=Accept(kind="count", value=4, text="4 of 6"))), HOSTS)
    for host in HOSTS[:failing]:
        world.fails("deploy", host)
    result = await server.outcome(world)
    assert result.verdict == verdict


@pytest.mark.history("too-few-devices")
async def test_more_successes_than_there_are_devices_are_told_before_any_is_touched(server: Server) -> None:
    world = World(plan(changing("deploy", accept=Accept(kind="count", value=9, text="9 of 12"))), HOSTS)
    result = await server.outcome(world)
    assert result.message == "step deploy: accepted is 9 of 12, and the step has 6 devices"
    assert world.asked("do", "deploy") == []


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (changing("deploy", accept=Accept(kind="count", value=2, text="2 of 6")), "2 of 6, and the step has 0 devices"),
        (changing("deploy", accept=Accept(kind="any", text="any")), "any, and the step has 0 devices"),
    ],
    ids=["two of them", "any"],
)
async def test_successes_that_are_asked_for_are_not_there_where_every_device_is_skipped(
    server: Server, step: DevicesStep, said: str
) -> None:
    result = await server.outcome(World(plan(step), HOSTS, skipped=dict.fromkeys(HOSTS, "in maintenance")))
    assert (result.verdict, result.message) == ("failed", f"step deploy: accepted is {said}")


@pytest.mark.history("too-few-to-read")
async def test_more_successes_than_there_are_devices_are_told_by_a_step_that_reads_too(server: Server) -> None:
    world = World(plan(reading("look", accept=Accept(kind="count", value=9, text="9 of 12"))), HOSTS)
    result = await server.outcome(world)
    assert result.message == "step look: accepted is 9 of 12, and the step has 6 devices"


@pytest.mark.history("strict-in-each-wave")
async def test_a_strict_budget_counts_the_failures_that_a_wave_may_have(server: Server) -> None:
    hosts = tuple(f"sw{index:02}" for index in range(1, 13))
    world = World(plan(changing("deploy", accept=at_least(75), budget="strict", waves=waves(3, "100%"))), hosts)
    under_way: set[str] = set()
    most = {"w1": 0, "w2": 0}

    async def counted(call: InteractInput) -> DeviceOutcome:
        under_way.add(call.host)
        wave = "w1" if call.host in hosts[:3] else "w2"
        most[wave] = max(most[wave], len(under_way))
        await asyncio.sleep(0.02)
        under_way.remove(call.host)
        return DeviceOutcome(host=call.host, status="succeeded", changed=True, touched=True)

    world.scripts.update({("deploy", host): counted for host in hosts})
    result = await server.outcome(world)
    assert result.verdict == "succeeded"
    assert most["w1"] == 1, "none of three may fail, though three of twelve may"
    assert 1 < most["w2"] <= 3


@pytest.mark.history("strict")
async def test_a_strict_budget_caps_what_is_under_way_at_the_failures_still_allowed(server: Server) -> None:
    world = World(plan(changing("deploy", accept=at_most(1), budget="strict", concurrency=6)), HOSTS)
    under_way: list[str] = []
    seen: list[int] = []

    async def counted(call: InteractInput) -> DeviceOutcome:
        under_way.append(call.host)
        seen.append(len(under_way))
        await asyncio.sleep(0.05)
        under_way.remove(call.host)
        if call.host == "sw2":
            raise failed(call, "rejected_by_device", touched=False)
        return DeviceOutcome(host=call.host, status="succeeded", changed=True, touched=True)

    for host in HOSTS:
        world.scripts["deploy", host] = counted
    result = await server.outcome(world)
    assert result.verdict == "partial"
    assert result.counts == {"changed": 5, "failed": 1}
    assert max(seen) == 2
    assert max(seen[3:]) == 1  # the failure has burned its slot


async def test_values_that_a_step_sets_are_seen_by_later_steps(server: Server) -> None:
    world = World(
        plan(
            reading("look", accept=at_most(6)),
            set_("sums", failed=tree("steps.look.failed | length"), limit=Constant(value=2)).model_copy(
                update={"needs": ("look",)}
            ),
            changing("deploy", needs=("sums",), reads=("sums",), when=tree("steps.sums.failed < steps.sums.limit")),
        ),
        HOSTS,
    )
    world.fails("look", "sw1")
    result = await server.outcome(world)
    assert result.counts["changed"] == 5
    assert world.kept[0].outputs == {"sums": {"failed": 1, "limit": 2}}
    world.fails("look", "sw2")
    world.calls.clear()
    result = await server.outcome(world)
    assert state(result, "deploy") == "skipped"


async def test_a_step_is_judged_by_its_own_checks(server: Server) -> None:
    enough = Check(name="enough are left", that=tree("ratio > 0.9"), message=tree("'only ' ~ succeeded | length"))
    doubtful = Check(name="none failed", that=tree("failed | length == 0"), severity="warning")
    broken = Check(name="nonsense", that=tree("result.absent"))
    look = reading("look", accept=at_most(6), checks=(enough, doubtful))
    world = World(plan(look, changing("deploy", needs=("look",))), HOSTS)
    world.fails("look", "sw1")
    result = await server.outcome(world)
    assert result.verdict == "failed"
    assert result.message == "step look: only 5"
    assert result.steps[0].warnings == 1
    world = World(plan(reading("look", checks=(broken,))), HOSTS)
    assert "nonsense cannot be judged" in (await server.outcome(world)).message


@pytest.mark.history("wait")
async def test_a_run_waits_for_a_duration_and_until_a_time(server: Server) -> None:
    world = World(
        plan(
            WaitStep(id=StepId("days"), for_=Constant(value="30d")),
            WaitStep(id=StepId("past"), needs=(StepId("days"),), until=Constant(value="2020-01-01T00:00:00+01:00")),
            changing("deploy", needs=("past",)),
        ),
        HOSTS,
    )
    result = await server.outcome(world)
    assert result.verdict == "succeeded"
    record = world.sealed[0]
    assert (record.ended - record.started).days == 30


@pytest.mark.usefixtures("real_time")
async def test_a_wait_ends_with_a_cancel_and_refuses_a_time_without_an_offset(server: Server) -> None:
    world = World(plan(WaitStep(id=StepId("year"), for_=Constant(value="365d"))), HOSTS)
    result = await server.outcome(
        World(plan(WaitStep(id=StepId("w"), until=Constant(value="2026-12-01T02:00"))), HOSTS)
    )
    assert "must be a time such as" in result.message
    async with server.run(world) as live:
        await live.handle.cancel()
        status = await live.until(lambda status: status.phase == "closed")
    assert status.verdict == "cancelled"


async def test_a_step_may_fail_its_check_and_be_passed_over(server: Server) -> None:
    check = Check(name="never", that=Constant(value=False))
    look = reading("look", checks=(check,), on_failure=OnFailure(action="continue"))
    world = World(plan(look, changing("deploy", needs=("look",), devices=of("inventory"))), HOSTS)
    assert (await server.outcome(world)).verdict == "partial"


async def test_a_batch_starts_no_more_devices_once_its_own_failures_are_too_many(server: Server) -> None:
    hosts = tuple(f"sw{index:02}" for index in range(1, 61))
    world = World(plan(changing("deploy", concurrency=1, accept=at_most(2))), hosts)
    for host in hosts[:3]:
        world.fails("deploy", host)
    result = await server.outcome(world)
    assert result.verdict == "failed"
    assert world.asked("do", "deploy") == list(hosts[:3]), "the third failure is one too many, and nobody else is begun"


@pytest.mark.history("strict-made-good")
async def test_a_slot_that_a_failure_has_burnt_is_given_back_while_failures_are_allowed(server: Server) -> None:
    hosts = tuple(f"sw{index}" for index in range(1, 7))
    world = World(plan(changing("deploy", concurrency=2, accept=at_most(2), budget="strict")), hosts)
    world.fails("deploy", "sw1")
    world.fails("deploy", "sw2")
    result = await server.outcome(world)
    assert result.verdict == "partial", "both slots were burnt, and the run went on"
    assert sorted(world.asked("do", "deploy")) == list(hosts)


@pytest.mark.history("strict-undone")
async def test_a_strict_budget_that_is_spent_does_not_slow_the_undo(server: Server) -> None:
    undo_all = OnFailure(action="undo", scope="step")
    world = World(
        plan(changing("deploy", concurrency=3, accept=at_most(2), budget="strict", on_failure=undo_all)), HOSTS
    )
    for host in HOSTS[3:]:
        world.fails("deploy", host)
    begun: list[str] = []
    together = asyncio.Event()

    async def undone(call: InteractInput) -> DeviceOutcome:
        begun.append(call.host)
        if len(begun) == 3:
            together.set()
        await asyncio.wait_for(together.wait(), 2)
        return DeviceOutcome(host=call.host, status="undone", touched=True)

    world.undo_scripts = {("deploy", host): undone for host in HOSTS[:3]}
    result = await server.outcome(world)
    assert result.counts == {"failed": 3, "undone": 3}
    assert sorted(begun) == list(HOSTS[:3]), "all at one time"
