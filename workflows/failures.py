"""What failures are called, and what goes wrong before anything crosses Temporal: names and classes, and no client.

`errors.py`, which has the tree of them, makes Temporal's errors of these names. They stand apart from it because the
compiler knows them too, and whoever checks a definition should not wait until Temporal's client is loaded.
"""

from typing import Final, Literal, get_args

FailureType = Literal[
    "transient",
    "unreachable",
    "permanent",
    "invalid_input",
    "rejected_by_device",
    "partially_applied",
    "reverted",
    "check_failed",
    "drifted",
    "outcome_unknown",
    "undo_failed",
    "cancelled",
    "block_unavailable",
    "block_degraded",
]
FAILURE_TYPES: Final[tuple[FailureType, ...]] = get_args(FailureType)

# `retry.on` of a definition names classes; what a class stands for in `ApplicationError.type`:
RETRIED_AS: Final[dict[str, tuple[FailureType, ...]]] = {
    "transient": ("transient", "unreachable", "outcome_unknown"),
    "check_failed": ("check_failed",),
    "block_unavailable": ("block_unavailable", "block_degraded"),
}

ClosingType = Literal["stopped", "failed", "failed_dirty"]


class InvalidInputError(ValueError):
    """A request, an input or a reference that cannot be carried out; nothing was touched."""


class EvaluationError(ValueError):
    """An expression that has no value: a missing attribute, a wrong type, a limit reached."""


class MissingValueError(EvaluationError):
    """A look-up that finds nothing.

    Attributes:
        path: What was looked up, as people write it: ``steps.intent.json.name``.
    """

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} has no value here")
        self.path = path


class UndividedError(EvaluationError):
    """Devices or waves of a step that cannot be made, whether or not a value is missing; no device was touched."""


class UnknownValueError(EvaluationError):
    """An expression whose value is known only after a change was made: in plan mode alone, and never null."""
