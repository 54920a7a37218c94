"""Workflows that stand for runs before a guard: they hold what it gives them, and end when the test lets them."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Literal

from temporalio import workflow
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import WorkflowHandle
from temporalio.common import RawValue
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from guarded import guarded
from plans import changing, plan
from running import Server
from sandboxed import sandboxed
from workflows import contracts
from workflows.contracts import ClaimAnswer, ClaimRequest, Holder, LeaseAnswer, LeaseRequest, ReleaseInput, RunId
from workflows.guard.workflow import GuardWorkflow
from workflows.plan import HostName

END: Final = "end"
AGAIN: Final = "again"  # continue as new
TOLD: Final = "told"


@workflow.defn(name="Standing")
class Standing:
    """Stands for a run."""

    def __init__(self) -> None:
        self._told: list[str] = []
        self._ends = self._again = False

    @workflow.run
    async def run(self) -> None:
        """Lives until it is let go."""
        await workflow.wait_condition(lambda: self._ends or self._again)
        if self._again:
            workflow.continue_as_new()

    @workflow.signal(dynamic=True)
    def hear(self, name: str, _: Sequence[RawValue]) -> None:
        """Keeps what the guard says."""
        if name == END:
            self._ends = True
        elif name == AGAIN:
            self._again = True
        else:
            self._told.append(name)

    @workflow.query(name=TOLD)
    def told(self) -> list[str]:
        """What the guard has said, in order."""
        return self._told


@dataclass
class Runs:
    """A guard of its own, and those who stand before it."""

    server: Server
    guard: WorkflowHandle[Any, Any]
    queue: str
    handles: dict[str, WorkflowHandle[Any, Any]] = field(default_factory=dict)

    def holder(self, name: str) -> Holder:
        """One who stands there, as the guard knows runs: ``outer/inner`` was called by ``outer``."""
        handle = self.handles[name]
        run = handle.first_execution_run_id
        assert run is not None
        return Holder(workflow_id=handle.id, run=RunId(run), root=handle.id.partition("/")[0])

    async def start(self, *names: str) -> None:
        """Some more of them."""
        prefix = self.guard.id
        for name in names:
            self.handles[name] = await self.server.client.start_workflow(
                "Standing", id=f"{prefix}-{name}", task_queue=self.queue
            )

    async def end(self, name: str) -> None:
        """One ends by itself."""
        await self.handles[name].signal(END)
        await self.handles[name].result()

    async def again(self, name: str) -> None:
        """One continues as new; bounded."""
        handle = self.handles[name]
        await handle.signal(AGAIN)
        async with asyncio.timeout(60):
            while (await handle.describe()).run_id == handle.first_execution_run_id:
                await asyncio.sleep(0.05)

    async def lease(self, name: str, *devices: str) -> LeaseAnswer:
        """One asks for devices."""
        request = LeaseRequest(holder=self.holder(name), devices=tuple(HostName(device) for device in devices))
        answer: LeaseAnswer = await self.guard.execute_update(
            contracts.UPDATE_ACQUIRE, request, result_type=LeaseAnswer
        )
        return answer

    async def claim(
        self, name: str, key: str, on_duplicate: Literal["join", "queue", "reject"] = "queue"
    ) -> ClaimAnswer:
        """One asks for some work."""
        request = ClaimRequest(holder=self.holder(name), definition="work", key=key, on_duplicate=on_duplicate)
        answer: ClaimAnswer = await self.guard.execute_update(contracts.UPDATE_CLAIM, request, result_type=ClaimAnswer)
        return answer

    async def release(self, name: str, *, claim: bool = False) -> None:
        """One gives back what it holds."""
        await self.guard.execute_update(contracts.SIGNAL_RELEASE, ReleaseInput(holder=self.holder(name), claim=claim))

    async def told(self, name: str) -> list[str]:
        """What the guard has signalled to one."""
        answer: list[str] = await self.handles[name].query(TOLD)
        return answer


@asynccontextmanager
async def standing_runs(server: Server, guard_queue: str | None = None) -> AsyncIterator[Runs]:
    """A guard, and a worker for it unless the guard has a queue of its own; all that was started ends."""
    world = guarded(plan(changing("deploy")), ())
    queue = f"test-{uuid.uuid4().hex[:8]}"
    async with Worker(
        server.client,
        task_queue=queue,
        workflows=[GuardWorkflow, Standing],
        activities=world.activities,
        workflow_runner=sandboxed(),
    ):
        guard = await server.client.start_workflow(
            contracts.GUARD,
            id=world.guard,
            task_queue=guard_queue or queue,
            task_timeout=timedelta(seconds=2) if guard_queue else None,  # a worker may take a task while it stops
        )
        runs = Runs(server, guard, queue)
        yield runs
        for handle in (*runs.handles.values(), guard):
            with suppress(RPCError):  # closed already
                await handle.terminate("the test is over")


async def reset(server: Server, handle: WorkflowHandle[Any, Any], task: int = 4) -> None:
    """An operator lets a run go on anew from a task that is done by now, given by the event that ends it."""
    await server.client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=server.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=handle.id),
            reason="by the test",
            request_id=str(uuid.uuid4()),
            workflow_task_finish_event_id=task,
        )
    )


def guarding(server: Server, queue: str) -> Worker:
    """A worker for a guard on a queue of its own: what comes between two of them, the guard hears at once."""
    return Worker(
        server.client,
        task_queue=queue,
        workflows=[GuardWorkflow],
        activities=guarded(plan(changing("deploy")), ()).activities,
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_cached_workflows=0,  # or the server would wait for the first one a while
    )
