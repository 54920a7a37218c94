"""The interpreter in Temporal's sandbox: stricter than the product's worker, for tests that carry out workflows.

The worker runs workflows without it, for it protects little of code that it shares between runs, and costs a fifth of
the worker's CPU. Here it is a net under `workflows/ruff.toml`: a file that is opened, say, fails the workflow.
"""

from typing import Final

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

SHARED_MODULES: Final = ("workflows", "pydantic", "pydantic_core", "annotated_types", "opentelemetry")


def sandboxed() -> SandboxedWorkflowRunner:
    """A runner that shares our modules between runs, as each run would otherwise load megabytes of them."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*SHARED_MODULES))
