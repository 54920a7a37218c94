"""Resets runs: finds the point to go back to, and the execution that goes on from there."""

import asyncio
from typing import Any

from temporalio.client import WorkflowHandle

from guarded import Serving, until_waiting
from holders import reset
from running import Live, Server
from scripted import Holding
from workflows.contracts import RunResult


async def task_after(handle: WorkflowHandle[Any, Any], what: str, name: str = "") -> int:
    """The number of the event that ends the first task after something of a kind, and of a name, has happened."""
    found = False
    async for event in handle.fetch_history_events():
        kind = event.WhichOneof("attributes") or ""
        found = found or (kind.startswith(what) and name in str(event))
        if found and kind.startswith("workflow_task_completed"):
            return event.event_id
    raise AssertionError(f"no task after {what} {name}")


async def newest(server: Server, live: Live) -> Live:
    """The execution that goes on after a reset."""
    handle: WorkflowHandle[Any, RunResult] = server.client.get_workflow_handle(live.handle.id, result_type=RunResult)
    return Live(handle, live.world)


async def reset_while_it_waits(runs: Serving, holding: Holding) -> tuple[Live, Live]:
    """A run that is at work on a device, and one that waited for it and was reset to where it had been told so."""
    first = await runs.start()
    await asyncio.wait_for(holding.begun.wait(), 20)
    second = await runs.start()
    await until_waiting(second)
    told = await task_after(second.handle, "activity_task_completed", "held_by")
    await reset(runs.server, second.handle, told)
    return first, await newest(runs.server, second)
