"""What people send to a run that has joined another one: no step of it will ever take it."""

import asyncio

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from guarded import guarded, serving, until_waiting
from plans import changing, of, plan
from running import Server
from scripted import Holding
from workflows.plan import Dedup, WaitStep

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1",)


async def test_a_signal_to_a_joined_run_is_refused_with_the_run_that_it_has_joined(server: Server) -> None:
    dedup = Dedup.model_validate({"key": of("inputs.ticket"), "on_duplicate": "join"})
    waits = WaitStep.model_validate({"id": "wait", "needs": ("deploy",), "signal": "go"})
    steps = plan(changing("deploy"), waits)
    mine = guarded(steps.model_copy(update={"dedup": dedup}), HOSTS, inputs={"ticket": "RITM1"})
    async with serving(server, mine) as runs:
        mine.scripts["deploy", "sw1"] = device = Holding(mine)
        first = await runs.start()
        await asyncio.wait_for(device.begun.wait(), 20)
        second = await runs.start()
        await until_waiting(second, f"joined run {first.handle.id}")
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await second.handle.execute_update("go", {})
        assert isinstance(refused.value.cause, ApplicationError)
        said = f"this run has joined run {first.handle.id}, which does the work; send `go` there"
        assert refused.value.cause.message == said
        await second.handle.signal("go", {})
        status = await second.until(lambda status: bool(status.operations))
        assert status.operations[0].refused == said
        await first.handle.execute_update("go", {})  # kept for its step
        device.go_on.set()
        assert (await first.result()).verdict == (await second.result()).verdict == "succeeded"
