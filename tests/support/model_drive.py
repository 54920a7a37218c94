"""Carries scenarios out: the real workflows, in workers that may die, with people who act and answer.

What happens is told by `model_story.Story`, which `model_rules` judges.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowFailureError, WorkflowHandle, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.service import RPCError

from model_device import Lab
from model_log import is_back
from model_people import People
from model_scenario import Scenario
from model_story import Story, Told, Unsealed
from model_text import plans_of
from model_workers import Workers
from model_world import REQUESTER, ModelWorld
from running import Server
from workflows import contracts
from workflows.contracts import GuardState, ProposalRef, RunRequest, RunResult, SealInput
from workflows.run.verdict import result_in

PATIENCE_S: Final = 240.0  # of one scenario; on an idle machine the slowest takes 30 s
PEOPLE: Final = {"netops": ("alice", "bob")}


async def carry_out(server: Server, scenario: Scenario) -> Story:
    """A scenario from its beginning to its end.

    Raises:
        AssertionError: It never ended; with what had happened so far.
    """
    plans = plans_of(scenario)
    name = uuid.uuid4().hex[:8]
    lab = Lab(scenario.names, planned=scenario.mode != "apply")
    world = ModelWorld(
        plans[scenario.main.name],
        scenario.names,
        groups=PEOPLE,
        facts=scenario.facts,
        plans=plans,
        pools=scenario.pools,
        scenario=scenario,
        lab=lab,
        guard=f"guard-{name}",
        queue=f"model-{name}",
    )
    story = Story(scenario, lab)
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
        self._workers = Workers(server, world)
        self._people = People(server.client, world.scenario, self._workers.change)
        self._story.operations = self._people.said
        self._story.sent, self._story.seen = self._people.sent, self._people.seen
        world.moment = self._moment

    async def _moment(self) -> None:
        self._world.cut = await self._people.notice()

    async def to_the_end(self) -> None:
        """All runs of the scenario, and what is left of them."""
        async with self._workers.at_work(), self._looking():
            match self._world.scenario.mode:
                case "apply":
                    await self._apply()
                case "plan":
                    await self._plan()
                case "planned" | "moved":
                    await self._plan_and_apply()
            await self._workers.settled()
            await self._tell()

    @asynccontextmanager
    async def _looking(self) -> AsyncIterator[None]:
        looking = asyncio.create_task(self._people.look())
        try:
            yield
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError, WorkflowUpdateRPCTimeoutOrCancelledError):
                await looking

    async def _apply(self) -> None:
        runs = [await self._start(RunRequest()) for _ in range(2 if self._world.scenario.rival else 1)]
        self._people.subject = runs[0]
        for run in runs:
            closed, result = await _ended(run)
            if not any(one.scope.workflow_id == run.id for one in self._world.sealed):
                self._story.unsealed.append(Unsealed(run.id, closed, result))

    async def _plan(self) -> RunResult | None:
        run = await self._start(RunRequest(mode="plan"))
        if self._world.scenario.mode == "plan":
            self._people.subject = run
        try:
            return await run.result()
        except WorkflowFailureError as error:
            return result_in(error.cause)

    async def _plan_and_apply(self) -> None:
        """What a plan has proposed is carried out, unless a colleague has been at the first device meanwhile."""
        planned = await self._plan()
        if planned is None or planned.proposal is None:
            return
        if self._world.scenario.mode == "moved":
            self._story.lab.foreign[self._world.scenario.names[0]] += 1
        found = planned.proposal
        run = await self._start(RunRequest(proposal=ProposalRef(digest=found.digest, ref=found.ref)))
        self._people.subject = run
        closed = await _closed(run)
        if not any(one.scope.workflow_id == run.id for one in self._world.sealed):
            self._story.refused[run.id] = closed

    async def _start(self, request: RunRequest) -> WorkflowHandle[Any, RunResult]:
        asked = request.model_copy(update={"definition": "model", "by": REQUESTER, "reason": "because"})
        run = await self._server.client.start_workflow(
            contracts.RUN,
            asked,
            id=f"{self._name}-{len(self._people.watched)}",
            task_queue=self._world.queue,
            result_type=RunResult,
        )
        self._people.watched.append(run)
        return run

    async def stuck(self) -> str:
        """What the server says of runs that do not end."""
        said = []
        for handle in self._people.watched:
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

    # ------------------------------------------------------------------------------------------------------ telling

    async def _tell(self) -> None:
        story, client = self._story, self._server.client
        story.lab.settle()
        story.notified = [one.scope.run for one in self._world.told]
        story.ahead = self._world.ahead
        for sealed in {one.scope.run: one for one in self._world.sealed}.values():
            told = await self._told(sealed)
            (story.backs if is_back(told) else story.runs).append(told)
        story.runs.sort(key=lambda told: told.id)
        by_id = {told.id: told for told in story.runs}
        for told in story.runs:
            told.parent = by_id.get(told.id.rpartition("/")[0])
            # A run that does not succeed ends those that it has called, whoever asked for it.
            told.cancels = told.cancels or (told.parent is not None and told.parent.result.verdict != "succeeded")
        guard = client.get_workflow_handle(self._world.guard)
        with suppress(RPCError):  # there is none where nothing was to be changed
            story.guard = await guard.query(contracts.QUERY_LEASES, result_type=GuardState)
            await guard.terminate("the scenario is over")
        strict = {
            step.id for plan in self._world.plans.values() for step in plan.steps if getattr(step, "budget", None)
        }
        batches = [entry.batch for entry in story.lab.log if entry.batch and entry.call.part.step in strict]
        for batch in dict.fromkeys(batches):
            story.histories[batch] = await client.get_workflow_handle(batch).fetch_history()

    async def _told(self, sealed: SealInput) -> Told:
        scope, subject = sealed.scope, self._people.subject
        acted_upon = subject is not None and scope.workflow_id.partition("/")[0] == subject.id
        definition = self._story.scenario.definitions[sealed.result.definition]
        return Told(
            scope.workflow_id,
            scope.run,
            definition,
            self._world.plans[definition.name],
            sealed.result,
            sealed,
            await _closed(self._server.client.get_workflow_handle(scope.workflow_id, run_id=scope.run)),
            cancels=acted_upon and self._people.cancels,
            answered=scope.workflow_id in self._people.answered,
        )


async def _closed(handle: WorkflowHandle[Any, Any]) -> str:
    """How the workflow ended."""
    return (await _ended(handle))[0]


async def _ended(handle: WorkflowHandle[Any, Any]) -> tuple[str, RunResult | None]:
    """How the workflow ended, and what it says, where it says something."""
    try:
        return "completed", await handle.result()
    except WorkflowFailureError as error:
        match error.cause:
            case CancelledError():
                return "cancelled", None
            case ApplicationError(type=str(kind)):
                return kind, result_in(error.cause)
        return f"{error.cause}", None
