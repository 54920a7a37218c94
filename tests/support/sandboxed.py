"""The interpreter in Temporal's sandbox: stricter than the product's worker, for tests that carry out workflows.

The worker runs workflows without it, for it protects little of code that it shares between runs, and costs a fifth of
the worker's CPU. Here it is a net under `workflows/ruff.toml`: a file that is opened, say, fails the workflow.

Most of that fifth goes into a question of the SDK's own, for each payload that leaves a workflow: which activity or
child is it for? SDK 1.35 has itself answered within the sandbox, and enters and leaves it for that. Nothing of ours is
called then, so here it reads the answer from outside. All that workflows do is done within.
"""

from typing import Any, Final

from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.worker.workflow_sandbox._runner import _Instance

SHARED_MODULES: Final = ("workflows", "pydantic", "pydantic_core", "annotated_types", "opentelemetry")


class _Answering(_Instance):
    """A workflow in the sandbox, and what the SDK asks of itself outside of it."""

    def _within(self) -> Any:
        return self.globals_and_locals["__temporal_in_sandbox"]

    def get_serialization_context(self, command_info: Any) -> Any:
        """For whom a payload is; see `temporalio/worker/_workflow.py`, `_CommandAwareDataConverter`."""
        return self._within().get_serialization_context(command_info)

    def get_external_store_context(self, command_info: Any) -> Any:
        """The same, of payloads that are stored elsewhere."""
        return self._within().get_external_store_context(command_info)


class _Runner(SandboxedWorkflowRunner):
    """Makes those."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """As the parent does."""
        return _Answering(det, self.runner_class, self.restrictions)


def sandboxed() -> SandboxedWorkflowRunner:
    """A runner that shares our modules between runs, as each run would otherwise load megabytes of them."""
    return _Runner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*SHARED_MODULES))
