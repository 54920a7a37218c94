"""A step over devices: its waves, one after the other, with what happens between them.

Which devices make a wave, and when it may begin, is `rollout.py`; how a wave's devices are carried out is `batches.py`;
whether what came back is accepted is `judgement.py`. A step that pauses on a failure waits here for an operator.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from temporalio import workflow

from workflows import contracts
from workflows.contracts import FailureInfo, Progress
from workflows.plan import DevicesStep, HostName
from workflows.run import soaking
from workflows.run.batches import Batches
from workflows.run.holding import confirm_until, hold_of, must_end
from workflows.run.judgement import Judgement
from workflows.run.reckoning import note_turn
from workflows.run.rollout import Rollout
from workflows.run.state import FAILED, Answer, BatchMode, RunState, StepRun, WaveRun, spoken
from workflows.run.together import HEEDED, PASSED_OVER, leave_none_half, share_late_verdicts, share_verdicts
from workflows.run.waiting import in_time, until

UNDER_WAY: Final = frozenset({"pending", "running", "soaking", "confirming"})
RETRIED: Final = FAILED - {contracts.LETTERS["undo_failed"], contracts.LETTERS["quarantined"]}


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
        self.rollout = Rollout(state, run, self._judgement, changed)

    async def carry_out(self) -> None:
        """All waves in order. The step ends as succeeded, failed or cancelled, with its message.

        Entered again after the run has continued as new, it goes on with the devices that are left.

        Raises:
            EvaluationError: The step's ``devices`` or a soak has no value.
            HandOverError: The run continues as new.
        """
        skipped = self._state.plan_ready.skipped
        if not self._run.divided:
            await self.rollout.begin(skipped)
        for wave in self._run.waves:
            if self.rollout.in_name_only(wave):
                wave.state, wave.confirm_until = "pending", None
            if wave.state == "pending":
                await self.rollout.unpaused()
                if self._judgement.stopped or self._run.held_back or not await self.rollout.in_window(wave):
                    break
            if wave.state in UNDER_WAY or self._unconfirmed(wave):
                await self._wave(wave)
            if wave.state != "succeeded" or (self._judgement.enough and not self._begun_after(wave)):
                break
        self._judgement.conclude([host for host in self._run.letters if host not in skipped])

    def _begun_after(self, wave: WaveRun) -> bool:
        """Whether a later wave is under way, and has still to end: the run has continued as new meanwhile."""
        later = self._run.waves[self._run.waves.index(wave) + 1 :]
        begun = any(one.state in UNDER_WAY - {"pending"} or self._unconfirmed(one) for one in later)
        return begun and workflow.patched("later-waves-end")

    async def propose(self) -> None:
        """Plan mode: the waves are worked out as they would be, and all devices are asked at once, whatever wave.

        Raises:
            EvaluationError: As `carry_out`.
            HandOverError: The run continues as new.
        """
        skipped = self._state.plan_ready.skipped
        if not self._run.divided:
            await self.rollout.begin(skipped)
        await self._group([host for host in self._run.letters if host not in skipped], "plan")
        if not self._step.changes:  # what reads has been carried out
            for wave in self._run.waves:
                wave.state = "failed" if self._judgement.broken(wave.hosts) else "succeeded"
        self._judgement.conclude([host for host in self._run.letters if host not in skipped])

    async def renew(self) -> None:
        """Makes ready for another go at what was cut short or kept back; what failed is taken back first."""
        tripped = self._run.tripped
        if tripped:  # what the breaker kept back has its turn
            self.rollout.bar()
        for wave in self._run.waves:
            open_ = tripped and wave.confirm_until is None  # one that is confirmed is not confirmed again
            left = open_ and any(self._run.letters[host] in RETRIED | {contracts.PENDING} for host in wave.hosts)
            if wave.state == "succeeded" and not left:
                continue
            failed = [
                host for host in wave.hosts if self._run.letters[host] in RETRIED and host not in self._run.passed
            ]
            if self._step.undo or not workflow.patched(HEEDED):
                await self.take_back(self._judgement.left_with_a_part(failed), wave.name)
            # One that could not be taken back is not built upon.
            cut = [host for host in wave.hosts if host in self._run.cut_short]
            self._begin_anew([host for host in failed if self._run.letters[host] in RETRIED] + cut)
            self._run.cut_short = [host for host in self._run.cut_short if host not in cut]
            wave.state, wave.soaks_until, wave.confirm_until, wave.why = "pending", None, None, ""
        if tripped:  # it counts anew; known until here, for taking back may end in the next execution
            self._run.tripped, self._run.alerted, self._run.failed_at = False, False, []
        self._run.late, self._run.held_back = False, ""
        self.rollout.count()

    async def take_back(self, hosts: Sequence[HostName], wave: str, label: str = "undo") -> None:
        """Undoes this step on these devices, in batches that a cancel cannot cut; the letters say how it went."""
        await self._by_generation(hosts, f"{wave}/{label}", "undo")

    async def _by_generation(
        self, hosts: Sequence[HostName], name: str, mode: BatchMode, wave: Sequence[HostName] = ()
    ) -> None:
        """Asks about what was done under the generation of each device: the journal knows it under no other."""
        self._batches.paused = False
        generations = self._run.generations
        for generation in sorted({generations.get(host, 1) for host in hosts}):
            mine = [host for host in hosts if generations.get(host, 1) == generation]
            again = "" if generation == 1 else f"/retry-{generation}" if mode == "do" else f"-{generation}"
            await self._batches.carry_out(mine, f"{name}{again}", mode, generation, wave or mine)

    def _begin_anew(self, hosts: Sequence[HostName]) -> None:
        """Raises the generation of devices: their names and their journal begin anew."""
        generation = max((self._run.generations.get(host, 1) for host in hosts), default=0) + 1
        for host in hosts:
            self._run.generations[host] = generation
            self._run.letters[host] = contracts.PENDING
            self._run.messages.pop(host, None)

    def progress(self, progress: Progress) -> None:
        """What a batch reports while it works."""
        self._batches.progress(progress)

    def cut(self) -> None:
        """Ends what is under way, between two actions."""
        self._batches.cut()

    def pause(self) -> None:
        """No more devices are taken up, and those under way end; a wave that must end in time goes on to its end."""
        if not must_end(self._step, self._state.request.mode) and workflow.patched("a-pause-holds-devices"):
            self._batches.paused = True

    def share_slots(self) -> None:
        """An operator has changed the concurrency."""
        self._batches.share_slots()

    # --------------------------------------------------------------------------------------------------- one wave

    async def _wave(self, wave: WaveRun) -> None:
        if hold_of(self._step) is not None and self._state.request.mode == "apply":
            await self._held(wave)
        else:
            await self._free(wave)
        self._changed()

    async def _free(self, wave: WaveRun) -> None:
        """A wave whose devices are done with it one by one."""
        if wave.state != "soaking":
            wave.state, wave.began = "running", wave.began or workflow.now()
            self._changed()
            await self._carry_out(wave)
            note_turn(self._run, wave, workflow.now())
        while wave.state == "soaking":
            self._changed()
            wave.state = await self._after_soak(wave)
            if wave.state == "running":  # an operator is asked first; then it soaks anew
                await self._carry_out(wave)

    async def _held(self, wave: WaveRun) -> None:
        """A wave that is confirmed as a whole, in time, or taken back as a whole: also while the run is paused."""
        if wave.confirm_until is None:
            concurrency = self._judgement.concurrency(wave.hosts)
            wave.held_since = workflow.now()
            wave.confirm_until = confirm_until(self._step, wave.hosts, concurrency, wave.held_since)
        if wave.state in UNDER_WAY and wave.state != "confirming":
            free = asyncio.create_task(self._free(wave))
            if not await in_time(free, wave.confirm_until, f"confirm {self._run.id}"):
                self._run.late = True
                self.cut()
            await free
            if wave.state == "succeeded":
                wave.state = "failed" if self._judgement.stopped and not self._judgement.enough else "confirming"
                if wave.state == "confirming" and self._too_slow(wave):
                    wave.state, self._run.late = "failed", True
                self._changed()
        changed = [host for host in wave.hosts if self._run.letters[host] == contracts.CHANGED]
        if wave.state == "confirming":
            await self._by_generation(changed, f"{wave.name}/confirm", "confirm")  # once begun, it goes forward
            await share_late_verdicts(self._run, wave, self.take_back)
            await self._clear(wave, "unconfirmed-are-taken-back")
            wave.state = "failed" if self._judgement.broken(wave.hosts) else "succeeded"
        if wave.state != "succeeded":
            await self._give_up(wave)

    def _too_slow(self, wave: WaveRun) -> bool:
        """Whether the confirm pass fits no more: fewer devices may be under way by now than when the wave began.

        An operator has lowered the concurrency, or failures have, under ``budget: strict``.
        """
        changed = [host for host in wave.hosts if self._run.letters[host] == contracts.CHANGED]
        concurrency = self._judgement.concurrency(wave.hosts)
        by = confirm_until(self._step, changed, concurrency, wave.held_since or workflow.now())
        return by is not None and by < workflow.now() and workflow.patched("what-is-too-slow-is-not-confirmed")

    def _unconfirmed(self, wave: WaveRun) -> bool:
        """Whether a wave that is given up has not been taken back whole: the run has continued as new meanwhile."""
        given_up = wave.confirm_until is not None and wave.state in {"failed", "cancelled"}
        return given_up and any(self._run.letters[host] == contracts.CHANGED for host in wave.hosts)

    async def _give_up(self, wave: WaveRun) -> None:
        """Takes a wave back that must not be confirmed; its devices would do so by themselves, later and unseen."""
        why = "could not be confirmed in time" if self._run.late else "did not pass as a whole"
        wave.why = wave.why or (why if self._run.late else self._judgement.why(wave.hosts))
        changed = [host for host in wave.hosts if self._run.letters[host] == contracts.CHANGED]
        for host in changed:
            self._run.messages[host] = FailureInfo(type="cancelled", message=f"taken back: {spoken(wave.name)} {why}")
        await self.take_back(changed, f"{wave.name}/unconfirmed")

    async def _carry_out(self, wave: WaveRun) -> None:
        """The wave up to its soak."""
        await self._groups(wave)
        lost = tuple(host for host in wave.hosts if self._run.letters[host] == contracts.LETTERS["unknown"])
        if lost and self._step.undo:  # a batch was lost with its answers: its devices are looked at, and taken back
            await self._by_generation(lost, f"{wave.name}/lost", "undo")
        while self._judgement.broken(wave.hosts) and not self._state.cut and await self._answered(wave):
            # Tried again, or passed over: judged anew, and those that were not taken up have their turn.
            left = any(self._run.letters[host] == contracts.PENDING for host in wave.hosts)
            if left and not self._judgement.over(wave.hosts) and workflow.patched("rest-of-wave"):
                await self._groups(wave)
        cut_off = self._judgement.cut_off(wave.hosts)
        if not self._judgement.enough:
            await leave_none_half(self._run, wave, self.take_back)
        await self._clear(wave)
        if self._state.cut:
            wave.state = "cancelled"
        elif cut_off or self._judgement.broken(wave.hosts):
            wave.state, wave.why = "failed", cut_off or wave.why
        elif (open_ := self._judgement.unfinished(wave.hosts)) and workflow.patched("cut-by-a-deadline-is-not-done"):
            wave.state, wave.why = "failed", f"{open_} of {len(wave.hosts)} devices had not ended by the deadline"
        elif wave.soak_s > 0:
            wave.state, wave.soaks_until = "soaking", workflow.now() + timedelta(seconds=wave.soak_s)
        else:
            wave.state = "succeeded"

    async def _groups(self, wave: WaveRun) -> None:
        """The wave's devices, rank by rank where ``order`` ranks them; then the verdicts that are shared."""
        groups = wave.groups or (wave.hosts,)
        for index, group in enumerate(groups):
            if index == 0 or not self._judgement.over(wave.hosts):
                await self._group(group, wave.name if len(groups) == 1 else f"{wave.name}/{index}", wave.hosts)
        await share_verdicts(self._run, wave, self.take_back)

    async def _group(self, hosts: Sequence[HostName], name: str, wave: Sequence[HostName] = ()) -> None:
        """Those of these devices that have not been taken up: all of them, unless the run has continued as new."""
        while left := [host for host in hosts if self._run.letters[host] == contracts.PENDING]:
            await self._by_generation(left, name, "do", wave)
            if not self._batches.paused or all(self._run.letters[host] != contracts.PENDING for host in left):
                break
            await self.rollout.unpaused()  # those that the pause has kept back have their turn then

    async def _after_soak(self, wave: WaveRun) -> str:
        """Soaks; then the checks that follow the change run anew, and the wave is judged again."""
        run, over = self._run, f"soak {self._run.id}"
        bounded = self._step.deadline is not None and workflow.patched("a-deadline-ends-a-soak")
        ended = partial(soaking.ends, self._state, run, bounded=bounded)
        if await until(self._state, ended, wave.soaks_until, over):
            wave.why = "its soak had not ended by then" if run.overdue and bounded else wave.why
            if self._state.executions and workflow.patched("brought-to-light-before-it-continued"):
                await share_late_verdicts(run, wave, self.take_back)
                await self._clear(wave)
            return "cancelled" if self._state.cut or soaking.goes_back(self._state, run) else "failed"
        changed = [host for host in wave.hosts if self._run.letters[host] == contracts.CHANGED]
        if changed and soaking.checks_after_change(self._step):
            await self._by_generation(changed, f"{wave.name}/again", "check")
            await share_late_verdicts(run, wave, self.take_back)
            if self._to_be_asked(wave) and workflow.patched("asked-after-soak"):
                return "running"
            await self._clear(wave)
        if self._state.cut:
            return "cancelled"
        if run.overdue and bounded:
            wave.why = "its devices had not all been looked at after the soak by then"
            return "failed"
        return "failed" if self._judgement.broken(wave.hosts) else "succeeded"

    # ------------------------------------------------------------------------------------------ paused on a failure

    def _to_be_asked(self, wave: WaveRun) -> bool:
        """Whether what a soak has brought to light is an operator's to answer."""
        pauses = self._step.on_failure.action == "pause" and not self._judgement.stopped
        return pauses and self._run.answer is None and self._judgement.broken(wave.hosts)

    async def _answered(self, wave: WaveRun) -> bool:
        """Waits for an operator where the step pauses on a failure. True where the wave is to be judged anew.

        An answer for some devices leaves the question open for the others; the step ends when each has its own.
        """
        run = self._run
        if self._step.on_failure.action != "pause":
            return False
        ends = run.answer is not None and run.answer.action in {"undo", "stop"} and not run.answer.devices
        if ends and not workflow.patched("answered-before-it-continued"):
            return False  # what failed may not be taken back yet: the run has continued as new in the middle of that
        failed = [host for host in wave.hosts if run.letters[host] in FAILED]
        where = spoken(wave.name)
        if not failed and workflow.patched("asked-about-the-step"):
            failed, where = run.asked_about(), f"step {run.id}"
        if run.answer is None:
            left = [host for host in failed if host not in run.settled and host not in run.passed]
            if run.settled and not left:
                run.answer = Answer("stop")
                return False
            run.asks, run.state = True, "waiting"
            number = "1 device" if len(left) == 1 else f"{len(left)} devices"
            run.message = f"{number} of {where} failed; retry, skip, undo or stop?"
            self._changed()
        answer = await self._answer()
        run.asks, run.state, run.message = False, "running", ""
        done = {*run.settled, *run.passed}
        failed = [host for host in failed if (host in answer.devices if answer.devices else host not in done)]
        # What a failed device was left with is taken back first, whatever is to become of it; asking came before that.
        # Where that is forbidden, another go builds on it, and whoever stops or skips leaves it as any step that fails.
        forbidden = not self._step.undo and (
            answer.action in {"retry", "stop"}
            or (answer.action == "skip" and workflow.patched("skipped-is-not-undone-where-forbidden"))
        )
        if not forbidden or not workflow.patched(HEEDED):
            await self.take_back(self._judgement.left_with_a_part(failed), wave.name)
        match answer.action:
            case "retry":
                run.answer = None
                again = [
                    host for host in failed if run.letters[host] in RETRIED and host not in self._state.lease.barred
                ]
                self._begin_anew(again)  # one that could not be taken back is not built upon
                run.settled = [host for host in run.settled if host not in again]
                await self._try_again(again, wave)
                await share_late_verdicts(self._run, wave, self.take_back)
            case "skip":
                run.answer = None
                left = self._judgement.left_with_a_part(failed) if forbidden else []
                run.passed += [h for h in failed if h in left or run.letters[h] == contracts.LETTERS["undo_failed"]]
                for host in failed:
                    if host in run.passed:
                        continue
                    run.letters[host] = contracts.LETTERS["skipped"]
                    run.messages[host] = PASSED_OVER
            case "undo" | "stop":
                if not answer.devices or not workflow.patched("answers-for-some"):
                    return False
                run.answer = None
                run.settled += [host for host in failed if host not in run.settled]
        return not self._judgement.stopped

    async def _try_again(self, hosts: Sequence[HostName], wave: WaveRun) -> None:
        """Begins at once, whatever is to become of the other devices that failed: whoever asks for it knows of them."""
        others = frozenset(self._run.hosts_with(FAILED))
        if others and workflow.patched("a-retry-begins-at-once"):
            self._judgement.set_aside = others
            await self._group(hosts, wave.name)
            self._judgement.set_aside = frozenset()
        else:
            await self._by_generation(hosts, wave.name, "do")

    async def _clear(self, wave: WaveRun, since: str = "unasked-are-taken-back") -> None:
        """Takes failed devices back about which nobody was asked, where the step pauses on a failure.

        So many failures were accepted, or a cancel came first, or a confirm failed, whose time runs. Or a cancel came
        before all was taken back that an operator had been asked about: the run has continued as new meanwhile. Where a
        step does not pause, its batches do it. Runs of builds before ``since`` do not.
        """
        run = self._run
        answered = run.answer is not None and not run.answer.devices
        if self._step.on_failure.action != "pause" or not self._step.undo or (answered and not self._state.cut):
            return
        left = self._judgement.left_with_a_part(wave.hosts)
        if left and workflow.patched("answered-and-then-cut" if answered else since):
            await self.take_back(left, wave.name)

    async def _answer(self) -> Answer:
        await until(self._state, lambda: self._run.answer is not None or self._judgement.stopped)
        return self._run.answer or Answer("stop")  # stopped meanwhile, by a cancel or by another step
