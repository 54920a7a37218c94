"""The run's state as text, for the execution that goes on. Pure.

All of `RunState` is kept; what the plan says is not kept twice, and batches are never open when a run continues as new.
"""

import base64
import json
import zlib
from dataclasses import fields
from typing import Any, Final

from pydantic import TypeAdapter

from workflows.plan import StepId
from workflows.run.state import RunState, StepRun

PIECE: Final = 180_000  # characters that travel in one message
_STATE: Final[TypeAdapter[RunState]] = TypeAdapter(RunState)
_STEP: Final = {"step": True, "batches": True}
_LEFT_OUT: Final[dict[str, Any]] = {
    "steps": {"__all__": _STEP},
    "finally_": {"__all__": _STEP},
    "gates": {"__all__": {"step"}},
    "ended_by": True,
    "lease": {"execution": True},  # the next one begins anew
    "handing_over": True,
}


def dumped(state: RunState) -> str:
    """The state as text: JSON, compressed."""
    kept = _STATE.dump_python(state, mode="json", exclude=_LEFT_OUT)
    kept["ended_by"] = None if state.ended_by is None else state.ended_by.id
    return base64.b64encode(zlib.compress(json.dumps(kept).encode(), 6)).decode()


def pieces(text: str) -> list[str]:
    """The text, cut so that each piece fits into a message."""
    return [text[start : start + PIECE] for start in range(0, len(text), PIECE)]


def restore(state: RunState, text: str) -> None:
    """Makes ``state`` what was dumped; in place, for others hold it already."""
    kept = json.loads(zlib.decompress(base64.b64decode(text)))
    plan = kept["prepared"]["plan"]
    by_id = {step["id"]: step for step in (*plan["steps"], *plan["finally_"])}
    for runs in (kept["steps"], kept["finally_"]):
        for name, run in runs.items():
            run["step"] = by_id[name]
    for name, gate in kept["gates"].items():
        gate["step"] = by_id[name]
    ended_by = kept.pop("ended_by")
    restored = _STATE.validate_python(kept)
    for one in fields(RunState):
        setattr(state, one.name, getattr(restored, one.name))
    _share_steps(state)
    state.ended_by = None if ended_by is None else state.steps[StepId(ended_by)]


def _share_steps(state: RunState) -> None:
    """Each run of a step names the plan's own."""
    plan = state.plan_ready.plan
    runs: dict[StepId, StepRun] = {**state.steps, **state.finally_}
    for step in (*plan.steps, *plan.finally_):
        if step.id in runs:  # a run that takes another one back has no `finally`
            runs[step.id].step = step
