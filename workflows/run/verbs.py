"""Steps that are not about devices and not gates: notify, set, wait, http, script, call. One method a verb."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from pydantic import JsonValue, TypeAdapter
from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, ChildWorkflowError, FailureError
from temporalio.workflow import ActivityCancellationType

from workflows import contracts
from workflows.contracts import (
    DeviceResult,
    HttpInput,
    HttpResult,
    NotifyInput,
    NotifyResult,
    RunRequest,
    RunResult,
    ScriptInput,
    ScriptResult,
    WindowInput,
    WindowResult,
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
    Window,
)
from workflows.run import calls, verdict
from workflows.run.context import context
from workflows.run.evaluate import describe, evaluate, text
from workflows.run.seconds import seconds
from workflows.run.state import RunState, StepRun

ACCEPTED: Final = frozenset({"succeeded", "partial"})
_JSON: Final[TypeAdapter[JsonValue]] = TypeAdapter(JsonValue)
LIMIT_S: Final = 15.0  # what a call may take beyond its own timeout, which is kept inside the activity


class Verbs:
    """Carries out one step of these kinds; sets the run's state, message and outputs."""

    def __init__(self, state: RunState, changed: Callable[[], None]) -> None:
        self._state = state
        self._changed = changed

    def _stopped(self, run: StepRun) -> bool:
        return self._state.cut or self._state.stopping or run.overdue

    async def set(self, run: StepRun, step: SetStep, devices: tuple[DeviceResult, ...]) -> None:
        """Computes values."""
        seen = context(self._state, devices)
        run.outputs = {name: evaluate(value, seen) for name, value in step.values}
        run.state = "succeeded"

    # -------------------------------------------------------------------------------------------------------- wait

    async def wait(self, run: StepRun, step: WaitStep) -> None:
        """Waits for a duration, until a time, or for a window; what has passed or is open is no wait at all."""
        run.state = "waiting"
        length = await self._length(step)
        if length > timedelta():
            run.message = f"until {workflow.now() + length:%Y-%m-%d %H:%M:%S} UTC"
            self._changed()
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: self._stopped(run), timeout=length, timeout_summary=f"wait {run.id}"
                )
                run.state, run.message = "cancelled", "no longer waited for"
                return
        run.state, run.message = "succeeded", ""

    async def _length(self, step: WaitStep) -> timedelta:
        if step.for_ is not None:
            return timedelta(seconds=seconds(evaluate(step.for_, context(self._state)), "`for`"))
        if step.until is not None:
            return _time(evaluate(step.until, context(self._state))) - workflow.now()
        assert step.window is not None, "`prepare` refuses other waits"
        start = await window_start(self._state, step.window, 0.0, f"window/{step.id}")
        if start is None:
            raise EvaluationError("the window never opens")
        return start - workflow.now()

    # --------------------------------------------------------------------------------------------- the outer world

    async def notify(self, run: StepRun, step: NotifyStep, devices: tuple[DeviceResult, ...]) -> None:
        """Tells people or systems how the run stands."""
        state = self._state
        told = devices or verdict.device_results(state)
        before = state.verdict
        state.verdict = before or verdict.verdict(state, told)  # as it stands, for a notice in the middle of a run
        result = verdict.result(state, state.plan_ready.plan, told)
        state.verdict = before
        call = NotifyInput(
            scope=state.scope,
            prepared=state.plan_ready.ref,
            step=step.id,
            to=step.to,
            message=text(step.message, context(state, told)) if step.message is not None else None,
            template=step.template,
            result=result,
        )
        answer = await self._call(run, step, contracts.NOTIFY, call, NotifyResult, f"tell {step.to}", long=False)
        if answer is not None:
            run.message = answer.delivered

    async def http(self, run: StepRun, step: HttpStep, devices: tuple[DeviceResult, ...]) -> None:
        """Calls a system. Outputs: ``status``, ``json``, ``text``."""
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
            run.outputs = {"status": answer.status, "json": answer.json_, "text": answer.text}

    async def script(self, run: StepRun, step: ScriptStep, devices: tuple[DeviceResult, ...]) -> None:
        """Runs a program that the settings allow. Output: ``result``."""
        seen = context(self._state, devices)
        call = ScriptInput(
            scope=self._state.scope,
            step=step.id,
            engine=step.engine,
            run=step.run,
            given=_json(step.with_, seen),
            block=step.block,
            retry_on=_retried(step),
            timeout_s=step.timeout_s,
        )
        answer = await self._call(run, step, contracts.SCRIPT, call, ScriptResult, f"{step.engine} {step.run}")
        if answer is not None:
            run.outputs = {"result": answer.result}

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

        A ``long`` one heartbeats, keeps its limit itself, and is told of a cancel, which it answers properly.
        """
        handle = workflow.start_activity(
            name,
            call,
            activity_id=step.id,
            result_type=result,
            start_to_close_timeout=timedelta(seconds=step.timeout_s + (LIMIT_S if long else 0.0)),
            heartbeat_timeout=calls.HEARTBEAT if long else None,
            retry_policy=calls.retry_policy(step.retry),
            cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=summary[:200],
        )
        final = run.id in self._state.finally_
        await workflow.wait_condition(lambda: handle.done() or (not final and self._stopped(run)))
        if not handle.done():
            handle.cancel()
        try:
            answer = await handle
        except ActivityError as error:
            cancelled = isinstance(error.cause, CancelledError)
            run.state, run.message = ("cancelled" if cancelled else "failed"), _said(error)
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
            by=state.request.by,
            reason=f"called by {state.scope.workflow_id}, step {step.id}",
            plan_digest=state.plan_ready.plan.calls.get(name),
        )
        child = f"{state.scope.workflow_id}/{step.id}"
        run.message = f"run {child}"
        try:
            handle = await workflow.start_child_workflow(
                contracts.RUN,
                request,
                id=child,
                result_type=RunResult,
                parent_close_policy=workflow.ParentClosePolicy.REQUEST_CANCEL,
                static_summary=f"{name}, called by {state.scope.workflow_id}",
            )
            self._changed()
            final = run.id in state.finally_
            await workflow.wait_condition(lambda: handle.done() or (not final and self._stopped(run)))
            if not handle.done():
                handle.cancel()
            result: RunResult = await handle
        except FailureError as error:
            result_ = _result_of(error)
            run.state = "cancelled" if self._stopped(run) and result_ is None else "failed"
            why = f"{result_.verdict}: {result_.message}" if result_ else str(error.cause or error)
            run.message = f"run {child}: {why}"[: contracts.MESSAGE_LENGTH]
            return
        run.outputs = dict(result.outputs)
        run.state = "succeeded" if result.verdict in ACCEPTED else "failed"
        run.message = f"run {child}: {result.verdict}"

    async def other(self, run: StepRun, devices: tuple[DeviceResult, ...]) -> None:
        """The verb of a step that is neither about devices nor a gate."""
        match run.step:
            case NotifyStep():
                await self.notify(run, run.step, devices)
            case SetStep():
                await self.set(run, run.step, devices)
            case WaitStep():
                await self.wait(run, run.step)
            case HttpStep():
                await self.http(run, run.step, devices)
            case ScriptStep():
                await self.script(run, run.step, devices)
            case CallStep():
                await self.call(run, run.step, devices)
            case _:
                raise AssertionError(f"{run.step.kind} has a place of its own")


async def window_start(state: RunState, window: Window, needs_s: float, activity_id: str) -> datetime | None:
    """When something that takes so long may begin inside a window, now or later; None where it never fits.

    Time zones are data of the machine, so an activity computes it and history keeps the answer.
    """
    found = await workflow.execute_activity(
        contracts.WINDOW,
        WindowInput(scope=state.scope, window=window, at=workflow.now(), needs_s=needs_s),
        activity_id=activity_id,
        result_type=WindowResult,
        start_to_close_timeout=calls.STORE_TIMEOUT,
        retry_policy=calls.STORE_RETRY,
        summary="when is the window open?",
    )
    assert isinstance(found, WindowResult), "the converter yields what was asked for"
    return found.start


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


def _time(value: object) -> datetime:
    """A time with its offset. Raises `EvaluationError` for anything else: a time without one means nothing here."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise EvaluationError(
            f"`until` must be a time such as 2026-12-01T02:00:00+01:00, and this is {describe(value)}"
        )
    return found


def _result_of(error: FailureError) -> RunResult | None:
    cause = error.cause if isinstance(error, ChildWorkflowError) else error
    details = cause.details if isinstance(cause, ApplicationError) else ()
    return next((RunResult.model_validate(detail) for detail in details if isinstance(detail, dict)), None)


def _said(error: ActivityError) -> str:
    cause = error.cause
    return cause.message if isinstance(cause, ApplicationError) else str(cause or error)
