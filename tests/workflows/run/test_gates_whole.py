"""Gates beyond people: reminders, automatic approvals, systems that are asked, and what approvers see."""

from datetime import timedelta

import pytest
from temporalio import activity

from gated import GatedWorld
from plans import changing, of, plan, reading
from running import Live, Server
from workflows import contracts
from workflows.contracts import AskResult, Decision, DecisionRecord, FoldInput, FoldResult, Safety
from workflows.errors import failure
from workflows.plan import (
    ApplyAction,
    ApproveStep,
    Attr,
    Compare,
    Confirm,
    Constant,
    Escalate,
    Expr,
    Logic,
    Name,
    Retry,
    StepId,
)
from workflows.run.decisions import NOTED

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2", "sw3")
WAITS = AskResult(answer="unanswered", reference="CHG7")
DOWN = failure("block_unavailable", "itsm cannot be reached at https://itsm.example: Connection refused")


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


def world(deploy: dict[str, object] | None = None, /, **changes: object) -> GatedWorld:
    steps = (reading("look"), gate(**changes), changing("deploy", needs=("gate",), **(deploy or {})))
    groups = {"leads": ("ann", "bob", "rita"), "managers": ("max",)}
    return GatedWorld(plan(*steps), HOSTS, groups=groups)


def decisions(held: GatedWorld) -> list[DecisionRecord]:
    return list(held.sealed[0].decisions)


def kinds(held: GatedWorld) -> list[tuple[str, str, bool]]:
    return [(record.decision, record.by, record.counted) for record in decisions(held)]


async def open_gate(live: Live) -> contracts.Gate:
    return (await live.until(lambda status: bool(status.gates))).gates[0]


# --------------------------------------------------------------------------------------------------------- requester

NAMELESS = {"definition": "test"}


@pytest.mark.history("nameless")
async def test_a_gate_that_excludes_an_unknown_requester_asks_nobody_and_rejects(server: Server) -> None:
    result = await server.outcome(held := world(auto=Constant(value=False)), NAMELESS)
    assert result.verdict == "rejected"
    assert "the request does not say who that is; nobody was asked" in result.message
    assert held.asked("do", "deploy") == []
    assert kinds(held) == [("unanswered", "netsaga", False), ("reject", "netsaga", True)]


@pytest.mark.parametrize("never", ["when", "auto"])
async def test_a_gate_that_does_not_ask_does_not_mind_an_unknown_requester(server: Server, never: str) -> None:
    result = await server.outcome(world(**{never: Constant(value=never == "auto")}), NAMELESS)
    assert result.verdict == "succeeded"


# -------------------------------------------------------------------------------------------------------- escalation

ESCALATES: dict[str, object] = {
    "on_timeout": "escalate",
    "escalate": Escalate(to="managers", timeout=Constant(value="2h")),
}


@pytest.mark.history("reminder")
@pytest.mark.usefixtures("real_time")
async def test_those_who_did_not_answer_are_reminded_before_others_may_decide(server: Server) -> None:
    held = world(**ESCALATES)
    held.reminded = ("leads",)
    async with server.run(held) as live:
        await open_gate(live)
        await server.pass_time(live.handle, timedelta(minutes=31))
        status = await live.until(lambda status: bool(status.gates) and bool(status.gates[0].told))
        assert status.gates[0].told == "to leads"
        await live.handle.execute_update(contracts.SIGNAL_APPROVE, Decision(by="ann"))
        assert (await live.result()).verdict == "succeeded"
    assert [(told.to, told.occasion) for told in held.told] == [("leads", "reminder")]
    assert "netsaga approve" in (held.told[0].message or "")
    assert kinds(held) == [("remind", "netsaga", False), ("approve", "ann", True)]


async def test_a_reminder_that_nobody_can_be_sent_is_recorded_and_holds_nothing_up(server: Server) -> None:
    result = await server.outcome(held := world(**ESCALATES))
    assert result.verdict == "rejected"
    assert kinds(held) == [("remind", "netsaga", False), ("reject", "nobody", True)]
    assert "no notification target is called leads" in decisions(held)[0].comment
    assert held.told == []


@pytest.mark.usefixtures("real_time")
async def test_a_deadline_escalates_a_gate_before_its_own_time_is_over(server: Server) -> None:
    held = world(**ESCALATES, deadline=Constant(value="10m"), on_deadline="escalate")
    async with server.run(held) as live:
        await open_gate(live)
        await server.pass_time(live.handle, timedelta(minutes=11))
        await live.until(lambda status: bool(status.gates) and status.gates[0].escalated)
        await live.handle.execute_update(contracts.SIGNAL_APPROVE, Decision(by="max"))
        assert (await live.result()).verdict == "succeeded"


async def test_a_manager_rejects_after_the_deadline_and_the_run_is_rejected(server: Server) -> None:
    held = world(**ESCALATES, deadline=Constant(value="10m"), on_deadline="escalate")
    assert (await server.outcome(held)).verdict == "rejected"


# --------------------------------------------------------------------------------------------------------- automatic


def few(most: int) -> Expr:
    small = Compare(first=Attr(of=Name(name="bound"), name="devices"), rest=(("<=", Constant(value=most)),))
    clean = Compare(first=of("steps.look.failed"), rest=(("==", Constant(value=[])),))
    return Logic(op="and", left=small, right=clean)


class Various(GatedWorld):
    """More kinds of change than are shown, none of them on more than one device."""

    @activity.defn(name=contracts.FOLD)
    async def fold(self, call: FoldInput) -> FoldResult:
        """As any world's, with twenty groups of thirty."""
        folded = await super().fold(call)
        kinds = [folded.diffs[0].model_copy(update={"digest": f"{n:064}", "devices": 1}) for n in range(20)]
        return folded.model_copy(update={"diffs": tuple(kinds), "diffs_omitted": 10, "made": {"modelled": 30}})


@pytest.mark.usefixtures("real_time")
async def test_kinds_of_change_that_are_not_shown_count_as_well(server: Server) -> None:
    most = Compare(first=Attr(of=Name(name="bound"), name="groups"), rest=(("<=", Constant(value=20)),))
    asks = gate(auto=most, via="itsm")
    held = Various(plan(reading("look"), asks), HOSTS, groups={"leads": ("ann",)}, said=[WAITS])
    async with server.run(held) as live:
        shown = await open_gate(live)
        assert (len(shown.diffs), shown.diffs_omitted) == (20, 10)
        await live.handle.execute_update(contracts.SIGNAL_APPROVE, Decision(by="ann"))
        assert (await live.result()).verdict == "succeeded"
    assert kinds(held) == [("unanswered", "netsaga", False), ("approve", "ann", True)]
    assert decisions(held)[0].evidence == {"bound.groups": 30}
    assert held.questions[0].diffs_omitted == 10


@pytest.mark.history("auto")
async def test_a_gate_approves_itself_where_its_condition_holds_and_says_on_what_it_rests(server: Server) -> None:
    result = await server.outcome(held := world(auto=few(3)))
    assert result.verdict == "succeeded"
    (record,) = decisions(held)
    assert (record.by, record.how, record.counted) == ("netsaga", "automatic", True)
    assert record.condition == "bound.devices <= 3 and steps.look.failed == []"
    assert record.evidence == {"bound.devices": 3, "steps.look.failed": []}
    assert record.digest
    assert next(step.message for step in result.steps if step.id == "gate") == "approved by netsaga"


@pytest.mark.usefixtures("real_time")
async def test_people_are_asked_where_the_condition_does_not_hold(server: Server) -> None:
    async with server.run(held := world(auto=few(2))) as live:
        await open_gate(live)
        await live.handle.execute_update(contracts.SIGNAL_APPROVE, Decision(by="ann"))
        assert (await live.result()).verdict == "succeeded"
    assert kinds(held) == [("unanswered", "netsaga", False), ("approve", "ann", True)]
    asked = decisions(held)[0]
    assert (asked.condition, asked.how) == ("bound.devices <= 2 and steps.look.failed == []", "automatic")
    assert asked.evidence == {"bound.devices": 3, "steps.look.failed": []}
    assert asked.why_not == "the condition of `auto` does not hold"


async def test_a_condition_without_a_value_leaves_the_decision_to_people(server: Server) -> None:
    result = await server.outcome(held := world(auto=of("steps.look.nothing")))
    assert result.verdict == "rejected"
    assert decisions(held)[0].decision == "unanswered"
    assert "has no value" in decisions(held)[0].why_not


# --------------------------------------------------------------------------------------------------------------- via


@pytest.mark.history("via")
async def test_a_system_is_asked_until_it_has_decided(server: Server) -> None:
    held = world(via="itsm")
    held.said = [WAITS, WAITS, AskResult(answer="approved", reference="CHG7", by="cab", comment="window 12")]
    result = await server.outcome(held)
    assert result.verdict == "succeeded"
    assert [question.reference for question in held.questions] == [None, "CHG7", "CHG7"]
    assert (held.questions[0].system, held.questions[0].group, held.questions[0].made) == (
        "itsm",
        "leads",
        {"modelled": 3},
    )
    assert kinds(held) == [("approve", "cab via itsm", True)]
    assert (decisions(held)[0].how, decisions(held)[0].comment) == ("system", "window 12")


async def test_a_system_rejects(server: Server) -> None:
    held = world(via="itsm")
    held.said = [AskResult(answer="rejected", by="cab", comment="freeze")]
    result = await server.outcome(held)
    assert (result.verdict, held.asked("do", "deploy")) == ("rejected", [])
    assert "cab via itsm: freeze" in result.message


async def test_silence_decides_only_after_the_system_was_asked_a_last_time(server: Server) -> None:
    held = world(via="itsm", timeout=Constant(value="30s"))
    held.said = [WAITS]
    result = await server.outcome(held)
    assert result.verdict == "rejected"
    assert kinds(held) == [("unanswered", "itsm", False), ("reject", "nobody", True)]
    assert 3 < len(held.questions) < 8


async def test_the_last_question_may_still_be_answered(server: Server) -> None:
    held = world(via="itsm", timeout=Constant(value="1s"))
    held.said = [WAITS, AskResult(answer="approved")]
    assert (await server.outcome(held)).verdict == "succeeded"


async def test_an_unreachable_system_is_blamed_and_people_may_still_decide(server: Server) -> None:
    held = world(via="itsm", block="presentation")
    held.said = [DOWN]
    async with server.run(held) as live:
        gate_ = await live.until(lambda status: bool(status.gates) and bool(status.gates[0].via_said))
        assert "Connection refused" in gate_.gates[0].via_said
        await live.handle.execute_update(contracts.SIGNAL_APPROVE, Decision(by="ann"))
        result = await live.result()
    assert result.verdict == "succeeded"
    assert kinds(held) == [("unreachable", "itsm", False), ("approve", "ann", True)]
    blame = next(step.blame for step in result.steps if step.id == "gate")
    assert blame is not None
    assert (blame.block, blame.type) == ("presentation", "block_unavailable")


@pytest.mark.history("via-noted")
async def test_of_a_system_that_fails_in_another_way_each_time_the_first_and_the_last_is_recorded(
    server: Server,
) -> None:
    held = world(via="itsm", timeout=Constant(value="15s"), retry=Retry(attempts=1, delay_s=1, factor=1))
    held.said = [failure("block_unavailable", f"HTTP 503, request {number}") for number in range(100)]
    await server.outcome(held)
    asked, noted = len(held.questions), [record.why_not for record in decisions(held)][:-1]
    assert asked > NOTED
    assert len(noted) == NOTED
    assert noted[NOTED - 2].endswith(f"request {NOTED - 2}")
    assert noted[-1].endswith(f"request {asked - 1}")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (AskResult(answer="approved", by="rita"), "rita asked for this run"),
        (AskResult(answer="approved", by="Rita"), "Rita asked for this run"),
        (AskResult(answer="approved", by="cab", digest="0000"), "the decision names 0000"),
    ],
    ids=["the requester", "the requester in capitals", "another proposal"],
)
async def test_a_system_is_held_to_what_people_are_held_to(server: Server, answer: AskResult, said: str) -> None:
    held = world(via="itsm", timeout=Constant(value="10s"))
    held.said = [answer]
    result = await server.outcome(held)
    assert result.verdict == "rejected"
    first = decisions(held)[0]
    assert (first.decision, first.counted) == ("approve", False)
    assert said in first.why_not
    assert len(decisions(held)) == 2  # the same answer is recorded once


# ---------------------------------------------------------------------------------------------- what approvers see


@pytest.mark.usefixtures("real_time")
async def test_a_gate_tells_how_diffs_were_made_and_what_devices_can_fall_back_on(server: Server) -> None:
    confirmed = ApplyAction(step=StepId("look"), change="change", confirm=Confirm(within_s=600, hold="best_effort"))
    held = world({"do": (confirmed,), "undo": ("native", "inverse")})
    held.safety = (
        Safety(platform="arista_eos", undo=("native", "inverse", "restore"), confirm="device"),
        Safety(platform="other", undo=("inverse",), confirm="none"),
    )
    held.safety_of = "001"
    async with server.run(held) as live:
        seen = await open_gate(live)
        await live.handle.execute_update(contracts.SIGNAL_REJECT, Decision(by="ann"))
        await live.result()
    assert seen.made == {"modelled": 3}
    assert seen.confirm_hold == "best_effort"
    assert [(one.devices, one.undo, one.confirm) for one in seen.safety] == [
        (2, "native", "device"),
        (1, "inverse", "none"),
    ]
