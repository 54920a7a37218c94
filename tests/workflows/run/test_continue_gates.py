"""Gates, waits and questions of runs that continue as new meanwhile: nothing is asked anew, nothing is forgotten."""

import asyncio

import pytest
from temporalio.client import WorkflowUpdateFailedError

from expressions import tree
from gated import GatedWorld
from plans import of, plan, reading
from running import Server
from workflows.contracts import AskResult, Operation, OperationAnswer
from workflows.errors import failure
from workflows.plan import ApproveStep, Constant, HttpStep, Input, SetStep, StepId, WaitStep

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2", "sw3")
SHORT = 30  # events
WAITS = AskResult(answer="unanswered", reference="CHG7")


@pytest.mark.history("continued-via")
async def test_a_system_is_asked_on_about_the_same_question(server: Server) -> None:
    gate = ApproveStep(
        id=StepId("gate"), needs=(StepId("look"),), by="leads", via="itsm", timeout=Constant(value="2m"),
        binds_step=StepId("look"), binds_name="change",
    )  # fmt: skip
    held = GatedWorld(plan(reading("look"), gate), HOSTS, groups={"leads": ("ann",)}, history_events=SHORT)
    held.said = [*[WAITS] * 4, AskResult(answer="approved", by="cab")]
    async with server.run(held) as live:
        result = await live.result()
        assert await live.executions() > 1
    assert result.verdict == "succeeded"
    assert [question.reference for question in held.questions] == [None, "CHG7", "CHG7", "CHG7", "CHG7"]
    assert len({question.digest for question in held.questions}) == 1
    assert len({question.until for question in held.questions}) == 1


async def test_devices_are_waited_for_on_and_those_that_answered_are_left_alone(server: Server) -> None:
    wait = WaitStep(id=StepId("back"), devices=of("inventory"), limit=Constant(value="10m"))
    held = GatedWorld(plan(wait), HOSTS, history_events=SHORT)
    held.away = {"sw2": 5}
    async with server.run(held) as live:
        result = await live.result()
        assert await live.executions() > 1
    assert result.verdict == "succeeded"
    assert held.logins == [HOSTS, *[("sw2",)] * 5]


async def test_a_signal_is_kept_and_its_step_goes_on_waiting(server: Server) -> None:
    wait = WaitStep(
        id=StepId("go"), needs=(StepId("back"),), signal="go", payload={"note": Input(type="string", required=True)}
    )
    back = WaitStep(id=StepId("back"), devices=of("inventory"), limit=Constant(value="10m"))
    said = SetStep(id=StepId("said"), needs=(StepId("go"),), values=(("note", tree("steps.go.note")),))
    held = GatedWorld(plan(back, wait, said), HOSTS, history_events=SHORT)
    held.away = {"sw2": 5}
    async with server.run(held) as live:
        await live.handle.signal("go", {"note": "early"})
        result = await live.result()
        assert await live.executions() > 1
    assert result.verdict == "succeeded"


@pytest.mark.history("continued-signal")
async def test_an_update_that_comes_while_the_run_reads_its_state_waits_for_it(server: Server) -> None:
    wait = WaitStep(
        id=StepId("go"), needs=(StepId("back"),), signal="go", payload={"note": Input(type="string", required=True)}
    )
    back = WaitStep(id=StepId("back"), devices=of("inventory"), limit=Constant(value="10m"))
    held = GatedWorld(plan(back, wait), HOSTS, history_events=SHORT, load_waits_for=asyncio.Event())
    held.away = {"sw2": 3}
    assert held.load_waits_for is not None
    async with server.run(held) as live:
        await asyncio.wait_for(held.loading.wait(), 30)
        sent = asyncio.create_task(
            live.handle.execute_update("go", {"note": "early", "by": "lab"}, result_type=OperationAnswer)
        )
        other = asyncio.create_task(live.handle.execute_update("gone", {}))
        await live.took(2)
        assert [one for one in (sent, other) if one.done()] == [], "the run does not know yet where it stands"
        held.load_waits_for.set()
        assert (await sent).accepted
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await other
        assert "no step of this run waits for the signal gone" in str(refused.value.cause)
        result = await live.result()
        assert await live.executions() > 1
    assert result.verdict == "succeeded"
    assert [(one.operation, one.by, one.how) for one in held.sealed[0].operations] == [("signal go", "lab", "update")]


async def test_an_operator_is_asked_on_about_a_step_that_failed(server: Server) -> None:
    intent = HttpStep(
        id=StepId("intent"), needs=(), method="get", url=Constant(value="nautobot:/x"),
        block="source_of_truth", on_block="ask",
    )  # fmt: skip
    back = WaitStep(id=StepId("back"), needs=(), devices=of("inventory"), limit=Constant(value="10m"))
    held = GatedWorld(plan(intent, back), HOSTS, history_events=SHORT)
    held.away = {"sw2": 5}
    held.answers["intent"] = failure("block_degraded", "source of truth: nautobot answered 503")
    async with server.run(held) as live:
        await live.until(lambda status: any(step.id == "back" and step.state == "succeeded" for step in status.steps))
        assert await live.executions() > 1
        assert len(held.called) == 1
        await live.handle.execute_update("skip", Operation(by="olga"))
        result = await live.result()
    assert result.verdict == "partial"
    assert result.steps[0].blame is not None
    assert result.steps[0].blame.by == "olga"
