"""A step over devices: its waves, the batches of a wave, and whether what came back is accepted.

The step owns the slots of concurrency and divides them over its open batches. Nothing new starts once ``accept`` cannot
be met any more, or when the run is cut.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Final, Literal

from temporalio import workflow
from temporalio.exceptions import FailureError

from workflows import contracts
from workflows.contracts import (
    BatchInput,
    BatchPolicy,
    BatchResult,
    FailureInfo,
    HostFailure,
    HostWork,
    Progress,
    Slots,
)
from workflows.errors import EvaluationError
from workflows.plan import DevicesStep, HostName, Wave
from workflows.run import calls
from workflows.run.accept import allowed_failures, divide, slots_for
from workflows.run.context import context
from workflows.run.evaluate import describe, evaluate
from workflows.run.seconds import seconds
from workflows.run.state import BatchRun, RunState, StepRun, WaveRun

Mode = Literal["do", "undo"]
SUCCEEDED: Final = frozenset({contracts.LETTERS["succeeded"], contracts.CHANGED})
UNDO_LETTERS: Final = frozenset({contracts.LETTERS["undone"], contracts.LETTERS["undo_failed"]})


class FanOut:
    """Carries out one `DevicesStep`, or takes some of its devices back."""

    def __init__(self, state: RunState, run: StepRun, changed: Callable[[], None]) -> None:
        assert isinstance(run.step, DevicesStep), "a fan-out is a step over devices"
        self._state = state
        self._run = run
        self._step = run.step
        self._changed = changed  # tells those who look that something moved

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
            if self._stopped:
                break
            await self._wave(wave, soak)
            if wave.state != "succeeded" or self._enough:
                break
        self._judge(working)

    async def take_back(self, hosts: Sequence[HostName], wave: str) -> None:
        """Undoes this step on these devices, in batches that a cancel cannot cut; the letters say how it went."""
        await self._batches(tuple(hosts), f"{wave}/undo", "undo")

    def progress(self, progress: Progress) -> None:
        """What a batch reports while it works."""
        batch = self._run.batches.get(progress.label)
        if batch is None or len(progress.letters) != len(batch.hosts):
            return  # late, from a batch that has ended
        told = zip(batch.hosts, progress.letters, strict=True)
        # An undo that is under way, or found nothing to do, changes nothing of what is known.
        self._run.letters.update(
            (host, letter) for host, letter in told if batch.mode == "do" or letter in UNDO_LETTERS
        )
        self._changed()

    def cut(self) -> None:
        """Ends what is under way, between two actions."""
        for batch in self._run.batches.values():
            if batch.handle is not None:
                self._send(batch.handle.signal(contracts.SIGNAL_CUT))

    # --------------------------------------------------------------------------------------------------- one wave

    async def _wave(self, wave: WaveRun, soak_s: float) -> None:
        wave.state = "running"
        self._changed()
        await self._batches(wave.hosts, wave.name, "do")
        lost = tuple(host for host in wave.hosts if self._run.letters[host] == contracts.LETTERS["unknown"])
        if lost and self._step.undo:  # a batch was lost with its answers: its devices are looked at, and taken back
            await self._batches(lost, f"{wave.name}/lost", "undo")
        if self._state.cut:
            wave.state = "cancelled"
        elif self._broken(wave.hosts):
            wave.state = "failed"
        elif soak_s > 0:
            wave.state = "soaking"
            self._changed()
            wave.state = "succeeded" if await self._soaked(soak_s) else "cancelled"
        else:
            wave.state = "succeeded"
        self._changed()

    async def _soaked(self, seconds: float) -> bool:
        try:
            await workflow.wait_condition(
                lambda: self._state.cut, timeout=timedelta(seconds=seconds), timeout_summary=f"soak {self._run.id}"
            )
        except TimeoutError:
            return True  # undisturbed to its end
        return False

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

    # --------------------------------------------------------------------------------------------------- judgement

    @property
    def _stopped(self) -> bool:
        return self._state.cut or self._state.stopping

    def _broken(self, wave: Sequence[HostName]) -> bool:
        """Whether ``accept`` cannot be met any more, by this wave or by the whole step.

        A number of successes, and the first of ``any``, are asked of the step alone.
        """
        accept, whole = self._step.accept, list(self._run.letters)
        groups = (whole,) if accept.kind in {"any", "count"} else (wave, whole)
        return any(
            self._run.failures(hosts) > allowed_failures(accept, self._run.judged(hosts)) for hosts in groups if hosts
        )

    @property
    def _enough(self) -> bool:
        """Whether the first success of ``any`` is there: the rest is cancelled."""
        return self._step.accept.kind == "any" and bool(self._run.hosts_with(SUCCEEDED))

    def _concurrency(self) -> int:
        """How many devices may be under way now; ``budget: strict`` caps them at the failures still allowed + 1."""
        if self._step.budget != "strict" or not self._step.changes:
            return self._step.concurrency
        hosts = list(self._run.letters)
        left = allowed_failures(self._step.accept, self._run.judged(hosts)) - self._run.failures(hosts)
        return max(1, min(self._step.concurrency, left + 1))

    def _judge(self, hosts: Sequence[HostName]) -> None:
        failures, total = self._run.failures(hosts), self._run.judged(hosts)
        if self._state.cut:
            self._run.state, self._run.message = "cancelled", "cancelled while it ran"
        elif self._broken(hosts):
            accept = self._step.accept.text
            self._run.state = "failed"
            self._run.message = f"{failures} of {total} devices failed; accepted is {accept}"
        elif any(wave.state == "failed" for wave in self._run.waves):
            wave = next(wave for wave in self._run.waves if wave.state == "failed")
            self._run.state = "failed"
            self._run.message = (
                f"wave {wave.name}: {self._run.failures(wave.hosts)} of {len(wave.hosts)} devices failed; "
                f"accepted is {self._step.accept.text} in each wave"
            )
        elif not self._enough and any(self._run.letters[host] == contracts.PENDING for host in hosts):
            self._run.state, self._run.message = "failed", "another step failed before all devices were taken up"
        else:
            self._run.state = "succeeded"
            self._run.message = "no devices" if not hosts else ""

    # ----------------------------------------------------------------------------------------------------- batches

    async def _batches(self, hosts: tuple[HostName, ...], name: str, mode: Mode) -> None:
        """Divides devices over batches, at most `contracts.BATCHES_OPEN` open at once, and waits for all."""
        waiting = [
            BatchRun(f"{self._run.id}/{name}/{index}", hosts[start : start + contracts.BATCH_SIZE], mode)
            for index, start in enumerate(range(0, len(hosts), contracts.BATCH_SIZE))
        ]
        most = min(contracts.BATCHES_OPEN, self._concurrency())
        tasks: dict[str, asyncio.Task[None]] = {}
        stop_sent = False
        while waiting or tasks:
            halted = mode == "do" and (self._stopped or self._hopeless(hosts) or self._enough)
            if halted:
                waiting = []
                if not stop_sent:
                    self._halt(tasks)
                    stop_sent = True
            fresh = waiting[: most - len(tasks)]
            waiting = waiting[len(fresh) :]
            if not halted:
                self._share_slots(tasks, fresh)
            for batch in fresh:
                self._run.batches[batch.label] = batch
                tasks[batch.label] = asyncio.create_task(self._batch(batch))
            await workflow.wait_condition(partial(self._moved, tasks, hosts if mode == "do" and not stop_sent else ()))
            for label in [label for label, task in tasks.items() if task.done()]:
                tasks.pop(label).result()
                del self._run.batches[label]

    def _moved(self, tasks: Mapping[str, "asyncio.Task[None]"], watched: Sequence[HostName]) -> bool:
        """Whether a batch has ended, or those that work must be stopped."""
        if not tasks or any(task.done() for task in tasks.values()):
            return True
        return bool(watched) and (self._stopped or self._hopeless(watched) or self._enough)

    def _halt(self, tasks: Mapping[str, "asyncio.Task[None]"]) -> None:
        """No new devices; where one success is enough, those under way end too."""
        if self._enough:
            self.cut()
        else:
            self._tell_slots(dict.fromkeys(tasks, 0))

    def _hopeless(self, wave: Sequence[HostName]) -> bool:
        """Steps that read go on: their finding is worth having whole."""
        return self._step.changes and self._broken(wave)

    def _share_slots(self, tasks: dict[str, "asyncio.Task[None]"], fresh: Sequence[BatchRun]) -> None:
        batches = [*(self._run.batches[label] for label in tasks), *fresh]
        sizes = [self._unfinished(batch) for batch in batches]
        moved: dict[str, int] = {}
        for batch, slots in zip(batches, slots_for(self._concurrency(), sizes), strict=True):
            if batch.label in tasks:
                moved.update({batch.label: slots} if slots not in {0, batch.slots} else {})
            else:
                batch.slots = max(slots, 1)
        self._tell_slots(moved)

    def _unfinished(self, batch: BatchRun) -> int:
        if batch.mode == "undo" or batch.label not in self._run.batches:
            return len(batch.hosts)
        return sum(self._run.letters[host] in {contracts.PENDING, contracts.RUNNING} for host in batch.hosts)

    def _tell_slots(self, slots: dict[str, int]) -> None:
        for label, number in slots.items():
            batch = self._run.batches[label]
            batch.slots = number
            if batch.handle is not None:
                self._send(batch.handle.signal(contracts.SIGNAL_SLOTS, Slots(slots=number)))

    def _send(self, signal: Awaitable[None]) -> None:
        asyncio.create_task(_quietly(signal))  # noqa: RUF006  # the event loop of a workflow keeps its own references

    async def _batch(self, batch: BatchRun) -> None:
        mode = batch.mode
        batch_input = self._input(batch)
        undo_of = f"-{self._state.scope.run[:8]}" if mode == "undo" else ""
        try:
            batch.handle = await workflow.start_child_workflow(
                contracts.BATCH,
                batch_input,
                id=f"{self._state.scope.workflow_id}/{batch.label}{undo_of}",
                result_type=BatchResult,
                parent_close_policy=(
                    workflow.ParentClosePolicy.REQUEST_CANCEL if mode == "do" else workflow.ParentClosePolicy.ABANDON
                ),
                static_summary=f"{'undo ' if mode == 'undo' else ''}{batch.label}: {len(batch.hosts)} devices",
            )
            if mode == "do" and self._state.cut:
                self._send(batch.handle.signal(contracts.SIGNAL_CUT))
            elif batch.slots != batch_input.slots:  # moved while the batch was being started
                self._send(batch.handle.signal(contracts.SIGNAL_SLOTS, Slots(slots=batch.slots)))
            result = await batch.handle
        except FailureError as error:
            self._lost(batch, error)
        else:
            self._take(batch, result)
        self._changed()

    def _take(self, batch: BatchRun, result: BatchResult) -> None:
        run, mode = self._run, batch.mode
        for host, letter in zip(batch.hosts, result.letters, strict=True):
            if mode == "undo" and letter == contracts.LETTERS["succeeded"]:
                # There was nothing to take back: what is known of the device stands, and no doubt is left.
                run.letters[host] = run.letters[host].replace(contracts.LETTERS["unknown"], contracts.LETTERS["failed"])
                continue
            run.letters[host] = letter
        for failed in result.failures:
            run.messages[failed.host] = failed.failure
        self._state.note_failures(result.failures)
        if mode == "undo":
            run.undo_folds += [result.fold] if result.fold else []
            return
        run.warnings += result.warnings
        if result.fold is not None:
            run.folds.append(result.fold)
            run.fold_of.update(
                (host, result.fold)
                for host, letter in zip(batch.hosts, result.letters, strict=True)
                if letter != contracts.PENDING
            )
        if result.proposal is not None:
            run.proposals.append(result.proposal)
            run.diffs = [*run.diffs, *result.diffs][:100]

    def _lost(self, batch: BatchRun, error: Exception) -> None:
        """A batch that ends without a result leaves its devices unknown: they are looked at first."""
        workflow.logger.warning("batch %s ended without a result: %s", batch.label, error)
        status: contracts.DeviceStatus = "failed"
        if batch.mode == "undo":
            status = "undo_failed"
        elif self._step.changes:
            status = "unknown"
        info = FailureInfo(type="outcome_unknown", message=f"batch {batch.label} ended without a result")
        open_letters = {contracts.PENDING, contracts.RUNNING}
        lost = [host for host in batch.hosts if batch.mode == "undo" or self._run.letters[host] in open_letters]
        for host in lost:
            self._run.letters[host] = contracts.LETTERS[status]
            self._run.messages[host] = info
        self._state.note_failures([HostFailure(host=host, status=status, failure=info) for host in lost])

    def _input(self, batch: BatchRun) -> BatchInput:
        step = self._step
        folds = {name: self._state.steps[name].fold_of for name in step.reads if name in self._state.steps}
        return BatchInput(
            scope=self._state.scope,
            prepared=self._state.plan_ready.ref,
            step=step.id,
            label=batch.label,
            mode=batch.mode,
            hosts=tuple(
                HostWork(host=host, values={name: refs[host] for name, refs in folds.items() if host in refs})
                for host in batch.hosts
            ),
            slots=batch.slots,
            policy=BatchPolicy(
                changes=step.changes,
                undoes_itself=bool(step.undo),
                first=step.accept.kind == "any",
                strict=step.budget == "strict" and step.changes,
                attempt_s=calls.attempt_seconds(step),
                retry=step.retry,
            ),
        )


async def _quietly(signal: Awaitable[None]) -> None:
    with suppress(FailureError):  # the batch has ended meanwhile
        await signal
