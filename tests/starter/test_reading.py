"""What workers of a newer build say is shown as far as it is known, and where it cannot be, that is said in words."""

import pytest
from temporalio import workflow
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from starter.client import Orchestrator
from starter.errors import StarterError
from starter.reading import own_version
from workflows import contracts

STATUS = {"id": "r", "phase": "running", "started": "2026-01-01T00:00:00Z", "mood": "good"}
STEP = {"id": "deploy", "kind": "devices", "state": "running", "colour": "blue"}


@workflow.defn(name=contracts.RUN)
class RunOfTomorrow:
    """Knows more than a client of today."""

    def __init__(self) -> None:
        self._over = False

    @workflow.run
    async def run(self, phase: str) -> dict[str, object]:
        """Lives until the test is over."""
        self._phase = phase
        await workflow.wait_condition(lambda: self._over)
        verdict = {"verdict": "succeeded", "left": "nothing", "weather": "fine"}
        return {"id": "r", "run": "1", "definition": "d", "version": "1", "plan_digest": "x", **verdict}

    @workflow.query(name=contracts.QUERY_STATUS)
    def status(self) -> dict[str, object]:
        """With fields, of its own and of a step, that nobody knows."""
        return {**STATUS, "phase": self._phase, "steps": [STEP]}

    @workflow.signal
    def end(self) -> None:
        """Ends."""
        self._over = True


async def test_a_status_is_shown_without_what_only_a_newer_build_knows_and_what_cannot_be_is_said(
    idle: Orchestrator,
) -> None:
    queue, client = contracts.TASK_QUEUE, idle.client
    async with Worker(client, task_queue=queue, workflows=[RunOfTomorrow], workflow_runner=UnsandboxedWorkflowRunner()):
        for id_, phase in (("known", "running"), ("strange", "dreaming")):
            await client.start_workflow(contracts.RUN, phase, id=id_, task_queue=queue)
        handle = idle.handle("known")
        status = await handle.status()
        assert (status.phase, status.steps[0].id) == ("running", "deploy")
        with pytest.raises(StarterError, match="of another build of netsaga than this command") as refused:
            await idle.handle("strange").status()
        assert f"{own_version()} and cannot read its answer (phase: input should be" in str(refused.value)
        await client.get_workflow_handle("known").signal("end")
        assert (await handle.result()).verdict == "succeeded"
