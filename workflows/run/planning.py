"""Plan mode: what a run does not carry out, what it says instead, and the proposal that it ends with.

Everything that reads runs; everything that changes devices proposes, for all its devices at once. What asks, tells,
waits or changes something else is shown. What descends from a change is known only after it: such a step is passed
over, and whoever names its outputs is passed over too. Beside the interpreter, which asks here before each step.
"""

from typing import Final, assert_never

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, ChildWorkflowError, FailureError

from workflows import contracts
from workflows.contracts import (
    CompareInput,
    CompareResult,
    PlannedWave,
    ProposalRef,
    ProposalsInput,
    ProposalsResult,
    ProposalSummary,
    ProposedStep,
    RunResult,
    ShownStep,
)
from workflows.errors import EvaluationError, UnknownValueError, failure
from workflows.plan import (
    ApproveStep,
    CallStep,
    Constant,
    DevicesStep,
    Expr,
    HttpStep,
    NotifyStep,
    ScriptStep,
    SetStep,
    Step,
    StepId,
    WaitStep,
    Window,
)
from workflows.run import calls, verdict
from workflows.run.changing import may_change
from workflows.run.context import context
from workflows.run.evaluate import evaluate, text
from workflows.run.state import RunState, StepRun

AFTER: Final = "known only after the change"
UNBOUND: Final = "what that changes is known only then, after all other steps, and the plan does not bind it"
PLANNED: Final = frozenset({"succeeded", "partial"})
_READS: Final = frozenset({"get", "head"})


def plans(state: RunState) -> bool:
    """Whether the run is in plan mode."""
    return state.request.mode == "plan"


def passed_over(state: RunState, run: StepRun) -> bool:
    """Whether plan mode only shows a step; then the step says what it would do.

    Raises:
        UnknownValueError: What it would do is known only after a change.
        EvaluationError: What it would do has no value.
    """
    said = _would(state, run)
    if said is not None:
        show(run, "would", said)
    return said is not None


def foretold(run: StepRun) -> bool:
    """Whether what a step has come to is what it would come to, and demands on it are judged after the change."""
    return run.changes


def show(run: StepRun, how: contracts.Shown, said: str) -> None:
    """The step is not carried out; its outputs are unknown."""
    run.state, run.shown, run.message = "skipped", how, said[: contracts.MESSAGE_LENGTH]


def _would(state: RunState, run: StepRun) -> str | None:
    step = run.step
    match step:
        case DevicesStep():
            _known_before(state, step)
            return None
        case ApproveStep():
            return f"would be asked of {step.by}" + (f", {step.quorum} of them" if step.quorum > 1 else "")
        case WaitStep():
            return _waits_for(state, step)
        case NotifyStep():
            return f"would tell {step.to}"
        case HttpStep():
            return None if step.method in _READS else f"would {step.method} {_said(state, step.url)}"
        case ScriptStep():
            return f"would run the {step.engine} `{step.run}`"
        case CallStep():
            name = f"{step.definition}@{step.version}"
            return f"would call {name}: what it finds is {AFTER}" if _changed_before(state, step.needs) else None
        case SetStep():
            return None
        case _:
            assert_never(step)


def _known_before(state: RunState, step: DevicesStep) -> None:
    """Raises `UnknownValueError` for a step over devices that can be neither read for nor proposed now."""
    changed = _changed_before(state, step.needs)
    if changed and not step.changes:
        raise UnknownValueError(f"what it finds is {AFTER} of step {changed}")
    for name in step.reads:
        read = state.steps.get(name)
        if read is not None and (read.shown or read.changes):
            raise UnknownValueError(f"the values of step {name} are {AFTER}")


def _changed_before(state: RunState, needs: tuple[StepId, ...]) -> StepId | None:
    """An ancestor that changes devices; itself, or by a definition that it calls."""
    seen: set[StepId] = set()
    left = list(needs)
    while left:
        name = left.pop()
        if name in seen or name not in state.steps:
            continue
        seen.add(name)
        run = state.steps[name]
        passed = run.state == "skipped" and run.shown is None  # by its `when`: it changes nothing
        if not passed and (run.changes or run.called is not None):
            return name
        left += run.step.needs
    return None


def _waits_for(state: RunState, step: WaitStep) -> str:
    if step.for_ is not None:
        return f"would wait for {_said(state, step.for_)}"
    if step.until is not None:
        return f"would wait until {_said(state, step.until)}"
    if step.window is not None:
        return f"would wait for the window {_window(step.window)}"
    if step.signal is not None:
        return f"would wait for the signal {step.signal}"
    return "would wait for devices that answer"


def _window(window: Window) -> str:
    return f"{window.cron} ({window.time_zone}), {window.duration_s / 60:g} minutes long"


def _said(state: RunState, expr: Expr) -> str:
    return str(expr.value) if isinstance(expr, Constant) else text(expr, context(state))


def show_finally(state: RunState) -> None:
    """The steps of ``finally`` are not carried out either; each says what it would do.

    Nothing is proposed for them: they come after every change and every undo, on devices that are then as those have
    left them, and a plan that bound them would keep back what must always run.
    """
    for run in state.finally_.values():
        try:
            said = _at_the_end(state, run.step) or _would(state, run)
        except EvaluationError:
            said = None
        show(run, "would", said or "would run at the end")


def _at_the_end(state: RunState, step: Step) -> str:
    """What a step of ``finally`` would do on devices, as far as that is known; empty where it does nothing on them."""
    if not isinstance(step, DevicesStep | CallStep):
        return ""
    if_so = "" if step.when is None else "where its `when` holds then, "
    if isinstance(step, CallStep):
        return f"{if_so}would call {step.definition}@{step.version}: {UNBOUND}"
    try:
        hosts = evaluate(step.devices, context(state))
        number = len(hosts) if isinstance(hosts, list) else 0
        which = "1 device" if number == 1 else f"up to {number} devices"
    except EvaluationError:
        which = "devices that are known only then"
    actions = ", ".join(dict.fromkeys(action.kind for action in step.do))
    if not step.changes:
        return f"{if_so}would look at {which} ({actions})"
    return f"{if_so}would change {which} ({actions}): {UNBOUND}"


# ------------------------------------------------------------------------------------------------------ the proposal


def unknown_outputs(state: RunState) -> tuple[str, ...]:
    """The names of the definition's outputs that are known only after the change."""
    seen, unknown = context(state), []
    for name, expr in state.plan_ready.plan.outputs:
        try:
            evaluate(expr, seen)
        except UnknownValueError:
            unknown.append(name)
        except EvaluationError:
            pass  # null, in every mode
    return tuple(unknown)


async def propose(state: RunState) -> None:
    """Puts the proposal into the result, in plan mode.

    Raises:
        ApplicationError: As `proposal_of`.
    """
    if plans(state) and state.result is not None:
        state.result = state.result.model_copy(update={"proposal": await proposal_of(state)})


async def proposal_of(state: RunState) -> ProposalSummary:
    """All that the run has proposed, as one proposal.

    Raises:
        ApplicationError: block_unavailable, where it cannot be kept.
    """
    steps = [run for run in state.steps.values() if run.changes]
    called = {run.id: run.called for run in state.steps.values() if run.called is not None}
    try:
        made: ProposalsResult = await workflow.execute_activity(
            contracts.PROPOSALS,
            ProposalsInput(
                prepared=state.plan_ready.ref,
                steps=tuple(_proposed(run) for run in steps if run.shown is None and run.divided),
                calls={name: one.digest for name, one in called.items()},
            ),
            activity_id="proposals",
            result_type=ProposalsResult,
            **calls.STORE,
            summary="make one proposal of all diffs",
        )
    except ActivityError as error:
        raise failure("block_unavailable", f"executor: the proposal could not be kept: {error.cause}") from None
    return ProposalSummary(
        digest=made.digest,
        ref=made.ref,
        steps=made.steps,
        shown=tuple(_shown(state, run) for run in state.all_steps() if run.shown is not None),
        calls=called,
        unknown_outputs=unknown_outputs(state),
    )


def _proposed(run: StepRun) -> ProposedStep:
    step = run.step
    assert isinstance(step, DevicesStep), "only steps over devices are proposed"
    return ProposedStep(
        step=run.id,
        waves=(
            *(PlannedWave(name=name, size=0) for name in run.empty),
            *(PlannedWave(name=wave.name, size=len(wave.hosts)) for wave in run.waves),
        ),
        window=_window(step.window) if step.window is not None else "",
        failed=run.failures(run.letters),
        folds=tuple(run.folds),
    )


def _shown(state: RunState, run: StepRun) -> ShownStep:
    assert run.shown is not None, "only what is shown is asked for"
    return ShownStep(
        step=run.id,
        kind=run.step.kind,
        how=run.shown,
        text=run.message,
        final=run.id in state.finally_,
        changes=may_change(run.step, state.plan_ready.changing),
    )


# ---------------------------------------------------------------------------------------- carrying out what was planned


async def insist(state: RunState) -> None:
    """Proposes anew, in a child run, and insists that it is what was planned. Nothing was changed until then.

    Raises:
        ApplicationError: drifted, with what has moved; or that of the child run, where it cannot plan at all.
    """
    planned = state.request.proposal
    if planned is None or plans(state) or state.planned is not None:
        return
    request = state.request.model_copy(
        update={"mode": "plan", "proposal": None, "reason": f"planned anew for {state.scope.workflow_id}"}
    )
    child = f"{state.scope.workflow_id}/plan"
    state.message = f"planned anew before anything is changed: run {child}"
    handle = await workflow.start_child_workflow(
        contracts.RUN,
        request,
        id=child,
        result_type=RunResult,
        task_timeout=contracts.WORKFLOW_TASK_TIMEOUT,
        parent_close_policy=workflow.ParentClosePolicy.REQUEST_CANCEL,
        static_summary=f"plan anew for {state.scope.workflow_id}",
    )
    await workflow.wait_condition(lambda: handle.done() or state.cut)
    if not handle.done():
        handle.cancel()
    try:
        result: RunResult = await handle
    except FailureError as error:
        if state.cut:
            state.message = ""
            return
        result = _result_of(error)
    now = result.proposal
    if now is None or now.digest != planned.digest or result.verdict not in PLANNED:
        raise failure("drifted", await _moved(state, planned, result))
    state.planned, state.message = now, ""


def planned_call(state: RunState, step: StepId) -> ProposalRef | None:
    """What a called definition is held to, where the run is held to what was planned."""
    planned = state.planned.calls.get(step) if state.planned is not None else None
    return None if planned is None else ProposalRef(digest=planned.digest, ref=planned.ref)


def _result_of(error: FailureError) -> RunResult:
    """What a child run that failed has come to. Raises what it was refused with, where it had not begun."""
    cause = error.cause if isinstance(error, ChildWorkflowError) else error
    if not isinstance(cause, ApplicationError):
        raise failure("block_unavailable", f"executor: it could not be planned anew: {cause}") from None
    found = verdict.result_in(cause)
    if found is not None:
        return found
    raise ApplicationError(cause.message, type=cause.type, non_retryable=True) from None


async def _moved(state: RunState, planned: ProposalRef, result: RunResult) -> str:
    found, now = CompareResult(), result.proposal
    if now is not None:
        found = await _compared(planned, ProposalRef(digest=now.digest, ref=now.ref))
    more = f"; and {found.total - len(found.moved)} more" if found.total > len(found.moved) else ""
    failed = () if result.verdict in PLANNED else (f"planned anew, it ends as {result.verdict}: {result.message}",)
    said = "; ".join((*failed, *found.moved)) or "another proposal is made now"
    return (
        f"What was planned no longer holds, and nothing was changed: {said}{more}. Plan again and look at it; the run "
        f"{state.scope.workflow_id}/plan shows what would be done now."
    )


async def _compared(planned: ProposalRef, now: ProposalRef) -> CompareResult:
    """What has moved between two proposals that are known to differ; also where they cannot be read."""
    try:
        found: CompareResult = await workflow.execute_activity(
            contracts.COMPARE,
            CompareInput(planned=planned, now=now),
            activity_id="compare",
            result_type=CompareResult,
            **calls.STORE,
            summary="what has moved since it was planned?",
        )
    except ActivityError as error:
        said = f"another proposal is made now, and what has moved cannot be told: {error.cause}"
        return CompareResult(moved=(said,), total=1)
    return found
