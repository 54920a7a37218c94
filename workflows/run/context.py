"""What expressions see in the workflow: inputs, the inventory, aggregates of the steps, the run itself."""

from collections.abc import Mapping

from workflows import contracts
from workflows.contracts import DeviceResult
from workflows.plan import DevicesStep
from workflows.run.state import DONE, FAILED, RunState, StepRun
from workflows.run.unknown import Unknown


def context(state: RunState, devices: tuple[DeviceResult, ...] = ()) -> dict[str, object]:
    """The names of a step's expressions.

    A step that was skipped or never reached has null outputs. While the graph runs, the compiler sees to it that only
    steps that have ended are named.
    """
    prepared = state.plan_ready
    return {
        "inputs": prepared.inputs,
        "inventory": list(prepared.hosts),
        "steps": {step.id: aggregates(step) for step in state.steps.values()},
        "run": {
            "id": state.scope.workflow_id,
            "definition": prepared.plan.name,
            "version": prepared.plan.version,
            "verdict": state.verdict,
            "requester": state.request.by,
            "reason": state.request.reason,
            "mode": state.request.mode,
            "devices": [device.model_dump(mode="json") for device in devices],
        },
    }


def aggregates(step: StepRun) -> Mapping[str, object] | None:
    """The outputs of a step that other steps may name."""
    if step.shown is not None:
        return Unknown(step.id)
    if step.state == "skipped" or step.state not in DONE:
        return None
    if step.blame is not None and not step.outputs and not isinstance(step.step, DevicesStep):
        return None  # the block that it talks to gave nothing, and the run goes on without
    if not isinstance(step.step, DevicesStep):
        unknown = step.called.unknown_outputs if step.called is not None else ()
        return Unknown(step.id, step.outputs, unknown) if unknown else step.outputs
    succeeded = step.hosts_with((contracts.LETTERS["succeeded"], contracts.CHANGED))
    total = step.judged(step.letters)
    return {
        "succeeded": succeeded,
        "changed": step.hosts_with(contracts.CHANGED),
        "failed": step.hosts_with(FAILED - {contracts.LETTERS["unreachable"]}),
        "unreachable": step.hosts_with(contracts.LETTERS["unreachable"]),
        "skipped": step.hosts_with(contracts.LETTERS["skipped"]),
        "total": total,
        "ratio": len(succeeded) / total if total else 1.0,
        "warnings": step.warnings,
    }
