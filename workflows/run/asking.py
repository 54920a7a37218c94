"""A gate's question to a system (``via``): asked when the gate opens, then again and again, and a last time at the end.

The system's four answers are told apart and recorded: approved, rejected, unanswered, unreachable. Its word stands for
the whole gate, as its own procedure decides who had to be asked; it is held to the proposal and to ``not_by`` as people
are. Where it cannot be reached, people may still decide here.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Literal

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from workflows import contracts
from workflows.contracts import AskInput, AskResult, Blame
from workflows.identity import person
from workflows.plan import ApproveStep
from workflows.run import calls
from workflows.run.decisions import CASELESS, note, other_proposal
from workflows.run.state import GateRun, RunState

OFTEN: Final = 60  # questions that are evenly spread over a gate's time, once the step's own delays have grown


class Asking:
    """Asks the systems that gates name."""

    def __init__(self, state: RunState, changed: Callable[[], None]) -> None:
        self._state = state
        self._changed = changed

    async def ask(self, gate: GateRun, over: Callable[[], bool], *, last: bool = False) -> None:
        """Asks once. An answer that counts decides the gate.

        Args:
            gate: Open; it says when it is asked next.
            over: Whether the answer does not matter any more: somebody decided meanwhile, or the run stops.
            last: Before the timer decides; what is said then is recorded in any case.
        """
        gate.asks_at = self._later(gate)
        gate.asked += 1
        handle = workflow.start_activity(
            contracts.ASK,
            self._question(gate),
            activity_id=f"{gate.step.id}/ask-{gate.asked}",
            result_type=AskResult,
            start_to_close_timeout=timedelta(seconds=gate.step.timeout_s + calls.ASK_MARGIN_S),
            heartbeat_timeout=calls.HEARTBEAT,
            retry_policy=calls.ASK_RETRY,
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=f"ask {gate.step.via}"[:200],
        )
        await workflow.wait_condition(lambda: handle.done() or over())
        if not handle.done():
            handle.cancel()
        try:
            answer: AskResult = await handle
        except ActivityError as error:
            if not over():
                self._unreachable(gate, error, last=last)
            return
        gate.reference = answer.reference or gate.reference
        if not over():
            self._answered(gate, answer, last=last)

    def _question(self, gate: GateRun) -> AskInput:
        step, state = gate.step, self._state
        assert step.via is not None, "nobody is to be asked"
        plan = state.plan_ready.plan
        return AskInput(
            scope=state.scope,
            step=step.id,
            system=step.via,
            question=f"{plan.name} {plan.version}, asked for by {state.request.by or 'nobody by name'}"
            + (f": {state.request.reason}" if state.request.reason else ""),
            digest=gate.digest,
            group=step.by,
            quorum=step.quorum,
            until=gate.until,
            made=gate.made,
            diffs=gate.diffs,
            diffs_omitted=gate.diffs_omitted,
            reference=gate.reference,
            timeout_s=step.timeout_s,
        )

    def _later(self, gate: GateRun) -> datetime:
        """When it is asked again: after the step's delays, which grow, and never so often that history fills."""
        retry, now = gate.step.retry, workflow.now()
        grown = retry.delay_s * retry.factor ** min(gate.asked, 30)
        even = (gate.until - now).total_seconds() / OFTEN if gate.asked == 0 else 0.0
        gate.asks_every_s = max(gate.asks_every_s, even)
        return now + timedelta(seconds=max(min(grown, max(retry.max_delay_s, gate.asks_every_s)), 1.0))

    # ---------------------------------------------------------------------------------------------------- answers

    def _answered(self, gate: GateRun, answer: AskResult, *, last: bool) -> None:
        via = gate.step.via or ""
        by = f"{answer.by} via {via}" if answer.by else via
        if answer.answer == "unanswered":
            gate.via_said = f"{via} has not answered"
            if last:
                note(
                    self._state,
                    gate,
                    "unanswered",
                    "system",
                    by=via,
                    why_not="it was asked a last time and had no answer",
                )
            self._changed()
            return
        decision: Literal["approve", "reject"] = "approve" if answer.answer == "approved" else "reject"
        refused = self._refused(gate.step, answer) or other_proposal(gate, answer.digest)
        if refused is None:
            gate.decided = decision
        said = f"{via} says {answer.answer}, which does not count: {refused}" if refused else ""
        if refused is None or gate.via_said != said:
            comment, why_not = answer.comment, refused or ""
            note(
                self._state, gate, decision, "system", by=by, comment=comment, counted=refused is None, why_not=why_not
            )
        gate.via_said = said
        self._changed()

    def _refused(self, step: ApproveStep, answer: AskResult) -> str | None:
        requester = self._state.request.by
        if "requester" not in step.not_by or not answer.by or person(answer.by) != person(requester):
            return None
        if answer.by != requester and not workflow.patched(CASELESS):
            return None
        return f"{answer.by} asked for this run and cannot decide about it"

    def _unreachable(self, gate: GateRun, error: ActivityError, *, last: bool) -> None:
        """The system's failure, and not the definition's: people may still decide."""
        cause = error.cause
        message = cause.message if isinstance(cause, ApplicationError) else str(cause or error)
        degraded = isinstance(cause, ApplicationError) and cause.type == "block_degraded"
        via = gate.step.via or ""
        block = gate.step.block or "presentation"
        run = self._state.steps.get(gate.step.id) or self._state.finally_[gate.step.id]
        run.blame = Blame(
            block=block,
            type="block_degraded" if degraded else "block_unavailable",
            message=message[: contracts.MESSAGE_LENGTH],
            answer="proceeded",
        )
        said = f"{via} cannot be asked: {message}"[: contracts.MESSAGE_LENGTH]
        if last or gate.via_said != said:
            why_not = f"{run.blame.type}: {block.replace('_', ' ')}: {message}"
            note(self._state, gate, "unreachable", "system", by=via, why_not=why_not)
        gate.via_said = said
        self._changed()
