"""Sixth pass: the safety of the rollout. What a definition must say before it may change devices."""

from workflows.definition.diagnostics import Findings
from workflows.definition.draft import DevicesBody, Draft


def check_safety(draft: Draft, findings: Findings) -> None:
    """Reports steps that change devices and are silent about failure or undo."""
    for step in draft.all_steps:
        body = step.body
        if not isinstance(body, DevicesBody):
            continue
        if not body.changes:
            if body.undo_span is not None:
                findings.add(
                    "NS703",
                    f"the step `{step.id.text}` changes no device, so `undo` does nothing",
                    body.undo_span,
                    "leave it out",
                )
            continue
        if step.on_failure is None:
            findings.add(
                "NS701",
                f"the step `{step.id.text}` changes devices and does not say what a failure does to the others",
                step.id.span,
                "add `on_failure: stop`, `continue` or `{undo: wave}`; a failed device itself is always undone",
            )
        if body.undo is None:
            findings.add(
                "NS702",
                f"the step `{step.id.text}` does not say how a device is undone",
                step.id.span,
                "it is `undo: [native, inverse, restore]` unless you write it; `undo: none` forbids any",
            )
