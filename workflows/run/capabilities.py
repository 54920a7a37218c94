"""What the language has words for and netsaga cannot carry out yet: `prepare` refuses it, before any device is touched.

The compiler compiles and types all of it, so that a definition may be written and checked today. A construct leaves
this file in the commit that builds it.
"""

from collections.abc import Iterator
from typing import Final

from workflows.plan import (
    Action,
    ApplyAction,
    ApproveStep,
    ConfigureAction,
    DevicesStep,
    Plan,
    ProposeAction,
    ScriptStep,
    ShowAction,
    SnapshotAction,
    Step,
    WaitStep,
)

CARRIED_OUT: Final = frozenset({"show", "check", "snapshot", "propose", "apply", "configure"})
SECTIONS: Final = frozenset({"config", "vlans", "interfaces"})


def not_carried_out(plan: Plan) -> list[str]:
    """What of a plan cannot be carried out, each as a sentence that begins with its place; empty where all can."""
    found = []
    if plan.dedup is not None:
        found.append("`dedup`: runs are not compared with each other; give the run an id, and a second one is refused")
    for step in (*plan.steps, *plan.finally_):
        found += [f"step {step.id}: {problem}" for problem in _step(step)]
    return found


def _step(step: Step) -> Iterator[str]:
    if step.on_failure.action == "pause" and not isinstance(step, DevicesStep):
        yield "`on_failure: pause`: only steps over devices can be paused; use `stop`"
    if step.on_deadline == "escalate":
        yield "`on_deadline: escalate`; `stop`, `skip` and `undo` are carried out"
    match step:
        case DevicesStep():
            yield from _devices(step)
        case ApproveStep():
            if step.via is not None:
                yield "`via`: systems cannot be asked; people decide with `netsaga approve`"
        case WaitStep():
            if step.devices is not None:
                yield "`wait` for devices; `for`, `until` and `window` are carried out"
            if step.signal is not None:
                yield "`wait` for a signal; `for`, `until` and `window` are carried out"
        case ScriptStep() if step.engine != "script":
            yield f"`{step.engine}`: call it with `script`"
        case _:
            return


def _devices(step: DevicesStep) -> Iterator[str]:
    keys = {
        "maintenance": step.maintenance,
        "concurrency: {per, each}": step.concurrency_per,
    }
    yield from (f"`{key}`".replace("``", "`") for key, value in keys.items() if value is not None)
    for action in step.do:
        yield from _action(action)


def _action(action: Action) -> Iterator[str]:
    if action.kind not in CARRIED_OUT:
        yield f"the action `{action.kind}`"
    match action:
        case ShowAction() if action.parse in {"ttp", "regex"}:
            yield f"`parse: {action.parse}`; textfsm and json are carried out"
        case SnapshotAction() if not SECTIONS.issuperset(action.sections):
            others = ", ".join(section for section in action.sections if section not in SECTIONS)
            yield f"`snapshot` of {others}; config, vlans and interfaces are carried out"
        case ApplyAction() | ConfigureAction() if action.confirm is not None:
            yield "`confirm`: a device that fails is undone from here, but does not revert by itself"
        case ProposeAction() | ConfigureAction() if action.mode == "replace":
            yield "`mode: replace`; lines are merged"
        case _:
            return
