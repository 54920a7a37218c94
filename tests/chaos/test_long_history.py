"""A run whose history is cut short again and again, over real devices, while its workers are killed.

The limit is set so low that the run continues as new between every two batches; a real one does so at 3,000 events.
"""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowExecutionStatus

from lab import INPUTS, Lab, lab, waves
from starter.handle import RunHandle
from workflows.contracts import RunStatus

pytestmark = pytest.mark.timeout(180)

EVENTS = 50


def with_short_histories(settings: dict[str, Any]) -> None:
    settings["limits"] = {"history_events": EVENTS}


async def executions(found: Lab, run: RunHandle) -> int:
    """How often the run has continued as new, by the server's word."""
    query = f"WorkflowId = '{run.id}' AND ExecutionStatus = 'ContinuedAsNew'"
    for _ in range(50):  # visibility lags a little behind
        listed = [one async for one in found.client.client.list_workflows(query)]
        if listed:
            assert {one.status for one in listed} == {WorkflowExecutionStatus.CONTINUED_AS_NEW}
            return len(listed)
        await asyncio.sleep(0.1)
    return 0


def in_the_pilot(status: RunStatus) -> bool:
    found = waves(status, "deploy")
    return len(found) > 1 and found[1].state in {"running", "soaking", "succeeded"}


async def test_a_run_that_continues_as_new_survives_a_killed_worker(tmp_path: Path) -> None:
    async with lab(tmp_path, latency_s=0.05, settle=with_short_histories) as found:
        run = await found.client.start("campus-vlan", INPUTS, by="rita", reason="long")
        await found.until(run, in_the_pilot)
        await found.stack.worker.kill()
        await found.stack.start_worker()
        result = await asyncio.wait_for(run.result(), 120)
        assert result.verdict == "succeeded", result.message
        assert result.counts == {"changed": 12}
        assert await executions(found, run) >= 1
        assert {found.whole(host) for host in found.names} == {"changed"}
        assert found.twice() == {}
        assert (await found.client.guard().state()).leases == ()
