"""A plan as Mermaid text: its steps and what they need, or everything that a run may do with them.

Mermaid (https://mermaid.js.org/syntax/flowchart.html) because forges and wikis draw it from text. Pure: a plan in, text
out. `definition_graph` is what the author wrote; `plan_graph` adds waves, gates, what a failure does and who is asked.
"""

from collections.abc import Iterator
from typing import Final, assert_never

from workflows.plan import (
    ApproveStep,
    CallStep,
    Constant,
    DevicesStep,
    Expr,
    HttpStep,
    NotifyStep,
    OnFailure,
    Plan,
    ScriptStep,
    SetStep,
    Step,
    WaitStep,
    Wave,
    Window,
)
from workflows.plan.mermaid import label, node
from workflows.plan.spelling import spelling, value_spelling

_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def definition_graph(plan: Plan) -> str:
    """The steps, in their order, with what each needs and when it runs.

    Returns:
        Mermaid text that ends in a newline.
    """
    lines = [_head(plan)]
    lines += [f"  {_box(step)}" for step in plan.steps]
    lines += [f"  {node(need)} --> {node(step.id)}" for step in plan.steps for need in step.needs]
    lines += _finally(plan, [_box(step) for step in plan.finally_])
    return "\n".join(lines) + "\n"


def plan_graph(plan: Plan) -> str:
    """The steps with their waves, gates, undo paths and ends.

    Returns:
        Mermaid text that ends in a newline.
    """
    lines = [_head(plan)]
    for step in plan.steps:
        lines += [f"  {line}" for line in _whole(step)]
    lines += [f"  {_exit(need, plan)} --> {_entry(step)}" for step in plan.steps for need in step.needs]
    for step in plan.steps:
        lines += [f"  {line}" for line in _otherwise(step)]
    lines += _finally(plan, [line for step in plan.finally_ for line in _whole(step)])
    return "\n".join(lines) + "\n"


def _head(plan: Plan) -> str:
    return f"flowchart TD\n  %% {plan.name} {plan.version}, plan {plan.digest[:12]}"


def _finally(plan: Plan, boxes: list[str]) -> Iterator[str]:
    if not plan.finally_:
        return
    yield f"  subgraph finally[{label(['finally: also after a stop, a rejection and a cancel'])}]"
    yield from (f"    {box}" for box in boxes)
    yield from (f"    {node(need)} --> {node(step.id)}" for step in plan.finally_ for need in step.needs)
    yield "  end"
    needed = {need for step in plan.steps for need in step.needs}
    yield from (f"  {_exit(step.id, plan)} -.-> finally" for step in plan.steps if step.id not in needed)


def _box(step: Step) -> str:
    lines = [step.id, *_what(step)]
    if step.when is not None:
        lines.append(f"when {spelling(step.when)}")
    text = label(lines)
    match step:
        case ApproveStep():
            return f"{node(step.id)}{{{{{text}}}}}"
        case WaitStep():
            return f"{node(step.id)}([{text}])"
        case CallStep():
            return f"{node(step.id)}[[{text}]]"
        case DevicesStep() if step.changes:
            return f"{node(step.id)}[/{text}/]"
        case _:
            return f"{node(step.id)}[{text}]"


def _what(step: Step) -> Iterator[str]:
    """What a step does, in a line or two."""
    match step:
        case DevicesStep():
            yield f"devices: {spelling(step.devices)}"
            yield ", ".join(dict.fromkeys(action.kind for action in step.do))
        case ApproveStep():
            yield f"approve: {step.quorum} of {step.by}" + ("" if not step.not_by else ", never the requester")
        case NotifyStep():
            yield f"notify: {step.to}"
        case HttpStep():
            yield f"http {step.method}: {value_spelling(step.url)}"
        case WaitStep():
            yield f"wait {_waited(step)}"
        case CallStep():
            yield f"call: {step.definition}@{step.version}"
        case ScriptStep():
            yield f"{step.engine}: {step.run}"
        case SetStep():
            yield f"set: {', '.join(name for name, _ in step.values)}"
        case _:
            assert_never(step)


def _waited(step: WaitStep) -> str:
    if step.for_ is not None:
        return f"for {_time(step.for_)}"
    if step.until is not None:
        return f"until {value_spelling(step.until)}"
    if step.window is not None:
        return f"for the window {_window(step.window)}"
    if step.signal is not None:
        return f"for the signal {step.signal}"
    return f"for the devices {spelling(step.devices)}" if step.devices is not None else "for nothing"


def _whole(step: Step) -> Iterator[str]:
    """A step's box, or, where it has waves, a frame with one box a wave."""
    if not isinstance(step, DevicesStep) or not step.waves:
        yield _box(step)
        return
    title = [step.id, *_what(step), *_rules(step)]
    if step.when is not None:
        title.append(f"when {spelling(step.when)}")
    yield f"subgraph {node(step.id)}[{label(title)}]"
    previous = ""
    for number, wave in enumerate(step.waves, start=1):
        own = f"{node(step.id)}_{number}"
        yield f"  {own}[{label(_wave(wave))}]"
        if previous:
            yield f"  {previous} -- {label([f'accept {step.accept.text}'])} --> {own}"
        previous = own
    yield "end"


def _wave(wave: Wave) -> Iterator[str]:
    yield wave.name
    if wave.select is not None:
        yield f"where {spelling(wave.select)}"
    if wave.size is not None or wave.share is not None:
        size = f"{wave.share * 100:g}% of the devices" if wave.share is not None else f"new devices: {wave.size}"
        yield size + (f" for each {spelling(wave.per)}" if wave.per is not None else "")
    if wave.soak != Constant(value=0):
        yield f"soak {_time(wave.soak)}, checks again"


def _rules(step: DevicesStep) -> Iterator[str]:
    yield f"{step.concurrency} at once"
    if step.window is not None:
        yield f"in the window {_window(step.window)}"
    if step.breaker is not None:
        yield f"stops at {step.breaker.failures} failures in {_seconds(step.breaker.within_s)}"


def _otherwise(step: Step) -> Iterator[str]:
    """What happens where a step does not succeed."""
    own = node(step.id)
    if isinstance(step, ApproveStep):
        yield from _gate(step)
        return
    beyond = (
        f"beyond {step.accept.text}" if isinstance(step, DevicesStep) and step.accept.kind != "all" else "a failure"
    )
    match step.on_failure:
        case OnFailure(action="undo") as said:
            undone = said.of or step.id
            methods = ", ".join(step.undo) if isinstance(step, DevicesStep) and step.changes else ""
            box = [f"undo {said.scope}" + (f" of {said.of}" if said.of else ""), *([methods] if methods else [])]
            yield f"{own}_undo>{label(box)}]"
            yield f"{own} -. {label([beyond])} .-> {own}_undo"
            yield f"{own}_undo -.-> {node(undone)}"
        case OnFailure(action="pause"):
            yield f"{own}_pause{{{{{label(['an operator: retry, skip, undo or stop'])}}}}}"
            yield f"{own} -. {label([beyond])} .-> {own}_pause"
        case OnFailure(action="stop"):
            yield f"{own} -. {label([beyond])} .-> stopped(({label(['stopped'])}))"
        case _:
            return


def _gate(step: ApproveStep) -> Iterator[str]:
    own = node(step.id)
    rejected = f"rejected(({label(['rejected'])}))"
    yield f"{own} -. {label(['rejected'])} .-> {rejected}"
    silence = f"silent for {_time(step.timeout)}"
    if step.on_timeout == "escalate" and step.escalate is not None:
        asked = f"{own}_escalate"
        yield f"{asked}{{{{{label([f'escalate to {step.escalate.to}'])}}}}}"
        yield f"{own} -. {label([silence])} .-> {asked}"
        last = f"rejected, or silent for {_time(step.escalate.timeout)}"
        if step.escalate.then == "reject":
            yield f"{asked} -. {label([last])} .-> {rejected}"
        else:
            yield f"{asked} -. {label(['rejected'])} .-> {rejected}"
    elif step.on_timeout == "reject":
        yield f"{own} -. {label([silence])} .-> {rejected}"
    else:
        yield f"{own}_silence[{label([silence, 'approves'])}]"
        yield f"{own} -.-> {own}_silence"


def _entry(step: Step) -> str:
    return f"{node(step.id)}_1" if isinstance(step, DevicesStep) and step.waves else node(step.id)


def _exit(step_id: str, plan: Plan) -> str:
    step = next(one for one in plan.steps if one.id == step_id)
    waves = len(step.waves) if isinstance(step, DevicesStep) else 0
    return f"{node(step_id)}_{waves}" if waves else node(step_id)


def _time(expression: Expr) -> str:
    if isinstance(expression, Constant) and isinstance(expression.value, int | float):
        return _seconds(float(expression.value))
    return value_spelling(expression)


def _seconds(seconds: float) -> str:
    found, rest = "", round(seconds)
    for unit, name in _UNITS:
        found += f"{rest // unit}{name}" if rest // unit else ""
        rest %= unit
    return found or f"{seconds:g}s"


def _window(window: Window) -> str:
    return f"{window.cron} {window.time_zone} for {_seconds(window.duration_s)}"
