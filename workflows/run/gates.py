"""Approvals: who may decide, what a decision is about, and what silence means.

A person counts once. A decision made before the gate opened, by somebody outside the group, or about another proposal
is recorded and does not count. One rejection by a member rejects.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Literal

from pydantic import ValidationError
from temporalio import workflow

from workflows.contracts import Decision, DecisionAnswer, DecisionRecord, Gate
from workflows.errors import InvalidInputError
from workflows.plan import ApproveStep, Escalate, Expr, StepId
from workflows.run.context import context
from workflows.run.evaluate import evaluate
from workflows.run.seconds import seconds
from workflows.run.state import GateRun, RunState, StepRun

ANYONE = "*"
Answer = Literal["approve", "reject"]
How = Literal["update", "signal", "timeout"]


class Gates:
    """The open gates of a run, and every decision that was made about them."""

    def __init__(self, state: RunState, changed: Callable[[], None]) -> None:
        self._state = state
        self._changed = changed

    async def wait(self, run: StepRun) -> None:
        """Opens the step's gate and waits until it is decided, it times out, or the run stops.

        Raises:
            EvaluationError: The gate's timeout has no value.
        """
        step = run.step
        assert isinstance(step, ApproveStep), "a gate is an `approve` step"
        limit = self._limit(step.timeout)
        digest, bound = self._bound(step)
        gate = GateRun(
            step=step,
            until=workflow.now() + limit,
            digest=digest,
            diffs=tuple(bound.diffs) if bound else (),
            members=self._state.plan_ready.groups.get(step.by, ()),
        )
        self._state.gates[step.id] = gate
        try:
            if not await self._asked(run, gate, limit, step.by):
                if step.on_timeout == "escalate" and step.escalate is not None:
                    await self._escalate(run, gate, step.escalate)
                else:
                    self._silence(gate, "approve" if step.on_timeout == "approve" else "reject")
        finally:
            del self._state.gates[step.id]
        self._close(run, gate)
        self._changed()

    def _limit(self, timeout: Expr) -> timedelta:
        return timedelta(seconds=seconds(evaluate(timeout, context(self._state)), "the gate's timeout"))

    async def _asked(self, run: StepRun, gate: GateRun, limit: timedelta, whom: str) -> bool:
        """Waits for an answer. False where nobody gave one in time."""
        until = f"{gate.until:%Y-%m-%d %H:%M} UTC"
        run.state, run.message = "waiting", f"waits for {gate.step.quorum} of {whom} until {until}"
        self._changed()
        try:
            await workflow.wait_condition(
                lambda: gate.decided is not None or self._state.cut or self._state.stopping or run.overdue,
                timeout=limit,
                timeout_summary=f"gate {gate.step.id}",
            )
        except TimeoutError:
            return False
        return True

    async def _escalate(self, run: StepRun, gate: GateRun, escalate: Escalate) -> None:
        """Widens the group and asks again; what silence means then is said by the definition."""
        limit = self._limit(escalate.timeout)
        gate.escalated = True
        gate.until = workflow.now() + limit
        gate.members = (*gate.members, *self._state.plan_ready.groups.get(escalate.to, ()))
        if not await self._asked(run, gate, limit, f"{gate.step.by} or {escalate.to}"):
            self._silence(gate, escalate.then)

    def _bound(self, step: ApproveStep) -> tuple[str | None, StepRun | None]:
        """The digest of what is asked about: definition, inputs, hosts and each diff."""
        if step.binds_step is None:
            return None, None
        bound = self._state.steps[step.binds_step]
        prepared = self._state.plan_ready
        about = [prepared.plan.digest, dict(prepared.inputs), sorted(bound.letters), sorted(bound.proposals)]
        canonical = json.dumps(about, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest(), bound

    def _silence(self, gate: GateRun, answer: Answer) -> None:
        gate.decided = answer
        self._state.decisions.append(
            DecisionRecord(
                step=gate.step.id,
                decision=answer,
                by="nobody",
                comment="the gate's timeout decided",
                digest=gate.digest,
                at=workflow.now(),
                how="timeout",
                counted=True,
            )
        )

    def _close(self, run: StepRun, gate: GateRun) -> None:
        made = [record for record in self._state.decisions if record.counted and record.step == run.id]
        last = made[-1] if made else None
        who = ", ".join(gate.approvals) if gate.approvals else (last.by if last else "")
        if gate.decided == "approve":
            run.state, run.message = "succeeded", f"approved by {who}"
        elif gate.decided == "reject":
            said = f": {last.comment}" if last and last.comment else ""
            run.state, run.message = "rejected", f"rejected by {last.by if last else who}{said}"
        elif self._state.cut:
            run.state, run.message = "cancelled", "cancelled while it waited"
        elif run.overdue:
            run.state, run.message = "failed", "nobody had decided"
        else:
            run.state, run.message = "cancelled", "no longer asked: another step failed"

    # -------------------------------------------------------------------------------------------------- decisions

    def refusal(self, decision: Decision) -> str | None:
        """Why a decision cannot count now, for the one who makes it; ``None`` where it can."""
        try:
            gate = self._gate(decision.step)
        except InvalidInputError as error:
            return str(error)
        step = gate.step
        if decision.digest is not None and gate.digest is not None and not gate.digest.startswith(decision.digest):
            return f"the proposal has the digest {gate.digest[:12]}…, and the decision names {decision.digest[:12]}…"
        if ANYONE not in gate.members and decision.by not in gate.members:
            group = f"{step.by} or {step.escalate.to}" if gate.escalated and step.escalate else step.by
            return f"{decision.by} is not in {group}, which decides about {step.id}"
        if "requester" in step.not_by and decision.by == self._state.request.by:
            return f"{decision.by} asked for this run and cannot decide about it"
        if decision.by in gate.approvals:
            return f"{decision.by} has approved {step.id} already; a person counts once"
        return None

    def decide(self, decision: Decision, answer: Answer, how: How) -> DecisionAnswer | None:
        """Takes a decision and records it, also one that does not count (then the answer is ``None``)."""
        refusal = self.refusal(decision)
        gate = None if refusal else self._gate(decision.step)
        record = DecisionRecord(
            step=gate.step.id if gate else decision.step or StepId("?"),
            decision=answer,
            by=decision.by,
            comment=decision.comment,
            digest=decision.digest or (gate.digest if gate else None),
            at=workflow.now(),
            how=how,
            counted=gate is not None,
            why_not=refusal or "",
        )
        self._state.decisions.append(record)
        self._changed()
        if gate is None:
            return None
        if answer == "reject":
            gate.decided = "reject"
        else:
            gate.approvals[decision.by] = record
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
            decision = Decision.model_validate(payload)
        except ValidationError as error:
            problem = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()[:3])
            self._state.decisions.append(
                DecisionRecord(
                    step=StepId("?"),
                    decision=answer,
                    by="?",
                    at=workflow.now(),
                    how="signal",
                    counted=False,
                    why_not=f"the signal cannot be read: {problem}"[:300],
                )
            )
            self._changed()
            return
        self.decide(decision, answer, "signal")

    def _gate(self, step: StepId | None) -> GateRun:
        gates = {name: gate for name, gate in self._state.gates.items() if gate.decided is None}
        if step is None and len(gates) == 1:
            return next(iter(gates.values()))
        if step is not None and step in gates:
            return gates[step]
        waiting = ", ".join(gates) or "none"
        asked = f"{step} is not waiting for a decision" if step else "name the step"
        raise InvalidInputError(f"{asked}; open gates: {waiting}")

    def open_gates(self) -> tuple[Gate, ...]:
        """For the query."""
        return tuple(
            Gate(
                step=name,
                by=gate.step.by,
                quorum=gate.step.quorum,
                approvals=len(gate.approvals),
                until=gate.until,
                on_timeout=gate.step.on_timeout,
                escalated=gate.escalated,
                digest=gate.digest,
                diffs=gate.diffs,
            )
            for name, gate in self._state.gates.items()
        )
