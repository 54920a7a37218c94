"""Which steps may change devices: by themselves, by a playbook, or by a definition that they call. Pure."""

from collections.abc import Collection, Mapping

from workflows.plan import CallStep, DevicesStep, Plan, ScriptStep, Step


def may_change(step: Step, changing: Collection[str]) -> bool:
    """Whether a step may change devices.

    Args:
        step: The step.
        changing: The called definitions that may, by ``NAME@VERSION`` as the calls write it.
    """
    match step:
        case DevicesStep():
            return step.changes
        case CallStep():
            return f"{step.definition}@{step.version}" in changing
        case ScriptStep():
            return step.engine != "script"  # a playbook, or a template that launches one
        case _:
            return False


def changing_definitions(called: Mapping[str, Plan]) -> tuple[str, ...]:
    """Those that may change devices, sorted.

    Args:
        called: All that a run may call, by ``NAME@VERSION`` as the calls write it.
    """
    found: set[str] = set()
    while new := {name for name, plan in called.items() if name not in found and _any(plan, found)}:
        found |= new
    return tuple(sorted(found))


def _any(plan: Plan, changing: Collection[str]) -> bool:
    return any(may_change(step, changing) for step in (*plan.steps, *plan.finally_))
