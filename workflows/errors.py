"""How things fail, in three families.

Diagnostic   compile time: data with a code, a span and help; accumulated, never raised one by one
             (`workflows/definition/diagnostics.py`)
Failure      crosses Temporal as ``ApplicationError(type=…)``; the type answers: retry? undo? who acts?
├── transient            retry with backoff                    · network or worker team
├── unreachable          no session, no effect yet; as transient
├── permanent            never retried (lockouts are real)     · credentials or platform support
├── invalid_input        never retried                         · who started the run
├── rejected_by_device   a candidate refused, nothing applied  · who wrote the definition
├── partially_applied    always undone
├── reverted             the device's own timer fired
├── check_failed         the device answered, and not as demanded
├── drifted              the device is no longer what was approved
├── outcome_unknown      the link died during a commit: look first
├── undo_failed          the undo could not be proven          · an operator, now
├── cancelled            asked to stop
├── block_unavailable    names the block (source of truth, executor, observability, presentation)
├── block_degraded
└── and how a run closes: stopped, failed, failed_dirty
Bug          an assertion: the workflow task fails and waits for a fix; no device is touched
"""

from temporalio.exceptions import ApplicationError

from workflows.failures import (
    FAILURE_TYPES,
    RETRIED_AS,
    ClosingType,
    EvaluationError,
    FailureType,
    InvalidInputError,
    MissingValueError,
    UndividedError,
    UnknownValueError,
)

__all__ = [
    "FAILURE_TYPES",
    "RETRIED_AS",
    "ClosingType",
    "EvaluationError",
    "FailureType",
    "InvalidInputError",
    "MissingValueError",
    "UndividedError",
    "UnknownValueError",
    "failure",
]


def failure(kind: FailureType, message: str, *details: object, retry: bool = False) -> ApplicationError:
    """An `ApplicationError` of one of our types.

    Args:
        kind: The failure's class.
        message: Where, what was expected, what was found, what to do. Free of secrets.
        details: JSON-able, small.
        retry: Whether Temporal's retry policy applies; the plan decides, by class.
    """
    return ApplicationError(message, *details, type=kind, non_retryable=not retry)
