"""The Python client: starts runs, follows them, decides at their gates.

    from starter.client import Orchestrator

    async with Orchestrator.connect() as orchestrator:
        result = await orchestrator.run("campus-vlan", inputs, by="alice", reason="RITM0012345", wait=True)
        print(result.verdict)

It knows Temporal and the contracts, never a device.
"""

import asyncio
import getpass
from collections.abc import AsyncIterator, Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal, TypedDict, Unpack, overload

from pydantic import JsonValue
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from starter import connection, runs
from starter.connection import ANSWER, readable
from starter.errors import RunExistsError
from starter.guard import GuardHandle
from starter.handle import RunHandle
from starter.told import ADDRESS, NAMESPACE, told
from workflows.contracts import RUN, TASK_QUEUE, WORKFLOW_TASK_TIMEOUT, ProposalRef, RunRequest, RunResult
from workflows.plan import HostName

__all__ = ["Orchestrator", "Request", "RunHandle", "RunResult"]


class Request(TypedDict, total=False):
    """What a request may say beside the definition and its inputs.

    Attributes:
        source: A definition as YAML text, instead of one that the worker knows.
        templates: The device templates that ``source`` names, by name.
        limit: Only these devices of the selection.
        by: Who asks; a claim. Left out, it is this process's user.
        reason: Why.
        id: The run's workflow id; left out, a readable one is made.
        mode: ``plan`` finds out what would be changed, and changes nothing; ``apply`` by default.
        plan_digest: The plan that is expected; where the definition compiles to another one, the run is refused.
        proposal: What was planned; where something else would be changed by now, the run is refused.
    """

    source: str
    templates: Mapping[str, str]
    limit: Sequence[str]
    by: str
    reason: str
    id: str
    mode: Literal["apply", "plan"]
    plan_digest: str
    proposal: ProposalRef


class Orchestrator:
    """A connection to the Temporal server that carries runs. Made by `Orchestrator.connect`."""

    def __init__(self, client: Client, *, task_queue: str = TASK_QUEUE) -> None:
        """Use a Temporal client that is there already; its data converter must be `workflows.converter.CONVERTER`."""
        self.client = client
        self._task_queue = task_queue

    @classmethod
    def connect(
        cls,
        *,
        address: str = ADDRESS,
        namespace: str = NAMESPACE,
        task_queue: str = TASK_QUEUE,
    ) -> "Connecting":
        """Connect: ``await Orchestrator.connect()``, or ``async with Orchestrator.connect() as orchestrator``.

        Raises:
            ServerUnreachableError: When awaited, if no server answers.
        """
        return Connecting(address, namespace, task_queue)

    async def start(
        self, definition: str, inputs: Mapping[str, JsonValue] | None = None, **request: Unpack[Request]
    ) -> RunHandle:
        """Start a run and return at once; the server keeps it from here on.

        Args:
            definition: The definition's name, with or without ``@version``; beside ``source`` only for the run's id.
            inputs: By name, JSON values.
            **request: What else the request says, see `Request`.

        Raises:
            RunExistsError: A run with this id is there already.
            ServerUnreachableError: The server does not answer.
        """
        run_id = request.get("id") or runs.new_id(definition)
        message = _message(definition, inputs or {}, request)
        try:
            with readable(self.client):
                await self.client.start_workflow(
                    RUN,
                    message,
                    id=run_id,
                    task_queue=self._task_queue,
                    id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    task_timeout=WORKFLOW_TASK_TIMEOUT,
                    static_summary=_summary(definition, message),
                    static_details=_details(definition, message),
                    rpc_timeout=ANSWER,
                )
        except WorkflowAlreadyStartedError as error:
            raise RunExistsError(
                f"There is a run {run_id!r} already. `{told(f'netsaga status {run_id}')}` shows it; "
                "choose another id, or none to get a fresh one."
            ) from error
        return RunHandle(self.client, run_id)

    @overload
    async def run(
        self,
        definition: str,
        inputs: Mapping[str, JsonValue] | None = None,
        *,
        wait: Literal[True] = True,
        **request: Unpack[Request],
    ) -> RunResult: ...

    @overload
    async def run(
        self,
        definition: str,
        inputs: Mapping[str, JsonValue] | None = None,
        *,
        wait: Literal[False],
        **request: Unpack[Request],
    ) -> RunHandle: ...

    async def run(
        self,
        definition: str,
        inputs: Mapping[str, JsonValue] | None = None,
        *,
        wait: bool = True,
        **request: Unpack[Request],
    ) -> RunResult | RunHandle:
        """Start a run, and wait for its end unless ``wait`` is False.

        Arguments and errors as `start` and `RunHandle.result`. Cancelling this call leaves the run alone.
        """
        handle = await self.start(definition, inputs, **request)
        return await handle.result() if wait else handle

    def handle(self, run_id: str) -> RunHandle:
        """A run by its id; nothing is asked of the server yet."""
        return RunHandle(self.client, run_id)

    async def find(self, run: str) -> RunHandle:
        """A run by its id, or the newest one by ``last``. Raises `RunNotFoundError`."""
        return self.handle(await runs.newest(self.client) if run == runs.LAST else run)

    def guard(self) -> GuardHandle:
        """What keeps runs apart: leases of devices, the quarantine, work that is claimed."""
        return GuardHandle(self.client, self._task_queue)

    def recent(self, limit: int = 20) -> AsyncIterator[runs.RunLine]:
        """Runs as the server lists them, the open ones first."""
        return runs.recent(self.client, limit)

    async def has_worker(self) -> bool:
        """Whether a worker polls the task queue, as far as the server knows."""
        return await connection.has_worker(self.client, self._task_queue)

    async def worker_comes(self, *, within_s: float) -> bool:
        """Whether a worker polls the task queue, now or within some seconds."""
        clock = asyncio.get_running_loop().time
        until = clock() + within_s
        while not (found := await self.has_worker()) and clock() < until:  # noqa: ASYNC110 - only the server knows
            await asyncio.sleep(0.5)
        return found


class Connecting(AbstractAsyncContextManager[Orchestrator]):
    """A connection in the making: awaited, or entered."""

    def __init__(self, address: str, namespace: str, task_queue: str) -> None:
        self._address = address
        self._namespace = namespace
        self._task_queue = task_queue

    def __await__(self) -> Generator[object, None, Orchestrator]:
        """Connect."""
        return self._connect().__await__()

    async def __aenter__(self) -> Orchestrator:
        """Connect."""
        return await self._connect()

    async def __aexit__(self, *_: object) -> None:
        """Leave the connection to be collected; the SDK shares and closes it by itself."""

    async def _connect(self) -> Orchestrator:
        client = await connection.connect(self._address, self._namespace)
        return Orchestrator(client, task_queue=self._task_queue)


def _message(definition: str, inputs: Mapping[str, JsonValue], request: Request) -> RunRequest:
    source = request.get("source")
    by = request.get("by")
    return RunRequest(
        definition=definition if source is None else "",
        source=source,
        templates=dict(request.get("templates", {})),
        inputs=dict(inputs),
        limit=tuple(HostName(host) for host in request.get("limit", ())),
        by=user() if by is None else by,
        reason=request.get("reason", ""),
        mode=request.get("mode", "apply"),
        plan_digest=request.get("plan_digest"),
        proposal=request.get("proposal"),
    )


def user() -> str:
    """The name of whoever runs this process, as a claim; empty where the system knows none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return ""


def _summary(definition: str, request: RunRequest) -> str:
    asked = f" for {request.by}" if request.by else ""
    return f"{definition}{asked}"[:200]


def _details(definition: str, request: RunRequest) -> str:
    lines = [f"Definition: {definition}", f"Asked by: {request.by or 'nobody named'}"]
    if request.reason:
        lines.append(f"Reason: {request.reason}")
    return "\n\n".join(lines)[:2000]
