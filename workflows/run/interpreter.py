"""Walks the plan's graph: which step may start, what its verb does, and what follows when one fails."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from temporalio import workflow

from workflows.contracts import DeviceResult, Progress
from workflows.errors import EvaluationError, UndividedError, UnknownValueError
from workflows.plan import (
    ApproveStep,
    DevicesStep,
    ScriptStep,
    StepId,
)
from workflows.run import admission, branches, planning, underway
from workflows.run.appeals import NAMED, Appeals, blamed_by_devices
from workflows.run.context import aggregates, context, why_missing
from workflows.run.evaluate import evaluate, text, truth
from workflows.run.fanout import FanOut
from workflows.run.gates import Gates
from workflows.run.leases import DeviceLeases
from workflows.run.named import NotLeasedError
from workflows.run.scopes import scope
from workflows.run.seconds import seconds
from workflows.run.state import DONE, RunState, StepRun
from workflows.run.verbs import Verbs
from workflows.run.waiting import HandOverError, in_time


class Interpreter:
    """Carries out the steps of one run. ``changed`` is called whenever somebody who looks would see a difference."""

    def __init__(self, state: RunState, gates: Gates, leases: DeviceLeases, changed: Callable[[], None]) -> None:
        self._state = state
        self._gates = gates
        self._changed = changed
        self._leases = leases
        self._verbs = Verbs(state, changed)
        self._appeals = Appeals(state, changed)
        self._open: dict[StepId, FanOut] = {}

    async def steps(self) -> None:
        """Runs the graph until nothing can start any more, then undoes what the failing step asks for.

        Entered again after the run has continued as new, it goes on with the steps that had begun.

        Raises:
            HandOverError: The run continues as new. Everything under way has ended or stands in the state.
        """
        tasks: dict[str, asyncio.Task[None]] = {}
        while True:
            ready = self._ready(tasks)
            kept_back = self._kept_back(ready)
            held = bool(kept_back)
            for run in ready:
                if run.id not in kept_back:
                    tasks[run.id] = asyncio.create_task(self._step(run))
            live = [task for task in tasks.values() if not task.done()]
            handed_over = any(_result(task) for task in tasks.values())  # a bug in a step is a bug of the run
            if not live and (handed_over or (held and self._state.handing_over)):
                raise HandOverError
            if not live and not held:
                break
            await workflow.wait_condition(partial(self._moved, live, held=held))
        self._cut_between_steps()
        await self._undo()
        for run in self._state.steps.values():
            if run.state not in DONE:
                run.state, run.message = "skipped", "not reached"
        self._state.over = True

    async def finish(self, devices: tuple[DeviceResult, ...]) -> None:
        """Runs ``finally``: every step of it, one after the other, whatever happens to the one before."""
        if planning.plans(self._state):
            planning.show_finally(self._state)
            return
        self._begin_anew()
        for run in self._state.finally_.values():
            if run.state not in DONE:
                await self._step(run, devices)

    def _begin_anew(self) -> None:
        """What has ended or paused the run, and is judged by now, keeps no fan-out and no gate of ``finally`` back."""
        state = self._state
        kept_back = state.cut or state.stopping or state.paused
        final = state.finally_.values()
        if not kept_back or not any(isinstance(run.step, DevicesStep | ApproveStep) for run in final):
            return
        if workflow.patched("finally-over-devices"):
            state.cut = state.stopping = state.paused = False

    def _moved(self, live: Sequence["asyncio.Task[None]"], *, held: bool) -> bool:
        """Whether a step has ended, or a pause is over."""
        if any(task.done() for task in live):
            return True
        state = self._state
        return held and (state.cut or (not live if state.handing_over else not state.paused))

    @property
    def fan_outs(self) -> dict[StepId, FanOut]:
        """The steps over devices that are under way."""
        return self._open

    def progress(self, progress: Progress) -> None:
        """A batch reports; its label begins with its step."""
        step = StepId(progress.label.partition("/")[0])
        run = self._state.steps.get(step) or self._state.finally_.get(step)
        if run is not None:
            underway.note(run, progress, workflow.now())
        fan_out = self._open.get(step)
        if fan_out is not None:
            fan_out.progress(progress)

    def cut(self) -> None:
        """A cancel was asked for: what is under way ends between two actions."""
        for fan_out in self._open.values():
            fan_out.cut()

    def _ready(self, tasks: dict[str, "asyncio.Task[None]"]) -> Sequence[StepRun]:
        steps = self._state.steps
        left = [run for run in steps.values() if run.id not in tasks and run.state not in DONE]
        if self._state.cut or self._state.stopping:
            return [run for run in left if run.state != "pending"]  # begun in an earlier execution: it ends properly
        return [run for run in left if all(steps[need].state in DONE for need in run.step.needs)]

    def _kept_back(self, ready: Sequence[StepRun]) -> set[StepId]:
        """Those of these steps that do not begin now: all where the run continues as new, new ones while it is paused.

        What an earlier execution had begun goes on during a pause, as it would there: time runs for a gate, for a
        deadline and for a wave that is held, and a cancel ends it.
        """
        state = self._state
        if not (state.handing_over or state.paused):
            return set()
        begun = {run.id for run in ready if run.state != "pending"}
        on = begun and not state.handing_over and (state.cut or workflow.patched("what-has-begun-goes-on-in-a-pause"))
        return {run.id for run in ready} - (begun if on else set())

    # -------------------------------------------------------------------------------------------------- one step

    async def _step(self, run: StepRun, devices: tuple[DeviceResult, ...] = ()) -> None:
        try:
            begun = run.state != "pending"
            if not begun and run.step.when is not None and not truth(run.step.when, context(self._state, devices)):
                run.state, run.message = "skipped", "its `when` is false"
                self._changed()
                return
            if not begun:
                run.state = "running"
                self._changed()
            if not run.appeal:
                await self._in_time(run, devices)
            while await self._appeals.again(run):
                await self._in_time(run, devices)
        except UnknownValueError as error:
            planning.show(run, "unknown", str(error))
        except (NotLeasedError, UndividedError) as error:
            run.state, run.message = "failed", str(error)
        except EvaluationError as error:
            run.state, run.message = "failed", f"an expression has no value: {error}"
            run.message += why_missing(self._state, str(error))
        if run.state not in {"succeeded", "skipped"}:
            self._failed(run)
        self._changed()

    async def _in_time(self, run: StepRun, devices: tuple[DeviceResult, ...]) -> None:
        """Carries out the step's verb, and ends it at its deadline: between two actions, never inside one."""
        if run.step.deadline is None:
            await self._verb(run, devices)
            return
        length = seconds(evaluate(run.step.deadline, context(self._state, devices)), "`deadline`")
        run.deadline = run.deadline or workflow.now() + timedelta(seconds=length)
        verb = asyncio.create_task(self._verb(run, devices))
        if not await in_time(verb, run.deadline, f"deadline {run.id}"):
            run.overdue = True
            if run.id in self._open:
                self._open[run.id].cut()
        await verb
        if run.overdue and run.state not in {"succeeded", "rejected"}:
            run.state, run.message = (
                "failed",
                f"the deadline passed after {length:g} s" + (f"; {run.message}" if run.message else ""),
            )

    async def _verb(self, run: StepRun, devices: tuple[DeviceResult, ...]) -> None:
        plans = planning.plans(self._state)
        if plans and planning.passed_over(self._state, run):
            return
        match run.step:
            case DevicesStep():
                fan_out = FanOut(self._state, run, self._changed)
                window_first = not plans and admission.window_first(run)
                if run.step.changes and not plans and not window_first and not await self._held(run):
                    run.state, run.message = "cancelled", f"cancelled while it {run.message or 'waited for devices'}"
                    return
                self._open[run.id] = fan_out
                try:
                    if plans:
                        await fan_out.propose()
                    elif not window_first or await admission.admitted(self._state, run, fan_out.rollout, self._leases):
                        await fan_out.carry_out()
                finally:
                    del self._open[run.id]
                if run.state == "failed":
                    run.blame = blamed_by_devices(run)
            case ApproveStep():
                await self._gates.wait(run)
            case _:
                await self._verbs.other(run, devices)
        if run.state == "succeeded" and run.step.checks and not (plans and planning.foretold(run)):
            self._check(run, devices)

    async def _held(self, run: StepRun) -> bool:
        """Whether the step's devices are this run's.

        A step that an earlier execution had begun has them, and ends properly also where a cancel has come since.
        """
        held = await self._leases.hold(run)
        return held or (run.divided and self._state.lease.held and workflow.patched("what-had-begun-ends"))

    def _check(self, run: StepRun, devices: tuple[DeviceResult, ...]) -> None:
        """Judges the step by its own checks, over its outputs by name."""
        outputs = aggregates(run) or {}
        result = outputs.get("result") if isinstance(run.step, ScriptStep) else outputs
        seen = {**context(self._state, devices), **outputs, "result": result}
        failed = []
        for check in run.step.checks:
            try:
                said = None if truth(check.that, seen) else check.name
                if said is not None and check.message is not None:
                    said = text(check.message, seen)
            except UnknownValueError:
                continue  # judged when it is known
            except EvaluationError as error:  # a value that is missing fails the check that asks for it
                said = f"{check.name} cannot be judged: {error}{why_missing(self._state, str(error), run)}"
            if said is not None and check.severity == "warning":
                run.warnings += 1
            elif said is not None:
                failed.append(said)
        if failed:
            run.state, run.message = "failed", "; ".join(failed)

    # --------------------------------------------------------------------------------------------------- failures

    def _failed(self, run: StepRun) -> None:
        """A step failed, was rejected or cut: unless it may be passed over, nothing new starts."""
        if run.id in self._state.finally_ or self._goes_on(run):
            if run.blame is not None and run.blame.answer == "proceeded":
                run.message += f"; the run goes on without {NAMED[run.blame.block]}"
            return
        if self._state.ended_by is not None and branches.answers(self._state, run):
            self._state.ended_too.append(run.id)
        if run.state == "cancelled" and self._state.stopping:
            return  # stopped because another one failed; that one speaks
        if self._state.ended_by is None:
            self._state.ended_by = run
            self._state.message = f"step {run.id}: {run.message}"
        self._state.stopping = True

    def _goes_on(self, run: StepRun) -> bool:
        """Whether a step that failed lets the run go on. A gate does so only where an operator has said it."""
        if run.state != "failed" or run.on_failure().action != "continue":
            return False
        unapproved = isinstance(run.step, ApproveStep) and run.answer is None
        return not (unapproved and workflow.patched("no-gate-is-passed-over"))

    def _cut_between_steps(self) -> None:
        """A cancel that found branches between two steps, as while the run is paused: their next steps are cancelled.

        What those say of their failure then holds, as it would a moment after they had begun.
        """
        state, first = self._state, self._state.ended_by
        if not state.cut or (first is not None and first.state != "cancelled"):
            return  # where a step has failed, nothing would have begun
        if first is None and not workflow.patched("cancel-between-steps"):
            return
        for run in state.steps.values():
            if run.state != "pending" or not all(map(self._let_on, run.step.needs)):
                continue
            if state.ended_by is not None and not workflow.patched("cancel-between-steps-of-branches"):
                return
            if self._passed_over(run):
                run.state, run.message = "skipped", "its `when` is false"
                continue
            run.state, run.message = "cancelled", "cancelled before it began"
            self._failed(run)

    def _let_on(self, step: StepId) -> bool:
        """Whether a step has ended in a way that lets those begin that need it."""
        run = self._state.steps[step]
        return run.state in {"succeeded", "skipped"} or self._goes_on(run)

    def _passed_over(self, run: StepRun) -> bool:
        try:
            return run.step.when is not None and not truth(run.step.when, context(self._state))
        except EvaluationError:
            return False  # it would have failed, which says the same

    async def _undo(self) -> None:
        """Takes back what the step that ended the run says, and each that ended badly beside it."""
        state, first = self._state, self._state.ended_by
        if first is None or planning.plans(state):
            return
        others = [state.steps[name] for name in state.ended_too]
        asked = [(run, said) for run in (first, *others) if (said := scope(run)).action == "undo"]
        if any(run is not first for run, _ in asked) and not workflow.patched("each-branch-answers"):
            asked = [(run, said) for run, said in asked if run is first]
        if asked:
            state.message = f"{state.message}; {await branches.undo(state, asked, self._changed)}"


def _result(task: "asyncio.Task[None]") -> bool:
    """Whether a step has ended its waiting because the run continues as new. Raises what else it has come to."""
    if not task.done():
        return False
    try:
        task.result()
    except HandOverError:
        return True
    return False
