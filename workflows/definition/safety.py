"""Sixth pass: the safety of the rollout. What a definition must say before it may change devices, and what cannot work.

Only what is known before anything runs: constants, defaults of inputs, the bounds of the inventory. What depends on the
devices that are really selected is judged by ``prepare``. Waves and their clocks are `safety_clocks.py`'s, gates and
waits `safety_gates.py`'s, and what has no effect `safety_effects.py`'s.
"""

import math

from workflows.definition.diagnostics import Findings
from workflows.definition.draft import DevicesBody, Draft, StepDraft
from workflows.definition.lower import DEFAULT_CONCURRENCY
from workflows.definition.safety_clocks import check_clocks
from workflows.definition.safety_effects import check_effects, irreversible
from workflows.definition.safety_gates import check_gates
from workflows.definition.scopes import Scopes


def check_safety(scopes: Scopes, findings: Findings) -> None:
    """Reports what a careful engineer would stop at before the first device is touched."""
    draft = scopes.draft
    for step in draft.all_steps:
        if isinstance(step.body, DevicesBody):
            if step.body.changes:
                _check_change(step, step.body, draft, findings)
            else:
                _check_reading(step, step.body, findings)
            _check_thresholds(step, step.body, draft, findings)
            check_clocks(step, step.body, draft, findings)
    check_effects(draft, findings)
    check_gates(scopes, findings)
    _check_bound(draft, findings)


def _check_change(step: StepDraft, body: DevicesBody, draft: Draft, findings: Findings) -> None:
    name = step.id.text
    if step.on_failure is None:
        message = f"the step `{name}` changes devices and does not say what a failure does to the others"
        others = "continue`" if step.final else "stop`, `continue` or `{undo: wave}`"
        hint = f"add `on_failure: {others}; a failed device itself is always undone"
        findings.add("NS701", message, step.id.span, hint)
    if body.undo is None:
        message = f"the step `{name}` does not say how a device is undone"
        hint = "it is `undo: [native, inverse, restore]` unless you write it; `undo: none` forbids any"
        if kind := irreversible(step):
            hint = f"write `undo: none`: nothing takes back what `{kind}` does"
        findings.add("NS702", message, step.id.span, hint)
    if step.common.timeout is None and draft.defaults.timeout_s is None:
        message = f"the step `{name}` changes devices and does not say how long one action may take"
        hint = "it is `timeout: 60s` unless you write it here or in `defaults`; commits have their platform's limit"
        findings.add("NS704", message, step.id.span, hint)
    if body.together is not None and body.accept.kind == "any":
        message = (
            f"`accept: any` ends `{name}` at its first success, and `together` changes no device without its others"
        )
        label = [(step.key("together"), "these share a verdict")]
        hint = "leave `together` out, or say how many must succeed, as `accept: 2 of 8`"
        findings.add("NS721", message, step.key("accept"), hint, label)
    held = [action for action in body.actions if action.confirm and action.confirm.hold != "device"]
    if held and body.undo == ():
        message = "devices are confirmed together, and `undo: none` leaves those that are confirmed when one fails"
        label = [(held[0].key("confirm"), "the whole wave is confirmed at once")]
        hint = "allow `undo: [native]`, or write `hold: device`"
        findings.add("NS708", message, step.key("undo"), hint, label)


def _check_reading(step: StepDraft, body: DevicesBody, findings: Findings) -> None:
    name = step.id.text
    if body.undo is not None:
        message = f"the step `{name}` changes no device, so `undo` does nothing"
        findings.add("NS703", message, step.key("undo"), "leave it out")
    if body.budget is not None:
        message = f"the step `{name}` changes no device, so `budget` does nothing"
        findings.add("NS715", message, step.key("budget"), "leave it out: steps that read are not capped by `accept`")


def _check_thresholds(step: StepDraft, body: DevicesBody, draft: Draft, findings: Findings) -> None:
    """``accept`` against what is also said about failures."""
    allowed = allowed_failures(body, draft)
    if allowed is None:
        return
    many = f"{allowed} failure{'' if allowed == 1 else 's'}"
    given = body.concurrency or draft.defaults.concurrency
    if body.budget and body.changes and given and given.total is not None and given.total > allowed + 1:
        message = f"`budget: strict` lets {allowed + 1} of {given.total} devices be under way: `accept` allows {many}"
        hint = "lower `concurrency`, allow more failures in `accept`, or leave `budget` out"
        findings.add(
            "NS713", message, step.key("budget"), hint, [(step.key("accept"), "the failures that are allowed")]
        )
    if body.breaker and body.breaker.failures > allowed:
        message = f"the breaker opens after {body.breaker.failures}, and `accept` stops the step after {allowed + 1}"
        findings.add(
            "NS714", message, step.key("breaker"), f"`accept` allows {many}: lower `failures`, or leave it out"
        )


def allowed_failures(body: DevicesBody, draft: Draft) -> int | None:
    """How many devices may fail before ``accept`` cannot be met any more; None where only the run knows."""
    most = draft.inventory.max if draft.inventory else None
    accept = body.accept
    match accept.kind:
        case "all":
            return 0
        case "failed":
            return int(accept.value)
        case "ratio" if accept.value >= 1:
            return 0
        case "ratio":
            return math.floor(most * (1 - accept.value) + 1e-9) if most is not None else None
        case "any":
            return most - 1 if most is not None else None
        case _:
            return max(0, most - int(accept.value)) if most is not None else None


def _check_bound(draft: Draft, findings: Findings) -> None:
    """Reports the first fan-out that nothing bounds: once, since one word in the inventory mends all of them."""
    if draft.defaults.concurrency is not None or (draft.inventory and draft.inventory.max is not None):
        return
    for step in draft.all_steps:
        if isinstance(step.body, DevicesBody) and step.body.concurrency is None:
            message = (
                f"nothing says how many devices the step `{step.id.text}` may come to: {DEFAULT_CONCURRENCY} at once, "
                "it goes to all that are selected"
            )
            hint = (
                "add `expect: {max: 500}` to the inventory, so that an exploded selection is refused; a `concurrency` "
                "of your own says that any number is meant"
            )
            findings.add("NS711", message, step.key("devices"), hint)
            return
