"""Carries scenarios out: the real workflows, in workers that may die, and somebody who answers what the run asks.

What happens is told by `Story`, which `model_rules` judges.
"""

import asyncio
import uuid
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowFailureError, WorkflowHandle, WorkflowHistory, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.service import RPCError
from temporalio.worker import Worker

from model_device import Lab
from model_scenario import EventSpec, Scenario
from model_world import ModelWorld
from running import Server
from sandboxed import sandboxed
from worker.build import STICKY_TIMEOUT, WORKFLOWS
from workflows import contracts
from workflows.contracts import Decision, GuardState, Operation, OperationAnswer, RunResult, RunStatus, SealInput
from workflows.definition.compiler import Source, compile_definition
from workflows.definition.render import render
from workflows.plan import HostName, Plan
from workflows.run.capabilities import not_carried_out

PATIENCE_S: Final = 240.0  # of one scenario; on an idle machine the slowest takes 30 s
LOOK_S: Final = 0.2
SELDOM_S: Final = 1.0  # where each look replays a whole history
HEARTBEATS: Final = timedelta(milliseconds=50)
PEOPLE: Final = {"netops": ("alice", "bob")}


@dataclass
class Told:
    """What one run said at its end."""

    id: str
    run: str
    result: RunResult
    sealed: SealInput
    closed: str  # how the workflow itself ended: completed, a failure's type, cancelled
    cancels: bool  # whether a cancel was asked for
    answered: bool  # whether an operator has answered something


@dataclass
class Story:
    """What happened in a scenario."""

    scenario: Scenario
    plan: Plan
    lab: Lab
    runs: list[Told] = field(default_factory=list)
    guard: GuardState = field(default_factory=GuardState)
    histories: dict[str, WorkflowHistory] = field(default_factory=dict)
    operations: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        said = [str(self.scenario), ""]
        said += [f"  {entry}" for entry in self.lab.log]
        said += [f"  people: {operation}" for operation in self.operations]
        for told in self.runs:
            said.append(f"run {told.run[:8]} closed as {told.closed}: {told.result.verdict}; {told.result.message}")
            said += [f"  {step.id}: {step.state} {dict(step.counts)} {step.message}" for step in told.result.steps]
            said += [f"  {one.name}: {one.status} ({one.step}) {one.message}" for one in told.result.devices]
        for host in self.scenario.names:
            said.append(f"  {host} now has {sorted(self.lab.running[host])}")
        return "\n".join(said)


def compiled(scenario: Scenario) -> Plan:
    """The plan of a scenario's text; one that does not compile is a mistake of the test."""
    found = compile_definition(Source("model.yaml", scenario.text(), {}))
    assert found.plan is not None, render(found.diagnostics, {"model.yaml": scenario.text()})
    assert not_carried_out(found.plan) == [], scenario.text()
    return found.plan


async def carry_out(server: Server, scenario: Scenario) -> Story:
    """A scenario from its beginning to its end.

    Raises:
        AssertionError: It never ended; with what had happened so far.
    """
    plan = compiled(scenario)
    name = uuid.uuid4().hex[:8]
    lab = Lab(scenario.names)
    hosts = tuple(HostName(host) for host in scenario.names)
    world = ModelWorld(
        plan, hosts, groups=PEOPLE, facts=scenario.facts, scenario=scenario, lab=lab, guard=f"guard-{name}"
    )
    story = Story(scenario, plan, lab)
    drive = Drive(server, world, story, name)
    try:
        await asyncio.wait_for(drive.to_the_end(), PATIENCE_S)
    except TimeoutError:
        raise AssertionError(f"it never ended; {await drive.stuck()}\n{story}") from None
    return story


class Drive:
    """One scenario under way."""

    def __init__(self, server: Server, world: ModelWorld, story: Story, name: str) -> None:
        self._server, self._world, self._story, self._name = server, world, story, name
        self._scenario = story.scenario
        self._queue = f"model-{name}"
        self._happened = 0
        self._events = sorted(self._scenario.events, key=lambda event: event.after)
        self._answers = deque(self._scenario.answers)
        self._handles: list[WorkflowHandle[Any, RunResult]] = []
        self._cancels = False
        self._answered = False
        self._restarts: list[asyncio.Task[None]] = []
        world.moment = self._moment

    async def to_the_end(self) -> None:
        """All runs of the scenario, and what is left of them."""
        async with self._working():
            for number in range(2 if self._scenario.rival else 1):
                self._handles.append(await self._start(number))
            looking = asyncio.create_task(self._look())
            try:
                closed = [await _closed(handle) for handle in self._handles]
            finally:
                looking.cancel()
                with suppress(asyncio.CancelledError):
                    await looking
            await asyncio.gather(*self._restarts)
            await self._tell(closed)

    async def stuck(self) -> str:
        """What the server says of runs that do not end."""
        said = []
        for handle in self._handles:
            history = await handle.fetch_history()
            failures = [
                event.workflow_task_failed_event_attributes.failure.message
                for event in history.events
                if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
            ]
            said.append(f"{handle.id}: {len(history.events)} events, failed workflow tasks: {failures[-1:]}")
            with suppress(RPCError):
                await handle.terminate("the model test gives up")
        return "; ".join(said)

    async def _start(self, number: int) -> WorkflowHandle[Any, RunResult]:
        request = {"definition": "model", "by": "rita", "reason": "because"}
        return await self._server.client.start_workflow(
            contracts.RUN, request, id=f"{self._name}-{number}", task_queue=self._queue, result_type=RunResult
        )

    async def _tell(self, closed: Sequence[str]) -> None:
        story = self._story
        story.lab.settle()
        for handle, how in zip(self._handles, closed, strict=True):
            sealed = next(one for one in self._world.sealed if one.scope.workflow_id == handle.id)
            first = handle is self._handles[0]
            story.runs.append(
                Told(
                    handle.id,
                    sealed.scope.run,
                    sealed.result,
                    sealed,
                    how,
                    cancels=first and self._cancels,
                    answered=first and self._answered,
                )
            )
        guard = self._server.client.get_workflow_handle(self._world.guard)
        with suppress(RPCError):  # there is none where nothing was to be changed
            story.guard = await guard.query(contracts.QUERY_LEASES, result_type=GuardState)
            await guard.terminate("the scenario is over")
        strict = {step.id for step in self._story.plan.steps if getattr(step, "budget", None) == "strict"}
        batches = [entry.batch for entry in story.lab.log if entry.batch and entry.call.part.step in strict]
        for batch in dict.fromkeys(batches):
            story.histories[batch] = await self._server.client.get_workflow_handle(batch).fetch_history()

    # --------------------------------------------------------------------------------------------------- workers

    @asynccontextmanager
    async def _working(self) -> AsyncIterator[None]:
        self._worker = self._new_worker()
        self._polling = asyncio.create_task(self._worker.run())
        try:
            yield
        finally:
            await asyncio.gather(*self._restarts, return_exceptions=True)
            await self._worker.shutdown()
            await self._polling

    async def _restart(self) -> None:
        await self._worker.shutdown()
        await self._polling
        self._worker = self._new_worker()
        self._polling = asyncio.create_task(self._worker.run())

    def _new_worker(self) -> Worker:
        return Worker(
            self._server.client,
            task_queue=self._queue,
            workflows=WORKFLOWS,
            activities=self._world.activities,
            identity="netsaga-model",
            workflow_runner=sandboxed(),
            max_cached_workflows=0 if self._scenario.cold else 100,
            sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
            max_heartbeat_throttle_interval=HEARTBEATS,
            default_heartbeat_throttle_interval=HEARTBEATS,
        )

    # ---------------------------------------------------------------------------------------------------- people

    async def _moment(self) -> None:
        """Something happened on a device: whatever is due now is done, before anything else can happen there."""
        self._happened += 1
        while self._events and self._events[0].after <= self._happened:
            await self._do(self._events.pop(0))

    async def _do(self, event: EventSpec) -> None:
        run = self._handles[0]
        match event.deed:
            case "cancel":
                self._cancels = self._world.cut = True
                self._story.operations.append("cancel, by Temporal")
                with suppress(RPCError):
                    await run.cancel()
            case "cancel_by_operator":
                self._cancels = self._world.cut = True  # also where the answer is lost with its worker
                await self._ask(run, "cancel", Operation(by="oscar", reason="stop it"))
            case "pause":
                await self._ask(run, "pause", Operation(by="oscar"))
            case "concurrency":
                await self._ask(run, "set_concurrency", Operation(by="oscar", concurrency=1 + self._happened % 4))
            case "restart":
                self._story.operations.append("the worker dies, another one starts")
                self._restarts.append(asyncio.create_task(self._after(self._restarts[-1:])))

    async def _after(self, earlier: Sequence["asyncio.Task[None]"]) -> None:
        await asyncio.gather(*earlier)
        await self._restart()

    async def _ask(self, run: WorkflowHandle[Any, RunResult], kind: str, operation: Operation) -> bool:
        """An operation; whether it was taken."""
        try:
            async with asyncio.timeout(10):
                answer: OperationAnswer = await run.execute_update(kind, operation, result_type=OperationAnswer)
        except WorkflowUpdateFailedError as error:
            self._story.operations.append(f"{kind}, refused: {error.cause}")
            return False
        except (RPCError, TimeoutError):
            return False
        self._story.operations.append(f"{kind} {operation.scope if kind == 'undo' else ''}: {answer.accepted}")
        return answer.accepted

    async def _look(self) -> None:
        """Answers whatever a run asks."""
        paused = 0
        while True:
            await asyncio.sleep(SELDOM_S if self._scenario.cold else LOOK_S)
            for run in self._handles:
                with suppress(RPCError, TimeoutError):
                    async with asyncio.timeout(5):
                        status: RunStatus = await run.query(contracts.QUERY_STATUS, result_type=RunStatus)
                    if status.gates:
                        await self._decide(run, status)
                    if status.phase == "paused":
                        paused += 1
                        await self._go_on(run, status, resume=paused % 3 == 0)

    async def _decide(self, run: WorkflowHandle[Any, RunResult], status: RunStatus) -> None:
        if self._scenario.gate == "silence":
            return
        decision = Decision(by="alice", step=status.gates[0].step)
        with suppress(WorkflowUpdateFailedError):
            await run.execute_update(self._scenario.gate, decision, result_type=contracts.DecisionAnswer)

    async def _go_on(self, run: WorkflowHandle[Any, RunResult], status: RunStatus, *, resume: bool) -> None:
        asking = [step.id for step in status.steps if step.state == "waiting" and "retry, skip" in step.message]
        for step in asking:
            words = (self._answers.popleft() if self._answers else "stop").split()
            given = {"by": "oscar", "step": step, **({"scope": words[1]} if len(words) > 1 else {})}
            operation = Operation.model_validate(given)
            self._answered |= await self._ask(run, words[0], operation)
        if resume:
            await self._ask(run, "resume", Operation(by="oscar"))


async def _closed(handle: WorkflowHandle[Any, RunResult]) -> str:
    """How the workflow ended."""
    try:
        await handle.result()
    except WorkflowFailureError as error:
        match error.cause:
            case CancelledError():
                return "cancelled"
            case ApplicationError(type=str(kind)):
                return kind
        return f"{error.cause}"
    return "completed"
