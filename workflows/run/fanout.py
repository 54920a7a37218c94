"""A step over devices: its waves, one after the other, with what happens between them.

Which devices make a wave is `accept.divide`; how a wave's devices are carried out is `batches.py`; whether what came
back is accepted is `judgement.py`. A step that pauses on a failure waits here for an operator.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

from temporalio import workflow

from workflows import contracts
from workflows.contracts import FailureInfo, Progress
from workflows.errors import EvaluationError
from workflows.plan import DevicesStep, HostName, Wave
from workflows.run.accept import divide
from workflows.run.batches import Batches
from workflows.run.context import context
from workflows.run.evaluate import describe, evaluate
from workflows.run.judgement import Judgement
from workflows.run.seconds import seconds
from workflows.run.state import FAILED, Answer, RunState, StepRun, WaveRun


class FanOut:
    """Carries out one `DevicesStep`, or takes some of its devices back."""

    def __init__(self, state: RunState, run: StepRun, changed: Callable[[], None]) -> None:
        assert isinstance(run.step, DevicesStep), "a fan-out is a step over devices"
        self._state = state
        self._run = run
        self._step = run.step
        self._changed = changed  # tells those who look that something moved
        self._judgement = Judgement(state, run, run.step)
        self._batches = Batches(state, run, self._judgement, changed)

    async def carry_out(self) -> None:
        """All waves in order. The step ends as succeeded, failed or cancelled, with its message.

        Raises:
            EvaluationError: The step's ``devices`` or a soak has no value.
        """
        hosts = self._hosts()
        skipped = self._state.plan_ready.skipped
        self._run.letters = dict.fromkeys(hosts, contracts.PENDING)
        for host in hosts:
            if host in skipped:
                self._run.letters[host] = contracts.LETTERS["skipped"]
                self._run.messages[host] = FailureInfo(type="cancelled", message=skipped[host])
        working = [host for host in hosts if host not in skipped]
        divisions = divide(working, self._step.waves)
        soaks = [self._soak(division.wave) for division in divisions]
        self._run.waves = [WaveRun(division.wave.name, division.hosts) for division in divisions]
        for wave, soak in zip(self._run.waves, soaks, strict=True):
            await self._unpaused()
            if self._judgement.stopped:
                break
            await self._wave(wave, soak)
            if wave.state != "succeeded" or self._judgement.enough:
                break
        self._judgement.conclude(working)

    async def take_back(self, hosts: Sequence[HostName], wave: str) -> None:
        """Undoes this step on these devices, in batches that a cancel cannot cut; the letters say how it went."""
        generations = self._run.generations
        for generation in sorted({generations.get(host, 1) for host in hosts}):
            mine = [host for host in hosts if generations.get(host, 1) == generation]
            again = f"-{generation}" if generation > 1 else ""
            await self._batches.carry_out(mine, f"{wave}/undo{again}", "undo", generation)

    def progress(self, progress: Progress) -> None:
        """What a batch reports while it works."""
        self._batches.progress(progress)

    def cut(self) -> None:
        """Ends what is under way, between two actions."""
        self._batches.cut()

    def share_slots(self) -> None:
        """An operator has changed the concurrency."""
        self._batches.share_slots()

    # --------------------------------------------------------------------------------------------------- one wave

    async def _wave(self, wave: WaveRun, soak_s: float) -> None:
        wave.state = "running"
        self._changed()
        await self._batches.carry_out(wave.hosts, wave.name, "do")
        lost = tuple(host for host in wave.hosts if self._run.letters[host] == contracts.LETTERS["unknown"])
        if lost and self._step.undo:  # a batch was lost with its answers: its devices are looked at, and taken back
            await self._batches.carry_out(lost, f"{wave.name}/lost", "undo")
        while self._judgement.broken(wave.hosts) and not self._state.cut and await self._answered(wave):
            pass  # tried again, or passed over: judged anew
        if self._state.cut:
            wave.state = "cancelled"
        elif self._judgement.broken(wave.hosts):
            wave.state = "failed"
        elif soak_s > 0:
            wave.state = "soaking"
            self._changed()
            wave.state = "succeeded" if await self._soaked(soak_s) else "cancelled"
        else:
            wave.state = "succeeded"
        self._changed()

    async def _soaked(self, length_s: float) -> bool:
        try:
            await workflow.wait_condition(
                lambda: self._state.cut, timeout=timedelta(seconds=length_s), timeout_summary=f"soak {self._run.id}"
            )
        except TimeoutError:
            return True  # undisturbed to its end
        return False

    async def _unpaused(self) -> None:
        if self._state.paused:
            await workflow.wait_condition(lambda: not self._state.paused or self._judgement.stopped)

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

    # ------------------------------------------------------------------------------------------ paused on a failure

    async def _answered(self, wave: WaveRun) -> bool:
        """Waits for an operator where the step pauses on a failure. True where the wave is to be judged anew."""
        run = self._run
        if self._step.on_failure.action != "pause" or (run.answer and run.answer.action in {"undo", "stop"}):
            return False
        run.answer, run.asks, run.state = None, True, "waiting"
        run.message = f"{run.failures(wave.hosts)} devices of wave {wave.name} failed; retry, skip, undo or stop?"
        self._changed()
        answer = await self._answer()
        run.asks, run.state, run.message = False, "running", ""
        failed = [
            host
            for host in wave.hosts
            if run.letters[host] in FAILED and (not answer.devices or host in answer.devices)
        ]
        # What a failed device was left with is taken back first, whatever is to become of it; asking came before that.
        await self.take_back([host for host in failed if run.letters[host] in self._touchable], wave.name)
        match answer.action:
            case "retry":
                await self._again(wave, failed)
            case "skip":
                for host in failed:
                    run.letters[host] = contracts.LETTERS["skipped"]
            case "undo" | "stop":
                return False
        return not self._judgement.stopped

    async def _answer(self) -> Answer:
        await workflow.wait_condition(lambda: self._run.answer is not None or self._judgement.stopped)
        return self._run.answer or Answer("stop")  # stopped meanwhile, by a cancel or by another step

    @property
    def _touchable(self) -> frozenset[str]:
        """The letters of devices that may hold a part of the change."""
        return frozenset(contracts.LETTERS[status] for status in ("failed", "unreachable", "unknown"))

    async def _again(self, wave: WaveRun, hosts: Sequence[HostName]) -> None:
        """Tries devices again, under a new generation: names and journal begin anew."""
        generation = max(self._run.generations.get(host, 1) for host in hosts) + 1 if hosts else 1
        for host in hosts:
            self._run.generations[host] = generation
            self._run.letters[host] = contracts.PENDING
            self._run.messages.pop(host, None)
        await self._batches.carry_out(hosts, f"{wave.name}/retry-{generation}", "do", generation)
