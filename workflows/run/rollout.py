"""How a step over devices is rolled out: which devices it is about, which wave each is in, and when a wave may begin.

Without facts the division is arithmetic (`accept.divide`); with them an activity looks at the bundle. Either is done
once, and what came of it stands in the state.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final

from pydantic import JsonValue, TypeAdapter
from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from workflows import contracts
from workflows.contracts import Divided, DivideInput, FailureInfo, KeepInput, KeepResult
from workflows.errors import EvaluationError
from workflows.plan import DevicesStep, HostName, Wave
from workflows.run import calls
from workflows.run.accept import divide
from workflows.run.context import aggregates, context
from workflows.run.division import needs_facts
from workflows.run.evaluate import describe, evaluate
from workflows.run.judgement import Judgement
from workflows.run.packing import rounds
from workflows.run.seconds import seconds
from workflows.run.state import RunState, StepRun, WaveRun
from workflows.run.waiting import until
from workflows.run.waits import window_start

_OUTPUTS: Final = TypeAdapter(dict[str, JsonValue])


class Rollout:
    """Sets out one `DevicesStep`."""

    def __init__(self, state: RunState, run: StepRun, judgement: Judgement, changed: Callable[[], None]) -> None:
        assert isinstance(run.step, DevicesStep), "only devices are rolled out to"
        self._state = state
        self._run = run
        self._step = run.step
        self._judgement = judgement
        self._changed = changed

    async def begin(self, skipped: Mapping[HostName, str]) -> None:
        """Sets the step's devices and waves.

        Raises:
            EvaluationError: The step's ``devices``, a soak or a fact has no value.
        """
        hosts = self._hosts()
        self._run.letters = dict.fromkeys(hosts, contracts.PENDING)
        for host in hosts:
            if host in skipped:
                self._run.letters[host] = contracts.LETTERS["skipped"]
                self._run.messages[host] = FailureInfo(type="cancelled", message=skipped[host])
        self._bar()
        await self._keep_outputs()
        await self._divide([host for host in hosts if host not in skipped])
        self._run.divided = True

    def _bar(self) -> None:
        """A step that changes devices does not take up those that are out of service; they count as failed."""
        barred = self._state.lease.barred if self._step.changes else {}
        for host, letter in self._run.letters.items():
            if host in barred and letter == contracts.PENDING:
                self._run.letters[host] = contracts.LETTERS["quarantined"]
                self._run.messages[host] = FailureInfo(type="cancelled", message=barred[host])

    async def _keep_outputs(self) -> None:
        """Puts what the actions name of steps that are not about devices where the activities find it."""
        steps = self._state.steps
        named = [steps[name] for name in self._step.reads if name in steps]
        others = [one for one in named if not isinstance(one.step, DevicesStep)]
        if not others:
            return
        try:
            kept: KeepResult = await workflow.execute_activity(
                contracts.KEEP,
                KeepInput(
                    scope=self._state.scope,
                    step=self._step.id,
                    outputs={one.id: None if aggregates(one) is None else _json(one.outputs) for one in others},
                ),
                activity_id=f"keep/{self._step.id}",
                result_type=KeepResult,
                start_to_close_timeout=calls.STORE_TIMEOUT,
                retry_policy=calls.STORE_RETRY,
                summary=f"keep the outputs of {', '.join(one.id for one in others)}"[:200],
            )
        except ActivityError as error:
            raise EvaluationError(f"outputs of earlier steps could not be kept: {error.cause}") from None
        self._run.kept = kept.ref

    async def _divide(self, hosts: Sequence[HostName]) -> None:
        """Sets the waves of the step."""
        if not needs_facts(self._step):
            self._run.waves = [
                WaveRun(division.wave.name, division.hosts, soak_s=self._soak(division.wave))
                for division in divide(hosts, self._step.waves)
            ]
            return
        try:
            divided: Divided = await workflow.execute_activity(
                contracts.DIVIDE,
                DivideInput(
                    scope=self._state.scope,
                    prepared=self._state.plan_ready.ref,
                    step=self._step.id,
                    hosts=tuple(hosts),
                ),
                activity_id=f"divide/{self._step.id}",
                result_type=Divided,
                start_to_close_timeout=calls.STORE_TIMEOUT,
                retry_policy=calls.STORE_RETRY,
                summary=f"divide {len(hosts)} devices by their facts",
            )
        except ActivityError as error:
            said = error.cause.message if isinstance(error.cause, ApplicationError) else str(error)
            raise EvaluationError(said) from None
        self._run.caps = dict(divided.caps)
        plan = self._step.waves or (Wave(name="all"),)
        self._run.waves = [
            WaveRun(
                one.name,
                tuple(host for group in one.groups for host in group),
                groups=one.groups,
                units=one.units,
                soak_s=self._soak(plan[one.wave]),
            )
            for one in divided.waves
        ]

    async def in_window(self, wave: WaveRun) -> bool:
        """Waits, stops or pauses until the wave, its soak and its undo fit into the change window."""
        window = self._step.window
        if window is None:
            return True
        turns = rounds(wave.hosts, self._judgement.concurrency(), self._run.caps, self._step.concurrency_each)
        needs_s = wave.soak_s + 2 * turns * self._step.retry.attempts * calls.attempt_seconds(self._step)
        start = await window_start(self._state, window, needs_s, f"window/{self._step.id}/{wave.name}")
        if start is None:
            raise EvaluationError(f"wave {wave.name} needs up to {needs_s:g} s and never fits into the window")
        length = start - workflow.now()
        if length <= timedelta():
            return True
        if window.on_closed == "stop":
            self._run.message = "the change window is closed"
            return False
        if window.on_closed == "pause":
            self._state.paused = True
            await self.unpaused()
            return not self._judgement.stopped
        self._run.message = f"waits for the change window at {start:%Y-%m-%d %H:%M} UTC"
        self._changed()
        await until(self._state, lambda: self._judgement.stopped, start, f"window {self._run.id}")
        self._run.message = ""
        return not self._judgement.stopped

    async def unpaused(self) -> None:
        """Waits until an operator lets the run go on, or nothing more is to be done."""
        if self._state.paused:
            await until(self._state, lambda: not self._state.paused or self._judgement.stopped)

    def _soak(self, wave: Wave) -> float:
        value = evaluate(wave.soak, context(self._state))
        return seconds(value, f"the soak of wave {wave.name}")

    def _hosts(self) -> list[HostName]:
        value = evaluate(self._step.devices, context(self._state))
        if not isinstance(value, list):
            raise EvaluationError(f"`devices` must be a list of devices, and this is {describe(value)}")
        known = {str(host): host for host in self._state.plan_ready.hosts}
        strangers = [str(host) for host in value if str(host) not in known]
        if strangers:
            raise EvaluationError(f"not in this run's inventory: {', '.join(strangers[:5])}")
        return [known[str(host)] for host in dict.fromkeys(value)]


def _json(outputs: Mapping[str, object]) -> dict[str, JsonValue]:
    """Outputs are JSON: expressions and activities yield nothing else."""
    return _OUTPUTS.validate_python(dict(outputs))
