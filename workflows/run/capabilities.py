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
    CallStep,
    ConfigureAction,
    DevicesStep,
    HttpStep,
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
    if step.deadline is not None:
        yield "`deadline` is not kept; `timeout` and `retry` bound each device"
    match step:
        case DevicesStep():
            yield from _devices(step)
        case ApproveStep():
            if step.via is not None:
                yield "`via`: systems cannot be asked; people decide with `netsaga approve`"
        case WaitStep():
            if step.window is not None:
                yield "`wait` for a window; `for` and `until` are carried out"
            if step.devices is not None:
                yield "`wait` for devices; `for` and `until` are carried out"
            if step.signal is not None:
                yield "`wait` for a signal; `for` and `until` are carried out"
        case HttpStep() | CallStep() | ScriptStep():
            yield f"`{step.engine if isinstance(step, ScriptStep) else step.kind}` steps"
        case _:
            return


def _devices(step: DevicesStep) -> Iterator[str]:
    keys = {
        "window": step.window,
        "breaker": step.breaker,
        "maintenance": step.maintenance,
        "apart": step.apart,
        "together": step.together,
        "order": step.order or None,
        "concurrency: {per, each}": step.concurrency_per,
        "`per` of a wave": next((wave.per for wave in step.waves if wave.per is not None), None),
        "`select` of a wave": next((wave.select for wave in step.waves if wave.select is not None), None),
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
