"""What expressions see in the workflow: inputs, the inventory, aggregates of the steps, the run itself."""

from collections.abc import Mapping

from temporalio import workflow

from workflows import contracts
from workflows.contracts import DeviceResult
from workflows.plan import DevicesStep
from workflows.run.evaluate import NULLS
from workflows.run.state import DONE, FAILED, RunState, StepRun
from workflows.run.unknown import Unknown


def context(state: RunState, devices: tuple[DeviceResult, ...] = ()) -> dict[str, object]:
    """The names of a step's expressions.

    A step that was skipped or never reached has null outputs. While the graph runs, the compiler sees to it that only
    steps that have ended are named. Those of ``finally`` see each other as well.
    """
    prepared = state.plan_ready
    steps = {step.id: aggregates(step) for step in state.steps.values()}
    final = {step.id: aggregates(step) for step in state.finally_.values() if step.state in DONE}
    if final and workflow.patched("finally-sees-its-own-steps"):
        steps |= final
    return {
        NULLS: lambda: workflow.patched("outputs-of-skipped-steps-are-null"),
        "inputs": prepared.inputs,
        "inventory": list(prepared.hosts),
        "steps": steps,
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


def why_missing(state: RunState, said: str, own: StepRun | None = None) -> str:
    """What is said besides where a value is missing: the answer of a system that it should be in has no JSON.

    Args:
        state: The run.
        said: What cannot be evaluated.
        own: The step whose own checks ask for it, by other names.
    """
    named = [step for step in state.all_steps() if step.unread and (step is own or f"steps.{step.id}.json" in said)]
    return "".join(f"; {step.unread}" for step in named)


def aggregates(step: StepRun) -> Mapping[str, object] | None:
    """The outputs of a step that other steps may name."""
    if step.shown is not None:
        return Unknown(step.id)
    if step.state == "skipped" or step.state not in DONE:
        return None
    nothing = step.state != "succeeded" and not step.outputs and not isinstance(step.step, DevicesStep)
    if nothing and (step.blame is not None or workflow.patched("outputs-of-failed-steps-are-null")):
        return None  # it gave nothing, and the run goes on without
    if not isinstance(step.step, DevicesStep):
        unknown = step.called.unknown_outputs if step.called is not None else ()
        return Unknown(step.id, step.outputs, unknown) if unknown else step.outputs
    succeeded = step.hosts_with((contracts.LETTERS["succeeded"], contracts.CHANGED))
    total, unreachable = step.judged(step.letters), contracts.LETTERS["unreachable"]
    return {
        "succeeded": succeeded,
        "changed": step.hosts_with(contracts.CHANGED),
        "failed": [host for host in step.hosts_with(FAILED - {unreachable}) if host not in step.spared],
        "unreachable": step.hosts_with(unreachable),
        "skipped": step.hosts_with(contracts.LETTERS["skipped"]),
        "total": total,
        "ratio": len(succeeded) / total if total else 1.0,
        "warnings": step.warnings,
    }
