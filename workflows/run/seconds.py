"""Durations as expressions yield them: seconds, or text such as ``5m``."""

from typing import Final

from workflows.durations import parse_duration
from workflows.errors import EvaluationError
from workflows.run.evaluate import describe

LONGEST_S: Final = 1e11  # of a number; three thousand years, beyond which there are no dates


def seconds(value: object, what: str) -> float:
    """Seconds of a value.

    Args:
        value: A number of seconds or a duration as text.
        what: What it is, for the message.

    Raises:
        EvaluationError: It is neither, or no timer holds it.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not abs(value) <= LONGEST_S:  # neither is what is no number at all
            raise EvaluationError(f"{what} is no number of seconds that a timer holds")
        return float(value)
    if isinstance(value, str):
        try:
            return parse_duration(value)
        except ValueError as error:
            raise EvaluationError(f"{what}: {error}") from None
    raise EvaluationError(f"{what} must be a duration such as 5m, and this is {describe(value)}")


def in_words(length_s: float) -> str:
    """A length as definitions write it, in the largest unit that shows it whole."""
    whole = round(length_s)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if whole >= size and whole % size == 0:
            return f"{whole // size}{unit}"
    return f"{whole}s"
