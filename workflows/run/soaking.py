"""The soak of a wave: what ends it before its time, and whether anything is looked at when it is over.

Part of a fan-out (`fanout.py`).
"""

from temporalio import workflow

from workflows.plan import DevicesStep
from workflows.run import scopes
from workflows.run.state import RunState, StepRun


def ends(state: RunState, run: StepRun, *, bounded: bool) -> bool:
    """Whether a soak ends before its time; ``bounded`` by the deadline of its step, too."""
    return state.cut or run.late or (bounded and run.overdue) or goes_back(state, run)


def goes_back(state: RunState, run: StepRun) -> bool:
    """Whether what soaks is to be taken back in any case. Runs of older builds let it soak to the end."""
    return scopes.goes_back(state, run) and workflow.patched("a-soak-ends-where-its-wave-goes-back")


def checks_after_change(step: DevicesStep) -> bool:
    """Whether something is demanded of a device after its last change."""
    last = max((index for index, action in enumerate(step.do) if action.kind in {"apply", "configure"}), default=None)
    return last is not None and any(action.kind in {"check", "compare"} for action in step.do[last + 1 :])
