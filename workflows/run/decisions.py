"""Decisions at gates: who may decide, what a decision is about, and what is recorded of those that do not count.

A person counts once. A decision made before the gate opened, by somebody outside the group, or about another proposal
is recorded and does not count. One rejection by a member rejects. Updates answer; signals are only recorded.
"""

from collections.abc import Callable, Mapping
from typing import Literal

from pydantic import JsonValue
from temporalio import workflow

from workflows import contracts
from workflows.arrivals import KEPT, read, trimmed
from workflows.contracts import Decision, DecisionAnswer, DecisionRecord
from workflows.errors import InvalidInputError
from workflows.plan import StepId
from workflows.run import evidence
from workflows.run.state import GateRun, RunState
from workflows.wording import to_the_minute

ANYONE = "*"
NAMED = 10  # people whom a refusal names
EXAMPLE = '{"by": "NAME", "comment": "TEXT", "step": "STEP"}'  # of a decision
UNBOUND = "this gate binds no diffs, so there is no digest to name; leave `digest` out"
SPACELESS = "nobody-is-two-people"
Answer = Literal["approve", "reject"]
Noted = Literal["approve", "reject", "remind", "unanswered", "unreachable"]
How = Literal["update", "signal", "timeout", "automatic", "system"]


class Decisions:
    """Takes the decisions of people about the open gates of a run."""

    def __init__(self, state: RunState, changed: Callable[[], None]) -> None:
        self._state = state
        self._changed = changed

    def refusal(self, decision: Decision) -> str | None:
        """Why a decision cannot count now, for the one who makes it; ``None`` where it can."""
        try:
            gate = self._gate(decision.step)
        except InvalidInputError as error:
            return str(error)
        step = gate.step
        if not decision.by:
            return "nobody is named"
        refused = other_proposal(gate, decision.digest)
        if refused is not None:
            return refused
        if ANYONE not in gate.members and decision.by not in gate.members:
            group = f"{step.by} or {step.escalate.to}" if gate.escalated and step.escalate else step.by
            return f"{decision.by} is not in {group}, which decides about {step.id}{self._others(gate)}"
        if "requester" in step.not_by and decision.by == self._state.request.by:
            return f"{decision.by} asked for this run and cannot decide about it{self._others(gate)}"
        if decision.by in gate.approvals:
            return f"{decision.by} has approved {step.id} already; a person counts once"
        return UNBOUND if decision.digest is not None and gate.digest is None else None

    def _others(self, gate: GateRun) -> str:
        """Who may decide, where they are few."""
        barred = {self._state.request.by} if "requester" in gate.step.not_by else set()
        names = [name for name in dict.fromkeys(gate.members) if name not in barred and name not in gate.approvals]
        if not names:
            return "; nobody else may" if not gate.approvals else ""
        return f"; may decide: {', '.join(names)}" if ANYONE not in names and len(names) <= NAMED else ""

    def decide(self, decision: Decision, answer: Answer, how: How) -> DecisionAnswer | None:
        """Takes a decision and records it, also one that does not count (then the answer is ``None``)."""
        decision = trimmed(decision)
        if decision.by != decision.by.strip() and workflow.patched(SPACELESS):
            decision = spaceless(decision)
        refusal = self.refusal(decision)
        if refusal == UNBOUND and not workflow.patched("a-gate-that-binds-nothing"):
            refusal = None  # as older builds took it
        gate = None if refusal else self._gate(decision.step)
        record = DecisionRecord(
            step=gate.step.id if gate else decision.step or StepId("?"),
            decision=answer,
            by=decision.by,
            comment=decision.comment,
            digest=(gate.digest if gate else None) or decision.digest,  # whole, where the beginning was named
            at=workflow.now(),
            how=how,
            counted=gate is not None,
            why_not=refusal or "",
            diffs=evidence.shown(gate.diffs) if gate else (),
        )
        self._keep(record)
        self._changed()
        if gate is None:
            return None
        if answer == "reject":
            gate.decided = "reject"
        else:
            gate.approvals[decision.by] = record
            run = next(run for run in self._state.all_steps() if run.id == gate.step.id)
            run.message = waiting(gate)
            if len(gate.approvals) >= gate.step.quorum:
                gate.decided = "approve"
        return DecisionAnswer(
            step=gate.step.id,
            approvals=len(gate.approvals),
            quorum=gate.step.quorum,
            gate="open" if gate.decided is None else "approved" if gate.decided == "approve" else "rejected",
        )

    def signalled(self, payload: object, answer: Answer) -> None:
        """A decision by signal: whatever arrives, it is recorded and never fails the run."""
        try:
            decision = read(Decision, payload)
        except InvalidInputError as error:
            self._keep(
                DecisionRecord(
                    step=StepId("?"),
                    decision=answer,
                    by="?",
                    at=workflow.now(),
                    how="signal",
                    counted=False,
                    why_not=f"the signal cannot be read: {error}"[:300],
                )
            )
            self._changed()
            return
        self.decide(decision, answer, "signal")

    def _keep(self, record: DecisionRecord) -> None:
        """Records what counts, and of what does not count so much as a run can carry."""
        if record.counted or sum(not one.counted for one in self._state.decisions) < KEPT:
            self._state.decisions.append(record)

    def _gate(self, step: StepId | None) -> GateRun:
        gates = {name: gate for name, gate in self._state.gates.items() if gate.decided is None}
        if step is None and len(gates) == 1:
            return next(iter(gates.values()))
        if step is not None and step in gates:
            return gates[step]
        asked = f"{step} is not waiting for a decision" if step else "name the step" if gates else "no gate is open now"
        raise InvalidInputError(f"{asked}; open gates: {', '.join(gates)}" if gates else asked)


def spaceless(decision: Decision) -> Decision:
    """The same, of a person whose name has no spaces around it: nobody is two people, or another than who asked."""
    return decision.model_copy(update={"by": decision.by.strip()})


def note(
    state: RunState,
    gate: GateRun,
    decision: Noted,
    how: How,
    *,
    by: str,
    comment: str = "",
    counted: bool = False,
    why_not: str = "",
    condition: str = "",
    read: Mapping[str, JsonValue] | None = None,
) -> None:
    """Records what happened at a gate that no person has said, with what was shown there.

    Args:
        state: The run.
        gate: Which one.
        decision: What it was.
        how: What it came from.
        by: Who or what said so.
        comment: In its words.
        counted: Whether it decided.
        why_not: Why it did not.
        condition: The expression by which it was made.
        read: What that expression read.
    """
    state.decisions.append(
        DecisionRecord(
            step=gate.step.id,
            decision=decision,
            by=by,
            comment=comment,
            digest=gate.digest,
            at=workflow.now(),
            how=how,
            counted=counted,
            why_not=why_not[: contracts.MESSAGE_LENGTH],
            diffs=evidence.shown(gate.diffs),
            condition=condition,
            evidence=read or {},
        )
    )


def other_proposal(gate: GateRun, digest: str | None) -> str | None:
    """Why a decision is not about what this gate asks; ``None`` where it is, or names nothing."""
    if digest is None or gate.digest is None or (digest and gate.digest.startswith(digest)):
        return None
    return (
        f"the proposal has the digest {gate.digest[:12]}…, and the decision names {digest[:12]}…; look at it again: "
        "netsaga status RUN --diffs"
    )


def waiting(gate: GateRun) -> str:
    """Whom a gate waits for, and until when."""
    step = gate.step
    whom = f"{step.by} or {step.escalate.to}" if gate.escalated and step.escalate else step.by
    more = " more" if gate.approvals else ""
    message = f"waits for {step.quorum - len(gate.approvals)}{more} of {whom} until {to_the_minute(gate.until)}"
    return f"{message}; {gate.via_said}" if gate.via_said else message
