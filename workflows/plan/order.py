"""The order in which steps depend on each other, which need not be that in which a definition names them. Pure."""

from collections.abc import Iterable

from workflows.plan.model import StepId
from workflows.plan.steps import Step


def by_needs(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Each step after all that it needs, and otherwise in the order given.

    Args:
        steps: Of a plan, so that no circle is among them. What one needs beyond them counts as done.
    """
    left = {step.id: step for step in steps}
    found: dict[StepId, Step] = {}
    while left:
        first = next(step for step in left.values() if left.keys().isdisjoint(step.needs))
        found[first.id] = left.pop(first.id)
    return tuple(found.values())
