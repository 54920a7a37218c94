"""Approvals: when a gate opens, how long it waits, what silence means, and how it closes.

Who may decide is `decisions.py`'s, what is shown is `evidence.py`'s, asking a system is `asking.py`'s. Everything that
a gate knows stands in its `GateRun`: a run that continues as new goes on waiting at the same gate.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from temporalio import workflow

from workflows import contracts
from workflows.contracts import ArtifactRef, Gate
from workflows.errors import EvaluationError
from workflows.plan import ApproveStep, Escalate, Expr, StepId
from workflows.plan.spelling import spelling
from workflows.run import evidence
from workflows.run.asking import Asking
from workflows.run.context import context
from workflows.run.decisions import Answer, note, waiting
from workflows.run.evaluate import evaluate, truth
from workflows.run.reminders import remind
from workflows.run.seconds import seconds
from workflows.run.state import GateRun, RunState, StepRun
from workflows.run.waiting import until
from workflows.wording import to_the_minute

OURSELVES = "netsaga"
NAMELESS = (
    "the gate is not for the one who asks (`not_by: [requester]`), and the request does not say who that is; nobody "
    "was asked; start again with `by: NAME` in the input, or with `--by NAME`"
)
TOO_LATE = "the deadline of the step passed, and nobody had decided"
DOES_NOT_HOLD = "the condition of `auto` does not hold"


class Gates:
    """The gates of a run."""

    def __init__(self, state: RunState, changed: Callable[[], None]) -> None:
        self._state = state
        self._changed = changed
        self._asking = Asking(state, changed)

    async def wait(self, run: StepRun) -> None:
        """Opens the step's gate and waits until it is decided, it times out, or the run stops.

        Entered again after the run has continued as new, it waits on at the gate that is open.

        Raises:
            EvaluationError: A timeout of the gate has no value.
        """
        gate = self._state.gates.get(run.id) or self._opened(run)
        try:
            while not self._over(run, gate):
                await self._next(run, gate)
        except EvaluationError:
            del self._state.gates[run.id]
            raise
        self._reject_late(run, gate)
        del self._state.gates[run.id]
        self._close(run, gate)
        self._changed()

    # ---------------------------------------------------------------------------------------------------- opening

    def _opened(self, run: StepRun) -> GateRun:
        step = run.step
        assert isinstance(step, ApproveStep), "a gate is an `approve` step"
        bound = next((one for one in self._state.all_steps() if one.id == step.binds_step), None)
        change = evidence.change_behind(self._state, step)
        changing = bound.hosts_with("sc") if bound else self._state.plan_ready.hosts
        gate = GateRun(
            step=step,
            until=workflow.now() + self._limit(step.timeout),
            digest=evidence.proposal_digest(self._state, bound) if bound else None,
            diffs=tuple(bound.diffs) if bound else (),
            diffs_omitted=bound.diffs_omitted if bound else 0,
            members=self._state.plan_ready.groups.get(step.by, ()),
            made=dict(bound.made) if bound else {},
            safety=evidence.safety(self._state, changing, change),
            confirm_hold=change[1].hold if change and change[1] else None,
            asks_at=workflow.now() if step.via is not None else None,
        )
        self._state.gates[step.id] = gate
        if step.auto is not None:
            self._approve_by_itself(gate, step.auto, bound)
        if gate.decided is None and "requester" in step.not_by and not self._state.request.by.strip():
            self._refuse_the_nameless(gate)
        return gate

    def _refuse_the_nameless(self, gate: GateRun) -> None:
        """Rejects where the gate excludes whoever asked and the request names nobody: it would exclude nobody.

        `prepare` refuses such a run at once where the gate is sure to ask; this is for one with ``when`` or ``auto``.
        """
        if workflow.patched("gates-know-who-asked"):
            gate.decided = "reject"
            note(self._state, gate, "reject", "automatic", by=OURSELVES, comment=NAMELESS, counted=True)

    def _approve_by_itself(self, gate: GateRun, condition: Expr, bound: StepRun | None) -> None:
        """Approves where the definition's condition holds; recorded either way, with all that it rests on."""
        seen = {**context(self._state), "bound": evidence.seen_by_auto(bound)}
        why_not = DOES_NOT_HOLD
        try:
            if truth(condition, seen):
                gate.decided, why_not = "approve", ""
        except EvaluationError as error:  # people decide, as they do where it does not hold
            why_not = f"the condition of `auto` has no value: {error}"[: contracts.MESSAGE_LENGTH]
        note(
            self._state,
            gate,
            "unanswered" if why_not else "approve",
            "automatic",
            by=OURSELVES,
            comment="" if why_not else "the condition of `auto` holds",
            counted=not why_not,
            why_not=why_not,
            condition=spelling(condition),
            read=evidence.read_by(condition, seen),
        )

    def _limit(self, timeout: Expr) -> timedelta:
        return timedelta(seconds=seconds(evaluate(timeout, context(self._state)), "the gate's timeout"))

    # ---------------------------------------------------------------------------------------------------- waiting

    def _over(self, run: StepRun, gate: GateRun) -> bool:
        """Whether nobody's answer matters any more."""
        if gate.decided is not None or self._state.cut or self._state.stopping:
            return True
        return run.overdue and not _escalates_at_deadline(gate.step)

    async def _next(self, run: StepRun, gate: GateRun) -> None:
        """Waits for the next thing that happens at the gate, and lets it happen."""
        hurried = run.overdue and not gate.escalated
        if gate.until <= workflow.now() or hurried:
            await self._silent(run, gate)
            return
        if gate.asks_at is not None and gate.asks_at <= workflow.now():
            await self._asking.ask(gate, lambda: self._over(run, gate))
            return
        self._say(run, gate)
        await until(
            self._state,
            lambda: self._over(run, gate) or (run.overdue and not gate.escalated),
            _earlier(gate.until, gate.asks_at),
            f"gate {gate.step.id}",
        )

    def _say(self, run: StepRun, gate: GateRun) -> None:
        message = waiting(gate)
        if (run.state, run.message) != ("waiting", message):
            run.state, run.message = "waiting", message
            self._changed()

    async def _silent(self, run: StepRun, gate: GateRun) -> None:
        """Nobody has answered in time: the system is asked a last time, more people are, or silence decides."""
        step = gate.step
        if step.via is not None:
            await self._asking.ask(gate, lambda: self._over(run, gate), last=True)
            if self._over(run, gate):
                return
        wanted = step.on_timeout == "escalate" or _escalates_at_deadline(step)
        if wanted and step.escalate is not None and not gate.escalated:
            await self._escalate(gate, step.escalate)
        elif gate.escalated and step.escalate is not None:
            self._decide_by_silence(gate, step.escalate.then)
        else:
            self._decide_by_silence(gate, "approve" if step.on_timeout == "approve" else "reject")

    async def _escalate(self, gate: GateRun, escalate: Escalate) -> None:
        """Reminds those who were asked first, and widens the group. What silence means then, the definition says."""
        gate.until = workflow.now() + self._limit(escalate.timeout)
        gate.escalated = True
        gate.members = (*gate.members, *self._state.plan_ready.groups.get(escalate.to, ()))
        await self._remind(gate, escalate)

    async def _remind(self, gate: GateRun, escalate: Escalate) -> None:
        """Tells the first group, where a notification target has its name; what became of it is recorded."""
        step, run = gate.step, self._state.scope.workflow_id
        said = f"nobody of {step.by} has decided; {escalate.to} may decide too, until {to_the_minute(gate.until)}"
        message = f"an approval is waited for at {step.id}: {said}. Decide: netsaga approve {run} {step.id} --by NAME"
        gate.told, outcome = await remind(self._state, step.id, step.by, message)
        said = f"{said}; {outcome}"[: contracts.MESSAGE_LENGTH]
        note(self._state, gate, "remind", "timeout", by=OURSELVES, comment=said)
        self._changed()

    # ---------------------------------------------------------------------------------------------------- closing

    def _decide_by_silence(self, gate: GateRun, answer: Answer) -> None:
        gate.decided = answer
        said = "the gate's timeout decided"
        note(self._state, gate, answer, "timeout", by="nobody", comment=said, counted=True)

    def _reject_late(self, run: StepRun, gate: GateRun) -> None:
        """Rejects where the step's deadline passed before anybody had decided.

        It is no failure of the step, or `on_failure: continue` would let the run pass without an approval.
        """
        late = gate.decided is None and run.overdue and not self._state.cut
        if late and workflow.patched("an-overdue-gate-rejects"):
            gate.decided = "reject"
            note(self._state, gate, "reject", "timeout", by="nobody", comment=TOO_LATE, counted=True)

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

    def open_gates(self) -> tuple[Gate, ...]:
        """For the query."""
        return tuple(_seen(name, gate, self._folds(gate)) for name, gate in self._state.gates.items())

    def _folds(self, gate: GateRun) -> Sequence[ArtifactRef]:
        """Where the outcomes of the step lie whose changes a gate binds."""
        return next((run.folds for run in self._state.all_steps() if run.id == gate.step.binds_step), ())


def _seen(name: StepId, gate: GateRun, folds: Sequence[ArtifactRef]) -> Gate:
    wider = gate.step.escalate if gate.escalated else None
    return Gate(
        step=name,
        by=gate.step.by,
        quorum=gate.step.quorum,
        approvals=len(gate.approvals),
        until=gate.until,
        on_timeout=wider.then if wider else gate.step.on_timeout,
        escalated=gate.escalated,
        asks_next=gate.step.escalate.to if gate.step.escalate and not wider else "",
        also=wider.to if wider else "",
        digest=gate.digest,
        diffs=gate.diffs,
        diffs_omitted=gate.diffs_omitted,
        folds=tuple(folds),
        made=gate.made,
        safety=gate.safety,
        confirm_hold=gate.confirm_hold,
        via=gate.step.via,
        via_said=gate.via_said,
        told=gate.told,
    )


def _escalates_at_deadline(step: ApproveStep) -> bool:
    return step.on_deadline == "escalate" and step.escalate is not None


def _earlier(first: datetime, second: datetime | None) -> datetime:
    return first if second is None else min(first, second)
