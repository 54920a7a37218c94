"""The batches of a fan-out: which are open, what slots each holds, and what comes back from them.

The run owns the slots of concurrency and divides them over its open batches, anew whenever one of them ends.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from temporalio import workflow
from temporalio.exceptions import FailureError
from temporalio.workflow import ChildWorkflowHandle

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
from workflows.plan import DevicesStep, HostName
from workflows.run import calls
from workflows.run.accept import slots_for
from workflows.run.evidence import merged
from workflows.run.judgement import Judgement
from workflows.run.packing import admitted, pack, usable
from workflows.run.state import FAILED, BatchMode, BatchRun, RunState, StepRun
from workflows.run.waiting import HandOverError

# What a batch may tell of its devices while it works.
NEWS: Final[Mapping[BatchMode, frozenset[str]]] = {
    "do": frozenset({contracts.PENDING, contracts.RUNNING, contracts.CHANGED, *contracts.LETTERS.values()}),
    "undo": frozenset({contracts.LETTERS["undone"], contracts.LETTERS["undo_failed"]}),
    "check": FAILED,
    "confirm": FAILED,
}
DOUBT: Final = frozenset({contracts.LETTERS["unknown"], contracts.LETTERS["undo_failed"]})


class Batches:
    """Carries out one step, or takes it back, on so many devices as one is given."""

    def __init__(self, state: RunState, run: StepRun, judgement: Judgement, changed: Callable[[], None]) -> None:
        assert isinstance(run.step, DevicesStep), "batches are of a step over devices"
        self._state = state
        self._run = run
        self._step = run.step
        self._judgement = judgement
        self._changed = changed
        self._open: dict[str, asyncio.Task[None]] = {}
        self._report_s = 1.0  # how often a batch tells of what can wait
        self._handles: dict[str, ChildWorkflowHandle[Any, BatchResult]] = {}

    @property
    def _changes(self) -> bool:
        """Whether devices are changed, here and now: in plan mode they are not."""
        return self._step.changes and self._state.request.mode == "apply"

    def progress(self, progress: Progress) -> None:
        """What a batch reports while it works."""
        batch = self._run.batches.get(progress.label)
        if batch is None or len(progress.letters) != len(batch.hosts):
            return  # late, from a batch that has ended
        told = zip(batch.hosts, progress.letters, strict=True)
        # An undo or a second look that is under way changes nothing of what is known.
        self._learn({host: letter for host, letter in told if letter in NEWS[batch.mode]}, batch.mode)
        self._note(progress.failures)
        self._make_good(batch)
        self._changed()

    def _make_good(self, batch: BatchRun) -> None:
        """Gives back slots that failures have burnt, as far as the failures that are left allow it."""
        if batch.mode != "do" or self._step.budget != "strict" or not self._changes:
            return
        failures = self._run.failures(batch.hosts)
        burnt, batch.failures = max(0, failures - batch.failures), failures
        batch.slots = max(0, batch.slots - burnt)
        if burnt and not self._judgement.over(batch.hosts) and workflow.patched("burnt-slots-are-made-good"):
            self._share_slots(())

    def _note(self, failures: Sequence[HostFailure]) -> None:
        """Keeps why devices failed. What a batch has reported comes again with its result."""
        fresh = [failed for failed in failures if self._run.messages.get(failed.host) != failed.failure]
        self._run.messages.update((failed.host, failed.failure) for failed in fresh)
        self._state.note_failures(fresh)

    def _learn(self, letters: Mapping[HostName, str], mode: BatchMode) -> None:
        before = self._run.failures(letters)
        self._run.letters.update(letters)
        if mode != "undo":  # what is taken back because of others has not failed
            self._judgement.note_failures(self._run.failures(letters) - before, workflow.now())

    def cut(self) -> None:
        """Ends what is under way, between two actions."""
        for handle in self._handles.values():
            self._send(handle.signal(contracts.SIGNAL_CUT))

    def share_slots(self) -> None:
        """Divides the slots anew: an operator has changed the concurrency."""
        self._share_slots(())

    async def carry_out(self, hosts: Sequence[HostName], name: str, mode: BatchMode, generation: int = 1) -> None:
        """Divides devices over batches, at most `contracts.BATCHES_OPEN` open at once, and waits for all.

        A batch that undoes is never cut short.

        Raises:
            HandOverError: The run continues as new; the letters say which devices are still to be taken up.
        """
        name = f"{name}/{self._state.executions}" if self._state.executions else name
        waiting = [
            BatchRun(f"{self._run.id}/{name}/{index}", part, mode, generation)
            for index, part in enumerate(pack(hosts, self._run.caps, contracts.BATCH_SIZE))
        ]
        most = min(contracts.BATCHES_OPEN, self._judgement.concurrency())
        self._report_s = float(min(most, len(waiting)))  # all open batches together: about one report a second
        tasks = self._open
        stop_sent = False
        while waiting or tasks:
            halted = mode == "do" and self._judgement.over(hosts)
            if halted:
                waiting = []
                if not stop_sent:
                    self._halt()
                    stop_sent = True
            held = mode == "do" and self._state.paused
            if self._state.handing_over:
                if not tasks and waiting:
                    raise HandOverError
                held = True
            fresh = [] if held else self._admitted(waiting, most - len(tasks))
            waiting = [batch for batch in waiting if batch not in fresh]
            if not halted:
                self._share_slots(fresh)
            spare = self._judgement.spare(hosts) if mode == "do" and self._changes else None
            for batch in fresh:
                batch.spare = spare
                self._run.batches[batch.label] = batch
                tasks[batch.label] = asyncio.create_task(self._batch(batch))
            if not tasks and not waiting:
                break  # halted while a pause held them back
            watched = hosts if mode == "do" and not stop_sent else ()
            await workflow.wait_condition(partial(self._moved, watched, held=held))
            for label in [label for label, task in tasks.items() if task.done()]:
                tasks.pop(label).result()
                del self._run.batches[label]

    def _admitted(self, waiting: Sequence[BatchRun], room: int) -> list[BatchRun]:
        """The batches to open now; under a cap by a fact, devices of one value are never in two open ones."""
        busy = [self._run.batches[label].hosts for label in self._open]
        places = admitted([batch.hosts for batch in waiting], busy, self._run.caps, room)
        return [waiting[place] for place in places]

    def _moved(self, watched: Sequence[HostName], *, held: bool) -> bool:
        """Whether a batch has ended, those that work must be stopped, or a pause is over."""
        if any(task.done() for task in self._open.values()):
            return True
        if held and not self._state.handing_over and not self._state.paused:
            return True
        if not self._open and (not held or self._state.handing_over):
            return True
        return bool(watched) and self._judgement.over(watched)

    def _halt(self) -> None:
        """No new devices; where one success is enough, those under way end too."""
        if self._judgement.enough:
            self.cut()
        else:
            self._tell_slots(dict.fromkeys(self._open, 0))

    def _share_slots(self, fresh: Sequence[BatchRun]) -> None:
        batches = [*(self._run.batches[label] for label in self._open), *fresh]
        sizes = [self._unfinished(batch) for batch in batches]
        moved: dict[str, int] = {}
        for batch, slots in zip(batches, slots_for(self._judgement.concurrency(), sizes), strict=True):
            if batch.label in self._open:
                moved.update({batch.label: slots} if slots not in {0, batch.slots} else {})
            else:
                batch.slots = max(slots, 1)
        self._tell_slots(moved)

    def _unfinished(self, batch: BatchRun) -> int:
        if batch.mode != "do" or batch.label not in self._run.batches:
            unfinished: Sequence[HostName] = batch.hosts
        else:
            open_letters = {contracts.PENDING, contracts.RUNNING}
            unfinished = [host for host in batch.hosts if self._run.letters[host] in open_letters]
        return usable(unfinished, self._run.caps, self._step.concurrency_each)

    def _tell_slots(self, slots: dict[str, int]) -> None:
        for label, number in slots.items():
            batch = self._run.batches[label]
            batch.slots = number
            if label in self._handles:
                self._send(self._handles[label].signal(contracts.SIGNAL_SLOTS, self._slots(batch)))

    def _slots(self, batch: BatchRun) -> Slots:
        return Slots(slots=batch.slots, failures=batch.failures)

    def _send(self, signal: Awaitable[None]) -> None:
        asyncio.create_task(_quietly(signal))  # noqa: RUF006  # the event loop of a workflow keeps its own references

    async def _batch(self, batch: BatchRun) -> None:
        mode = batch.mode
        batch_input = self._input(batch)
        try:
            handle = await workflow.start_child_workflow(
                contracts.BATCH,
                batch_input,
                id=batch.workflow_id(self._state.scope),
                result_type=BatchResult,
                parent_close_policy=(
                    workflow.ParentClosePolicy.REQUEST_CANCEL if mode == "do" else workflow.ParentClosePolicy.ABANDON
                ),
                static_summary=f"{'undo ' if mode == 'undo' else ''}{batch.label}: {len(batch.hosts)} devices",
            )
            self._handles[batch.label] = handle
            if mode == "do" and self._state.cut:
                self._send(handle.signal(contracts.SIGNAL_CUT))
            elif batch.slots != batch_input.slots:  # moved while the batch was being started
                self._send(handle.signal(contracts.SIGNAL_SLOTS, self._slots(batch)))
            result = await handle
        except FailureError as error:
            self._lost(batch, error)
        else:
            self._take(batch, result)
        finally:
            self._handles.pop(batch.label, None)
        self._changed()

    def _take(self, batch: BatchRun, result: BatchResult) -> None:
        run, mode = self._run, batch.mode
        letters = dict(zip(batch.hosts, result.letters, strict=True))
        for host, letter in letters.items():
            if mode in {"check", "confirm"} and letter not in FAILED:
                letters[host] = run.letters[host]  # it holds its change, and still passes
            if mode == "undo" and letter == contracts.LETTERS["succeeded"]:
                # There was nothing to take back: what is known of the device stands, and no doubt is left.
                letters[host] = contracts.LETTERS["failed"] if run.letters[host] in DOUBT else run.letters[host]
        self._learn(letters, mode)
        self._note(result.failures)
        if mode == "undo":
            run.undo_folds += [result.fold] if result.fold else []
            return
        run.warnings += result.warnings
        if mode in {"check", "confirm"}:
            return
        if result.fold is not None:
            run.folds.append(result.fold)
            run.fold_of.update(
                (host, result.fold)
                for host, letter in zip(batch.hosts, result.letters, strict=True)
                if letter != contracts.PENDING
            )
        if result.proposal is not None:
            run.proposals.append(result.proposal)
            run.diffs = merged([*run.diffs, *result.diffs])
            run.made = dict(Counter(run.made) + Counter(result.made))

    def _lost(self, batch: BatchRun, error: Exception) -> None:
        """A batch that ends without a result leaves its devices unknown: they are looked at first."""
        workflow.logger.warning("batch %s ended without a result: %s", batch.label, error)
        status: contracts.DeviceStatus = "failed"
        if batch.mode == "undo":
            status = "undo_failed"
        elif self._changes:
            status = "unknown"
        info = FailureInfo(type="outcome_unknown", message=f"batch {batch.label} ended without a result")
        open_letters = {contracts.PENDING, contracts.RUNNING}
        lost = [host for host in batch.hosts if batch.mode != "do" or self._run.letters[host] in open_letters]
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
            generation=batch.generation,
            outputs=self._run.kept,
            hosts=tuple(
                HostWork(
                    host=host,
                    cap=self._run.caps.get(host),
                    pool=self._state.plan_ready.pools.get(host),
                    values={name: refs[host] for name, refs in folds.items() if host in refs},
                )
                for host in batch.hosts
            ),
            slots=batch.slots,
            proposal=self._state.planned.ref if self._state.planned is not None else None,
            policy=BatchPolicy(
                changes=self._changes,
                leaves=step.maintenance is not None and self._state.request.mode == "apply",
                mode=self._state.request.mode,
                # Where the step pauses on a failure, the operator is asked first.
                undoes_itself=bool(step.undo) and step.on_failure.action != "pause",
                first=batch.mode == "do" and step.accept.kind == "any" and self._changes == step.changes,
                strict=step.budget == "strict" and self._changes,
                spare=batch.spare,
                each=step.concurrency_each if self._run.caps else None,
                report_s=self._report_s,
                attempt_s=calls.attempt_seconds(step),
                retry=step.retry,
            ),
        )


async def _quietly(signal: Awaitable[None]) -> None:
    with suppress(FailureError):  # the batch has ended meanwhile
        await signal
