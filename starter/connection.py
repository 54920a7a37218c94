"""The way to the Temporal server: connecting, and telling apart what failed on it.

Every RPC error becomes one of `starter.errors` here and nowhere else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import ValidationError
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import (
    Client,
    RPCTimeoutOrCancelledError,
    WorkflowQueryFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCError, RPCStatusCode

from starter.errors import NoWorkerError, RunNotFoundError, ServerUnreachableError, StarterError, UsageError
from starter.reading import READER, own_version, read_as
from starter.secure import SecurityError, asked_with, security
from starter.told import told
from workflows import wording

CONNECT_S: Final = 5.0
ANSWER: Final = timedelta(seconds=10)  # what a query or an update may take
POLL_MEMORY_S: Final = 75.0  # a long poll lasts 60 s; the server lists pollers of the last five minutes


async def connect(address: str, namespace: str) -> Client:
    """Connect, with the data converter of clients, and with TLS and a key where the environment says so.

    Raises:
        UsageError: What the environment says of TLS cannot be used.
        ServerUnreachableError: Nobody answers there, or the namespace does not exist.
    """
    try:
        return await Client.connect(
            address,
            namespace=namespace,
            data_converter=READER,
            connect_timeout=timedelta(seconds=CONNECT_S),
            **security(),
        )
    except SecurityError as error:
        raise UsageError(str(error)) from error
    except (RuntimeError, ValueError) as error:
        why = "connection refused" if "ConnectionRefused" in str(error) else _shorten(str(error))
        raise unreachable(address, why) from error


def unreachable(address: str, why: str) -> ServerUnreachableError:
    """The error for a server that does not answer."""
    return ServerUnreachableError(
        f"No Temporal server answers at {address} ({why}{asked_with()}). Start one with `netsaga dev`, "
        "or name yours with --address or NETSAGA_ADDRESS."
    )


@contextmanager
def readable(client: Client, *, run_id: str = "", asking: str = "") -> Iterator[None]:
    """Translate what an RPC raises.

    Args:
        client: Whose RPC it is.
        run_id: The workflow id that it is about, if any.
        asking: What a worker is asked for ("its status"), where only a worker can answer.

    Raises:
        RunNotFoundError: The server knows no such run.
        NoWorkerError: No worker answered.
        ServerUnreachableError: The server did not answer.
        StarterError: The server or the run refused, with their words.
    """
    try:
        yield
    except (RPCTimeoutOrCancelledError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
        raise _unanswered(client, run_id, asking) from error
    except WorkflowQueryFailedError as error:
        raise StarterError(f"Run {run_id} could not tell {asking}: {_shorten(str(error))}") from error
    except ValidationError as error:
        why = _shorten(read_as(error, "the answer"))
        raise StarterError(
            f"The worker of run {run_id} is of another build of netsaga than this command, which is {own_version()} "
            f"and cannot read its answer ({why}). The run is not concerned. Use netsaga as the worker has it."
        ) from error
    except RPCError as error:
        raise _translated(client, error, run_id, asking) from error


def _translated(client: Client, error: RPCError, run_id: str, asking: str) -> StarterError:
    match error.status:
        case RPCStatusCode.NOT_FOUND if run_id and "already completed" in error.message:
            return RunNotFoundError(
                f"Run {run_id} has ended; nothing can be asked of it any more. "
                f"`{told(f'netsaga status {run_id}')}` shows how."
            )
        case RPCStatusCode.NOT_FOUND if run_id and "namespace" not in error.message.lower():
            return RunNotFoundError(
                f"There is no open or kept run {run_id!r} in namespace {client.namespace!r} at "
                f"{client.service_client.config.target_host}. `{told('netsaga list')}` shows the recent ones."
            )
        case RPCStatusCode.NOT_FOUND:
            return ServerUnreachableError(
                f"The server at {client.service_client.config.target_host} has no namespace {client.namespace!r}. "
                "Name another with --namespace."
            )
        case RPCStatusCode.UNAVAILABLE:
            return unreachable(client.service_client.config.target_host, _shorten(error.message))
        case RPCStatusCode.UNKNOWN if error.message == "transport error":  # the server died while it was asked
            return unreachable(client.service_client.config.target_host, "the connection broke")
        case RPCStatusCode.DEADLINE_EXCEEDED | RPCStatusCode.CANCELLED:
            return _unanswered(client, run_id, asking)
        case RPCStatusCode.FAILED_PRECONDITION if asking and "poll" in error.message:
            return _unanswered(client, run_id, asking)
        case _ if "Workflow Task in failed state" in error.message:
            return StarterError(
                f"The worker cannot carry run {run_id} on: a defect of netsaga, or a worker of another build than the "
                "run began on. Its log says which; the run is kept, and goes on with a worker that can."
            )
        case _:
            about = f" about run {run_id}" if run_id else ""
            return StarterError(f"The Temporal server refused a call{about}: {_shorten(error.message)}")


def _unanswered(client: Client, run_id: str, asking: str) -> StarterError:
    if not asking:
        return unreachable(client.service_client.config.target_host, "no answer in time")
    return NoWorkerError(
        f"No worker answered when run {run_id} was asked for {asking}. The run is kept by the server and goes on when "
        "a worker polls its task queue; start one with `netsaga worker --settings FILE`."
    )


async def last_poll(client: Client, task_queue: str) -> datetime | None:
    """When a worker last asked for work on the task queue, in UTC; None if none did lately."""
    with readable(client):
        answer = await client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=client.namespace,
                task_queue=TaskQueue(name=task_queue),
                task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
            ),
            timeout=ANSWER,
        )
    times = [poller.last_access_time.ToDatetime(tzinfo=UTC) for poller in answer.pollers]
    return max(times, default=None)


async def has_worker(client: Client, task_queue: str) -> bool:
    """Whether a worker polls the task queue. One that was killed still counts for up to 75 s."""
    polled = await last_poll(client, task_queue)
    return polled is not None and (datetime.now(UTC) - polled).total_seconds() < POLL_MEMORY_S


def _shorten(text: str, limit: int = 300) -> str:
    return wording.shortened(" ".join(text.split()), limit)
