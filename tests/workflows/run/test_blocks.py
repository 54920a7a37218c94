"""Blocks that fail, and steps that ask an operator: blamed by name, passed over or acknowledged, on the real server."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from temporalio import workflow

from expressions import tree
from gated import GatedWorld
from plans import changing, plan, reading, waves
from running import Live, Server
from scripted import Holding, World
from workflows.contracts import Blame, HttpResult, Operation, OperationAnswer, RunResult, RunStatus
from workflows.errors import FailureType, failure
from workflows.plan import Accept, Constant, HttpStep, OnFailure, SetStep, Step, StepId, Wave
from workflows.run import batches, renewal
from workflows.run.state import RunState

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2", "sw3", "sw4")
SAID = "source of truth: nautobot answered 503 to GET /api/vlans/"


def intent(**changes: object) -> HttpStep:
    fields = {
        "id": "intent",
        "method": "get",
        "url": Constant(value="nautobot:/api/vlans/"),
        "block": "source_of_truth",
    }
    return HttpStep.model_validate({**fields, **changes})


def world(*steps: Step, kind: FailureType = "block_degraded") -> World:
    count = SetStep(
        id=StepId("count"), needs=(StepId("intent"),), values=(("vlans", tree("steps.intent.json | default(0)")),)
    )
    held = World(plan(*steps, count, reading("look", needs=("count",))), HOSTS)
    held.answers["intent"] = failure(kind, SAID)
    return held


def blame(result: RunResult, step: str = "intent") -> Blame:
    found = next(one.blame for one in result.steps if one.id == step)
    assert found is not None
    return found


async def ask(live: Live, kind: str, **operation: object) -> OperationAnswer:
    request = Operation.model_validate({"by": "olga", **operation})
    answer: OperationAnswer = await live.handle.execute_update(kind, request, result_type=OperationAnswer)
    return answer


def asks(status: RunStatus) -> bool:
    return status.phase == "paused" and any("retry, skip, undo or stop?" in step.message for step in status.steps)


async def test_a_block_that_fails_ends_the_run_and_is_blamed_by_name(server: Server) -> None:
    result = await server.outcome(held := world(intent()))
    assert (result.verdict, result.message) == ("failed", f"step intent: {SAID}")
    assert blame(result) == Blame(block="source_of_truth", type="block_degraded", message=SAID)
    assert held.asked("do", "look") == []


@pytest.mark.history("block-proceed")
async def test_a_run_proceeds_without_a_block_where_the_definition_says_so(server: Server) -> None:
    result = await server.outcome(held := world(intent(on_block="proceed")))
    assert result.verdict == "partial"
    assert blame(result).answer == "proceeded"
    assert result.steps[0].message.endswith("; the run goes on without the source of truth")
    assert sorted(held.asked("do", "look")) == list(HOSTS)


async def test_what_is_no_failure_of_the_block_is_not_proceeded_over(server: Server) -> None:
    result = await server.outcome(world(intent(on_block="proceed"), kind="check_failed"))
    assert result.verdict == "failed"
    assert next(one.blame for one in result.steps) is None


@pytest.mark.history("block-ask")
async def test_an_operator_acknowledges_that_the_run_goes_on_without_a_block(server: Server) -> None:
    async with server.run(held := world(intent(on_block="ask"))) as live:
        status = await live.until(asks)
        assert SAID in status.steps[0].message
        await ask(live, "skip", reason="known outage")
        result = await live.result()
    assert result.verdict == "partial"
    assert (blame(result).answer, blame(result).by) == ("acknowledged", "olga")
    assert sorted(held.asked("do", "look")) == list(HOSTS)
    assert [(one.operation, one.by, one.reason) for one in held.sealed[0].operations] == [
        ("skip", "olga", "known outage")
    ]


async def test_a_retry_asks_the_block_again_and_leaves_no_blame(server: Server) -> None:
    async with server.run(held := world(intent(on_block="ask"))) as live:
        await live.until(asks)
        held.answers["intent"] = HttpResult(status=200, json_=7)
        await ask(live, "retry")
        result = await live.result()
    assert result.verdict == "succeeded"
    assert result.steps[0].blame is None


async def test_an_operator_stops_a_run_that_asks(server: Server) -> None:
    async with server.run(held := world(intent(on_block="ask"))) as live:
        await live.until(asks)
        await ask(live, "stop")
        result = await live.result()
    assert (result.verdict, result.message) == ("failed", f"step intent: {SAID}")
    assert held.asked("do", "look") == []


async def test_a_cancel_ends_the_asking(server: Server) -> None:
    async with server.run(world(intent(on_block="ask"))) as live:
        await live.until(asks)
        await ask(live, "cancel")
        assert "cancelled" in str(await live.end())


async def test_any_step_may_pause_on_a_failure(server: Server) -> None:
    paused = intent(block=None, on_failure=OnFailure(action="pause"))
    async with server.run(held := world(paused, kind="check_failed")) as live:
        await live.until(asks)
        held.answers["intent"] = HttpResult(status=200, json_=7)
        await ask(live, "retry")
        assert (await live.result()).verdict == "succeeded"


async def test_no_device_is_blamed_for_a_block_that_failed_for_all_of_them(server: Server) -> None:
    held = World(plan(reading("look")), HOSTS)
    for host in HOSTS:
        held.fails("look", host, "block_unavailable")
    result = await server.outcome(held)
    assert result.verdict == "failed"
    assert blame(result, "look").type == "block_unavailable"


# --------------------------------------------------------------------------------------------------------- deadlines


def at_a_deadline(**changes: object) -> GatedWorld:
    fields = {
        "waves": waves(2, "100%", soak="2h"),
        "deadline": Constant(value="1h"),
        "on_deadline": "escalate",
        **changes,
    }
    return GatedWorld(plan(changing("deploy", **fields), reading("look", needs=("deploy",))), HOSTS)


@pytest.mark.history("deadline-escalates")
async def test_a_deadline_reminds_the_operators_and_waits_for_them(server: Server) -> None:
    held = at_a_deadline()
    held.reminded = ("operators",)
    async with server.run(held) as live:
        status = await live.until(asks)
        assert "the deadline passed after 3600 s" in status.steps[0].message
        await ask(live, "skip")
        result = await live.result()
    assert [(told.to, told.occasion) for told in held.told] == [("operators", "reminder")]
    assert result.verdict == "partial"
    assert sorted(held.asked("do", "look")) == list(HOSTS), "each once; those that begin together answer in any order"


@pytest.mark.parametrize(
    ("said", "deadline", "touches"),
    [(waves(2, "100%"), "3s", True), ((), "1s", False)],
    ids=["cut after it was changed", "cut before it was changed"],
)
async def test_a_retry_gives_the_step_its_time_once_more_and_takes_up_what_the_deadline_has_ended(
    server: Server, said: tuple[Wave, ...], deadline: str, touches: bool
) -> None:
    held = at_a_deadline(waves=said, deadline=Constant(value=deadline))
    held.scripts["deploy", "sw4"] = Holding(held, touches=touches)
    async with server.run(held) as live:
        await live.until(asks)
        del held.scripts["deploy", "sw4"]
        await ask(live, "retry")
        result = await live.result()
    assert result.verdict == "succeeded"
    assert sorted(host for step, host in held.touched if step == "deploy") == list(HOSTS)
    assert held.asked("do", "deploy").count("sw1") == 1


@pytest.mark.history("deadline-cuts")
async def test_what_a_deadline_ends_before_it_is_changed_was_not_done(server: Server) -> None:
    held = at_a_deadline(waves=waves(3, "100%", soak="2h"), deadline=Constant(value="1s"))
    held.scripts["deploy", "sw2"] = held.scripts["deploy", "sw3"] = Holding(held)
    async with server.run(held) as live:
        status = await live.until(asks)
        assert status.steps[0].message.startswith("the deadline passed after 1 s; 3 of 4 devices had not ended by then")
        assert [wave.state for wave in status.steps[0].waves] == ["failed", "pending"]  # and it did not soak
        await ask(live, "stop")
        result = await live.result()
    assert result.verdict == "stopped"
    assert {device.message for device in result.devices if device.status == "skipped"} == {
        f"{host} says cancelled: the deadline of the step had passed" for host in ("sw2", "sw3")
    }
    assert {device.name: device.status for device in result.devices} == {
        "sw1": "changed",
        "sw2": "skipped",
        "sw3": "skipped",
        "sw4": "untouched",
    }


async def test_a_deadline_that_passes_while_a_batch_is_being_started_ends_it_too(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def late(_: RunState) -> None:
        await workflow.sleep(3)  # a server that takes its time to start a child

    monkeypatch.setattr(batches, "renewal", SimpleNamespace(settled=late, call_of=renewal.call_of))
    held = at_a_deadline(waves=(), deadline=Constant(value="1s"))
    held.scripts["deploy", "sw2"] = Holding(held)
    async with server.run(held) as live:
        status = await live.until(asks)
        assert status.steps[0].message.startswith("the deadline passed after 1 s; 4 of 4 devices had not ended by then")
        await ask(live, "stop")
        await live.result()
    assert not held.touched


@pytest.mark.history("deadline-at-once")
async def test_a_deadline_that_passes_as_soon_as_its_step_has_begun_ends_it(server: Server) -> None:
    held = at_a_deadline(waves=(), deadline=Constant(value="1ms"))
    held.scripts["deploy", "sw2"] = Holding(held)
    async with server.run(held) as live:
        await live.until(asks)
        await ask(live, "stop")
        result = await live.result()
    assert result.verdict == "stopped"
    assert result.steps[0].message.startswith("the deadline passed after 0.001 s")


@pytest.mark.history("deadline-in-a-soak")
@pytest.mark.parametrize("sizes", [(2, "100%"), ("100%",)])
async def test_a_deadline_ends_a_soak_and_the_wave_was_not_done(server: Server, sizes: tuple[int | str, ...]) -> None:
    held = at_a_deadline(waves=waves(*sizes, soak="2h"), on_deadline="undo")
    result = await server.outcome(held)
    assert (result.verdict, held.touched) == ("failed", set())
    assert "the deadline passed after 3600 s; wave w1: its soak had not ended by then" in result.message
    assert ("; 2 of 4 devices had not ended by then" in result.message) == (len(sizes) == 2)
    assert held.sealed[0].ended - held.sealed[0].started < timedelta(hours=2)


@pytest.mark.history("deadline-in-a-soak-of-any")
async def test_a_wave_that_still_soaks_at_the_deadline_was_not_done_whatever_was_enough(server: Server) -> None:
    wave, one = waves("100%", soak="2h"), Accept(kind="any", text="any")
    held = at_a_deadline(waves=wave, accept=one, on_deadline="stop", concurrency=1)
    result = await server.outcome(held)
    assert result.verdict == "stopped"
    assert "wave w1: its soak had not ended by then" in result.message


async def test_an_operator_has_the_step_undone_at_its_deadline(server: Server) -> None:
    async with server.run(held := at_a_deadline()) as live:
        await live.until(asks)
        await ask(live, "undo", scope="step")
        result = await live.result()
    assert result.verdict == "failed"
    assert held.touched == set()
