"""Part of the fifth pass: steps that can never start or do anything, and those that would never come to an end."""

from workflows.definition.diagnostics import Findings
from workflows.definition.draft import DevicesBody, StepDraft
from workflows.definition.scopes import Scopes
from workflows.plan import Attr, Constant, Expr, Logic, Name, Not


def check_reach(scopes: Scopes, findings: Findings) -> None:
    """Reports what no run ever comes to."""
    final = {step.id.text for step in scopes.draft.final}
    for step in scopes.draft.all_steps:
        for need in step.needs or ():
            if need.text in final and not step.final:
                message = (
                    f"the step `{step.id.text}` can never start: `{need.text}` is in `finally`, which runs after it"
                )
                findings.add("NS606", message, need.span, "leave the need out, or move one of the two")
        if step.when is not None and truth_of(step.when.tree) is False:
            message = f"the step `{step.id.text}` never runs: its `when` is always false"
            findings.add("NS607", message, step.when.span, "steps behind it do run; leave it out if nobody needs it")
        elif isinstance(step.body, DevicesBody):
            _check_devices(step, step.body, scopes, findings)
        if step.final and isinstance(step.body, DevicesBody):
            _check_asks_nobody(step, step.body, findings)


def _check_devices(step: StepDraft, body: DevicesBody, scopes: Scopes, findings: Findings) -> None:
    """A fan-out over the devices that a step changed which only reads is one over nothing."""
    match body.devices.tree:
        case Attr(of=Attr(of=Name(name="steps"), name=owner), name="changed"):
            target = scopes.by_id[owner]
            if isinstance(target.body, DevicesBody) and not target.body.changes:
                message = f"`{owner}` changes no device, so there is nothing that `{step.id.text}` could be done on"
                hint = f"write `steps.{owner}.succeeded`"
                findings.add("NS607", message, body.devices.span, hint, [(target.id.span, "this step only reads")])
        case _:
            pass


def _check_asks_nobody(step: StepDraft, body: DevicesBody, findings: Findings) -> None:
    """A run that is judged takes no more orders: a step of ``finally`` that pauses would do so for ever."""
    if step.on_failure is not None and step.on_failure.action == "pause":
        message = "`on_failure: pause` in `finally`: the run is judged by then, and no operator can answer"
        hint = "write `continue`: a device that fails is taken back by itself"
        findings.add("NS608", message, step.on_failure.span, hint)
    if body.window is not None and body.window.on_closed == "pause":
        message = "`on_closed: pause` in `finally`: the run is judged by then, and no operator can resume it"
        findings.add("NS608", message, step.key("window"), "write `wait`, or `stop` where it may be left out")


def truth_of(tree: Expr) -> bool | None:
    """What a condition is in every run, as far as constants decide it; None where data does."""
    match tree:
        case Constant(value=bool() as value):
            return value
        case Not():
            inner = truth_of(tree.of)
            return None if inner is None else not inner
        case Logic():
            deciding = tree.op == "or"
            sides = (truth_of(tree.left), truth_of(tree.right))
            if deciding in sides:
                return deciding
            return None if None in sides else not deciding
        case _:
            return None
