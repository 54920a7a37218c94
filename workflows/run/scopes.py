"""What the end of a step takes back of others, and whose devices that reaches.

Part of the interpreter and of fan-outs; in which order devices are taken back is `saga.py`'s.
"""

from temporalio import workflow

from workflows.plan import OnFailure
from workflows.run.state import RunState, StepRun


def scope(ended: StepRun) -> OnFailure:
    """What the step's end does to the others. At a deadline the undo of `on_failure` counts, where it names one."""
    said, own = ended.on_failure(), ended.step.on_failure
    at_deadline = ended.overdue and ended.answer is None and ended.step.on_deadline == "undo"
    if at_deadline and own.action == "undo" and own != said and workflow.patched("undo-at-a-deadline-has-a-scope"):
        return own
    return said


def goes_back(state: RunState, run: StepRun) -> bool:
    """Whether the wave under way of a step is to be taken back as a whole, because another step has ended the run."""
    if state.ended_by is None:
        return False
    asked = [scope(ended) for ended in (state.ended_by, *(state.steps[name] for name in state.ended_too))]
    return any(
        said.action == "undo" and (said.scope == "run" or (said.scope in {"wave", "step"} and said.of == run.id))
        for said in asked
    )
