"""The batch: at most a hundred devices of one step, one activity each, in its own history.

It owns its devices and some slots of concurrency; its run owns everything else. A device that fails after it was
touched is taken back here, at once. A batch that undoes is never cut short: cancelling it changes nothing.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, Literal

from temporalio import workflow
from temporalio.exceptions import ActivityError, FailureError
from temporalio.workflow import ActivityCancellationType, ActivityHandle

from workflows import contracts
from workflows.arrivals import arrived
from workflows.contracts import (
    BatchInput,
    BatchResult,
    Cut,
    DeviceLine,
    DeviceOutcome,
    DevicePage,
    FoldInput,
    FoldResult,
    HostFailure,
    HostWork,
    InteractInput,
    Page,
    Progress,
    Slots,
)
from workflows.plan import HostName
from workflows.run import calls, outcomes, renewal
from workflows.run.breaker import BatchBreaker
from workflows.run.budget import BatchBudget
from workflows.run.pools import Pools, begun_before, not_taken_up, unserved
from workflows.run.state import WORDS

REPORT_EVERY: Final = timedelta(seconds=1)
HURRIED: Final = timedelta(seconds=0.2)
PREFIX: Final = {"check": "check/", "confirm": "confirm/"}  # of the activity's id


@workflow.defn(name=contracts.BATCH)
class BatchWorkflow:
    """Carries out, or takes back, one step on its devices."""

    @workflow.init
    def __init__(self, batch: BatchInput) -> None:
        self._batch = batch
        self._letters = [contracts.PENDING] * len(batch.hosts)
        self._outcomes: dict[int, DeviceOutcome] = {}
        self._handles: dict[int, ActivityHandle[DeviceOutcome]] = {}
        self._slots = batch.slots
        self._stopped = batch.halted
        self._running = 0
        self._budget = BatchBudget(batch)
        self._waiting = list(range(len(batch.hosts)))  # their places, in order
        self._busy: Counter[str | None] = Counter()  # how many are under way, by what they count under
        self._pools = Pools()
        self._cut = False
        self._why = ""  # it was cut, as its devices are told
        self._reported = "".join(self._letters)
        self._since: list[datetime | None] = [None] * len(batch.hosts)  # when each came to where it stands
        self._news: list[HostFailure] = []  # failures that the run has not been told of
        self._undoing: dict[HostName, None] = {}  # that have failed here, and are being taken back
        self._undoing_told: tuple[HostName, ...] = ()
        self._breaker = BatchBreaker(batch.policy)
        self._told = False  # whether it has been told of anything
        self._told_free = 0  # how many free slots it knows of

    @workflow.run
    async def run(self, batch: BatchInput) -> BatchResult:
        """Takes up its devices in order, as slots allow, and folds their outcomes."""
        await renewal.insist(batch.renewal)
        devices: list[asyncio.Task[None]] = []
        reporter = asyncio.create_task(self._report())
        while self._waiting:
            await self._until(lambda: self._stopped or (self._running < self._slots and self._next() is not None))
            index = self._next()
            if self._stopped or index is None:
                break
            self._waiting.remove(index)
            self._busy[batch.hosts[index].cap] += 1
            self._running += 1
            self._letters[index] = contracts.RUNNING
            self._since[index] = workflow.now()
            devices.append(asyncio.create_task(self._device(index)))
        await self._until(lambda: self._running == 0)
        for device in devices:
            device.result()  # a bug in one of them is a bug of this batch
        reporter.cancel()
        folded = await self._fold()
        return BatchResult(
            letters="".join(self._letters),
            failures=tuple(
                HostFailure(host=outcome.host, status=outcome.status, failure=outcome.failure)
                for _, outcome in sorted(self._outcomes.items())
                if outcome.failure is not None
            ),
            warnings=sum(outcome.warning_count for outcome in self._outcomes.values()),
            fold=folded.ref if folded else None,
            proposal=folded.proposal if folded else None,
            diffs=folded.diffs if folded else (),
            diffs_omitted=folded.diffs_omitted if folded else 0,
            made=folded.made if folded else {},
            tripped=self._breaker.open,
        )

    @workflow.signal(name=contracts.SIGNAL_SLOTS, description="How many devices may be under way; 0 starts no more.")
    def slots(self, *said: object) -> None:
        """The run divides the slots anew. Once stopped, a batch stays stopped."""
        slots = arrived(Slots, said)
        if slots is not None and not self._stopped and self._batch.mode != "undo":
            unknown = 0 if slots.failures is None else self._budget.failures - slots.failures
            self._slots = max(0, slots.slots - unknown)
            self._stopped = slots.slots == 0 and not slots.waits

    @workflow.signal(name=contracts.SIGNAL_CUT, description="Stop: what is under way ends between two actions.")
    def cut(self, *said: object) -> None:
        """Ends what is under way, between two actions, and starts no more."""
        order = arrived(Cut, said) if said else None
        self._end(order.why if order else "")

    def _end(self, why: str) -> None:
        """As it is cut. An undo is not.

        Nor is a confirm: the devices of a wave whose turn it is not would take their change back, later and unseen.
        """
        if self._batch.mode == "undo" or self._cut:
            return
        if self._batch.mode == "confirm" and workflow.patched("confirming-goes-forward"):
            return
        self._cut, self._why = True, why
        self._stopped = True
        for handle in self._handles.values():
            handle.cancel()

    @workflow.query(
        name=contracts.QUERY_DEVICES, description="Its devices as they stand, live: {offset, limit, status}."
    )
    def devices(self, page: Page | None = None) -> DevicePage:
        """The devices as they stand, with since when."""
        page = page or Page()
        lines = [self._line(index) for index in range(len(self._letters))]
        chosen = [line for line in lines if not page.status or line.status in page.status]
        return DevicePage(total=len(chosen), devices=tuple(chosen[page.offset : page.offset + page.limit]))

    def _line(self, index: int) -> DeviceLine:
        outcome = self._outcomes.get(index)
        return DeviceLine(
            host=self._batch.hosts[index].host,
            step=self._batch.step,
            status=WORDS[self._letters[index]],
            message=outcome.failure.message if outcome and outcome.failure else "",
            since=self._since[index],
            generation=self._batch.generation,
        )

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Waits; a cancellation of the batch is a cut, and the waiting goes on."""
        while True:
            try:
                await workflow.wait_condition(condition)
            except asyncio.CancelledError:  # delivered once; swallowed on purpose: devices under way end properly
                self._end("its batch was cancelled")
            else:
                return

    def _next(self) -> int | None:
        """The first device that may be taken up: its site, or whatever else is capped, has room for one more."""
        each = self._batch.policy.each
        if each is None:
            return self._waiting[0] if self._waiting else None
        hosts = self._batch.hosts
        return next((place for place in self._waiting if self._busy[hosts[place].cap] < each), None)

    async def _device(self, index: int) -> None:
        work = self._batch.hosts[index]
        try:
            outcome = await (self._undo(work, None) if self._batch.mode == "undo" else self._do(index, work))
            self._outcomes[index] = outcome
            self._letters[index] = outcomes.letter(outcome)
            self._since[index] = workflow.now()
            if outcome.failure is not None:
                self._news.append(HostFailure(host=work.host, status=outcome.status, failure=outcome.failure))
            if self._batch.policy.first and outcome.status == "succeeded":
                self._end(outcomes.ENOUGH)
            opened = self._breaker.opens_with(self._letters[index], workflow.now())
            self._stopped = self._stopped or opened or self._budget.over(self._letters)
            self._slots = max(0, self._slots - self._budget.burnt(self._letters))
        finally:
            self._running -= 1
            self._busy[work.cap] -= 1

    async def _do(self, index: int, work: HostWork) -> DeviceOutcome:
        policy = self._batch.policy
        outcome = await self._answer(index, work)
        if outcome is None:  # nobody has begun with it: there is nothing to take back
            return unserved(work, begun=False)
        if outcome.status == "succeeded":
            return outcome
        outcome = outcomes.told_why(outcome, self._why)
        if policy.changes and policy.undoes_itself:
            return await self._undo(work, outcome)  # which ends its maintenance, too
        return await self._led_out(work, outcome) if policy.leaves else outcome

    async def _led_out(self, work: HostWork, failed: DeviceOutcome) -> DeviceOutcome:
        """Ends the maintenance of a device that failed and is not taken back, or not yet."""
        try:
            await self._taken_back(work, "leave")
        except ActivityError as error:
            return outcomes.not_undone(
                unserved(work, begun=True) if not_taken_up(error) else outcomes.outcome_of(error, work), failed
            )
        return failed

    async def _answer(self, index: int, work: HostWork) -> DeviceOutcome | None:
        """What the device's worker says; None where its pool has none, and nobody had begun with it."""
        begun = False
        while await self._pools.served(work):
            handle = self._start(work)
            self._handles[index] = handle
            if self._cut and work.pool is not None:  # cut while its pool was asked for
                handle.cancel()
            try:
                return await handle
            except asyncio.CancelledError:  # cut in the moment in which it was asked for: no worker has heard of it
                return outcomes.lost(work) if begun and self._batch.policy.changes else outcomes.not_begun(work)
            except ActivityError as error:
                begun = begun or begun_before(error)
                if self._cut or not not_taken_up(error):
                    return self._failed(error, work)
                await self._pools.still_served(work)
            finally:
                del self._handles[index]
        # A device that is looked at again, or confirmed, holds its change already.
        begun = self._batch.policy.changes and (begun or self._batch.mode != "do")
        return unserved(work, begun=True) if begun else None

    def _failed(self, error: ActivityError, work: HostWork) -> DeviceOutcome:
        outcome = outcomes.outcome_of(error, work)
        if self._batch.policy.changes:
            return outcome
        status = "failed" if outcome.status == "unknown" else outcome.status  # reading leaves nothing in doubt
        return outcome.model_copy(update={"status": status, "touched": False})

    def _start(self, work: HostWork) -> ActivityHandle[DeviceOutcome]:
        policy = self._batch.policy
        return workflow.start_activity(
            contracts.CONFIRM if self._batch.mode == "confirm" else contracts.INTERACT,
            self._input(work),
            activity_id=f"{PREFIX.get(self._batch.mode, '')}{self._batch.step}/{work.host}",
            result_type=DeviceOutcome,
            start_to_close_timeout=timedelta(seconds=policy.attempt_s + calls.SLOT_WAIT_S),
            heartbeat_timeout=calls.HEARTBEAT,
            retry_policy=calls.retry_policy(policy.retry),
            cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=f"{self._batch.label}: {work.host}",
            task_queue=self._pools.queue(work),
            schedule_to_start_timeout=self._pools.limit(work),
        )

    async def _undo(self, work: HostWork, failed: DeviceOutcome | None) -> DeviceOutcome:
        """Takes the device back; ``failed`` is why, where it is this batch's own finding."""
        if failed is not None and workflow.patched("tells-what-it-takes-back"):
            self._undoing[work.host] = None
        try:
            undone = await self._taken_back(work)
        except ActivityError as error:
            return outcomes.not_undone(
                unserved(work, begun=True) if not_taken_up(error) else outcomes.outcome_of(error, work), failed
            )
        finally:
            self._undoing.pop(work.host, None)
        if failed is None:
            return undone
        if not undone.touched:
            cut = self._cut and outcomes.cut_short(failed) and workflow.patched("cut-before-anything-was-sent")
            return outcomes.nothing_sent(failed, cut=cut)
        return failed.model_copy(update={"status": "undone", "changed": False, "touched": True, "undo": undone.undo})

    async def _taken_back(self, work: HostWork, only: Literal["all", "leave"] = "all") -> DeviceOutcome:
        """Calls for the undo; a pool that nobody serves is waited for as often as an undo is tried."""
        tries = calls.UNDO_RETRY.maximum_attempts
        while True:
            try:
                undone: DeviceOutcome = await workflow.execute_activity(
                    contracts.UNDO,
                    self._input(work).model_copy(update={"only": only}),
                    activity_id=f"{'leave' if only == 'leave' else 'undo'}/{self._batch.step}/{work.host}",
                    result_type=DeviceOutcome,
                    start_to_close_timeout=timedelta(
                        seconds=self._batch.policy.attempt_s + calls.PLATFORM_LIMIT_S + calls.SLOT_WAIT_S
                    ),
                    heartbeat_timeout=calls.HEARTBEAT,
                    retry_policy=calls.UNDO_RETRY,
                    cancellation_type=ActivityCancellationType.ABANDON,
                    summary=f"undo {self._batch.label}: {work.host}",
                    task_queue=self._pools.queue(work),
                    schedule_to_start_timeout=self._pools.limit(work),
                )
            except ActivityError as error:
                if not not_taken_up(error):
                    raise
                if not await self._pools.still_served(work):
                    tries -= 1
                if tries == 0:
                    raise
            else:
                return undone

    def _input(self, work: HostWork) -> InteractInput:
        return InteractInput(
            scope=self._batch.scope,
            prepared=self._batch.prepared,
            step=self._batch.step,
            host=work.host,
            generation=self._batch.generation,
            values=work.values,
            outputs=self._batch.outputs,
            only="after" if self._batch.mode == "check" else "all",
            mode=self._batch.policy.mode,
            proposal=self._batch.proposal,
        )

    async def _fold(self) -> FoldResult | None:
        known = tuple(outcome for _, outcome in sorted(self._outcomes.items()))
        if not known:
            return None
        fold = asyncio.create_task(
            workflow.execute_activity(
                contracts.FOLD,
                FoldInput(scope=self._batch.scope, step=self._batch.step, outcomes=known),
                activity_id=f"fold/{self._batch.label}",
                result_type=FoldResult,
                **calls.STORE,
                summary=f"keep the outcomes of {len(known)} devices",
            )
        )
        await self._until(fold.done)
        try:
            folded: FoldResult = fold.result()
            return folded
        except ActivityError:
            workflow.logger.warning("outcomes of %s could not be kept", self._batch.label)
            return None

    def _progress(self) -> Progress:
        news, self._news = tuple(self._news), []
        return Progress(label=self._batch.label, letters=self._reported, failures=news, undoing=self._undoing_told)

    async def _report(self) -> None:
        """Tells the run what has changed, at most once a second; see `_worth_telling`."""
        parent = workflow.info().parent
        if parent is None:
            return
        run = workflow.get_external_workflow_handle(parent.workflow_id, run_id=parent.run_id)
        while True:
            await workflow.wait_condition(self._has_moved)
            if self._told or self._batch.policy.quiet:
                await self._worth_telling()
            self._reported, self._told, self._told_free = "".join(self._letters), True, self._free()
            self._undoing_told = tuple(self._undoing)
            try:
                await run.signal(contracts.SIGNAL_PROGRESS, self._progress())
            except FailureError:
                return  # the run is gone; devices under way still end properly
            await workflow.sleep(HURRIED if self._breaker.hurries else REPORT_EVERY)

    def _has_moved(self) -> bool:
        return "".join(self._letters) != self._reported or tuple(self._undoing) != self._undoing_told

    async def _worth_telling(self) -> None:
        """Waits until the run has a use for the news: a failure or a freed slot, or else as often as it asked for.

        A signal costs two transactions and a workflow task, and whoever watches asks the batches themselves.
        """
        longest = timedelta(seconds=self._batch.policy.report_s) - REPORT_EVERY
        if longest <= timedelta():
            return
        with suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: bool(self._news) or self._free() > self._told_free,
                timeout=longest,
                timeout_summary="until the next report to the run",
            )

    def _free(self) -> int:
        """How many slots this batch has no more use for, and its run has."""
        return 0 if self._waiting or self._batch.policy.quiet else max(0, self._slots - self._running)
