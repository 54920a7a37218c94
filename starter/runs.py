"""Runs as the server keeps them: their ids, how they ended, which ones there are.

A run closes in one of three ways: `succeeded`, `partial` and `rejected` complete the workflow; `stopped`,
`failed` and `failed_dirty` fail it with the result in the details; a cancelled one keeps its result in its status.
"""

import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, get_args

from pydantic import ValidationError
from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError, CancelledError, TerminatedError
from temporalio.exceptions import TimeoutError as RunTimeoutError

from starter.connection import readable
from starter.errors import RunEndedError, RunNotFoundError, RunRefused
from workflows.contracts import RUN, SEARCH_ATTRIBUTES, RunResult, Verdict
from workflows.errors import ClosingType

LAST: Final = "last"
CLOSING: Final[tuple[ClosingType, ...]] = get_args(ClosingType)
NOT_IN_AN_ID: Final = re.compile(r"[^A-Za-z0-9._-]+")
LOOKED_AT: Final = 200  # runs among which the newest is sought; the server lists open ones first
_LEFT: Final = "nothing was undone. Look at its devices before you change them again."
CUT_OFF: Final = {  # by the server, and the run itself cannot know; what became of it
    WorkflowExecutionStatus.TERMINATED: f"was terminated: {_LEFT}",
    WorkflowExecutionStatus.TIMED_OUT: f"ran into a time limit that was given to it at its start: {_LEFT}",
}


@dataclass(frozen=True)
class RunLine:
    """One run of a list. ``status`` is Temporal's word, in lower case; times are UTC.

    ``phase`` is empty for a run that has ended without a verdict.
    """

    id: str
    definition: str
    version: str
    phase: str
    ticket: str
    status: str
    started: datetime
    closed: datetime | None
    parent: str | None = None  # the run that started this one, to call it or to plan anew


def new_id(definition: str, now: datetime | None = None) -> str:
    """``<definition>-<yyyymmdd-hhmmss>-<4 hex digits>``: readable, sortable, not guessed twice."""
    name = NOT_IN_AN_ID.sub("-", definition.partition("@")[0]).strip("-")[:60] or "run"
    return f"{name}-{(now or datetime.now(UTC)):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def result_of(error: WorkflowFailureError, run_id: str) -> RunResult | None:
    """The result that a failed workflow carries; None for a cancelled one, whose status has it.

    Raises:
        RunRefused: The request was refused; its message is the text.
        RunEndedError: It was terminated or timed out.
    """
    match error.cause:
        case ApplicationError() as cause if cause.type in CLOSING and cause.details:
            try:
                return RunResult.model_validate(cause.details[0], extra="ignore")  # of a newer worker, what is known
            except ValidationError as unreadable:
                raise RunEndedError(
                    f"Run {run_id} ended as {cause.type} ({cause.message}), but its result cannot be read. The worker "
                    "may be of a newer version than this client."
                ) from unreadable
        case ApplicationError() as cause:
            raise RunRefused(cause.message, kind=cause.type or "failed", run_id=run_id) from error
        case CancelledError():
            return None
        case TerminatedError():
            raise RunEndedError(f"Run {run_id} {CUT_OFF[WorkflowExecutionStatus.TERMINATED]}") from error
        case RunTimeoutError():
            raise RunEndedError(f"Run {run_id} {CUT_OFF[WorkflowExecutionStatus.TIMED_OUT]}") from error
        case _:
            raise RunEndedError(f"Run {run_id} failed: {error.cause}") from error


async def newest(client: Client) -> str:
    """The id of the run that was started last, and not by another run.

    Raises:
        RunNotFoundError: There is none.
    """
    found = [line async for line in recent(client, LOOKED_AT) if line.parent is None]
    if not found:
        raise RunNotFoundError(f"There is no run in namespace {client.namespace!r} yet.")
    return max(found, key=lambda line: line.started).id


async def recent(client: Client, limit: int) -> AsyncIterator[RunLine]:
    """Runs, the open ones first, then by when they closed."""
    with readable(client):
        async for execution in client.list_workflows(
            f"WorkflowType = '{RUN}'", limit=limit, rpc_timeout=timedelta(seconds=10)
        ):
            yield _line(execution)


def phase_of(said: str, *, ended: bool) -> str:
    """The phase that a run said last, or its verdict; nothing where it was refused or terminated and has none."""
    return "" if ended and said not in get_args(Verdict) else said


def _line(execution: WorkflowExecution) -> RunLine:
    known = {pair.key.name: str(pair.value) for pair in execution.typed_search_attributes}
    status = execution.status or WorkflowExecutionStatus.RUNNING
    return RunLine(
        id=execution.id,
        definition=known.get(SEARCH_ATTRIBUTES["definition"], ""),
        version=known.get(SEARCH_ATTRIBUTES["version"], ""),
        phase=phase_of(known.get(SEARCH_ATTRIBUTES["phase"], ""), ended=execution.close_time is not None),
        ticket=known.get(SEARCH_ATTRIBUTES["ticket"], ""),
        status=status.name.lower(),
        started=execution.start_time,
        closed=execution.close_time,
        parent=execution.parent_id,
    )
