"""The batch: at most a hundred devices of one step, one activity each, in its own history.

It owns its devices and some slots of concurrency; its run owns everything else. A device that fails after it was
touched is taken back here, at once. A batch that undoes is never cut short: cancelling it changes nothing.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, FailureError
from temporalio.workflow import ActivityCancellationType, ActivityHandle

from workflows import contracts
from workflows.contracts import (
    BatchInput,
    BatchResult,
    DeviceOutcome,
    FailureInfo,
    FoldInput,
    FoldResult,
    HostFailure,
    HostWork,
    InteractInput,
    Progress,
    Slots,
)
from workflows.errors import FAILURE_TYPES
from workflows.run import calls

REPORT_EVERY: Final = timedelta(seconds=1)


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
        self._stopped = False
        self._running = 0
        self._cut = False
        self._reported = "".join(self._letters)

    @workflow.run
    async def run(self, batch: BatchInput) -> BatchResult:
        """Takes up its devices in order, as slots allow, and folds their outcomes."""
        devices: list[asyncio.Task[None]] = []
        reporter = asyncio.create_task(self._report())
        for index in range(len(batch.hosts)):
            await self._until(lambda: self._running < self._slots or self._stopped)
            if self._stopped:
                break
            self._running += 1
            self._letters[index] = contracts.RUNNING
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
        )

    @workflow.signal(name=contracts.SIGNAL_SLOTS, description="How many devices may be under way; 0 starts no more.")
    def slots(self, slots: Slots) -> None:
        """The run divides the slots anew. Once stopped, a batch stays stopped."""
        if not self._stopped and self._batch.mode != "undo":
            self._slots = slots.slots
            self._stopped = slots.slots == 0

    @workflow.signal(name=contracts.SIGNAL_CUT, description="Stop: what is under way ends between two actions.")
    def cut(self) -> None:
        """Ends what is under way, between two actions, and starts no more. An undo is not cut."""
        if self._batch.mode == "undo" or self._cut:
            return
        self._cut = True
        self._stopped = True
        for handle in self._handles.values():
            handle.cancel()

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Waits; a cancellation of the batch is a cut, and the waiting goes on."""
        while True:
            try:
                await workflow.wait_condition(condition)
            except asyncio.CancelledError:  # delivered once; swallowed on purpose: devices under way end properly
                self.cut()
            else:
                return

    async def _device(self, index: int) -> None:
        work = self._batch.hosts[index]
        try:
            outcome = await (self._undo(work, None) if self._batch.mode == "undo" else self._do(index, work))
            self._outcomes[index] = outcome
            self._letters[index] = letter(outcome)
            if self._batch.policy.first and outcome.status == "succeeded":
                self.cut()
            if self._batch.policy.strict and outcome.status != "succeeded":
                self._slots = max(0, self._slots - 1)  # the run gives others, as long as failures are left
        finally:
            self._running -= 1

    async def _do(self, index: int, work: HostWork) -> DeviceOutcome:
        policy = self._batch.policy
        handle: ActivityHandle[DeviceOutcome] = workflow.start_activity(
            contracts.INTERACT,
            self._input(work),
            activity_id=f"{'check/' if self._batch.mode == 'check' else ''}{self._batch.step}/{work.host}",
            result_type=DeviceOutcome,
            start_to_close_timeout=timedelta(seconds=policy.attempt_s + calls.SLOT_WAIT_S),
            heartbeat_timeout=calls.HEARTBEAT,
            retry_policy=calls.retry_policy(policy.retry),
            cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=f"{self._batch.label}: {work.host}",
        )
        self._handles[index] = handle
        try:
            outcome = await handle
        except ActivityError as error:
            outcome = outcome_of(error, work)
            if not policy.changes:  # reading leaves nothing in doubt
                status = "failed" if outcome.status == "unknown" else outcome.status
                outcome = outcome.model_copy(update={"status": status, "touched": False})
        finally:
            del self._handles[index]
        if outcome.status == "succeeded" or not policy.changes or not policy.undoes_itself:
            return outcome
        return await self._undo(work, outcome)

    async def _undo(self, work: HostWork, failed: DeviceOutcome | None) -> DeviceOutcome:
        """Takes the device back; ``failed`` is why, where it is this batch's own finding."""
        try:
            undone: DeviceOutcome = await workflow.execute_activity(
                contracts.UNDO,
                self._input(work),
                activity_id=f"undo/{self._batch.step}/{work.host}",
                result_type=DeviceOutcome,
                start_to_close_timeout=timedelta(
                    seconds=self._batch.policy.attempt_s + calls.PLATFORM_LIMIT_S + calls.SLOT_WAIT_S
                ),
                heartbeat_timeout=calls.HEARTBEAT,
                retry_policy=calls.UNDO_RETRY,
                cancellation_type=ActivityCancellationType.ABANDON,
                summary=f"undo {self._batch.label}: {work.host}",
            )
        except ActivityError as error:
            return _not_undone(outcome_of(error, work), failed)
        if failed is None:
            return undone
        if not undone.touched:
            # Nothing had been sent, whatever the lost attempt left open.
            status = "failed" if failed.status == "unknown" else failed.status
            return failed.model_copy(update={"touched": False, "changed": False, "status": status})
        return failed.model_copy(update={"status": "undone", "changed": False, "touched": True, "undo": undone.undo})

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
        )

    async def _fold(self) -> FoldResult | None:
        outcomes = tuple(outcome for _, outcome in sorted(self._outcomes.items()))
        if not outcomes:
            return None
        fold = asyncio.create_task(
            workflow.execute_activity(
                contracts.FOLD,
                FoldInput(scope=self._batch.scope, step=self._batch.step, outcomes=outcomes),
                activity_id=f"fold/{self._batch.label}",
                result_type=FoldResult,
                start_to_close_timeout=calls.STORE_TIMEOUT,
                retry_policy=calls.STORE_RETRY,
                summary=f"keep the outcomes of {len(outcomes)} devices",
            )
        )
        await self._until(fold.done)
        try:
            folded: FoldResult = fold.result()
            return folded
        except ActivityError:
            workflow.logger.warning("outcomes of %s could not be kept", self._batch.label)
            return None

    async def _report(self) -> None:
        """Tells the run what has changed, at most once a second."""
        parent = workflow.info().parent
        if parent is None:
            return
        run = workflow.get_external_workflow_handle(parent.workflow_id, run_id=parent.run_id)
        while True:
            await workflow.wait_condition(lambda: "".join(self._letters) != self._reported)
            self._reported = "".join(self._letters)
            try:
                await run.signal(contracts.SIGNAL_PROGRESS, Progress(label=self._batch.label, letters=self._reported))
            except FailureError:
                return  # the run is gone; devices under way still end properly
            await workflow.sleep(REPORT_EVERY)


def letter(outcome: DeviceOutcome) -> str:
    """The one letter that stands for an outcome."""
    if outcome.status == "succeeded" and outcome.changed:
        return contracts.CHANGED
    return contracts.LETTERS[outcome.status]


def outcome_of(error: ActivityError, work: HostWork) -> DeviceOutcome:
    """What a failed call says of its device; a call that was lost leaves it unknown."""
    cause = error.cause
    if isinstance(cause, ApplicationError):
        for detail in cause.details:
            if isinstance(detail, dict):
                return DeviceOutcome.model_validate(detail)
        kind = cause.type if cause.type in FAILURE_TYPES else "permanent"
        info = FailureInfo.model_validate({"type": kind, "message": cause.message[: contracts.MESSAGE_LENGTH]})
        return DeviceOutcome(host=work.host, status="failed", touched=True, failure=info)
    if isinstance(cause, CancelledError):
        info = FailureInfo(type="cancelled", message="cancelled before it began")
        return DeviceOutcome(host=work.host, status="skipped", failure=info)
    info = FailureInfo(type="outcome_unknown", message="no answer from a worker in time; the device is looked at first")
    return DeviceOutcome(host=work.host, status="unknown", touched=True, failure=info)


def _not_undone(undo: DeviceOutcome, failed: DeviceOutcome | None) -> DeviceOutcome:
    said = undo.failure.message if undo.failure else "no reason was given"
    why = f"; it had failed with: {failed.failure.message}" if failed and failed.failure else ""
    info = FailureInfo(type="undo_failed", message=f"not undone: {said}{why}"[: contracts.MESSAGE_LENGTH])
    seen = failed or undo
    return seen.model_copy(update={"status": "undo_failed", "touched": True, "failure": info})
