"""Gates that nobody opens let no run pass, whatever stands in the way: a deadline, a failure, a digest of nothing."""

import uuid
from datetime import timedelta

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from plans import changing, of, plan, reading
from running import REQUEST, Live, Server
from scripted import World
from workflows import contracts
from workflows.contracts import Decision, DecisionRecord, RunResult
from workflows.plan import ApproveStep, Constant, OnFailure

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2")
GOES_ON = OnFailure(action="continue")


def world(**changes: object) -> World:
    """A run that changes devices behind a gate which binds nothing."""
    fields: dict[str, object] = {"id": "gate", "needs": ("look",), "by": "leads", "timeout": Constant(value="2h")}
    gate = ApproveStep.model_validate(fields | changes)
    return World(plan(reading("look"), gate, changing("deploy", needs=("gate",))), HOSTS, groups={"leads": ("ann",)})


def decisions(held: World) -> list[DecisionRecord]:
    return list(held.sealed[0].decisions)


@pytest.mark.history("gate-overdue")
async def test_a_gate_whose_deadline_passes_rejects_whatever_its_failure_would_do(server: Server) -> None:
    held = world(deadline=Constant(value="10m"), on_deadline="skip", on_failure=GOES_ON)
    result = await server.outcome(held)
    assert result.verdict == "rejected"
    assert "rejected by nobody: the deadline of the step passed, and nobody had decided" in result.message
    assert held.asked("do", "deploy") == []
    (record,) = decisions(held)
    assert (record.decision, record.by, record.how, record.counted) == ("reject", "nobody", "timeout", True)


@pytest.mark.history("gate-without-an-end")
async def test_a_gate_that_fails_is_not_passed_over(server: Server) -> None:
    held = world(timeout=of("inputs.patience"), on_failure=GOES_ON)
    result = await server.outcome(held)
    assert result.verdict == "failed"
    assert "step gate: an expression has no value" in result.message
    assert held.asked("do", "deploy") == []


@pytest.mark.history("gate-without-a-digest")
@pytest.mark.usefixtures("real_time")
async def test_a_gate_that_binds_nothing_takes_no_decision_about_a_digest(server: Server) -> None:
    held = world()
    async with server.run(held) as live:
        await live.until(lambda status: bool(status.gates))
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await live.handle.execute_update(contracts.SIGNAL_APPROVE, Decision(by="ann", digest="ab12"))
        assert isinstance(refused.value.cause, ApplicationError)
        assert "binds no diffs, so there is no digest to name; leave `digest` out" in refused.value.cause.message
        await live.handle.signal(contracts.SIGNAL_APPROVE, {"by": "ann", "digest": "ab12"})
        status = await live.until(lambda status: bool(status.decisions))
        assert (status.decisions[0].counted, status.gates[0].approvals) == (False, 0)
        await server.pass_time(live.handle, timedelta(hours=3))
        assert (await live.result()).verdict == "rejected"
    assert "binds no diffs" in decisions(held)[0].why_not


@pytest.mark.history("gate-overdue-undoes")
async def test_a_gate_whose_deadline_passes_undoes_what_its_failure_names(server: Server) -> None:
    undoes = OnFailure(action="undo", scope="run")
    gate = ApproveStep.model_validate(
        {
            "id": "gate",
            "needs": ("deploy",),
            "by": "leads",
            "timeout": Constant(value="2h"),
            "deadline": Constant(value="10m"),
            "on_deadline": "undo",
            "on_failure": undoes,
        }
    )
    held = World(plan(changing("deploy"), gate), HOSTS, groups={"leads": ("ann",)})
    result = await server.outcome(held)
    assert (result.verdict, result.counts) == ("rejected", {"undone": 2})
    assert not held.touched


@pytest.mark.usefixtures("real_time")
async def test_what_is_sent_while_no_worker_is_up_counts_although_the_time_has_passed_meanwhile(server: Server) -> None:
    held, queue = world(timeout=Constant(value="30m")), f"late-{uuid.uuid4().hex[:8]}"
    async with server.worker(held, queue):
        handle = await server.client.start_workflow(
            contracts.RUN, REQUEST, id=queue, task_queue=queue, result_type=RunResult
        )
        await Live(handle, held).until(lambda status: bool(status.gates))
    await server.pass_time(handle, timedelta(minutes=30))  # the clock stops there: a task waits for a worker
    await handle.signal(contracts.SIGNAL_APPROVE, {"by": "ann", "comment": "I have looked"})
    async with server.worker(held, queue):
        result = await Live(handle, held).result()
    assert result.verdict == "succeeded"
    (record,) = decisions(held)
    assert (record.by, record.how, record.counted) == ("ann", "signal", True), "silence decides where nobody has spoken"
