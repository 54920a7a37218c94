"""The sandbox in which the interpreter's tests run is one: who reaches out of a workflow is stopped."""

import uuid
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from running import Server
from sandboxed import sandboxed


@workflow.defn
class Reaching:
    """Opens a file."""

    @workflow.run
    async def run(self, path: str) -> str:
        """Its text."""
        with open(path) as file:  # noqa: PTH123 - the builtin is what the sandbox takes away
            return file.read()


@pytest.mark.asyncio(loop_scope="session")
async def test_a_workflow_that_opens_a_file_is_stopped(server: Server, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("found")
    queue = f"test-{uuid.uuid4().hex[:8]}"
    async with Worker(
        server.client,
        task_queue=queue,
        workflows=[Reaching],
        workflow_runner=sandboxed(),
        workflow_failure_exception_types=[Exception],
    ):
        with pytest.raises(WorkflowFailureError) as stopped:
            await server.client.execute_workflow(
                Reaching.run, str(tmp_path / "secret"), id=f"reaching-{queue}", task_queue=queue
            )
    assert isinstance(stopped.value.cause, ApplicationError)
    assert "Cannot access __builtins__.open from inside a workflow" in stopped.value.cause.message
