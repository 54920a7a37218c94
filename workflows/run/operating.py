"""The handlers of what operators ask of a run: an update, which answers, and a signal of the same name, for each kind.

They are declared on the class and not set at run time: the SDK takes a description only there, and `temporal workflow
metadata` shows it with what to send. What an operation does, and when it is refused, is `operators.py`.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol

from temporalio import workflow
from temporalio.workflow import UpdateMethodMultiParam

from workflows.contracts import OperationAnswer
from workflows.run.operators import EXAMPLES, Kind, Operators

_ON_FAILURE: Final = "Answer a step that is paused on a failure"
WHAT: Final[dict[Kind, str]] = {
    "pause": "Let what is under way end and start nothing new",
    "resume": "Go on after a pause",
    "cancel": "Cancel the run; it undoes as its definition says",
    "retry": f"{_ON_FAILURE}: take failed devices back and try them again",
    "skip": f"{_ON_FAILURE}: take failed devices back and go on without them",
    "undo": f"{_ON_FAILURE}: undo the devices that failed, their wave, the step or the run",
    "stop": f"{_ON_FAILURE}: take failed devices back and stop",
    "set_concurrency": "Change how many devices of a step may be under way at once",
}


class _Operated(Protocol):
    """A run, as its handlers know it."""

    operators: Operators


def description(kind: Kind) -> str:
    """What an operation is for, and what to send."""
    return f"{WHAT[kind]}. Send {EXAMPLES[kind]}"


def _update(kind: Kind) -> UpdateMethodMultiParam[..., Any]:  # Any: the SDK calls it, and nobody else
    async def update(self: _Operated, *said: object) -> OperationAnswer:
        return await self.operators.update(kind, said)

    def validate(self: _Operated, *said: object) -> None:
        self.operators.validate(kind, said)

    declared = workflow.update(name=kind, description=description(kind))(update)
    declared.validator(validate)
    return declared


def _signal(kind: Kind) -> Callable[..., None]:
    def signal(self: _Operated, *said: object) -> None:  # whatever people send is recorded, and never fails the run
        self.operators.signal(kind, said)

    return workflow.signal(name=kind, description=description(kind))(signal)


class OperatorHandlers:
    """Of a workflow that operators may steer. Such a class sets ``operators`` in its ``__init__``."""

    operators: Operators

    pause, pause_signal = _update("pause"), _signal("pause")
    resume, resume_signal = _update("resume"), _signal("resume")
    cancel, cancel_signal = _update("cancel"), _signal("cancel")
    retry, retry_signal = _update("retry"), _signal("retry")
    skip, skip_signal = _update("skip"), _signal("skip")
    undo, undo_signal = _update("undo"), _signal("undo")
    stop, stop_signal = _update("stop"), _signal("stop")
    set_concurrency, set_concurrency_signal = _update("set_concurrency"), _signal("set_concurrency")
