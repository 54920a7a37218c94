"""Worker pools end to end: a device of a pool is reached by the pool's own worker, and without one it fails by name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import yaml

from starter.client import Orchestrator
from starter.dev.stack import Stack
from starter.handle import RunHandle
from worker_process import WorkerProcess, worker_process
from workflows.contracts import pool_queue

DEFINITION = """
netsaga: 1
name: look
version: 1.0.0
inventory: {source: nautobot, select: "true", expect: {min: 3}}
defaults: {credential: device_rw}
steps:
  - id: look
    devices: inventory
    do:
      - show: show version
    accept: {succeeded: ">= 50%"}
    on_failure: stop
"""


@asynccontextmanager
async def pool_worker(state: Path, pool: str) -> AsyncIterator[WorkerProcess]:
    async with worker_process("run", "--pool", pool, folder=state) as worker:
        await worker.until_it_says("worker ready")
        yield worker


async def took_up(run: RunHandle, client: Orchestrator) -> dict[str, tuple[str, str]]:
    """By device: the queue to which its part of the step went, and the worker that took it up."""
    history = await client.client.get_workflow_handle(f"{run.id}/look/all/0").fetch_history()
    scheduled = {
        event.event_id: event.activity_task_scheduled_event_attributes
        for event in history.events
        if event.HasField("activity_task_scheduled_event_attributes")
    }
    started = {
        event.activity_task_started_event_attributes.scheduled_event_id: event.activity_task_started_event_attributes
        for event in history.events
        if event.HasField("activity_task_started_event_attributes")
    }
    return {
        asked.activity_id.removeprefix("look/"): (asked.task_queue.name, started[number].identity)
        for number, asked in scheduled.items()
        if asked.activity_id.startswith("look/")
    }


async def test_a_device_of_a_pool_is_reached_through_its_own_worker_or_fails_by_name(tmp_path: Path) -> None:
    async with Stack.start(state=tmp_path, devices=3, ui_port=None) as stack:
        inventory = yaml.safe_load(stack.inventory.read_text())
        *others, far = list(inventory["hosts"])
        inventory["hosts"][far]["pool"] = "dc1"
        stack.inventory.write_text(yaml.safe_dump(inventory))
        client = await Orchestrator.connect(address=stack.address)

        alone = await (await client.start("look", source=DEFINITION)).result()
        assert alone.verdict == "partial"
        (failed,) = [device for device in alone.devices if device.status == "failed"]
        assert failed.name == far
        assert failed.message.startswith("executor: no worker serves the pool dc1; start one with `netsaga worker")

        async with pool_worker(tmp_path, "dc1") as worker:
            run = await client.start("look", source=DEFINITION)
            assert (await run.result()).verdict == "succeeded"
            found = await took_up(run, client)
            pid = worker.process.pid
        assert found[far][0] == pool_queue("netsaga", "dc1")
        assert found[far][1].startswith(f"netsaga-{pid}@")
        assert {found[name][0] for name in others} == {"netsaga"}
        assert {found[name][1].startswith(f"netsaga-{stack.worker.pid}@") for name in others} == {True}
