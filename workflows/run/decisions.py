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
from workflows.identity import person
from workflows.plan import StepId
from workflows.run import evidence
from workflows.run.state import GateRun, RunState
from workflows.wording import to_the_minute

ANYONE = "*"
NAMED = 10  # people whom a refusal names
NOTED = 5  # what one gate records of a system that has not decided: the first of it, and the newest
EXAMPLE = '{"by": "NAME", "comment": "TEXT", "step": "STEP"}'  # of a decision
UNBOUND = "this gate binds no diffs, so there is no digest to name; leave `digest` out"
SPACELESS = "nobody-is-two-people"
CASELESS = "names-have-no-case"
Answer = Literal["approve", "reject"]
Noted = Literal["approve", "reject", "remind", "unanswered", "unreachable"]
How = Literal["update", "signal", "timeout", "automatic", "system"]


class Decisions:
    """Takes the decisions of people about the open gates of a run."""

    def __init__(self, state: RunState, changed: Callable[[], None]) -> None:
        self._state = state
        self._changed = changed

    def refusal(self, decision: Decision, compared: Callable[[str], str] = person) -> str | None:
        """Why a decision cannot count now, for the one who makes it; ``None`` where it can.

        Args:
            decision: What is decided.
            compared: A name as it is compared with others.
        """
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
        who = compared(decision.by)
        if ANYONE not in gate.members and who not in map(compared, gate.members):
            group = f"{step.by} or {step.escalate.to}" if gate.escalated and step.escalate else step.by
            return f"{decision.by} is not in {group}, which decides about {step.id}{self._others(gate)}"
        if "requester" in step.not_by and who == compared(self._state.request.by):
            return f"{decision.by} asked for this run and cannot decide about it{self._others(gate)}"
        if who in map(compared, gate.approvals):
            return f"{decision.by} has approved {step.id} already; a person counts once"
        return UNBOUND if decision.digest is not None and gate.digest is None else None

    def _others(self, gate: GateRun) -> str:
        """Who may decide, where they are few."""
        barred = [*gate.approvals, *([self._state.request.by] if "requester" in gate.step.not_by else [])]
        others = {person(name): name for name in reversed(gate.members)}  # each by the first of their names
        names = [others[who] for who in dict.fromkeys(map(person, gate.members)) if who not in set(map(person, barred))]
        if not names:
            return "; nobody else may" if not gate.approvals else ""
        return f"; may decide: {', '.join(names)}" if ANYONE not in names and len(names) <= NAMED else ""

    def decide(self, decision: Decision, answer: Answer, how: How) -> DecisionAnswer | None:
        """Takes a decision and records it, also one that does not count (then the answer is ``None``)."""
        decision = trimmed(decision)
        if decision.by != decision.by.strip() and workflow.patched(SPACELESS):
            decision = spaceless(decision)
        refusal = self._refusal(decision)
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

    def _refusal(self, decision: Decision) -> str | None:
        """The same; runs that began before names had no case compare them letter by letter."""
        refusal, exact = self.refusal(decision), self.refusal(decision, str)
        return exact if refusal != exact and not workflow.patched(CASELESS) else refusal

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

    A system that is asked often, and says or fails with something else each time, takes the place of its own newest
    word once `NOTED` are kept.

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
    passed_over = _one_too_many(state, gate) if how == "system" and not counted else None
    if passed_over is not None and workflow.patched("a-gate-notes-so-much"):
        state.decisions.remove(passed_over)
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


def _one_too_many(state: RunState, gate: GateRun) -> DecisionRecord | None:
    """The newest note of a gate's system, where there are as many as are kept."""
    noted = [one for one in state.decisions if (one.step, one.how, one.counted) == (gate.step.id, "system", False)]
    return noted[-1] if len(noted) >= NOTED else None


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
