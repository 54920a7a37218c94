"""The action ``check``: which demands do not hold on a device, in words."""

from collections.abc import Iterator, Mapping, Sequence

from workflows.errors import EvaluationError
from workflows.plan import Check
from workflows.run.evaluate import text, truth


def unmet(checks: Sequence[Check], context: Mapping[str, object]) -> Iterator[tuple[Check, str]]:
    """The demands that do not hold, each with what is to be said of it."""
    for check in checks:
        said = _judged(check, context)
        if said is not None:
            yield check, said


def _judged(check: Check, context: Mapping[str, object]) -> str | None:
    """Why a check does not hold; ``None`` where it does."""
    try:
        if truth(check.that, context):
            return None
    except EvaluationError as error:  # a value that is missing fails the check that asks for it
        return f"check {check.name!r} cannot be judged: {error}"
    if check.message is None:
        return f"check {check.name!r} does not hold"
    try:
        return f"check {check.name!r}: {text(check.message, context)}"
    except EvaluationError as error:
        return f"check {check.name!r} does not hold, and its `else` has no value: {error}"
