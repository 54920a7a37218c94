"""Walks the plan's graph: which step may start, what its verb does, and what follows when one fails."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import assert_never

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from workflows import contracts
from workflows.contracts import DeviceResult, NotifyInput, NotifyResult, Progress
from workflows.errors import EvaluationError
from workflows.plan import (
    ApproveStep,
    CallStep,
    DevicesStep,
    HttpStep,
    NotifyStep,
    OnFailure,
    ScriptStep,
    SetStep,
    StepId,
    WaitStep,
)
from workflows.run import calls, saga, verdict
from workflows.run.context import aggregates, context
from workflows.run.evaluate import describe, evaluate, text, truth
from workflows.run.fanout import FanOut
from workflows.run.gates import Gates
from workflows.run.seconds import seconds
from workflows.run.state import DONE, RunState, StepRun


class Interpreter:
    """Carries out the steps of one run. ``changed`` is called whenever somebody who looks would see a difference."""

    def __init__(self, state: RunState, gates: Gates, changed: Callable[[], None]) -> None:
        self._state = state
        self._gates = gates
        self._changed = changed
        self._open: dict[StepId, FanOut] = {}

    async def steps(self) -> None:
        """Runs the graph until nothing can start any more, then undoes what the failing step asks for."""
        tasks: dict[str, asyncio.Task[None]] = {}
        while True:
            ready = self._ready(tasks)
            held = self._state.paused and bool(ready)
            for run in () if held else ready:
                tasks[run.id] = asyncio.create_task(self._step(run))
            live = [task for task in tasks.values() if not task.done()]
            if not live and not held:
                break
            await workflow.wait_condition(partial(self._moved, live, held=held))
            for task in tasks.values():
                if task.done():
                    task.result()  # a bug in a step is a bug of the run
        await self._undo()
        for run in self._state.steps.values():
            if run.state not in DONE:
                run.state, run.message = "skipped", "not reached"

    async def finish(self, devices: tuple[DeviceResult, ...]) -> None:
        """Runs ``finally``: every step of it, one after the other, whatever happens to the one before."""
        for run in self._state.finally_.values():
            await self._step(run, devices)

    def _moved(self, live: Sequence["asyncio.Task[None]"], *, held: bool) -> bool:
        """Whether a step has ended, or a pause is over."""
        if held and (self._state.cut or not self._state.paused):
            return True
        return any(task.done() for task in live)

    @property
    def fan_outs(self) -> dict[StepId, FanOut]:
        """The steps over devices that are under way."""
        return self._open

    def progress(self, progress: Progress) -> None:
        """A batch reports; its label begins with its step."""
        fan_out = self._open.get(StepId(progress.label.partition("/")[0]))
        if fan_out is not None:
            fan_out.progress(progress)

    def cut(self) -> None:
        """A cancel was asked for: what is under way ends between two actions."""
        for fan_out in self._open.values():
            fan_out.cut()

    def _ready(self, tasks: dict[str, "asyncio.Task[None]"]) -> Sequence[StepRun]:
        if self._state.cut or self._state.stopping:
            return ()
        steps = self._state.steps
        return [
            run
            for run in steps.values()
            if run.id not in tasks and all(steps[need].state in DONE for need in run.step.needs)
        ]

    # -------------------------------------------------------------------------------------------------- one step

    async def _step(self, run: StepRun, devices: tuple[DeviceResult, ...] = ()) -> None:
        try:
            if run.step.when is not None and not truth(run.step.when, context(self._state, devices)):
                run.state, run.message = "skipped", "its `when` is false"
                self._changed()
                return
            run.state = "running"
            self._changed()
            await self._verb(run, devices)
        except EvaluationError as error:
            run.state, run.message = "failed", f"an expression has no value: {error}"
        if run.state not in {"succeeded", "skipped"}:
            self._failed(run)
        self._changed()

    async def _verb(self, run: StepRun, devices: tuple[DeviceResult, ...]) -> None:
        match run.step:
            case DevicesStep():
                fan_out = FanOut(self._state, run, self._changed)
                self._open[run.id] = fan_out
                try:
                    await fan_out.carry_out()
                finally:
                    del self._open[run.id]
            case ApproveStep():
                await self._gates.wait(run)
            case NotifyStep():
                await self._notify(run, run.step, devices)
            case SetStep():
                seen = context(self._state, devices)
                run.outputs = {name: evaluate(value, seen) for name, value in run.step.values}
                run.state = "succeeded"
            case WaitStep():
                await self._wait(run, run.step)
            case HttpStep() | CallStep() | ScriptStep():
                raise AssertionError(f"`prepare` refuses {run.step.kind}")
            case _:
                assert_never(run.step)
        if run.state == "succeeded" and run.step.checks:
            self._check(run, devices)

    def _check(self, run: StepRun, devices: tuple[DeviceResult, ...]) -> None:
        """Judges the step by its own checks, over its outputs by name."""
        outputs = aggregates(run) or {}
        seen = {**context(self._state, devices), **outputs, "result": outputs}
        failed = []
        for check in run.step.checks:
            try:
                said = None if truth(check.that, seen) else check.name
                if said is not None and check.message is not None:
                    said = text(check.message, seen)
            except EvaluationError as error:  # a value that is missing fails the check that asks for it
                said = f"{check.name} cannot be judged: {error}"
            if said is not None and check.severity == "warning":
                run.warnings += 1
            elif said is not None:
                failed.append(said)
        if failed:
            run.state, run.message = "failed", "; ".join(failed)

    async def _wait(self, run: StepRun, step: WaitStep) -> None:
        """Waits for a duration or until a time; a time that has passed is no wait at all."""
        run.state = "waiting"
        if step.for_ is not None:
            length = timedelta(seconds=seconds(evaluate(step.for_, context(self._state)), "`for`"))
        else:
            assert step.until is not None, "`prepare` refuses other waits"
            length = _time(evaluate(step.until, context(self._state))) - workflow.now()
        if length > timedelta():
            run.message = f"until {workflow.now() + length:%Y-%m-%d %H:%M:%S} UTC"
            self._changed()
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: self._state.cut or self._state.stopping, timeout=length, timeout_summary=f"wait {run.id}"
                )
                run.state, run.message = "cancelled", "no longer waited for"
                return
        run.state, run.message = "succeeded", ""

    async def _notify(self, run: StepRun, step: NotifyStep, devices: tuple[DeviceResult, ...]) -> None:
        state = self._state
        told = devices or verdict.device_results(state)
        before = state.verdict
        state.verdict = before or verdict.verdict(state, told)  # as it stands, for a notice in the middle of a run
        result = verdict.result(state, state.plan_ready.plan, told)
        state.verdict = before
        try:
            answer = await workflow.execute_activity(
                contracts.NOTIFY,
                NotifyInput(
                    scope=state.scope,
                    prepared=state.plan_ready.ref,
                    step=step.id,
                    to=step.to,
                    message=text(step.message, context(state, told)) if step.message is not None else None,
                    template=step.template,
                    result=result,
                ),
                activity_id=step.id,
                result_type=NotifyResult,
                start_to_close_timeout=timedelta(seconds=step.timeout_s),
                retry_policy=calls.retry_policy(step.retry),
                summary=f"tell {step.to}",
            )
        except ActivityError as error:
            run.state, run.message = "failed", _said(error)
        else:
            run.state, run.message = "succeeded", answer.delivered

    # --------------------------------------------------------------------------------------------------- failures

    def _failed(self, run: StepRun) -> None:
        """A step failed, was rejected or cut: unless it may be passed over, nothing new starts."""
        if run.id in self._state.finally_ or (run.state == "failed" and run.on_failure().action == "continue"):
            return
        if run.state == "cancelled" and self._state.stopping:
            return  # stopped because another one failed; that one speaks
        if self._state.ended_by is None:
            self._state.ended_by = run
            self._state.message = f"step {run.id}: {run.message}"
        self._state.stopping = True

    async def _undo(self) -> None:
        ended = self._state.ended_by
        on_failure = ended.on_failure() if ended is not None else OnFailure()
        if ended is None or on_failure.action != "undo":
            return
        said = await saga.undo(self._state, ended, on_failure, self._changed)
        self._state.message = f"{self._state.message}; {said}"


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


def _said(error: ActivityError) -> str:
    cause = error.cause
    return cause.message if isinstance(cause, ApplicationError) else str(cause or error)
