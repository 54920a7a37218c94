"""What the language has words for and netsaga cannot carry out yet: `prepare` refuses it, before any device is touched.

The compiler compiles and types all of it, so that a definition may be written and checked today. A construct leaves
this file in the commit that builds it.
"""

from collections.abc import Iterator

from workflows.plan import (
    Action,
    ApplyAction,
    ConfigureAction,
    DevicesStep,
    Plan,
    Step,
)


def not_carried_out(plan: Plan) -> list[str]:
    """What of a plan cannot be carried out, each as a sentence that begins with its place; empty where all can."""
    found = []
    for step in (*plan.steps, *plan.finally_):
        found += [f"step {step.id}: {problem}" for problem in _step(step)]
    return found


def _step(step: Step) -> Iterator[str]:
    match step:
        case DevicesStep():
            yield from _devices(step)
        case _:
            return


def _devices(step: DevicesStep) -> Iterator[str]:
    around = (*step.maintenance.enter, *step.maintenance.leave) if step.maintenance is not None else ()
    if any(action.kind in {"apply", "configure"} for action in around) and any(map(_held, step.do)):
        yield (
            "`maintenance` that configures, with `hold: wave`: leaving it would commit what is not to be confirmed yet"
        )


def _held(action: Action) -> bool:
    """Whether a change is confirmed with its wave."""
    if not isinstance(action, ApplyAction | ConfigureAction) or action.confirm is None:
        return False
    return action.confirm.hold != "device"
