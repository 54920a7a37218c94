"""Steps beyond devices and gates, on the real server: http, script, call; and deadlines, windows, breakers, ranks."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import WorkflowFailureError

from expressions import tree
from plans import at_most, changing, plan, reading, ref, waves
from running import Server
from scripted import Holding, World
from workflows.contracts import HttpInput, HttpResult, RunResult, ScriptResult, WindowResult
from workflows.errors import failure
from workflows.plan import (
    Breaker,
    CallStep,
    Check,
    Constant,
    HttpStep,
    MapOf,
    OnFailure,
    ScriptStep,
    SetStep,
    Step,
    StepId,
    WaitStep,
    Wave,
    Window,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2", "sw3", "sw4")
NIGHT = Window(cron="0 2 * * *", duration_s=7200)


def state(result: RunResult, step: str) -> str:
    return next(one.state for one in result.steps if one.id == step)


def statuses(result: RunResult) -> dict[str, str]:
    return {device.name: device.status for device in result.devices}


@pytest.mark.history("http")
async def test_an_answer_of_a_system_is_judged_and_seen_by_later_steps(server: Server) -> None:
    once = Check(name="registered once", that=tree("result.json.count == 1"), message=tree("'found ' ~ json.count"))
    intent = HttpStep(
        id=StepId("intent"),
        method="get",
        url=Constant(value="nautobot:/api/vlans/"),
        query=MapOf(items=((Constant(value="vid"), tree("inputs.vlan_id")),)),
        checks=(once,),
        block="source_of_truth",
    )
    deploy = changing("deploy", needs=("intent",), when=tree("steps.intent.json.count == 1"))
    world = World(plan(intent, deploy), HOSTS, inputs={"vlan_id": 120})
    world.answers["intent"] = HttpResult(status=200, json_={"count": 1})
    result = await server.outcome(world)
    assert result.verdict == "succeeded"
    call = world.called[0]
    assert isinstance(call, HttpInput)
    assert (call.url, call.query, call.block) == ("nautobot:/api/vlans/", {"vid": 120}, "source_of_truth")
    world.answers["intent"] = HttpResult(status=200, json_={"count": 2})
    result = await server.outcome(world)
    assert (result.verdict, result.message) == ("failed", "step intent: found 2")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (HttpResult(status=200, text="<html>", media_type="text/html"), "the answer is text/html and no JSON, so"),
        (
            HttpResult(status=200, body=ref("body")),
            f"the answer had more than 64 kB: it is artifact {ref('body')}, and",
        ),
        (HttpResult(status=204), "the answer is empty and no JSON, so"),
    ],
)
async def test_a_check_of_an_answer_that_is_no_json_says_why_it_finds_nothing(
    server: Server, answer: HttpResult, why: str
) -> None:
    once = Check(name="registered once", that=tree("result.json.count == 1"), severity="warning")
    intent = HttpStep(id=StepId("intent"), method="get", url=Constant(value="nautobot:/api/"), checks=(once,))
    later = SetStep(id=StepId("sums"), needs=(StepId("intent"),), values=(("count", tree("steps.intent.json.count")),))
    world = World(plan(intent, later), HOSTS)
    world.answers["intent"] = answer
    result = await server.outcome(world)
    assert result.message.endswith(f"steps.intent.json.count has no value here; {why} `json` is null")
    once = once.model_copy(update={"severity": "critical"})
    world.plan = plan(intent.model_copy(update={"checks": (once,)}))
    result = await server.outcome(world)
    assert result.message == (
        "step intent: registered once cannot be judged: result.json.count has no value here; " + why + " `json` is null"
    )


async def test_a_system_that_does_not_answer_is_blamed_by_name(server: Server) -> None:
    intent = HttpStep(id=StepId("intent"), method="get", url=Constant(value="nautobot:/api/"))
    world = World(plan(intent, changing("deploy", needs=("intent",))), HOSTS)
    world.answers["intent"] = failure("block_unavailable", "source of truth: nautobot refused the connection")
    result = await server.outcome(world)
    assert "source of truth: nautobot refused" in result.message
    assert world.asked("do", "deploy") == []


async def test_a_script_takes_and_yields_json(server: Server) -> None:
    close = ScriptStep(
        id=StepId("close"), run="close-ticket", with_=MapOf(items=((Constant(value="a"), tree("1 + 1")),))
    )
    world = World(plan(close, reading("look", needs=("close",), when=tree("steps.close.result.ok"))), HOSTS)
    world.answers["close"] = ScriptResult(result={"ok": True})
    result = await server.outcome(world)
    assert result.verdict == "succeeded"
    assert world.called[0].given == {"a": 2}  # type: ignore[union-attr]


async def test_what_is_too_large_for_history_is_named_by_the_steps_outputs(server: Server) -> None:
    intent = HttpStep(id=StepId("intent"), method="get", url=Constant(value="nautobot:/api/vlans/"))
    close = ScriptStep(id=StepId("close"), needs=(StepId("intent"),), run="close-ticket")
    said = SetStep(
        id=StepId("said"),
        needs=(StepId("close"),),
        values=(("where", tree("steps.intent.body ~ ' ' ~ steps.close.log")),),
    )
    outer = plan(intent, close, said)
    world = World(outer.model_copy(update={"outputs": (("where", tree("steps.said.where")),)}), HOSTS)
    world.answers["intent"] = HttpResult(status=200, body=ref("body"))
    world.answers["close"] = ScriptResult(result=None, log=ref("log"))
    result = await server.outcome(world)
    assert (result.verdict, result.outputs) == ("succeeded", {"where": f"{ref('body')} {ref('log')}"})


def calling(*called_steps: Step) -> World:
    call = CallStep(
        id=StepId("child"),
        definition="other",
        version="1",
        with_=MapOf(items=((Constant(value="x"), Constant(value=5)),)),
    )
    outer = plan(call, reading("look", needs=("child",), when=tree("steps.child.changed == 4")))
    outer = outer.model_copy(update={"calls": {"other@1": "d" * 64}})
    world = World(outer, HOSTS)
    inner = plan(*called_steps, name="other")
    world.plans["other@1"] = inner.model_copy(update={"outputs": (("changed", Constant(value=4)),)})
    return world


@pytest.mark.history("call")
async def test_a_called_definition_is_a_run_of_its_own_and_yields_its_outputs(server: Server) -> None:
    world = calling(WaitStep(id=StepId("pause"), for_=Constant(value="1h")))
    async with server.run(world) as live:
        result = await live.result()
    assert result.verdict == "succeeded", result.message
    assert state(result, "look") == "succeeded"
    assert result.steps[0].message == f"run {result.id}/child: succeeded"
    request = world.requests[1]
    assert (request.definition, request.inputs, request.plan_digest) == ("other@1", {"x": 5}, "d" * 64)
    assert f"called by {result.id}" in request.reason


@pytest.mark.history("call-cancelled")
@pytest.mark.usefixtures("real_time")
async def test_a_cancel_is_passed_on_to_the_called_run(server: Server) -> None:
    wait = WaitStep(id=StepId("year"), for_=Constant(value="365d"))
    world = calling(wait)
    async with server.run(world) as live:
        await live.until(lambda status: any("run " in step.message for step in status.steps))
        await live.handle.cancel()
        with pytest.raises(WorkflowFailureError):
            await asyncio.wait_for(live.handle.result(), 30)
        status = await live.status()
    assert status.verdict == "cancelled"
    child = server.client.get_workflow_handle(f"{live.handle.id}/child")
    description = await child.describe()
    assert description.status is not None
    assert description.status.name == "CANCELED"


async def test_a_called_run_that_fails_fails_the_step_with_its_words(server: Server) -> None:
    world = calling(HttpStep(id=StepId("ask"), method="get", url=Constant(value="x:/")))
    world.answers["ask"] = failure("block_unavailable", "nobody is there")
    result = await server.outcome(world)
    assert result.verdict == "failed"
    assert "failed: step ask: nobody is there" in result.message


@pytest.mark.history("deadline")
@pytest.mark.parametrize(("on_deadline", "verdict"), [("stop", "stopped"), ("undo", "failed"), ("skip", "partial")])
async def test_a_deadline_ends_a_step_between_two_actions(server: Server, on_deadline: str, verdict: str) -> None:
    deploy = changing(
        "deploy", waves=waves(2, "100%", soak="2h"), deadline=Constant(value="1h"), on_deadline=on_deadline
    )
    world = World(plan(deploy, reading("look", needs=("deploy",))), HOSTS)
    result = await server.outcome(world)
    assert result.verdict == verdict
    assert "the deadline passed after 3600 s" in next(step for step in result.steps if step.id == "deploy").message
    assert world.asked("do", "deploy") != []
    assert state(result, "look") == ("succeeded" if on_deadline == "skip" else "skipped")
    assert bool(world.touched) == (on_deadline != "undo")


@pytest.mark.history("breaker")
async def test_a_breaker_keeps_devices_from_being_taken_up(server: Server) -> None:
    deploy = changing("deploy", breaker=Breaker(failures=2, within_s=60), accept=at_most(4), concurrency=1)
    world = World(plan(deploy), HOSTS)
    for host in HOSTS[:3]:
        world.fails("deploy", host)
    holding = Holding(world)
    world.scripts["deploy", "sw4"] = holding
    holding.go_on.set()
    result = await server.outcome(world)
    assert "the breaker opened: 2 failures within 60 s" in result.message
    assert result.verdict in {"failed", "stopped"}


@pytest.mark.history("breaker-of-a-batch")
async def test_no_device_starts_once_the_breaker_has_opened(server: Server) -> None:
    hosts = tuple(f"sw{number}" for number in range(1, 13))
    deploy = changing("deploy", breaker=Breaker(failures=2, within_s=60), accept=at_most(5), concurrency=1)
    world = World(plan(deploy), hosts)
    for host in hosts[1:3]:
        world.fails("deploy", host)
    result = await server.outcome(world)
    assert "the breaker opened: 2 failures within 60 s" in result.message
    assert world.asked("do", "deploy") == list(hosts[:3])  # though the batch tells its run but once a second
    failed, kept = dict.fromkeys(hosts[1:3], "failed"), dict.fromkeys(hosts[3:], "quarantined")
    assert statuses(result) == {"sw1": "changed", **failed, **kept}
    assert [wave.state for wave in world.sealed[0].waves[StepId("deploy")]] == ["failed"], "it is not done"


@pytest.mark.history("window")
@pytest.mark.usefixtures("real_time")
async def test_a_wave_waits_for_its_change_window(server: Server) -> None:
    opens = datetime(2099, 1, 1, 2, tzinfo=UTC)
    world = World(plan(changing("deploy", window=NIGHT)), HOSTS, windows=[WindowResult(start=opens)])
    async with server.run(world) as live:
        status = await live.until(lambda status: any("change window" in step.message for step in status.steps))
        assert "2099-01-01 02:00 UTC" in status.steps[0].message
        assert world.asked("do", "deploy") == []
        await server.pass_time(live.handle, opens + timedelta(days=1) - datetime.now(UTC))
        result = await live.result()
    assert result.verdict == "succeeded"


async def test_a_wave_that_never_fits_or_finds_the_window_closed_is_not_begun(server: Server) -> None:
    world = World(plan(changing("deploy", window=NIGHT)), HOSTS, windows=[WindowResult(start=None)])
    said = (await server.outcome(world)).message
    assert "wave all needs 38m, and the change window is open for 2h only: 1 turn of up to 20m under" in said
    assert "as many turns of up to 18m for the undo" in said
    stop = NIGHT.model_copy(update={"on_closed": "stop"})
    later = [WindowResult(start=datetime(2099, 1, 1, tzinfo=UTC))]
    world = World(plan(changing("deploy", window=stop)), HOSTS, windows=later)
    result = await server.outcome(world)
    assert result.verdict == "failed"
    assert "the change window is closed until 2099-01-01 00:00 UTC; wave all was not begun" in result.message
    assert world.asked("do", "deploy") == []


@pytest.mark.history("window-pause")
async def test_a_closed_window_pauses_for_an_operator_who_may_go_on_nevertheless(server: Server) -> None:
    pause = NIGHT.model_copy(update={"on_closed": "pause"})
    later = [WindowResult(start=datetime(2099, 1, 1, tzinfo=UTC))]
    world = World(plan(changing("deploy", window=pause)), HOSTS, windows=later)
    async with server.run(world) as live:
        status = await live.until(lambda status: status.phase == "paused")
        said = status.steps[0].message  # whichever the skipped time has come to by then
        closed = "closed until 2099-01-01 00:00 UTC; resume the run then, or before with a reason, and wave all begins"
        is_open = "open; wave all begins when the run is resumed"
        assert said.removeprefix("the change window is ") in {closed, is_open}
        await live.handle.signal("resume", {"by": "olga", "reason": "the site is down"})
        assert (await live.result()).verdict == "succeeded"


async def test_a_run_waits_for_a_window(server: Server) -> None:
    wait = WaitStep(id=StepId("night"), window=NIGHT)
    world = World(plan(wait), HOSTS, windows=[WindowResult(start=datetime(2099, 1, 1, tzinfo=UTC))])
    async with server.run(world) as live:
        status = await live.until(lambda status: bool(status.steps) and bool(status.steps[0].message))
        assert status.steps[0].message == "until 2099-01-01 00:00:00 UTC", "not a moment before it opens"
        result = await live.result()
    assert result.verdict == "succeeded"
    assert world.sealed[0].ended.year >= 2099


@pytest.mark.history("ranks")
async def test_ranks_go_one_after_the_other_and_are_undone_in_reverse(server: Server) -> None:
    deploy = changing(
        "deploy", order=(tree("device.data.depth"),), on_failure=OnFailure(action="undo", scope="step"), concurrency=9
    )
    world = World(plan(deploy), HOSTS)
    world.facts = {
        host: {"name": host, "data": {"depth": depth}} for host, depth in zip(HOSTS, (1, 3, 2, 3), strict=True)
    }
    world.fails("deploy", "sw1")
    result = await server.outcome(world)
    done = world.asked("do", "deploy")
    assert set(done[:2]) == {"sw2", "sw4"}
    assert done[2:] == ["sw3", "sw1"]
    undone = [host for host in world.asked("undo", "deploy") if host != "sw1"]
    assert undone[0] == "sw3"
    assert result.verdict == "failed"


async def test_devices_that_belong_together_share_a_verdict(server: Server) -> None:
    deploy = changing("deploy", together=tree("device.data.chassis"), accept=at_most(2))
    world = World(plan(deploy), HOSTS)
    chassis = ("x", "x", "y", "y")
    world.facts = {host: {"name": host, "data": {"chassis": one}} for host, one in zip(HOSTS, chassis, strict=True)}
    world.fails("deploy", "sw1")
    result = await server.outcome(world)
    assert result.verdict == "partial"
    assert statuses(result) == {"sw1": "failed", "sw2": "undone", "sw3": "changed", "sw4": "changed"}
    assert "shares the verdict of sw1" in result.devices[1].message


async def test_facts_that_a_device_lacks_fail_the_step_before_any_change(server: Server) -> None:
    world = World(plan(changing("deploy", waves=(Wave(name="w", size=1, per=tree("device.data.kind")),))), HOSTS)
    world.plan = plan(changing("deploy", apart=tree("device.data.pair")))
    world.facts = {host: {"name": host, "data": {}} for host in HOSTS}
    result = await server.outcome(world)
    assert "device.data.pair has no value" in result.message
    assert world.calls == []
