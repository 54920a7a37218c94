"""Last pass: draft to plan, defaults folded in. It reports nothing: what is wrong was reported before."""

import hashlib
import json
from collections.abc import Iterator
from typing import assert_never

from workflows.definition.draft import (
    ActionDraft,
    ApproveBody,
    ChangeDraft,
    DevicesBody,
    Draft,
    InventoryDraft,
    NotifyBody,
    StepDraft,
    WaveDraft,
)
from workflows.definition.expressions import Expression
from workflows.definition.scopes import needs_of
from workflows.definition.templates import templates_of
from workflows.definition.trees import steps_named
from workflows.plan import (
    Action,
    ApplyAction,
    ApproveStep,
    ChangeText,
    Check,
    CheckAction,
    ConfigureAction,
    Constant,
    DevicesStep,
    Expr,
    InventorySpec,
    LinesText,
    MapOf,
    NotifyStep,
    OnFailure,
    Plan,
    ProposeAction,
    Retry,
    ShowAction,
    SnapshotAction,
    Step,
    StepId,
    TemplateText,
    Wave,
)

DEFAULT_TIMEOUT_S = 60.0
DEFAULT_CONCURRENCY = 50


def lower(draft: Draft) -> Plan:
    """The plan of a draft without errors, with its digest."""
    needs = needs_of(draft)
    named = sorted({word.text for step in draft.all_steps for word in templates_of(step)})
    plan = Plan(
        name=draft.name,
        version=draft.version,
        description=draft.description,
        digest="",
        inputs=draft.inputs,
        inventory=_inventory(draft.inventory) if draft.inventory else None,
        steps=tuple(_step(step, needs[step.id.text], draft) for step in draft.steps),
        finally_=tuple(_step(step, needs[step.id.text], draft) for step in draft.final),
        templates={name: draft.templates[name] for name in named},
    )
    return plan.model_copy(update={"digest": digest_of(plan)})


def digest_of(plan: Plan) -> str:
    """Hex SHA-256 over the canonical JSON of a plan without its digest: sorted keys, no spaces, UTF-8."""
    data = plan.model_dump(mode="json", exclude={"digest"})
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _inventory(draft: InventoryDraft) -> InventorySpec:
    return InventorySpec(source=draft.source, select=_tree(draft.select), min=draft.min, max=draft.max)


def _step(step: StepDraft, needs: tuple[str, ...], draft: Draft) -> Step:
    step_id, needed = StepId(step.id.text), tuple(StepId(name) for name in dict.fromkeys(needs))
    when, on_failure, defaults = _tree(step.when), _on_failure(step), draft.defaults
    match step.body:
        case DevicesBody() as body:
            return DevicesStep(
                id=step_id,
                needs=needed,
                when=when,
                devices=body.devices.tree,
                do=tuple(_action(action) for action in body.do),
                changes=body.changes,
                reads=tuple(dict.fromkeys(StepId(name) for action in body.do for name in _reads(action))),
                concurrency=body.concurrency or DEFAULT_CONCURRENCY,
                waves=tuple(_wave(wave) for wave in body.waves),
                accept=body.accept,
                credential=body.credential or defaults.credential,
                timeout_s=body.timeout_s or defaults.timeout_s or DEFAULT_TIMEOUT_S,
                retry=body.retry or defaults.retry or Retry(),
                undo=body.undo if body.undo is not None else ("native", "inverse", "restore"),
                on_failure=on_failure,
            )
        case ApproveBody() as body:
            return ApproveStep(
                id=step_id,
                needs=needed,
                when=when,
                by=body.by,
                quorum=body.quorum,
                not_by=body.not_by,
                binds_step=StepId(body.binds.step.text) if body.binds and body.binds.step else None,
                binds_name=body.binds.name.text if body.binds else None,
                timeout=_seconds(body.timeout),
                on_timeout=body.on_timeout,
                on_failure=on_failure,
            )
        case NotifyBody() as body:
            return NotifyStep(
                id=step_id,
                needs=needed,
                when=when,
                to=body.to,
                template=body.template.text if body.template else None,
                message=_tree(body.message),
                timeout_s=body.timeout_s or defaults.timeout_s or DEFAULT_TIMEOUT_S,
                retry=body.retry or defaults.retry or Retry(),
                on_failure=on_failure,
            )
        case _:
            assert_never(step.body)


def _on_failure(step: StepDraft) -> OnFailure:
    said = step.on_failure
    if said is None:
        return OnFailure(action="continue" if step.final else "stop")
    return OnFailure(action=said.action, scope=said.scope, of=StepId(said.of.text) if said.of else None)


def _wave(wave: WaveDraft) -> Wave:
    return Wave(name=wave.name, size=wave.size, share=wave.share, soak=_seconds(wave.soak))


def _seconds(said: Expression | float) -> Expr:
    return said.tree if isinstance(said, Expression) else Constant(value=said)


def _tree(expression: Expression | None) -> Expr | None:
    return expression.tree if expression else None


def _action(action: ActionDraft) -> Action:
    name = action.name.text if action.name else None
    match action.kind:
        case "show":
            assert action.command is not None
            return ShowAction(command=action.command.tree, parse=action.parse, min_rows=action.min_rows, name=name)
        case "check":
            return CheckAction(
                checks=tuple(
                    Check(name=check.name, that=check.that.tree, message=_tree(check.message), severity=check.severity)
                    for check in action.checks
                )
            )
        case "snapshot":
            return SnapshotAction(sections=action.sections, name=name)
        case "propose":
            assert action.change is not None
            assert name is not None
            return ProposeAction(change=_change(action.change), name=name)
        case "apply":
            assert action.applies is not None
            step = StepId(action.applies.step.text) if action.applies.step else None
            return ApplyAction(step=step, change=action.applies.name.text, save=action.save, name=name)
        case "configure":
            assert action.change is not None
            return ConfigureAction(change=_change(action.change), save=action.save, name=name)
        case _:
            assert_never(action.kind)


def _change(change: ChangeDraft) -> ChangeText:
    if change.lines is not None:
        return LinesText(lines=tuple(line.tree for line in change.lines))
    assert change.template is not None
    return TemplateText(template=change.template.text, vars=change.vars.tree if change.vars else MapOf(items=()))


def _reads(action: ActionDraft) -> Iterator[str]:
    """The steps whose values of the same device an action needs."""
    if action.applies and action.applies.step:
        yield action.applies.step.text
    expressions: list[Expression | None] = [action.command]
    for check in action.checks:
        expressions.extend((check.that, check.message))
    if action.change:
        expressions.extend((*(action.change.lines or ()), action.change.vars))
    for expression in expressions:
        if expression:
            yield from (name for _, name in steps_named(expression.nodes))
