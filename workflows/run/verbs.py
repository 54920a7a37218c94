"""Steps that are not about devices, no gates and no waits: notify, set, http, script, call. One method a verb."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

from pydantic import JsonValue, TypeAdapter
from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, FailureError
from temporalio.workflow import ActivityCancellationType

from workflows import contracts
from workflows.contracts import (
    DeviceResult,
    HttpInput,
    HttpResult,
    Left,
    NotifyInput,
    NotifyResult,
    RunRequest,
    RunResult,
    ScriptInput,
    ScriptResult,
)
from workflows.errors import RETRIED_AS, EvaluationError
from workflows.plan import (
    CallStep,
    Concat,
    Constant,
    Expr,
    HttpStep,
    NotifyStep,
    ScriptStep,
    SetStep,
    StepBase,
    WaitStep,
)
from workflows.run import called, calls, planning, verdict
from workflows.run.appeals import blamed
from workflows.run.context import context
from workflows.run.evaluate import describe, evaluate, text
from workflows.run.seconds import in_words
from workflows.run.state import RunState, StepRun
from workflows.run.waits import Waits

ACCEPTED: Final = frozenset({"succeeded", "partial"})
_JSON: Final[TypeAdapter[JsonValue]] = TypeAdapter(JsonValue)
LIMIT_S: Final = 15.0  # what a call may take beyond its own timeout, which is kept inside the activity


class Verbs:
    """Carries out one step of these kinds; sets the run's state, message and outputs."""

    def __init__(self, state: RunState, changed: Callable[[], None]) -> None:
        self._state = state
        self._changed = changed
        self._waits = Waits(state, changed)

    def _stopped(self, run: StepRun) -> bool:
        """Whether nobody waits for it any more. What ends the run ends nothing of ``finally``; a deadline does."""
        if run.id in self._state.finally_:
            return run.overdue and workflow.patched("a-deadline-in-finally")
        return self._state.stopped(run)

    async def set(self, run: StepRun, step: SetStep, devices: tuple[DeviceResult, ...]) -> None:
        """Computes values."""
        seen = context(self._state, devices)
        run.outputs = {name: evaluate(value, seen) for name, value in step.values}
        run.state = "succeeded"

    # --------------------------------------------------------------------------------------------- the outer world

    async def notify(self, run: StepRun, step: NotifyStep, devices: tuple[DeviceResult, ...]) -> None:
        """Tells people or systems how the run stands."""
        state = self._state
        told = devices or verdict.device_results(state)
        call = NotifyInput(
            scope=state.scope,
            prepared=state.plan_ready.ref,
            step=step.id,
            to=step.to,
            message=text(step.message, context(state, told)) if step.message is not None else None,
            template=step.template,
            result=verdict.as_it_stands(state, told),
        )
        answer = await self._call(run, step, contracts.NOTIFY, call, NotifyResult, f"tell {step.to}", long=False)
        if answer is not None:
            run.message = answer.delivered

    async def http(self, run: StepRun, step: HttpStep, devices: tuple[DeviceResult, ...]) -> None:
        """Calls a system. Outputs: ``status``, ``json``, ``text``, ``body``."""
        seen = context(self._state, devices)
        url = _url(step.url, seen)
        call = HttpInput(
            scope=self._state.scope,
            step=step.id,
            method=step.method,
            url=url,
            query=_mapping(step.query, seen, "`query`"),
            headers={key: str(value) for key, value in _mapping(step.headers, seen, "`headers`").items()},
            json_=_json(step.json_, seen),
            has_json=step.json_ is not None,
            status=step.status,
            block=step.block,
            retry_on=_retried(step),
            timeout_s=step.timeout_s,
        )
        answer = await self._call(run, step, contracts.HTTP, call, HttpResult, f"{step.method} {url}")
        if answer is not None:
            run.outputs = {"status": answer.status, "json": answer.json_, "text": answer.text, "body": answer.body}
            run.unread = _unread(answer)

    async def script(self, run: StepRun, step: ScriptStep, devices: tuple[DeviceResult, ...]) -> None:
        """Runs a program, a playbook or a template that the settings allow. Outputs: ``result``, ``log``."""
        seen = context(self._state, devices)
        call = ScriptInput(
            scope=self._state.scope,
            step=step.id,
            engine=step.engine,
            run=step.run,
            given=_json(step.with_, seen),
            prepared=self._state.plan_ready.ref,
            block=step.block,
            retry_on=_retried(step),
            timeout_s=step.timeout_s,
        )
        answer = await self._call(run, step, contracts.SCRIPT, call, ScriptResult, f"{step.engine} {step.run}")
        if answer is not None:
            run.outputs = {"result": answer.result, "log": answer.log}

    async def _call(
        self,
        run: StepRun,
        step: StepBase,
        name: str,
        call: Any,  # noqa: ANN401  # one of the inputs above
        result: type[Any],
        summary: str,
        *,
        long: bool = True,
    ) -> Any:  # noqa: ANN401  # of the type ``result``, or None
        """An activity with the step's own time-out and retries. None where it failed; the step says why.

        A ``long`` one keeps its limit itself, and answers a cancel properly.
        """
        handle = workflow.start_activity(
            name,
            call,
            activity_id=step.id,
            result_type=result,
            start_to_close_timeout=timedelta(seconds=step.timeout_s + (LIMIT_S if long else 0.0)),
            heartbeat_timeout=calls.HEARTBEAT,
            retry_policy=calls.retry_policy(step.retry),
            cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=summary[:200],
        )
        await workflow.wait_condition(lambda: handle.done() or self._stopped(run))
        if not handle.done():
            handle.cancel()
        try:
            answer = await handle
        except ActivityError as error:
            cancelled = isinstance(error.cause, CancelledError) or _cut_off(error.cause)
            run.state, run.message = ("cancelled" if cancelled else "failed"), _said(error)
            kind = error.cause.type if isinstance(error.cause, ApplicationError) else None
            run.blame = blamed(step, kind, run.message)
            return None
        run.state = "succeeded"
        return answer

    # -------------------------------------------------------------------------------------------------------- call

    async def call(self, run: StepRun, step: CallStep, devices: tuple[DeviceResult, ...]) -> None:
        """Another definition as a child run. A cancel is passed on; its outputs are the step's."""
        state, name = self._state, f"{step.definition}@{step.version}"
        request = RunRequest(
            definition=name,
            inputs=_mapping(step.with_, context(state, devices), "`with`"),
            mode=state.request.mode,
            within=state.request.limit or state.request.within,
            by=state.request.by,
            reason=f"called by {state.scope.workflow_id}, step {step.id}",
            plan_digest=state.plan_ready.plan.calls.get(name),
            proposal=planning.planned_call(state, step.id),
        )
        child, first, late = f"{state.scope.workflow_id}/{step.id}", "", False
        run.message = f"run {child}"
        try:
            handle = await workflow.start_child_workflow(
                contracts.RUN,
                request,
                id=child,
                result_type=RunResult,
                task_timeout=contracts.WORKFLOW_TASK_TIMEOUT,
                parent_close_policy=workflow.ParentClosePolicy.REQUEST_CANCEL,
                static_summary=f"{name}, called by {state.scope.workflow_id}",
            )
            first = handle.first_execution_run_id or ""
            self._changed()
            late = not await self._ended(run, step, handle)
            if not handle.done():
                handle.cancel()
            result: RunResult = await handle
        except FailureError as error:
            await self._call_failed(run, child, first, error)
            if late and step.limit_s is not None:
                run.message = f"it had not ended within {in_words(step.limit_s)}, its `timeout`; {run.message}"
            return
        run.outputs, run.called = dict(result.outputs), result.proposal
        run.state = "succeeded" if result.verdict in ACCEPTED else "failed"
        run.message = f"run {child}: {result.verdict}"
        run.warnings = _warnings(result)
        _note_left(run, result.left)
        called.note(run, child, first, result, result.left)

    async def _ended(self, run: StepRun, step: CallStep, handle: "asyncio.Task[Any]") -> bool:
        """Waits for a called run, or until nobody waits for it any more. False where its time is over before."""
        limit = None if step.limit_s is None else timedelta(seconds=step.limit_s)
        summary = f"timeout {run.id}" if limit is not None else None
        try:
            await workflow.wait_condition(
                lambda: handle.done() or self._stopped(run), timeout=limit, timeout_summary=summary
            )
        except TimeoutError:
            return False
        return True

    async def _call_failed(self, run: StepRun, child: str, first: str, error: FailureError) -> None:
        """What a called run that did not complete has come to; of one that was cancelled, who did and why."""
        result = verdict.result_in(error.cause)
        if result is None and first and isinstance(error.cause, CancelledError):
            result = await called.how_cancelled(child, first)
        cancelled = result is None or result.verdict == "cancelled"
        run.state = "cancelled" if self._stopped(run) and cancelled else "failed"
        why = str(error.cause or error)
        if result is not None:
            named = result.message.startswith(result.verdict)
            why = result.message if named else f"{result.verdict}: {result.message}"
            run.blame = next((one.blame for one in result.steps if one.blame), None)
            run.warnings = _warnings(result)
        run.message = f"run {child}: {why}"[: contracts.MESSAGE_LENGTH]
        left = result.left if result is not None else verdict.left_by(error.cause)
        _note_left(run, left)
        called.note(run, child, first, result, left)

    async def other(self, run: StepRun, devices: tuple[DeviceResult, ...]) -> None:
        """The verb of a step that is neither about devices nor a gate."""
        match run.step:
            case NotifyStep():
                await self.notify(run, run.step, devices)
            case SetStep():
                await self.set(run, run.step, devices)
            case WaitStep():
                await self._waits.wait(run, run.step)
            case HttpStep():
                await self.http(run, run.step, devices)
            case ScriptStep():
                await self.script(run, run.step, devices)
            case CallStep():
                await self.call(run, run.step, devices)
            case _:
                raise AssertionError(f"{run.step.kind} has a place of its own")


def _note_left(run: StepRun, left: Left) -> None:
    """Keeps what a called run has left behind; the run of an earlier try may have left more."""
    if left != "nothing" and run.left != "doubt" and workflow.patched("what-called-runs-leave"):
        run.left = left


def _warnings(result: RunResult) -> int:
    """How many warnings a called run has ended with, those of the runs that it has called among them."""
    return sum(step.warnings for step in result.steps)


def _retried(step: StepBase) -> tuple[str, ...]:
    return tuple(kind for name in step.retry.on for kind in RETRIED_AS.get(name, ()))


def _json(expr: Expr | None, seen: Mapping[str, object]) -> JsonValue:
    """A value to be sent; expressions yield JSON and nothing else."""
    return None if expr is None else _JSON.validate_python(evaluate(expr, seen))


def _mapping(expr: Expr | None, seen: Mapping[str, object], what: str) -> dict[str, Any]:
    value = {} if expr is None else evaluate(expr, seen)
    if not isinstance(value, Mapping):
        raise EvaluationError(f"{what} must be a map, and this is {describe(value)}")
    return {str(key): item for key, item in value.items()}


def _url(expr: Expr, seen: Mapping[str, object]) -> str:
    """The address, with what is filled in percent-encoded: a value cannot become another path."""
    parts = expr.parts if isinstance(expr, Concat) else (expr,)
    if len(parts) == 1 and not isinstance(parts[0], Constant):
        return text(parts[0], seen)  # the whole address is one value
    return "".join(
        str(part.value) if isinstance(part, Constant) else quote(text(part, seen), safe="") for part in parts
    )


def _unread(answer: HttpResult) -> str:
    """Why an answer has no JSON, as an expression that looks for some is told; nothing where it has."""
    if answer.body is not None:
        most = f"{contracts.INLINE // 1_000} kB"
        return f"the answer had more than {most}: it is artifact {answer.body}, and `json` is null"
    if answer.json_ is not None or answer.text.strip() == "null":
        return ""
    found = f"is {answer.media_type or 'something else'}" if answer.text else "is empty"
    return f"the answer {found} and no JSON, so `json` is null"


def _cut_off(cause: BaseException | None) -> bool:
    """Whether the cancel that was asked for has ended a program, which tells where its log is."""
    return isinstance(cause, ApplicationError) and cause.type == "cancelled" and bool(cause.details)


def _said(error: ActivityError) -> str:
    cause = error.cause
    return cause.message if isinstance(cause, ApplicationError) else str(cause or error)
