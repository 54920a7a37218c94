"""Starts the real workflows over scripted activities and waits for what they come to."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle, WorkflowHistory
from temporalio.exceptions import ApplicationError
from temporalio.service import ServiceClient
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from sandboxed import sandboxed
from scripted import World
from worker.build import WORKFLOWS
from workflows import contracts
from workflows.contracts import DevicePage, Page, RunResult, RunStatus

REQUEST: Final = {"definition": "test", "by": "rita", "reason": "because"}
PATIENCE_S: Final = 90.0


@dataclass
class Live:
    """A run that is under way."""

    handle: WorkflowHandle[Any, RunResult]
    world: World

    async def status(self) -> RunStatus:
        """What the query says."""
        answer: RunStatus = await self.handle.query(contracts.QUERY_STATUS, result_type=RunStatus)
        return answer

    async def devices(self, page: Page) -> DevicePage:
        """What the query says of the devices."""
        answer: DevicePage = await self.handle.query(contracts.QUERY_DEVICES, page, result_type=DevicePage)
        return answer

    async def until(self, condition: Callable[[RunStatus], bool]) -> RunStatus:
        """Waits for a status; bounded."""
        status = await self.status()
        for _ in range(1200):
            if condition(status):
                return status
            await asyncio.sleep(0.05)
            status = await self.status()
        raise AssertionError(f"the run never came there; it is at {status}")

    async def result(self) -> RunResult:
        """The result, also where the verdict fails the workflow."""
        try:
            return await asyncio.wait_for(self.handle.result(), PATIENCE_S)
        except WorkflowFailureError as error:
            if isinstance(error.cause, ApplicationError) and error.cause.details:
                return RunResult.model_validate(error.cause.details[0])
            raise

    async def batches(self) -> list[WorkflowHandle[Any, Any]]:
        """The batches that it has started."""
        found = _children(await self.handle.fetch_history())
        return [self.handle._client.get_workflow_handle(child) for child in found]

    async def took(self, updates: int) -> None:
        """Waits until so many updates have been accepted by the execution that is open; bounded."""
        for _ in range(600):
            history = await self.handle.fetch_history()
            accepted = [
                event for event in history.events
                if event.HasField("workflow_execution_update_accepted_event_attributes")
            ]  # fmt: skip
            if len(accepted) >= updates:
                return
            await asyncio.sleep(0.05)
        raise AssertionError("the updates never came")

    async def told(self, signal: str) -> None:
        """Waits until each batch that is open has received such a signal; bounded."""
        for batch in await self.batches():
            for _ in range(600):
                events = (await batch.fetch_history()).events
                received = {event.workflow_execution_signaled_event_attributes.signal_name for event in events}
                if signal in received or events[-1].HasField("workflow_execution_completed_event_attributes"):
                    break
                await asyncio.sleep(0.05)
            else:
                raise AssertionError(f"{batch.id} was never told `{signal}`")

    async def executions(self) -> int:
        """How many executions the run has had."""
        run_id, found = self.handle.first_execution_run_id, 0
        while run_id:
            found += 1
            handle = self.handle._client.get_workflow_handle(self.handle.id, run_id=run_id)
            last = [event async for event in handle.fetch_history_events()][-1]
            run_id = last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
        return found

    async def end(self) -> BaseException | None:
        """The failure that the run closes with."""
        with pytest.raises(WorkflowFailureError) as ended:
            await asyncio.wait_for(self.handle.result(), PATIENCE_S)
        return ended.value.cause


class Server:
    """A Temporal server and what is needed to run things on it."""

    def __init__(self, environment: WorkflowEnvironment, connection: ServiceClient) -> None:
        config = environment.client.config()
        config["service_client"] = connection
        self.client = Client(**config)
        self._environment = environment
        self.keep_as: Path | None = None  # where the history of the next run goes, when histories are recorded

    async def pass_time(self, handle: WorkflowHandle[Any, RunResult], duration: timedelta) -> None:
        """Moves the clock of a live run."""
        await self._environment.fast_forward(handle, duration)

    def in_real_time(self) -> AbstractContextManager[None]:
        """Runs that are started meanwhile have the world's clock: what they wait for does not come by itself."""
        return self._environment.with_time_skipping_disabled()

    @asynccontextmanager
    async def run(self, world: World, request: object = REQUEST) -> AsyncIterator[Live]:
        """A run of the world's plan, with a worker of its own."""
        queue = f"test-{uuid.uuid4().hex[:8]}"
        async with self.worker(world, queue):
            handle = await self.client.start_workflow(
                contracts.RUN, request, id=f"run-{uuid.uuid4().hex[:8]}", task_queue=queue, result_type=RunResult
            )
            yield Live(handle, world)
            if self.keep_as is not None:
                await self.keep(handle, self.keep_as)

    async def keep(self, handle: WorkflowHandle[Any, RunResult], path: Path) -> None:
        """Writes the run's history, and that of its first batch, as fixtures for `test_replay.py`."""
        history = await handle.fetch_history()
        first = await self.client.get_workflow_handle(handle.id, run_id=handle.first_execution_run_id).fetch_history()
        if first.events[-1].HasField("workflow_execution_continued_as_new_event_attributes"):
            path.with_suffix(".first.json").write_text(_plain(first))
        path.with_suffix(".run.json").write_text(_plain(history))
        children = _children(history)
        undoing = [child for child in children if "/undo/" in child or "/undo-" in child]
        working = [child for child in children if not child.endswith("/plan")]  # that one is a run
        confirming = [child for child in children if "/confirm/" in child]
        for kind, kept in (("batch", working[:1]), ("undo", undoing[:1]), ("confirm", confirming[:1])):
            for child in kept:
                batch = await self.client.get_workflow_handle(child).fetch_history()
                path.with_suffix(f".{kind}.json").write_text(_plain(batch))

    def worker(self, world: World, queue: str) -> Worker:
        """A worker as the product builds it, over the world's activities."""
        return Worker(
            self.client,
            task_queue=queue,
            workflows=WORKFLOWS,
            activities=world.activities,
            identity="netsaga-test",
            workflow_runner=sandboxed(),
            max_workflow_task_external_storage_concurrency=1,
        )

    async def outcome(self, world: World, request: object = REQUEST) -> RunResult:
        """Runs to the end."""
        async with self.run(world, request) as live:
            return await live.result()


def _children(history: WorkflowHistory) -> list[str]:
    """The ids of the child workflows that were started, in their order."""
    return [
        event.child_workflow_execution_started_event_attributes.workflow_execution.workflow_id
        for event in history.events
        if event.HasField("child_workflow_execution_started_event_attributes")
    ]


def _plain(history: WorkflowHistory) -> str:
    """A history without stack traces: they name folders of the machine that recorded it."""

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without(item) for key, item in value.items() if key != "stackTrace"}
        return [without(item) for item in value] if isinstance(value, list) else value

    return json.dumps(without(history.to_json_dict()), indent=1) + "\n"
