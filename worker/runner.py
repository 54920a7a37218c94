"""How the worker's workflows are carried out: without Temporal's sandbox, and without asking what each payload is of.

Our modules would have to pass through the sandbox (a run would otherwise load some megabytes of them), and so it would
guard little, and cost a fifth of the worker's CPU: each payload enters it anew. What it would guard is kept by
`workflows/ruff.toml` and import-linter, which ban clocks, chance and clients, by the histories that are replayed, and
by the tests, which do carry out the interpreter in the sandbox.

The SDK visits each payload of a workflow task three times, and asks each time for the workflow, the activity or the
child that it is of, so that converters and external storage could make a difference of it. Ours make none
(`workflows/converter.py`), and for a device the asking took longer than the batch's own code (decision 0062).
"""

from typing import Any, Final

from temporalio.converter import StorageDriverStoreContext
from temporalio.worker import UnsandboxedWorkflowRunner, WorkflowInstance, WorkflowInstanceDetails

NOWHERE: Final = StorageDriverStoreContext()


class Runner(UnsandboxedWorkflowRunner):
    """Makes an instance for each workflow that the worker keeps in memory."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """The SDK's own, which is not asked about payloads."""
        return _Unasked(super().create_instance(det))


class _Unasked(WorkflowInstance):
    def __init__(self, instance: WorkflowInstance) -> None:
        self._instance = instance

    def activate(self, act: Any) -> Any:  # noqa: ANN401  # of the SDK's own wire types, which it does not export
        return self._instance.activate(act)

    def get_serialization_context(self, command_info: object) -> None:
        """None: payloads of all kinds are converted alike."""

    def get_external_store_context(self, command_info: object) -> StorageDriverStoreContext:  # noqa: ARG002  # they all go there
        return NOWHERE

    def get_info(self) -> Any:  # noqa: ANN401  # passed on
        return self._instance.get_info()

    def get_thread_id(self) -> int | None:
        return self._instance.get_thread_id()
