"""Runs that were reset wait for nothing that never comes, and for nothing that a cancel cannot end."""

import asyncio

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import CancelledError

from guarded import guarded, known, serving
from holders import reset
from plans import changing, plan, reading
from resetting import newest, reset_while_it_waits, task_after
from running import Server
from scripted import Holding
from workflows.contracts import Operation, OperationAnswer
from workflows.plan import StepId

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2")


@pytest.mark.history("reset-reading")
async def test_a_run_that_only_reads_goes_on_after_a_reset(server: Server) -> None:
    world = guarded(plan(reading("look"), reading("again", needs=(StepId("look"),))), HOSTS)
    async with serving(server, world) as runs:
        live = await runs.start()
        assert (await live.result()).verdict == "succeeded"
        await reset(server, live.handle, await task_after(live.handle, "child_workflow_execution_completed"))
        again = await newest(server, live)
        assert (await asyncio.wait_for(again.result(), 30)).verdict == "succeeded"
        await runs.keep(again)
    assert sorted(world.asked("do", "again")) == ["sw1", "sw1", "sw2", "sw2"]


@pytest.mark.history("reset-cancelled")
async def test_a_run_that_is_reset_while_it_waits_for_devices_can_be_cancelled(server: Server) -> None:
    world = guarded(plan(changing("deploy")), HOSTS)
    holding = Holding(world)
    world.scripts["deploy", "sw1"] = holding
    async with serving(server, world) as runs:
        first, again = await reset_while_it_waits(runs, holding)
        await again.handle.execute_update("cancel", Operation(by="olga"), result_type=OperationAnswer)
        with pytest.raises(WorkflowFailureError) as ended:
            await asyncio.wait_for(again.handle.result(), 30)
        assert isinstance(ended.value.cause, CancelledError)
        await runs.keep(again)
        state = await known(server, world)
        assert ([lease.holder.workflow_id for lease in state.leases], state.queue) == ([first.handle.id], ())
        holding.go_on.set()
        assert (await first.result()).verdict == "succeeded"
