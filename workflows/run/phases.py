"""The phase of a run that is under way, as its status and the search attributes of the server have it."""

from temporalio import workflow

from workflows.contracts import Phase
from workflows.run.state import RunState, StepRun


def phase(state: RunState) -> Phase:
    """The phase of a run that is under way."""
    steps = [*state.steps.values(), *_waiting_in_finally(state)]
    if state.paused or any(run.asks for run in steps):
        return "paused"
    if state.claim.state in {"waiting", "joining", "joined"}:
        return "waiting"
    states = {run.state for run in steps}
    return "waiting" if "waiting" in states and "running" not in states else "running"


def _waiting_in_finally(state: RunState) -> list[StepRun]:
    """The steps of ``finally`` that wait: for people, for a time or for devices."""
    found = [run for run in state.finally_.values() if run.state == "waiting"]
    return found if found and workflow.patched("a-phase-of-finally") else []
