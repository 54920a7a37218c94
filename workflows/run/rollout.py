"""How a step over devices is rolled out: which devices it is about, which wave each is in, and when a wave may begin.

Without facts the division is arithmetic (`accept.divide`); with them an activity looks at the bundle. Either is done
once, and what came of it stands in the state.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from pydantic import JsonValue, TypeAdapter
from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from workflows import contracts
from workflows.contracts import Divided, DivideInput, FailureInfo, KeepInput, KeepResult
from workflows.errors import UndividedError
from workflows.plan import DevicesStep, HostName, Wave, Window
from workflows.run import calls
from workflows.run.accept import divide
from workflows.run.context import aggregates, context
from workflows.run.division import needs_facts
from workflows.run.evaluate import describe, evaluate
from workflows.run.judgement import Judgement, without
from workflows.run.named import refuse_strangers
from workflows.run.opening import WINDOW_FIRST, Opening
from workflows.run.packing import rounds
from workflows.run.seconds import in_words, seconds
from workflows.run.state import RunState, StepRun, WaveRun, spoken
from workflows.run.together import bar_units
from workflows.run.waiting import until
from workflows.run.waits import window_start
from workflows.wording import to_the_minute

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
        self.opening = Opening(state, run, run.step, judgement, changed)

    async def first_wave(self) -> WaveRun | None:
        """The step's first wave, once it has been set out; ``None`` where it has no devices.

        Raises:
            EvaluationError: As `begin`.
        """
        if not self._run.divided:
            await self.begin(self._state.plan_ready.skipped)
        return next(iter(self._run.waves), None)

    async def begin(self, skipped: Mapping[HostName, str]) -> None:
        """Sets the step's devices and waves.

        Raises:
            EvaluationError: The step's ``devices``, a soak or a fact has no value.
            UndividedError: Its devices or its waves cannot be made.
        """
        hosts = self._hosts()
        self._run.letters = dict.fromkeys(hosts, contracts.PENDING)
        for host in hosts:
            if host in skipped:
                self._run.letters[host] = contracts.LETTERS["skipped"]
                self._run.messages[host] = FailureInfo(type="cancelled", message=skipped[host])
        self.bar()
        await self._keep_outputs()
        await self._divide([host for host in hosts if host not in skipped])
        bar_units(self._run)
        self.count()
        self._run.divided = True

    def count(self) -> None:
        """More successes may be asked for than there are devices; then none of them is touched in vain."""
        accept, there = self._step.accept, self._run.judged(self._run.letters)
        if not self._run.letters or accept.kind not in {"any", "count"} or there >= accept.value:
            return  # a step that is about no device at all has nothing to do
        first = self._judgement.changes and accept.kind == "count" and there > 0
        if workflow.patched("more-than-there-are" if first else "as-many-as-asked-for"):
            number = "1 device" if there == 1 else f"{there} devices"
            self._run.held_back = f"accepted is {accept.text}, and the step has {number}"

    def bar(self) -> None:
        """A step that changes devices does not take up those that are out of service; they count as failed.

        Asked again before its first wave, it goes by what is known then.

        Raises:
            NotLeasedError: It names devices that the run has not leased.
        """
        refuse_strangers(self._state, self._run)
        barred = self._state.lease.barred if self._step.changes else {}
        for host in self._run.hosts_with(contracts.LETTERS["quarantined"]):
            self._run.letters[host] = contracts.PENDING
            self._run.messages.pop(host, None)
        for host, letter in self._run.letters.items():
            if host in barred and letter == contracts.PENDING:
                self._run.letters[host] = contracts.LETTERS["quarantined"]
                self._run.messages[host] = FailureInfo(type="cancelled", message=barred[host])
        bar_units(self._run)

    async def _keep_outputs(self) -> None:
        """Puts what the actions name of steps that are not about devices where the activities find it."""
        steps = self._state.steps
        if self._run.id in self._state.finally_ and workflow.patched("finally-sees-its-own-steps"):
            steps = {**steps, **self._state.finally_}
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
                **calls.STORE,
                summary=f"keep the outputs of {', '.join(one.id for one in others)}"[:200],
            )
        except ActivityError as error:
            raise UndividedError(f"outputs of earlier steps could not be kept: {error.cause}") from None
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
                **calls.STORE,
                summary=f"divide {len(hosts)} devices by their facts",
            )
        except ActivityError as error:
            said = error.cause.message if isinstance(error.cause, ApplicationError) else str(error)
            raise UndividedError(said) from None
        self._run.caps = dict(divided.caps)
        self._run.empty = list(divided.empty)
        self._run.message = without(self._run.empty)
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

    def in_name_only(self, wave: WaveRun) -> bool:
        """Whether a wave had its window and has begun, but the run has continued as new before any device did."""
        if self._step.window is None or wave.state != "running":
            return False
        left_alone = {contracts.PENDING, contracts.LETTERS["quarantined"]}
        return left_alone.issuperset(map(self._run.letters.__getitem__, wave.hosts)) and workflow.patched(WINDOW_FIRST)

    async def in_window(self, wave: WaveRun) -> bool:
        """Waits, stops or pauses until the wave, its soak and its undo fit into the change window."""
        window = self._step.window
        if window is None:
            return True
        if workflow.patched(WINDOW_FIRST):
            return await self.opening.opened(wave)
        return await self._in_window(wave, window)

    async def _in_window(self, wave: WaveRun, window: Window) -> bool:
        """The same in runs that began before a window came before the devices."""
        turns = rounds(wave.hosts, self._judgement.concurrency(wave.hosts), self._run.caps, self._step.concurrency_each)
        turn_s = self._step.retry.attempts * calls.attempt_seconds(self._step)
        needs_s = wave.soak_s + 2 * turns * turn_s
        start = await window_start(self._state, window, needs_s, f"window/{self._step.id}/{wave.name}")
        run, name = self._run, spoken(wave.name)
        if start is None:
            run.held_back = (
                f"{name} may take {in_words(needs_s)} with its soak and its undo, and the change window is open for "
                f"{in_words(window.duration_s)} only: its devices take turns under `concurrency`, {turns} of up to "
                f"{in_words(turn_s)}, and as many for the undo"
            )
            return False
        if start <= workflow.now():
            return True
        closed = f"the change window is closed until {to_the_minute(start)}"
        if window.on_closed == "stop":
            run.held_back = f"{closed}; {name} was not begun"
            return False
        run.message = f"waits for the change window at {to_the_minute(start)}"
        told = workflow.patched("waits-for-its-window")  # the phase follows, and with it a search attribute
        if told:
            run.state = "waiting"
        if window.on_closed == "pause":
            self._state.paused = True
            run.message = f"{closed}; an operator may let {name} begin nevertheless: resume"
        if told or window.on_closed == "wait":
            self._changed()
        if window.on_closed == "pause":
            await self.unpaused()
        else:
            await until(self._state, lambda: self._judgement.stopped, start, f"window {self._run.id}")
        run.state, run.message = "running", without(run.empty)
        return not self._judgement.stopped

    async def unpaused(self) -> None:
        """Waits until an operator lets the run go on, or nothing more is to be done."""
        if self._state.paused:
            await until(self._state, lambda: not self._state.paused or self._judgement.stopped)

    def _soak(self, wave: Wave) -> float:
        value = evaluate(wave.soak, context(self._state))
        return seconds(value, f"the soak of {spoken(wave.name)}")

    def _hosts(self) -> list[HostName]:
        value = evaluate(self._step.devices, context(self._state))
        if not isinstance(value, list):
            raise UndividedError(f"`devices` must be a list of devices, and this is {describe(value)}")
        known = {str(host): host for host in self._state.plan_ready.hosts}
        strangers = [str(host) for host in value if str(host) not in known]
        if strangers:
            raise UndividedError(f"not in this run's inventory: {', '.join(strangers[:5])}")
        return [known[str(host)] for host in dict.fromkeys(value)]


def _json(outputs: Mapping[str, object]) -> dict[str, JsonValue]:
    """Outputs are JSON: expressions and activities yield nothing else."""
    return _OUTPUTS.validate_python(dict(outputs))
