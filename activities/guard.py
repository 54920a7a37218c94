"""The way to the guard: updates to it, which start it where there is none, and whether runs are still alive.

The client is the worker's own, as `temporalio.activity.client` hands it out. Nothing is decided here.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from temporalio import activity
from temporalio.api.workflow.v1 import PendingChildExecutionInfo
from temporalio.client import (
    WithStartWorkflowOperation,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowHistoryEventFilterType,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from workflows import contracts
from workflows.contracts import Holder, HoldersState, HolderState, LeaseRequest, ReleaseAnswer, ReleaseInput
from workflows.errors import failure
from workflows.plan import Model

# A run that closed in one of these ways has had its say: it undid what its definition asks for.
ENDED: Final = frozenset(
    {WorkflowExecutionStatus.COMPLETED, WorkflowExecutionStatus.FAILED, WorkflowExecutionStatus.CANCELED}
)
OPEN: Final = frozenset({WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW})
LOOKS_AT_ONCE: Final = 10  # of the server, which has runs to serve
LOOK_S: Final = 5.0  # for one run: a hundred of them take 50 s at worst, well within `calls.STORE_TIMEOUT`
Answer = TypeVar("Answer", bound=Model)


class Guard:
    """Talks to the guard.

    Args:
        id_: Its workflow id; one for a namespace.
    """

    def __init__(self, id_: str = contracts.GUARD_ID) -> None:
        self._id = id_

    async def ask(self, update: str, request: Model, answer: type[Answer], id_: str | None = None) -> Answer:
        """Sends an update, and starts the guard where there is none.

        Args:
            update: Its name.
            request: Its one argument.
            answer: What it yields.
            id_: Of the update, where it must count once however often it is sent.

        Raises:
            ApplicationError: ``invalid_input``: what is asked for would never be granted, for runs would wait for each
                other in a circle. ``block_unavailable``, retried: one of those is closed, and the guard will find out.
                ``block_unavailable``: its answer is of another build, and cannot be read.
            WorkflowUpdateFailedError: The guard refuses for another reason.
            RPCError: It cannot be asked now.
        """
        start: WithStartWorkflowOperation[Any, None] = WithStartWorkflowOperation(
            contracts.GUARD,
            id=self._id,
            task_queue=activity.info().task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            task_timeout=contracts.WORKFLOW_TASK_TIMEOUT,
            static_summary="leases devices to runs",
        )
        try:
            found: dict[str, object] = await activity.client().execute_update_with_start_workflow(
                update, request, start_workflow_operation=start, id=id_, result_type=dict
            )
        except WorkflowUpdateFailedError as error:
            if isinstance(error.cause, ApplicationError) and error.cause.type == contracts.CIRCLE:
                raise await _circle(error.cause) from None
            older = _as_before(request)
            if older is None:
                raise
            return await self.ask(update, older, answer, id_)
        return _read(answer, found)


def _read(answer: type[Answer], found: Mapping[str, object]) -> Answer:
    """What the guard answers. A field that is not known here may keep a run from its devices, so that is refused.

    Raises:
        ApplicationError: ``block_unavailable``: the guard's worker is of another build than this one.
    """
    try:
        # After a release nothing is left to be done that an answer could forbid.
        return answer.model_validate(found, extra="ignore" if issubclass(answer, ReleaseAnswer) else None)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        said = (
            "executor: the guard's worker is of another build of netsaga than this one, which cannot read its answer "
            f"(`{where}`: {first['msg'].lower()}); upgrade this worker"
        )
        raise failure("block_unavailable", said) from None


def _as_before(request: Model) -> Model | None:
    """A request as a guard of a build of before can read it, the newest fields first; None where all can."""
    if isinstance(request, ReleaseInput) and (request.mended or any(one.left_by for one in request.failed)):
        failed = tuple(one.model_copy(update={"left_by": None}) for one in request.failed)
        return request.model_copy(update={"mended": (), "mends": (), "failed": failed})
    if isinstance(request, LeaseRequest | ReleaseInput) and request.number is not None:
        return request.model_copy(update={"number": None})  # one of a build that counts no requests
    return None


async def _circle(refusal: ApplicationError) -> ApplicationError:
    """What a circle of waits comes to: it is one only while all who wait in it are alive."""
    for detail in refusal.details:
        holder = Holder.model_validate(detail)
        if (await state_of(holder)).state != "open":
            said = f"executor: run {holder.workflow_id} is closed, and the guard does not know it yet"
            return failure("block_unavailable", said, retry=True)
    return failure("invalid_input", refusal.message)


async def states_of(holders: Sequence[Holder]) -> HoldersState:
    """Whether some runs are alive, a few asked for at once. One that cannot be looked at does not hide the others."""
    slots = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def one(holder: Holder) -> HolderState:
        async with slots, asyncio.timeout(LOOK_S):
            return await state_of(holder)

    # Whatever one look comes to, a status that this client does not know among it, is that look's own.
    found = await asyncio.gather(*(one(holder) for holder in holders), return_exceptions=True)
    failed = [(holder, look) for holder, look in zip(holders, found, strict=True) if isinstance(look, BaseException)]
    for holder, error in failed[:1]:
        activity.logger.warning(
            "%d of %d runs could not be looked at now; %s: %r", len(failed), len(holders), holder.workflow_id, error
        )
    return HoldersState(
        states={
            holder.run: "unknown" if isinstance(look, BaseException) else look.state
            for holder, look in zip(holders, found, strict=True)
        }
    )


async def state_of(holder: Holder) -> HolderState:
    """Whether a run is alive, as the server knows it.

    A run that has continued as new, or was reset, is the same run: its executions share the first one's run id
    (`first_run_id` in Temporal's `workflow/v1/message.proto`).
    """
    handle = activity.client().get_workflow_handle(holder.workflow_id, first_execution_run_id=holder.run)
    try:
        found = await handle.describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return HolderState(state="cut_off")
        raise
    if _first_of(found) != holder.run:
        return await _followed(holder)  # another run has taken the id since
    return await _said_of(found)


async def newest_of(holder: Holder) -> str:
    """The run id of the newest execution of a run.

    An execution that was reset is terminated, and its history does not name the one that goes on in its place.
    """
    try:
        found = await activity.client().get_workflow_handle(holder.workflow_id).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return holder.run
        raise
    return found.run_id if _first_of(found) == holder.run else holder.run


async def _followed(holder: Holder) -> HolderState:
    """Whether a run is alive that the server does not find by its id alone: followed where it has continued as new."""
    run: str = holder.run
    while True:
        handle = activity.client().get_workflow_handle(holder.workflow_id, run_id=run)
        try:
            found = await handle.describe()
            if found.status is not WorkflowExecutionStatus.CONTINUED_AS_NEW:
                return await _said_of(found)
            last = WorkflowHistoryEventFilterType.CLOSE_EVENT
            (closing,) = [event async for event in handle.fetch_history_events(event_filter_type=last)]
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return HolderState(state="cut_off")
            raise
        run = closing.workflow_execution_continued_as_new_event_attributes.new_execution_run_id


def _first_of(found: WorkflowExecutionDescription) -> str:
    return found.raw_description.workflow_execution_info.first_run_id or found.run_id  # older servers do not say it


async def _said_of(found: WorkflowExecutionDescription) -> HolderState:
    if found.status in OPEN or await _batches_at_work(found):
        return HolderState(state="open")
    return HolderState(state="ended" if found.status in ENDED else "cut_off")


async def strays_of(holder: Holder, before: str, now: str) -> tuple[str, ...]:
    """The batches at work that a run had begun and, reset to a point before that, knows no more; their workflow ids.

    Args:
        holder: The run.
        before: The run id of its execution that had begun them.
        now: The run id of the one that goes on. Batches that were begun before that point are its own.
    """
    try:
        gone, going = [
            await activity.client().get_workflow_handle(holder.workflow_id, run_id=run).describe()
            for run in (before, now)
        ]
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return ()
        raise
    own = {child.run_id for child in going.raw_description.pending_children}
    return tuple([child.workflow_id for child in await _batches_at_work(gone) if child.run_id not in own])


async def _batches_at_work(found: WorkflowExecutionDescription) -> list[PendingChildExecutionInfo]:
    """The batches of a closed run that are still at its devices.

    They outlive a run that was terminated: each action that is under way is brought to its end, and an undo to the end
    of all its devices. Until then nobody else may have them.
    """
    working = []
    for child in found.raw_description.pending_children:
        if child.workflow_type_name == contracts.BATCH:
            handle = activity.client().get_workflow_handle(child.workflow_id, run_id=child.run_id or None)
            try:
                if (await handle.describe()).status in OPEN:
                    working.append(child)
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
    return working
