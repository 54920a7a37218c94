"""Approvals on the real server: who counts, what is recorded, what silence means."""

import json
from datetime import timedelta

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from plans import changing, plan, reading
from running import Server
from scripted import Holding, World
from workflows import contracts
from workflows.contracts import Decision, DecisionAnswer
from workflows.plan import ApproveStep, Constant, Expr, OnFailure, StepId

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2", "sw3")
LEADS = ("ann", "bob", "rita")


def gate(**changes: object) -> ApproveStep:
    fields: dict[str, object] = {
        "id": "gate",
        "needs": ("look",),
        "by": "leads",
        "not_by": ("requester",),
        "binds_step": "look",
        "binds_name": "change",
        "timeout": Constant(value="30m"),
    }
    return ApproveStep.model_validate(fields | changes)


def world(**changes: object) -> World:
    return World(
        plan(reading("look"), gate(**changes), changing("deploy", needs=("gate",))), HOSTS, groups={"leads": LEADS}
    )


def refusal(error: WorkflowUpdateFailedError) -> str:
    assert isinstance(error.cause, ApplicationError)
    return error.cause.message


@pytest.mark.usefixtures("real_time")
async def test_an_update_opens_the_gate_and_answers(server: Server) -> None:
    async with server.run(world()) as live:
        status = await live.until(lambda status: bool(status.gates))
        assert status.phase == "waiting"
        assert status.gates[0].diffs[0].devices == 3
        digest = status.gates[0].digest
        assert digest
        answer = await live.handle.execute_update(
            contracts.SIGNAL_APPROVE, Decision(by="ann", comment="seen", digest=digest[:12]), result_type=DecisionAnswer
        )
        assert answer == DecisionAnswer(step=StepId("gate"), approvals=1, quorum=1, gate="approved")
        result = await live.result()
    assert result.verdict == "succeeded"
    decision = live.world.sealed[0].decisions[0]
    assert (decision.by, decision.how, decision.counted, decision.comment) == ("ann", "update", True, "seen")
    assert decision.digest == digest  # whole, though people type its beginning


@pytest.mark.usefixtures("real_time")
async def test_a_signal_in_plain_json_opens_the_gate_too(server: Server) -> None:
    async with server.run(world()) as live:
        await live.until(lambda status: bool(status.gates))
        await live.handle.signal(contracts.SIGNAL_APPROVE, {"by": "bob", "step": "gate"})
        result = await live.result()
    assert result.verdict == "succeeded"


@pytest.mark.history("rejection")
@pytest.mark.usefixtures("real_time")
async def test_a_rejection_ends_the_run_before_any_change(server: Server) -> None:
    async with server.run(world()) as live:
        await live.until(lambda status: bool(status.gates))
        await live.handle.execute_update(contracts.SIGNAL_REJECT, Decision(by="bob", comment="not today"))
        result = await live.result()
    assert result.verdict == "rejected"
    assert "not today" in result.message
    assert live.world.asked("do", "deploy") == []
    assert result.counts == {"untouched": 3}


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        (Decision(by="mallory"), "not in leads"),
        (Decision(by="rita"), "asked for this run"),
        (Decision(by="ann", digest="0000"), "the decision names 0000"),
        (Decision(by="ann", step=StepId("deploy")), "not waiting for a decision; open gates: gate"),
    ],
    ids=["a stranger", "the requester", "another proposal", "another step"],
)
@pytest.mark.usefixtures("real_time")
async def test_an_update_that_cannot_count_is_refused_with_the_reason(
    server: Server, decision: Decision, said: str
) -> None:
    async with server.run(world()) as live:
        await live.until(lambda status: bool(status.gates))
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await live.handle.execute_update(contracts.SIGNAL_APPROVE, decision)
        assert said in refusal(refused.value)
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await live.handle.execute_update(contracts.SIGNAL_APPROVE)
        assert "and this is nothing; send" in refusal(refused.value)
        await live.handle.execute_update(contracts.SIGNAL_APPROVE, Decision(by="ann"))
        assert (await live.result()).verdict == "succeeded"


@pytest.mark.history("names-with-spaces")
@pytest.mark.usefixtures("real_time")
async def test_spaces_around_a_name_make_nobody_another_person(server: Server) -> None:
    held = world(quorum=2)
    held.groups = {"leads": ("*",)}
    async with server.run(held, {"definition": "test", "by": " rita"}) as live:
        await live.until(lambda status: bool(status.gates))
        await live.handle.signal(contracts.SIGNAL_APPROVE, {"by": "rita "})
        for by, said in (("rita\t", "rita asked for this run"), ("  ", "nobody is named")):
            with pytest.raises(WorkflowUpdateFailedError) as refused:
                await live.handle.execute_update(contracts.SIGNAL_APPROVE, {"by": by})
            assert said in refusal(refused.value)
        for by in ("ann", "ann ", " ", "bob"):
            await live.handle.signal(contracts.SIGNAL_APPROVE, {"by": by})
        assert (await live.result()).verdict == "succeeded"
    decisions = live.world.sealed[0].decisions
    assert [record.by for record in decisions if record.counted] == ["ann", "bob"]


@pytest.mark.history("names-without-case")
@pytest.mark.usefixtures("real_time")
async def test_the_case_of_a_name_makes_nobody_another_person(server: Server) -> None:
    held = world(quorum=2)
    held.groups = {"leads": ("*",)}
    async with server.run(held, {"definition": "test", "by": "Rita"}) as live:
        await live.until(lambda status: bool(status.gates))
        await live.handle.signal(contracts.SIGNAL_APPROVE, {"by": "rita"})
        await live.handle.signal(contracts.SIGNAL_APPROVE, {"by": "J\u00f6rg"})
        await live.handle.signal(contracts.SIGNAL_APPROVE, {"by": "JO\u0308RG"})
        for by, said in (("RITA", "RITA asked for this run"), ("J\u00d6RG", "has approved gate already")):
            with pytest.raises(WorkflowUpdateFailedError) as refused:
                await live.handle.execute_update(contracts.SIGNAL_APPROVE, {"by": by})
            assert said in refusal(refused.value)
        await live.handle.execute_update(contracts.SIGNAL_APPROVE, Decision(by="bob"))
        assert (await live.result()).verdict == "succeeded"
    decisions = live.world.sealed[0].decisions
    assert [(record.by, record.counted) for record in decisions] == [
        ("rita", False),
        ("J\u00f6rg", True),
        ("JO\u0308RG", False),
        ("bob", True),
    ]


@pytest.mark.usefixtures("real_time")
async def test_a_member_of_the_group_may_decide_however_the_name_is_written(server: Server) -> None:
    async with server.run(world()) as live:
        await live.until(lambda status: bool(status.gates))
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await live.handle.execute_update(contracts.SIGNAL_APPROVE, {"by": "Mallory"})
        assert refusal(refused.value).endswith("not in leads, which decides about gate; may decide: ann, bob")
        await live.handle.execute_update(contracts.SIGNAL_APPROVE, Decision(by="Ann"))
        assert (await live.result()).verdict == "succeeded"


@pytest.mark.usefixtures("real_time")
async def test_a_signal_that_cannot_count_is_recorded_and_changes_nothing(server: Server) -> None:
    async with server.run(world()) as live:
        await live.until(lambda status: bool(status.gates))
        await live.handle.signal(contracts.SIGNAL_APPROVE, {"by": "mallory"})
        await live.handle.signal(contracts.SIGNAL_APPROVE, {"who": "ann"})
        await live.handle.signal(contracts.SIGNAL_APPROVE, "ann")
        await live.handle.signal(contracts.SIGNAL_APPROVE)
        await live.handle.signal(contracts.SIGNAL_APPROVE, args=[{"by": "ann"}, {"by": "bob"}])
        for name in (contracts.SIGNAL_PROGRESS, contracts.SIGNAL_CLAIMED, "pause"):
            await live.handle.signal(name, args=[1, 2])
        status = await live.until(lambda status: len(status.decisions) == 5 and bool(status.operations))
        assert not any(decision.counted for decision in status.decisions)
        assert "may decide: ann, bob" in status.decisions[0].why_not
        assert "cannot be read: `by` is missing" in status.decisions[1].why_not
        assert "this is a list" in status.operations[0].refused
        assert status.gates[0].approvals == 0
        await live.handle.signal(contracts.SIGNAL_REJECT, {"by": "ann"})
        assert (await live.result()).verdict == "rejected"


@pytest.mark.history("quorum")
@pytest.mark.usefixtures("real_time")
async def test_a_person_counts_once_towards_a_quorum(server: Server) -> None:
    async with server.run(world(quorum=2)) as live:
        await live.until(lambda status: bool(status.gates))
        first = await live.handle.execute_update(
            contracts.SIGNAL_APPROVE, Decision(by="ann"), result_type=DecisionAnswer
        )
        assert first.gate == "open"
        assert (
            "waits for 1 more of leads" in next(run for run in (await live.status()).steps if run.id == "gate").message
        )
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await live.handle.execute_update(contracts.SIGNAL_APPROVE, Decision(by="ann"))
        assert "counts once" in refusal(refused.value)
        await live.handle.execute_update(contracts.SIGNAL_APPROVE, Decision(by="bob"))
        assert (await live.result()).verdict == "succeeded"


@pytest.mark.history("silence")
async def test_silence_rejects(server: Server) -> None:
    result = await server.outcome(held := world())
    assert result.verdict == "rejected"
    assert held.sealed[0].decisions[0].how == "timeout"
    assert held.asked("do", "deploy") == []


async def test_silence_approves_only_where_the_definition_says_so(server: Server) -> None:
    result = await server.outcome(held := world(on_timeout="approve"))
    assert result.verdict == "succeeded"
    assert held.sealed[0].decisions[0].by == "nobody"


async def test_a_decision_made_before_the_gate_opened_does_not_count(server: Server) -> None:
    held = world()
    looking = Holding(held)
    held.scripts["look", "sw1"] = looking
    async with server.run(held) as live:
        await live.handle.signal(contracts.SIGNAL_APPROVE, {"by": "ann"})
        looking.go_on.set()
        result = await live.result()
    assert result.verdict == "rejected"
    early = held.sealed[0].decisions[0]
    assert (early.by, early.counted) == ("ann", False)


async def test_nobody_is_asked_where_the_condition_does_not_hold(server: Server) -> None:
    never: Expr = Constant(value=False)
    result = await server.outcome(world(when=never))
    assert (result.verdict, result.message) == ("succeeded", "")
    assert next(step for step in result.steps if step.id == "gate").state == "skipped"


@pytest.mark.usefixtures("real_time")
async def test_a_gate_may_take_its_timeout_from_an_input(server: Server) -> None:
    held = World(
        plan(
            reading("look"),
            gate(timeout=Constant(value=45), binds_step=None, on_failure=OnFailure(action="stop")),
            changing("deploy", needs=("gate",)),
        ),
        HOSTS,
        groups={"leads": ("*",)},
    )
    async with server.run(held) as live:
        status = await live.until(lambda status: bool(status.gates))
        assert status.gates[0].digest is None
        await live.handle.signal(contracts.SIGNAL_APPROVE, json.loads('{"by": "anyone"}'))
        assert (await live.result()).verdict == "succeeded"


ESCALATES = {"on_timeout": "escalate", "escalate": {"to": "managers", "timeout": {"op": "lit", "value": "2h"}}}


def escalating(then: str = "reject") -> World:
    changes = {**ESCALATES, "escalate": {**ESCALATES["escalate"], "then": then}}  # type: ignore[dict-item]
    held = world(**changes)
    held.groups = {"leads": LEADS, "managers": ("max",)}
    return held


@pytest.mark.history("escalation")
@pytest.mark.usefixtures("real_time")
async def test_silence_widens_the_group_and_a_manager_decides(server: Server) -> None:
    async with server.run(held := escalating()) as live:
        await live.until(lambda status: bool(status.gates))
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await live.handle.execute_update(contracts.SIGNAL_APPROVE, Decision(by="max"))
        assert "max is not in leads" in refusal(refused.value)
        await server.pass_time(live.handle, timedelta(minutes=31))
        status = await live.until(lambda status: bool(status.gates) and status.gates[0].escalated)
        assert "leads or managers" in next(step for step in status.steps if step.id == "gate").message
        assert (status.gates[0].also, status.gates[0].on_timeout) == ("managers", "reject")
        await live.handle.execute_update(contracts.SIGNAL_APPROVE, Decision(by="max"))
        result = await live.result()
    assert result.verdict == "succeeded"
    assert held.sealed[0].decisions[-1].by == "max"


@pytest.mark.parametrize(("then", "verdict"), [("reject", "rejected"), ("approve", "succeeded")])
async def test_silence_after_an_escalation_means_what_the_definition_says(
    server: Server, then: str, verdict: str
) -> None:
    result = await server.outcome(held := escalating(then))
    assert result.verdict == verdict
    assert (held.sealed[0].ended - held.sealed[0].started).total_seconds() > 2.4 * 3600
