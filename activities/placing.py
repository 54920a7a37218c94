"""Where in a step an expression had no value, why it has none on this device, and what to write instead.

The compiler knows every place of a definition, and a plan carries none of them: a device says which action it was, by
its number and its verb, as people count them. Used by `actions.py` and `judging.py`; it judges nothing itself.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, TypeAlias

from workflows.errors import EvaluationError, MissingValueError
from workflows.plan import Action

Place: TypeAlias = "int | str"  # of an action: its number in ``do``, or "enter-0" and the like around it

OTHERWISE: Final = "write `… | default(…)` where it may be missing"


@contextmanager
def at(place: Place, action: Action, context: Mapping[str, object]) -> Iterator[None]:
    """Names the action in whatever its expressions raise.

    Args:
        place: Of the action.
        action: The action.
        context: What its expressions see.

    Raises:
        EvaluationError: As it was raised, with the place, the reason and what to do.
    """
    try:
        yield
    except EvaluationError as error:
        raise EvaluationError(f"{_spoken(place, action)}: {error}{why(error, context)}") from None


def _spoken(place: Place, action: Action) -> str:
    if isinstance(place, int):
        return f"action {place + 1} of `do`, `{action.kind}`"
    part, _, number = place.rpartition("-")
    return f"action {int(number) + 1} of `{'leave' if part.endswith('leave') else 'enter'}`, `{action.kind}`"


def why(error: EvaluationError, context: Mapping[str, object]) -> str:
    """What is said after a message about a missing value: the reason, and what to write. Empty for other mistakes.

    Args:
        error: What an expression has raised.
        context: What the expression sees; the outputs of earlier steps are under ``steps``.
    """
    if not isinstance(error, MissingValueError):
        return ""
    steps = context.get("steps")
    for name, values in steps.items() if isinstance(steps, Mapping) else ():
        owner = f"steps.{name}."
        if error.path.startswith(owner):
            return f"; {_of_step(str(name), values, error.path.removeprefix(owner))}"
    fact = error.path.startswith("device.data.")
    return f"; the inventory has no such value for this device; {OTHERWISE}" if fact else ""


def _of_step(name: str, values: object, path: str) -> str:
    """Why a path below an earlier step ends in nothing."""
    first = path.partition(".")[0].partition("[")[0]
    if not isinstance(values, Mapping):
        return f"step {name} was skipped, or did not take this device up: give this step a `when`, or {OTHERWISE}"
    if first not in values:
        return f"step {name} has left no `{first}` of this device; {OTHERWISE}"
    if first == "json" and values[first] is None:
        demand = f"let step {name} demand it, as `check: {{it is JSON: result.json is not none}}`"
        return f"{_unread(name, values)}, so `json` is null; {demand}, or {OTHERWISE}"
    if values[first] is None:
        return f"`{first}` of step {name} is null; {OTHERWISE}"
    return OTHERWISE


def _unread(name: str, values: Mapping[object, object]) -> str:
    """Why the answer of a system has no JSON. Nothing is quoted of it: it may hold what no message may."""
    if values.get("body") is not None:
        return f"the answer to step {name} was too large, and is artifact {values['body']}"
    text = str(values.get("text") or "").strip()
    if text == "null":
        return f"step {name} was answered null"
    return f"the answer to step {name} is {'no JSON' if text else 'empty'}"
