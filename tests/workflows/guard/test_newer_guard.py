"""A guard of a newer build: what it adds to a grant is refused in words, for it may forbid something."""

import uuid
from typing import Any

import pytest
from temporalio import workflow
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.leases import Leasing
from running import Server
from workflows import contracts
from workflows.contracts import Holder, LeaseInput, LeaseRequest, ReleaseInput, RunId
from workflows.plan import HostName

HOLDER = Holder(workflow_id="run-1", run=RunId("run-1-run"), root="run-1")


@workflow.defn(name=contracts.GUARD)
class GuardOfTomorrow:
    """Says more than a worker of today knows."""

    @workflow.run
    async def run(self) -> None:
        """Lives until the test ends it."""
        await workflow.wait_condition(lambda: False)

    @workflow.update(name=contracts.UPDATE_ACQUIRE)
    def acquire(self, request: dict[str, Any]) -> dict[str, Any]:  # whatever it asks for
        """Grants, on a condition."""
        return {"granted": True, "only_until": "noon"}

    @workflow.update(name=contracts.SIGNAL_RELEASE)
    def release(self, call: dict[str, Any]) -> dict[str, Any]:  # whatever it gives back
        """Takes back."""
        return {"quarantined": {}, "thanks": "a lot"}


@pytest.mark.asyncio(loop_scope="session")
async def test_a_grant_with_a_condition_that_is_not_known_is_none_and_what_a_release_adds_is_passed_over(
    server: Server,
) -> None:
    queue = id_ = f"guard-{uuid.uuid4().hex[:8]}"
    async with Worker(
        server.client, task_queue=queue, workflows=[GuardOfTomorrow], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        guard = await server.client.start_workflow(contracts.GUARD, id=id_, task_queue=queue)
        environment, leasing = ActivityEnvironment(client=server.client), Leasing(id_)
        with pytest.raises(ApplicationError, match=r"cannot read its answer \(`only_until`: .*; upgrade") as refused:
            await environment.run(
                leasing.lease, LeaseInput(request=LeaseRequest(holder=HOLDER, devices=(HostName("sw1"),)))
            )
        assert (refused.value.type, refused.value.non_retryable) == ("block_unavailable", True)
        released = await environment.run(leasing.release, ReleaseInput(holder=HOLDER, id="run-1-run/release-1"))
        assert released.quarantined == {}
        await guard.terminate()
