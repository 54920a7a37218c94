"""The batches of a fan-out: which are open, what slots each holds, and what comes back from them.

The run owns the slots of concurrency and divides them over its open batches, anew whenever one of them ends, or has
slots that it cannot use any more (`slots.py`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
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
from workflows.run import calls, evidence, renewal
from workflows.run.judgement import Judgement
from workflows.run.packing import admitted, pack, usable
from workflows.run.slots import evenly, shared
from workflows.run.state import FAILED, BatchMode, BatchRun, RunState, StepRun
from workflows.run.waiting import HandOverError, quietly

# What a batch may tell of its devices while it works.
NEWS: Final[Mapping[BatchMode, frozenset[str]]] = {
    "do": frozenset({contracts.PENDING, contracts.RUNNING, contracts.CHANGED, *contracts.LETTERS.values()}),
    "undo": frozenset({contracts.LETTERS["undone"], contracts.LETTERS["undo_failed"]}),
    "check": FAILED,
    "confirm": FAILED,
}
OPEN: Final = frozenset({contracts.PENDING, contracts.RUNNING})
IDLE: Final = 0.05  # so large a part of all slots must be idle before they move: each batch is told by a signal


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
        self._judged: Sequence[HostName] = ()  # the wave that is carried out, or those of it that are
        self._waiting: list[BatchRun] = []  # to be opened yet
        self._mode: BatchMode = "do"  # of all that are open
        self._halted = False  # no new devices
        self.paused = False  # an operator has paused the run: the devices that are left have their turn later
        self._report_s = 1.0  # how often a batch tells of what can wait
        self._handles: dict[str, ChildWorkflowHandle[Any, BatchResult]] = {}
        self._cut: set[str] = set()  # batches that were cut while they were being started

    def _concurrency(self) -> int:
        """How many devices may be under way, in all open batches."""
        return self._judgement.concurrency(undoes=self._mode == "undo")

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
        self._pass_on(batch)
        self._changed()

    def _make_good(self, batch: BatchRun) -> None:
        """Gives back slots that failures have burnt, as far as the failures that are left allow it."""
        if batch.mode != "do" or self._step.budget != "strict" or not self._judgement.changes:
            return
        failures = self._judgement.failures(batch.hosts)
        burnt, batch.failures = max(0, failures - batch.failures), failures
        batch.slots = max(0, batch.slots - burnt)
        if not burnt:
            return
        over = self._judgement.over(batch.hosts)
        if over != self._judgement.over(self._judged) and _in_use_stays():
            over = not over  # a batch may fail beyond its own share of what all may
        if not over and workflow.patched("burnt-slots-are-made-good"):
            self._share_slots(())

    def _pass_on(self, batch: BatchRun) -> None:
        """Gives slots that a batch cannot use any more to the others, unless batches to be opened will need them."""
        if batch.mode != "do" or self._waiting or self._halted or self._to_start(batch):
            return
        concurrency = self._concurrency()
        idle = concurrency - sum(min(one.slots, self._unfinished(one)) for one in self._open_ones())
        if idle >= max(1, IDLE * concurrency) and _in_use_stays():
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
            self._judgement.note_cut(letters)
            self._judgement.note_failures(self._run.failures(letters) - before, workflow.now())

    def cut(self) -> None:
        """Ends what is under way, between two actions."""
        if workflow.patched("cut-as-soon-as-it-has-started"):
            self._cut = set(self._open) - set(self._handles)
        for handle in self._handles.values():
            self._send(handle.signal(contracts.SIGNAL_CUT, self._judgement.cut))

    def share_slots(self) -> None:
        """Divides the slots anew: an operator has changed the concurrency."""
        if not self._halted or not _in_use_stays():
            self._share_slots(())

    async def carry_out(
        self, hosts: Sequence[HostName], name: str, mode: BatchMode, generation: int, wave: Sequence[HostName]
    ) -> None:
        """Divides devices over batches, at most `contracts.BATCHES_OPEN` open at once, and waits for all.

        A batch that undoes is never cut short. What fails is judged by the whole wave, of which these may be a part.

        Raises:
            HandOverError: The run continues as new; the letters say which devices are still to be taken up.
        """
        self._mode = mode
        name = f"{name}/{self._state.executions}" if self._state.executions else name
        self._waiting = [
            BatchRun(f"{self._run.id}/{name}/{index}", part, mode, generation)
            for index, part in enumerate(pack(hosts, self._run.caps, contracts.BATCH_SIZE))
        ]
        whole = len(wave) != len(hosts) and workflow.patched("waves-are-judged-whole")
        self._judged = wave if whole else hosts
        most = min(contracts.BATCHES_OPEN, self._concurrency())
        self._report_s = float(min(most, len(self._waiting)))  # all open batches together: about one report a second
        if self._step.accept.kind == "any":
            self._report_s = 1.0  # the first success stops all the others
        tasks = self._open
        stop_sent = False
        while self._waiting or tasks:
            self._halted = mode == "do" and (self.paused or self._judgement.over(self._judged))
            if self._halted:
                self._waiting = []
                if not stop_sent:
                    self._halt()
                    stop_sent = True
            held = mode == "do" and self._state.paused
            if self._state.handing_over:
                if not tasks and self._waiting:
                    raise HandOverError
                held = True
            fresh = [] if held else self._admitted(self._waiting, self._room(most))
            self._waiting = [batch for batch in self._waiting if batch not in fresh]
            if not self._halted:
                self._share_slots(fresh)
            spare = self._judgement.spare(self._judged) if mode == "do" and self._judgement.changes else None
            for batch in fresh:
                batch.spare = spare
                self._run.batches[batch.label] = batch
                tasks[batch.label] = asyncio.create_task(self._batch(batch))
            if not tasks and not self._waiting:
                break  # halted while a pause held them back
            watched = self._judged if mode == "do" and not stop_sent else ()
            await workflow.wait_condition(partial(self._moved, watched, held=held))
            for label in [label for label, task in tasks.items() if task.done()]:
                tasks.pop(label).result()
                del self._run.batches[label]

    def _room(self, most: int) -> int:
        """How many batches may be opened now: each needs a slot, and so does each that is open.

        During a pause, or under a cap by a fact, those that are open have got the slots of those that have ended.
        """
        before, waiting = max(0, most - len(self._open)), len(self._waiting)
        free = self._concurrency() - sum(map(self._in_use, self._open_ones()))
        room = max(0, min(contracts.BATCHES_OPEN - len(self._open), free))
        return room if min(room, waiting) != min(before, waiting) and _in_use_stays() else before

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
        return bool(watched) and (self.paused or self._judgement.over(watched))

    def _halt(self) -> None:
        """No new devices; where one success is enough, those under way end too."""
        if self._judgement.enough:
            self.cut()
        else:
            self._tell_slots(dict.fromkeys(self._open, 0))

    def _share_slots(self, fresh: Sequence[BatchRun]) -> None:
        batches = [*self._open_ones(), *fresh]
        moved: dict[str, int] = {}
        for batch, slots in zip(batches, self._divided(batches), strict=True):
            if batch.label not in self._open:
                batch.slots = max(slots, 1)
            elif slots != batch.slots and (slots > 0 or _in_use_stays()):
                moved[batch.label] = slots
        self._tell_slots(moved)

    def _divided(self, batches: Sequence[BatchRun]) -> list[int]:
        concurrency, needs = self._concurrency(), [self._unfinished(batch) for batch in batches]
        even = evenly(concurrency, needs)
        # What starts no more devices keeps what it has, and need not be told; nor is an undo, which takes no orders.
        keeps = [batch.label in self._open and not self._takes_slots(batch) for batch in batches]
        left = concurrency - sum(self._in_use(batch) for batch, kept in zip(batches, keeps, strict=True) if kept)
        takers = [index for index, kept in enumerate(keeps) if not kept]
        held = [batches[index].slots if batches[index].label in self._open else 0 for index in takers]
        divided = [batch.slots for batch in batches]
        for index, slots in zip(takers, shared(left, [max(1, needs[index]) for index in takers], held), strict=True):
            divided[index] = slots
        return divided if divided != even and _in_use_stays() else even

    def _open_ones(self) -> list[BatchRun]:
        return [self._run.batches[label] for label in self._open]

    def _takes_slots(self, batch: BatchRun) -> bool:
        return batch.mode != "undo" and (batch.mode != "do" or self._to_start(batch))

    def _to_start(self, batch: BatchRun) -> bool:
        """Whether a batch has devices that it has not started, as far as it has told."""
        return any(self._run.letters[host] == contracts.PENDING for host in batch.hosts)

    def _in_use(self, batch: BatchRun) -> int:
        """The slots that an open batch needs; one until it has ended, for the batch that follows it will need one."""
        unfinished = self._unfinished(batch)
        starts_none = batch.mode == "do" and not self._to_start(batch)
        return max(1, unfinished if starts_none else min(batch.slots, unfinished))

    def _unfinished(self, batch: BatchRun) -> int:
        if batch.mode != "do" or batch.label not in self._run.batches:
            unfinished: Sequence[HostName] = batch.hosts
        else:
            unfinished = [host for host in batch.hosts if self._run.letters[host] in OPEN]
        return usable(unfinished, self._run.caps, self._step.concurrency_each)

    def _tell_slots(self, slots: dict[str, int]) -> None:
        for label, number in slots.items():
            batch = self._run.batches[label]
            batch.slots = number
            if label in self._handles:
                self._send(self._handles[label].signal(contracts.SIGNAL_SLOTS, self._slots(batch)))

    def _slots(self, batch: BatchRun) -> Slots:
        return Slots(slots=batch.slots, waits=not self._halted, failures=batch.failures)

    def _send(self, signal: Awaitable[None]) -> None:
        asyncio.create_task(quietly(signal))  # noqa: RUF006  # the event loop of a workflow keeps its own references

    async def _batch(self, batch: BatchRun) -> None:
        mode = batch.mode
        await renewal.settled(self._state)
        batch_input = self._input(batch)
        try:
            handle = await workflow.start_child_workflow(
                contracts.BATCH,
                batch_input,
                id=batch.workflow_id(self._state.scope),
                result_type=BatchResult,
                task_timeout=contracts.WORKFLOW_TASK_TIMEOUT,
                parent_close_policy=(
                    workflow.ParentClosePolicy.REQUEST_CANCEL if mode == "do" else workflow.ParentClosePolicy.ABANDON
                ),
                static_summary=f"{'undo ' if mode == 'undo' else ''}{batch.label}: {len(batch.hosts)} devices",
            )
            self._handles[batch.label] = handle
            enough = self._halted and self._judgement.enough
            if batch.label in self._cut or (mode == "do" and (self._state.cut or (enough and _in_use_stays()))):
                self._send(handle.signal(contracts.SIGNAL_CUT, self._judgement.cut))
            elif batch.slots != batch_input.slots or (batch.failures and _in_use_stays()):
                # Moved, or burnt and made good, while the batch was being started.
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
                letters[host] = self._judgement.untouched(host)
        self._learn(letters, mode)
        self._note(result.failures)
        run.tripped = run.tripped or result.tripped
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
            evidence.gather(run, result)

    def _lost(self, batch: BatchRun, error: Exception) -> None:
        """A batch that ends without a result leaves its devices unknown: they are looked at first."""
        workflow.logger.warning("batch %s ended without a result: %s", batch.label, error)
        status: contracts.DeviceStatus = "failed"
        if batch.mode == "undo":
            status = "undo_failed"
        elif self._judgement.changes:
            status = "unknown"
        info = FailureInfo(type="outcome_unknown", message=f"batch {batch.label} ended without a result")
        lost = [host for host in batch.hosts if batch.mode != "do" or self._run.letters[host] in OPEN]
        for host in lost:
            self._run.letters[host] = contracts.LETTERS[status]
            self._run.messages[host] = info
        self._state.note_failures([HostFailure(host=host, status=status, failure=info) for host in lost])

    def _input(self, batch: BatchRun) -> BatchInput:
        step, units = self._step, self._judgement.units()
        known = {**self._state.steps, **self._state.finally_}  # a name in `finally` is that of an earlier step there
        folds = {name: known[name].fold_of for name in step.reads if name in known}
        return BatchInput(
            scope=self._state.effects or self._state.scope,
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
                    unit=units.get(host),
                )
                for host in batch.hosts
            ),
            slots=batch.slots,
            halted=batch.mode == "do" and self._halted,
            renewal=renewal.call_of(self._state) if self._judgement.changes else None,
            proposal=self._state.planned.ref if self._state.planned is not None else None,
            policy=BatchPolicy(
                changes=self._judgement.changes,
                leaves=step.maintenance is not None and self._state.request.mode == "apply",
                mode=self._state.request.mode,
                # Where the step pauses on a failure, the operator is asked first.
                undoes_itself=bool(step.undo) and step.on_failure.action != "pause",
                first=batch.mode == "do" and step.accept.kind == "any" and self._judgement.changes == step.changes,
                strict=step.budget == "strict" and self._judgement.changes,
                breaker=step.breaker if batch.mode == "do" and self._judgement.changes == step.changes else None,
                failed_at=tuple(self._run.failed_at),
                spare=batch.spare,
                each=step.concurrency_each if self._run.caps else None,
                report_s=self._report_s,
                quiet=bool(self._waiting),
                attempt_s=calls.attempt_seconds(step),
                retry=step.retry,
            ),
        )


def _in_use_stays() -> bool:
    """Whether slots that are in use stay where they are. Runs of older builds divide evenly, whatever is in use."""
    return workflow.patched("idle-slots-are-passed-on")
