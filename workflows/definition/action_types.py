"""The types of what device actions yield, and the expressions that stand in them with what their places want.

`scopes.py` makes places of them; nothing is reported here.
"""

from collections.abc import Iterator, Mapping
from typing import Final, Literal, NamedTuple, assert_never

from workflows.definition.columns import Content, columns_of
from workflows.definition.draft import DevicesBody, StepDraft
from workflows.definition.draft_actions import (
    ActionDraft,
    ApplyBody,
    ChecksBody,
    CommandBody,
    CompareBody,
    ConfigureBody,
    CopyBody,
    InteractBody,
    ProposeBody,
    ReachableBody,
    RebootBody,
    RpcBody,
    SaveBody,
    SnapshotBody,
    SnapshotPath,
)
from workflows.definition.expressions import Expression
from workflows.definition.state_types import STATE, difference_of, key_of
from workflows.definition.types import (
    APPLIED,
    CHANGE,
    NULL,
    ROWS,
    TEXT,
    UNKNOWN,
    ListType,
    MapType,
    Record,
    Type,
)
from workflows.plan import Constant, Section

# What a place can use. ``plain`` is a text or a number that devices can be told apart by; ``line`` is one line for a
# device, ``vars`` the variables of a device template, ``keys`` a list of keys of a section.
Wanted = Literal["boolean", "hosts", "duration", "text", "plain", "map", "line", "vars", "keys", "any"]


class Wish(NamedTuple):
    """An expression of an action, with what its place wants and what it is, for messages; ``keys`` of which type."""

    expression: Expression
    wanted: Wanted
    what: str
    keys: Type | None = None


_CONTENTS: Final[Mapping[frozenset[Content], Type]] = {
    frozenset({"text"}): TEXT,
    frozenset({"list"}): ListType(TEXT),
    frozenset({"maps"}): ListType(MapType(TEXT, UNKNOWN)),
}


def type_of_action(action: ActionDraft, step: StepDraft, by_id: Mapping[str, StepDraft]) -> Type:
    """The type of what an action yields under its ``as``."""
    match action.body:
        case CommandBody():
            return _answer(action.body)
        case SnapshotBody():
            name = f"`{action.name.text}`" if action.name else "the snapshot"
            fields: dict[str, Type] = {section: STATE[section] for section in action.body.sections}
            return Record(name, fields, "add it to the `snapshot` to have it")
        case CompareBody():
            both = compared_sections(action, step, by_id)
            return Record("a comparison", {section: difference_of(section) for section in both})
        case ProposeBody():
            return CHANGE
        case ApplyBody() | ConfigureBody():
            return APPLIED
        case RpcBody() | InteractBody():
            return TEXT
        case ChecksBody() | CopyBody() | RebootBody() | ReachableBody() | SaveBody():
            return NULL  # these take no name
        case _:
            assert_never(action.body)


def _answer(body: CommandBody) -> Type:
    match body.parse:
        case "none":
            return TEXT
        case "regex":
            groups = dict.fromkeys(body.columns, TEXT)
            return ListType(Record("a row", groups, "its columns are the named groups of `pattern`"))
        case "textfsm":
            return _textfsm(body) if body.pattern is None else ROWS
        case "json" | "ttp":
            return UNKNOWN


def _textfsm(body: CommandBody) -> Type:
    command = constant_command(body)
    columns = columns_of(command) if command else None
    if columns is None:
        return ROWS
    fields = {column: _CONTENTS.get(contents, UNKNOWN) for column, contents in columns.items()}
    return ListType(Record(f"a row of `{command}`", fields))


def constant_command(body: CommandBody) -> str | None:
    """The command where no expression is part of it."""
    tree = body.command.tree
    return tree.value.strip() if isinstance(tree, Constant) and isinstance(tree.value, str) else None


def exports(step: StepDraft, by_id: Mapping[str, StepDraft]) -> dict[str, Type]:
    """The values that a step's actions name, as later steps see them for the same device."""
    if not isinstance(step.body, DevicesBody):
        return {}
    return {action.name.text: type_of_action(action, step, by_id) for action in step.body.do if action.name}


def snapshots_of(step: StepDraft | None) -> list[ActionDraft]:
    """The snapshots that a step takes in its ``do``, in their order."""
    actions = step.body.do if step and isinstance(step.body, DevicesBody) else ()
    return [action for action in actions if isinstance(action.body, SnapshotBody)]


def find_before(
    path: SnapshotPath, action: ActionDraft, step: StepDraft, by_id: Mapping[str, StepDraft]
) -> ActionDraft | None:
    """The snapshot that a ``compare`` starts from by its path; None where there is none, or more than one."""
    taken = snapshots_of(by_id.get(path.step.text)) if path.step else snapshots_beside(action, step)
    if path.name is not None:
        named = path.name.text
        taken = [action for action in taken if action.name and action.name.text == named]
    return taken[0] if len(taken) == 1 else None


def snapshots_beside(action: ActionDraft, step: StepDraft) -> list[ActionDraft]:
    """The snapshots of a ``compare``'s own step that it may start from.

    Those of ``enter`` are seen everywhere. Those of ``do`` are not seen by ``leave``, which runs whatever became of it.
    """
    body = step.body
    if not isinstance(body, DevicesBody):
        return []
    part = _part(action, body)
    seen = part if part is body.enter else (*body.enter, *part)
    return [one for one in seen if isinstance(one.body, SnapshotBody)]


def find_after(action: ActionDraft, step: StepDraft) -> ActionDraft | None:
    """The snapshot of the same step that a ``compare`` takes for the state after: the newest one unless it is named."""
    assert isinstance(action.body, CompareBody)
    earlier = _before_it(action, step)
    if action.body.after is not None:
        named = action.body.after.text
        earlier = [one for one in earlier if one.name and one.name.text == named]
    return earlier[-1] if earlier else None


def _before_it(action: ActionDraft, step: StepDraft) -> list[ActionDraft]:
    """The snapshots that show a ``compare`` the state after; in ``leave`` only those that are taken there."""
    assert isinstance(step.body, DevicesBody), "only devices have actions"
    part = _part(action, step.body)
    place = next(place for place, one in enumerate(part) if one is action)
    seen = (*step.body.enter, *part[:place]) if part is step.body.do else part[:place]
    return [one for one in seen if isinstance(one.body, SnapshotBody)]


def _part(action: ActionDraft, body: DevicesBody) -> tuple[ActionDraft, ...]:
    """Where an action stands: in ``enter``, ``do`` or ``leave``."""
    return next(part for part in (body.enter, body.do, body.leave) if any(one is action for one in part))


def compared_sections(action: ActionDraft, step: StepDraft, by_id: Mapping[str, StepDraft]) -> tuple[Section, ...]:
    """The sections that both snapshots of a ``compare`` have; all where one is not found."""
    assert isinstance(action.body, CompareBody)
    both = [find_before(action.body.before, action, step, by_id), find_after(action, step)]
    bodies = [one.body for one in both if one]
    sections = [body.sections for body in bodies if isinstance(body, SnapshotBody)]
    return tuple(section for section in STATE if all(section in some for some in sections))


def expressions_of(action: ActionDraft) -> Iterator[Wish]:  # noqa: C901 - one match
    """Every expression of an action with what its place wants."""
    match action.body:
        case CommandBody():
            yield Wish(action.body.command, "line", f"`{action.kind}`")
        case ChecksBody():
            for check in action.body.checks:
                yield Wish(check.that, "boolean", f"the check `{check.name}`")
                if check.message:
                    yield Wish(check.message, "text", "`else`")
        case CompareBody():
            for expectation in action.body.expect:
                keys = key_of(expectation.section or "interfaces")
                for key, expression in expectation.keys.items():
                    yield Wish(expression, "keys", f"`{key}` of `{expectation.name.text}`", keys)
        case ProposeBody() | ConfigureBody():
            for line in action.body.change.lines or ():
                yield Wish(line, "line", "a line")
            if action.body.change.vars:
                yield Wish(action.body.change.vars, "vars", "`vars`")
        case RpcBody():
            yield Wish(action.body.operation, "text", "`rpc`")
        case CopyBody():
            yield Wish(action.body.source, "line", "`source`")
            yield Wish(action.body.to, "line", "`to`")
            if action.body.sha256:
                yield Wish(action.body.sha256, "line", "`sha256`")
        case InteractBody():
            yield Wish(action.body.command, "line", "`interact`")
            for exchange in action.body.exchanges:
                yield Wish(exchange.send, "line", "`send`")
        case ApplyBody() | SnapshotBody() | RebootBody() | ReachableBody() | SaveBody():
            return
        case _:
            assert_never(action.body)
