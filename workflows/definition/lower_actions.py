"""Device actions of a draft to those of the plan. It reports nothing: what is wrong was reported before."""

from collections.abc import Iterator
from typing import assert_never

from workflows.definition.action_types import expressions_of
from workflows.definition.draft_actions import (
    ActionDraft,
    ApplyBody,
    ChangeDraft,
    CheckDraft,
    ChecksBody,
    CommandBody,
    CompareBody,
    ConfigureBody,
    CopyBody,
    ExpectationDraft,
    InteractBody,
    ProposeBody,
    ReachableBody,
    RebootBody,
    RpcBody,
    SaveBody,
    SnapshotBody,
)
from workflows.definition.expressions import Expression
from workflows.definition.trees import steps_named
from workflows.plan import (
    Action,
    ApplyAction,
    ChangeText,
    Check,
    CheckAction,
    CompareAction,
    ConfigureAction,
    CopyAction,
    Exchange,
    Expectation,
    Expr,
    InteractAction,
    LinesText,
    MapOf,
    ProposeAction,
    ReachableAction,
    RebootAction,
    RpcAction,
    RunAction,
    SaveAction,
    ShowAction,
    SnapshotAction,
    StepId,
    TemplateText,
)


def lower_action(action: ActionDraft) -> Action:
    """One action of the plan."""
    name = action.name.text if action.name else None
    match action.body:
        case CommandBody() as body:
            return _command(action, body, name)
        case ChecksBody() as body:
            return CheckAction(checks=lower_checks(body.checks))
        case SnapshotBody() as body:
            return SnapshotAction(sections=body.sections, name=name)
        case CompareBody() as body:
            return _compare(body, name)
        case ProposeBody() as body:
            assert name is not None
            return ProposeAction(change=_change(body.change), mode=body.change.mode, name=name)
        case ApplyBody() as body:
            step = StepId(body.path.step.text) if body.path.step else None
            change = body.path.name.text
            return ApplyAction(step=step, change=change, confirm=body.confirm, save=body.save, name=name)
        case ConfigureBody() as body:
            mode, change_text = body.change.mode, _change(body.change)
            return ConfigureAction(change=change_text, mode=mode, confirm=body.confirm, save=body.save, name=name)
        case RpcBody() as body:
            return RpcAction(operation=body.operation.tree, changes=body.changes, name=name)
        case CopyBody() as body:
            return CopyAction(source=body.source.tree, to=body.to.tree, sha256=_tree(body.sha256))
        case InteractBody() as body:
            exchanges = tuple(Exchange(expect=one.expect, send=one.send.tree) for one in body.exchanges)
            return InteractAction(command=body.command.tree, exchanges=exchanges, name=name)
        case RebootBody() as body:
            return RebootAction(within_s=body.within_s)
        case ReachableBody() as body:
            return ReachableAction(within_s=body.within_s)
        case SaveBody():
            return SaveAction()
        case _:
            assert_never(action.body)


def lower_checks(checks: tuple[CheckDraft, ...]) -> tuple[Check, ...]:
    """The demands of a ``check``, of an action or of a step."""
    return tuple(
        Check(name=check.name, that=check.that.tree, message=_tree(check.message), severity=check.severity)
        for check in checks
    )


def reads_of(action: ActionDraft) -> Iterator[str]:
    """The steps whose values of the same device an action needs."""
    match action.body:
        case ApplyBody() as body if body.path.step:
            yield body.path.step.text
        case CompareBody() as body if body.before.step:
            yield body.before.step.text
        case _:
            pass
    for wish in expressions_of(action):
        yield from (name for _, name in steps_named(wish.expression.nodes))


def _tree(expression: Expression | None) -> Expr | None:
    return expression.tree if expression else None


def _command(action: ActionDraft, body: CommandBody, name: str | None) -> ShowAction | RunAction:
    command, pattern = body.command.tree, body.pattern.text if body.pattern else None
    if action.kind == "run":
        return RunAction(command=command, changes=body.changes, parse=body.parse, pattern=pattern, name=name)
    return ShowAction(command=command, parse=body.parse, pattern=pattern, min_rows=body.min_rows, name=name)


def _compare(body: CompareBody, name: str | None) -> CompareAction:
    return CompareAction(
        before_step=StepId(body.before.step.text) if body.before.step else None,
        before=body.before.name.text if body.before.name else None,
        after=body.after.text if body.after else None,
        ignore=tuple(word.text for word in body.ignore),
        expect={one.name.text: _expectation(one) for one in body.expect},
        name=name,
    )


def _expectation(one: ExpectationDraft) -> Expectation:
    keys = one.keys
    return Expectation(
        kind=one.kind,
        added=_tree(keys.get("added")),
        removed=_tree(keys.get("removed")),
        changed=_tree(keys.get("changed")),
    )


def _change(change: ChangeDraft) -> ChangeText:
    if change.lines is not None:
        return LinesText(lines=tuple(line.tree for line in change.lines))
    assert change.template is not None
    return TemplateText(template=change.template.text, vars=change.vars.tree if change.vars else MapOf(items=()))
