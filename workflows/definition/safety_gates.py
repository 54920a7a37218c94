"""Part of the sixth pass: gates and waits. Who may decide, what silence means, and what an approval is good for."""

from workflows.definition.diagnostics import Findings
from workflows.definition.draft import ApproveBody, DevicesBody, Path, StepDraft, WaitBody
from workflows.definition.reach import truth_of
from workflows.definition.safety_clocks import check_wait
from workflows.definition.scopes import Scopes

_Bound = tuple[str, str]  # a step, and the change that it proposes


def check_gates(scopes: Scopes, findings: Findings) -> None:
    """Reports gates that hold nobody back, and waits that do not end as they should."""
    applied = [
        (step.id.text, action.applies)
        for step in scopes.draft.all_steps
        if isinstance(step.body, DevicesBody)
        for action in step.body.actions
        if action.applies and action.applies.step
    ]
    appliers: dict[_Bound, list[str]] = {}  # the steps that apply a change, by the change
    for name, path in applied:
        appliers.setdefault(_bound(path), []).append(name)
    for step in scopes.draft.all_steps:
        match step.body:
            case ApproveBody() as body:
                _check_silence(step, body, findings)
                _check_self(step, body, findings)
                _check_auto(step, body, findings)
                if body.binds and not any(
                    scopes.is_before(step.id.text, name) for name in appliers.get(_bound(body.binds), ())
                ):
                    behind = (path for name, path in applied if scopes.is_before(step.id.text, name))
                    _report_unapplied(step, body.binds, next(behind, None), findings)
            case WaitBody() as body:
                check_wait(step, body, scopes.draft, findings)
            case _:
                pass


def _check_silence(step: StepDraft, body: ApproveBody, findings: Findings) -> None:
    hint = "write `reject`, so that only people open it"
    if body.on_timeout == "approve":
        message = f"silence opens the gate `{step.id.text}`: when nobody answers, it is approved"
        findings.add("NS709", message, step.key("on_timeout"), hint)
    elif body.on_timeout == "escalate" and body.escalate and body.escalate.then == "approve":
        message = (
            f"silence opens the gate `{step.id.text}`: when {body.escalate.to} do not answer either, it is approved"
        )
        findings.add("NS709", message, body.escalate.span, hint)


def _check_auto(step: StepDraft, body: ApproveBody, findings: Findings) -> None:
    if body.auto is not None and truth_of(body.auto.tree) is True:
        message = f"nobody opens the gate `{step.id.text}`: its `auto` always holds, so it approves itself"
        findings.add(
            "NS709", message, body.auto.span, "write a condition, as `bound.devices <= 10`, or leave the gate out"
        )


def _check_self(step: StepDraft, body: ApproveBody, findings: Findings) -> None:
    if body.quorum == 1 and not body.not_by:
        message = f"who asks for the run can open the gate `{step.id.text}` alone"
        findings.add("NS710", message, step.key("by"), "add `not_by: [requester]`, or raise `quorum`")


def _bound(path: Path) -> _Bound:
    """The change that a path names, which is one of another step."""
    assert path.step is not None  # the shape of `binds` asks for it
    return path.step.text, path.name.text


def _report_unapplied(step: StepDraft, binds: Path, instead: Path | None, findings: Findings) -> None:
    """What a gate binds is applied by some step behind it, or the approval is good for nothing."""
    message = f"the gate `{step.id.text}` approves `steps.{'.'.join(_bound(binds))}`, and no later step applies it"
    label = [(instead.name.span, "this is applied instead")] if instead else []
    findings.add("NS712", message, binds.name.span, "`apply` what was approved, or leave `binds` out", label)
