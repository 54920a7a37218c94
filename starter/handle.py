"""One run as a client sees it: what it says of itself, decisions at its gates, its end.

Made by `starter.client.Orchestrator`; it knows Temporal and the contracts, never a device.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, Literal

from pydantic import JsonValue
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from starter import connection, live, runs
from starter.builds import answered
from starter.connection import ANSWER, readable
from starter.ended import kept_status
from starter.errors import DecisionRefused, NoWorkerError, RunEndedError, RunNotFoundError, StarterError
from workflows.contracts import (
    QUERY_DEVICES,
    QUERY_GRAPH,
    QUERY_STATUS,
    SIGNAL_APPROVE,
    SIGNAL_REJECT,
    TASK_QUEUE,
    Decision,
    DecisionAnswer,
    DevicePage,
    Operation,
    OperationAnswer,
    Page,
    RunGraph,
    RunResult,
    RunStatus,
)
from workflows.plan import HostName, StepId

PAGE: Final = 1000  # devices a query


class RunHandle:
    """One run, alive or closed.

    Attributes:
        id: Its workflow id.
    """

    def __init__(self, client: Client, run_id: str) -> None:
        self.id = run_id
        self._client = client
        self._handle: WorkflowHandle[object, RunResult] = client.get_workflow_handle(run_id, result_type=RunResult)

    async def status(self) -> RunStatus:
        """Phase, steps, waves, gates and failures as they stand.

        Raises:
            NoWorkerError: No worker answered; a run's state is told by a worker.
            RunNotFoundError: There is no such run.
        """
        async with answered(self._client, self.id, "its status"):
            answer: RunStatus = await self._handle.query(QUERY_STATUS, result_type=RunStatus, rpc_timeout=ANSWER)
        return answer

    async def last_status(self) -> RunStatus:
        """As `status`, which of a run that the server has cut off only tells how it stood then: with that said.

        Of one that has ended, and whose build of the worker is gone, it tells what the server itself has kept.

        Raises:
            RunEndedError: It was cut off, and nobody can tell how it stood.
            StarterError: As `status`.
        """
        with readable(self._client, run_id=self.id):
            described = await self._handle.describe(rpc_timeout=ANSWER)
        why = runs.CUT_OFF.get(described.status) if described.status is not None else None
        try:
            status = await self.status()
        except StarterError as error:  # no worker answers, or none had begun it
            if why is None:
                closed = described.close_time is not None and isinstance(error, NoWorkerError)
                kept = await kept_status(self._client, self._handle, described.start_time) if closed else None
                if kept is None:
                    raise
                return kept
            raise RunEndedError(f"Run {self.id} {why}") from error
        if why is None or status.phase == "closed":
            return status
        return status.model_copy(update={"phase": "closed", "message": f"the run {why}", "gates": (), "next": ()})

    async def kept_result(self) -> RunResult | None:
        """The result that the server has kept of a run that has ended, without asking a worker; None where it has none.

        Raises:
            RunRefused: The request was refused.
            RunEndedError: It was cut off.
            RunNotFoundError: There is no such run.
        """
        with readable(self._client, run_id=self.id):
            described = await self._handle.describe(rpc_timeout=ANSWER)
            closed = described.close_time is not None
            kept = await kept_status(self._client, self._handle, described.start_time) if closed else None
        return kept.result if kept else None

    async def graph(self) -> RunGraph:
        """The plan's graph with the states of its steps, as data and as Mermaid text. Raises as `status`."""
        async with answered(self._client, self.id, "its graph"):
            answer: RunGraph = await self._handle.query(QUERY_GRAPH, result_type=RunGraph, rpc_timeout=ANSWER)
        return answer

    async def devices(
        self, offset: int = 0, limit: int = 100, *, status: Sequence[str] = (), step: str | None = None
    ) -> DevicePage:
        """A page of the devices as they stand, in the run's order.

        Args:
            offset: How many to pass over, of those that the conditions hold for.
            limit: At most so many; 1 to 1,000.
            status: Only devices with one of these; any where it is empty.
            step: As they stand in this step, and only its devices.

        Raises:
            StarterError: As `status`.
        """
        page = Page(offset=offset, limit=limit, status=tuple(status), step=StepId(step) if step else None)
        async with answered(self._client, self.id, "its devices"):
            answer: DevicePage = await self._handle.query(
                QUERY_DEVICES, page, result_type=DevicePage, rpc_timeout=ANSWER
            )
        return answer

    async def all_devices(self, *, status: Sequence[str] = (), step: str | None = None) -> DevicePage:
        """All devices that the conditions hold for, fetched page by page; arguments and errors as `devices`."""
        page = await self.devices(0, PAGE, status=status, step=step)
        lines = list(page.devices)
        while len(lines) < page.total and page.devices:
            page = await self.devices(len(lines), PAGE, status=status, step=step)
            lines += page.devices
        return DevicePage(total=page.total, devices=tuple(lines), batches=page.batches)

    async def live_devices(self, *, status: Sequence[str] = (), step: str | None = None) -> DevicePage:
        """As `all_devices`, with what the open batches know: each device's newest status, since when, which attempt."""
        page = await self.all_devices(step=step)
        lines = await live.merged(self._client, page)
        chosen = tuple(line for line in lines if not status or line.status in status)
        return DevicePage(total=len(chosen), devices=chosen, batches=page.batches)

    async def approve(
        self, *, by: str, step: str | None = None, comment: str = "", digest: str | None = None
    ) -> DecisionAnswer:
        """Approve at a gate.

        Args:
            by: Who decides; a claim, and recorded as such.
            step: The gate; may be left out while one is open.
            comment: Kept in the record.
            digest: The proposal that was seen; the gate refuses another one.

        Raises:
            DecisionRefused: It does not count, with the reason.
            NoWorkerError: Nobody is there to answer; `leave` keeps a decision until somebody is.
            RunNotFoundError: There is no such run, or it is closed.
        """
        return await self._decide(SIGNAL_APPROVE, by, step, comment, digest)

    async def reject(
        self, *, by: str, step: str | None = None, comment: str = "", digest: str | None = None
    ) -> DecisionAnswer:
        """Reject at a gate; arguments and errors as `approve`."""
        return await self._decide(SIGNAL_REJECT, by, step, comment, digest)

    async def leave(
        self,
        decision: Literal["approve", "reject"],
        *,
        by: str,
        step: str | None = None,
        comment: str = "",
        digest: str | None = None,
    ) -> None:
        """Leave a decision with the server: it is kept while no worker is up, and nobody answers it."""
        with readable(self._client, run_id=self.id):
            await self._handle.signal(decision, _decision(by, step, comment, digest), rpc_timeout=ANSWER)

    async def signal(self, name: str, fields: Mapping[str, JsonValue], *, by: str = "") -> OperationAnswer:
        """Send the signal that a step waits for; one that comes early is kept for it.

        Args:
            name: As the definition's `wait` names it.
            fields: Its payload.
            by: Who sends it; a claim, and recorded as such.

        Raises:
            DecisionRefused: No step waits for it, or the fields are not the declared ones.
            NoWorkerError: Nobody is there to answer.
            RunNotFoundError: There is no such run, or it is closed.
        """
        payload = {**({"by": by} if by and "by" not in fields else {}), **fields}
        async with answered(self._client, self.id, f"an answer to the signal {name}"):
            try:
                answer: OperationAnswer = await self._handle.execute_update(
                    name, payload, result_type=OperationAnswer, rpc_timeout=ANSWER
                )
            except WorkflowUpdateFailedError as error:
                raise DecisionRefused(_refusal(name, error)) from error
        if not answer.accepted:  # it came before the run knew what fits, and was judged only then
            raise DecisionRefused(answer.message)
        return answer

    async def cancel(self, reason: str, *, by: str = "") -> None:
        """Ask the run to stop, to undo as its definition says, and to end as ``cancelled``.

        The server is asked in any case: it keeps a cancel while no worker is up, and shows the run as cancelled.

        Args:
            reason: Kept in the record.
            by: Who asks; a claim. It is recorded as an operation's where a worker is up to take one.

        Raises:
            DecisionRefused: The run is being cancelled already, or has come to its verdict.
            RunNotFoundError: There is no such run, or it is closed.
        """
        if by and await self.has_worker():
            with suppress(NoWorkerError):
                await self.operate("cancel", by=by, reason=reason)
                with suppress(RunNotFoundError):  # it has ended meanwhile
                    await self._cancel(f"{by}: {reason}")
                return
        await self._cancel(f"{by}: {reason}" if by else reason)

    async def operate(
        self,
        operation: str,
        *,
        by: str,
        reason: str = "",
        step: str | None = None,
        devices: Sequence[str] = (),
        scope: Literal["failed", "wave", "step", "run"] = "failed",
        concurrency: int | None = None,
    ) -> OperationAnswer:
        """Ask for an operation: pause, resume, cancel, retry, skip, undo, stop or set_concurrency.

        Raises:
            DecisionRefused: It makes no sense now, with the reason.
            NoWorkerError: Nobody is there to answer.
            RunNotFoundError: There is no such run, or it is closed.
        """
        request = Operation(
            by=by,
            reason=reason,
            step=StepId(step) if step else None,
            devices=tuple(HostName(device) for device in devices),
            scope=scope,
            concurrency=concurrency,
        )
        async with answered(self._client, self.id, f"a {operation}"):
            try:
                answer: OperationAnswer = await self._handle.execute_update(
                    operation, request, result_type=OperationAnswer, rpc_timeout=ANSWER
                )
            except WorkflowUpdateFailedError as error:
                raise DecisionRefused(_why(error)) from error
        if not answer.accepted:  # something came in between, or the run was just then reading its state
            raise DecisionRefused(answer.message)
        return answer

    async def result(self) -> RunResult:
        """Wait for the end. Every verdict is returned, also those that fail the workflow.

        Raises:
            RunRefused: The request was refused; no device was touched.
            RunEndedError: It ended without a result.
            RunNotFoundError: There is no such run.
        """
        try:
            with readable(self._client, run_id=self.id):
                return await self._handle.result()
        except WorkflowFailureError as error:
            if (result := runs.result_of(error, self.id)) is not None:
                return result
        result = (await self.last_status()).result
        if result is None:
            raise RunEndedError(f"Run {self.id} was cancelled before it began; no device was touched.")
        return result

    async def describe(self) -> None:
        """Ask the server, not a worker, whether there is such a run. Raises `RunNotFoundError`."""
        with readable(self._client, run_id=self.id):
            await self._handle.describe(rpc_timeout=ANSWER)

    async def has_worker(self, task_queue: str = TASK_QUEUE) -> bool:
        """Whether a worker polls the task queue, as far as the server knows."""
        return await connection.has_worker(self._client, task_queue)

    async def _cancel(self, reason: str) -> None:
        with readable(self._client, run_id=self.id):
            await self._handle.cancel(reason=reason, rpc_timeout=ANSWER)

    async def _decide(self, name: str, by: str, step: str | None, comment: str, digest: str | None) -> DecisionAnswer:
        if not await self.has_worker():
            await self.describe()
            raise NoWorkerError(f"No worker is up to take a decision for run {self.id}.")
        try:
            async with answered(self._client, self.id, f"an answer to `{name}`"):
                answer: DecisionAnswer = await self._handle.execute_update(
                    name, _decision(by, step, comment, digest), result_type=DecisionAnswer, rpc_timeout=ANSWER
                )
        except WorkflowUpdateFailedError as error:
            raise DecisionRefused(_why(error)) from error
        return answer


def _decision(by: str, step: str | None, comment: str, digest: str | None) -> Decision:
    return Decision(by=by, step=None if step is None else StepId(step), comment=comment, digest=digest)


def _why(error: WorkflowUpdateFailedError) -> str:
    """The run's own words; the type of the failure is for programs."""
    return error.cause.message if isinstance(error.cause, ApplicationError) else str(error.cause)


def _refusal(name: str, error: WorkflowUpdateFailedError) -> str:
    said = _why(error)
    unknown = f"'{name}'" in said and "expected but not found" in said
    return f"no step of this run waits for the signal {name}" if unknown else said
