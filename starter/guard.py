"""The guard as a client sees it: who holds devices, which are out of service, who does which work; and the clearing.

Made by `starter.client.Orchestrator`; it knows Temporal and the contracts, never a device.
"""

from asyncio import gather
from collections.abc import Iterable, Sequence
from typing import Final
from uuid import uuid4

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from starter import connection
from starter.connection import ANSWER, readable
from starter.errors import DecisionRefused, NoWorkerError, RunNotFoundError
from workflows.contracts import (
    GUARD_ID,
    QUERY_LEASES,
    SIGNAL_CLEAR,
    TASK_QUEUE,
    ClearAnswer,
    ClearRequest,
    GuardState,
    Holder,
    RunId,
)
from workflows.plan import HostName

NONE: Final = "No device is quarantined or flagged: no run has changed one yet."
OPEN: Final = frozenset({WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW})


class GuardHandle:
    """The guard of a namespace."""

    def __init__(self, client: Client, task_queue: str = TASK_QUEUE) -> None:
        self._client = client
        self._task_queue = task_queue
        self._handle: WorkflowHandle[object, object] = client.get_workflow_handle(GUARD_ID)

    async def state(self) -> GuardState:
        """All that it knows; nothing where no run has ever changed a device.

        Raises:
            NoWorkerError: No worker answered.
        """
        try:
            with readable(self._client, run_id=GUARD_ID, asking="what it knows"):
                answer: GuardState = await self._handle.query(QUERY_LEASES, result_type=GuardState, rpc_timeout=ANSWER)
        except RunNotFoundError:
            return GuardState()
        return answer

    async def closed(self, holders: Iterable[Holder]) -> frozenset[RunId]:
        """Those of some holders whose runs are closed: what they hold goes to the next one that asks the guard for it.

        Raises:
            StarterError: The server did not answer.
        """
        found = {holder.run: holder for holder in holders}
        states = await gather(*(self._is_closed(holder) for holder in found.values()))
        return frozenset(run for run, closed in zip(found, states, strict=True) if closed)

    async def _is_closed(self, holder: Holder) -> bool:
        handle = self._client.get_workflow_handle(holder.workflow_id, first_execution_run_id=holder.run)
        try:
            with readable(self._client, run_id=holder.workflow_id):
                described = await handle.describe(rpc_timeout=ANSWER)
        except RunNotFoundError:
            return True
        first = described.raw_description.workflow_execution_info.first_run_id
        return first != holder.run or described.status not in OPEN

    async def clear(self, devices: Sequence[str], *, by: str, reason: str = "") -> tuple[HostName, ...]:
        """Put devices back into service: somebody has looked at them.

        Args:
            devices: Quarantined or flagged ones.
            by: Who has looked; a claim, and recorded as such.
            reason: Kept in the record.

        Returns:
            Those that were cleared.

        Raises:
            DecisionRefused: One of them needs no clearing; none was cleared.
            NoWorkerError: Nobody is there to answer; `leave` keeps it until somebody is.
        """
        if not await connection.has_worker(self._client, self._task_queue):
            raise NoWorkerError("No worker is up to put devices back into service.")
        try:
            with readable(self._client, run_id=GUARD_ID, asking="a clearing"):
                answer: ClearAnswer = await self._handle.execute_update(
                    SIGNAL_CLEAR,
                    _request(devices, by, reason),
                    id=str(uuid4()),
                    result_type=ClearAnswer,
                    rpc_timeout=ANSWER,
                )
        except RunNotFoundError:
            raise DecisionRefused(NONE) from None
        except WorkflowUpdateFailedError as error:
            cause = error.cause  # its type is for programs
            raise DecisionRefused(cause.message if isinstance(cause, ApplicationError) else str(cause)) from error
        return answer.cleared

    async def leave(self, devices: Sequence[str], *, by: str, reason: str = "") -> None:
        """Leave a clearing with the server: it is kept while no worker is up, and nobody answers it.

        Raises:
            DecisionRefused: No run has ever changed a device.
        """
        try:
            with readable(self._client, run_id=GUARD_ID):
                await self._handle.signal(SIGNAL_CLEAR, _request(devices, by, reason), rpc_timeout=ANSWER)
        except RunNotFoundError:
            raise DecisionRefused(NONE) from None


def _request(devices: Sequence[str], by: str, reason: str) -> ClearRequest:
    return ClearRequest(by=by, devices=tuple(HostName(device) for device in dict.fromkeys(devices)), reason=reason)
