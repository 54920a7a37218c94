"""Finds the point to which a run is reset, and the execution that goes on from there."""

from typing import Any

from temporalio.client import WorkflowHandle

from running import Live, Server
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
