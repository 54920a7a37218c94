"""The shape of ``do``: device actions in their order, one verb each.

What belongs to one kind of action is in `shape_commands.py`, `shape_changes.py` and `shape_compare.py`.
"""

from typing import Final, Literal, get_args

from workflows.definition import keys
from workflows.definition.diagnostics import Findings
from workflows.definition.draft_actions import ActionBody, ActionDraft, ActionKind, CheckDraft, ChecksBody, SnapshotBody
from workflows.definition.mapping import NAME, NAME_HELP, Section, bare, kind_of, words
from workflows.definition.nodes import Fields, Node
from workflows.definition.shape_changes import shape_apply, shape_configure, shape_propose
from workflows.definition.shape_commands import (
    shape_copy,
    shape_interact,
    shape_rpc,
    shape_run,
    shape_save,
    shape_show,
    shape_within,
)
from workflows.definition.shape_compare import shape_compare
from workflows.plan import Section as StateSection
from workflows.suggest import did_you_mean

_SEVERITIES: Final[tuple[Literal["critical", "warning"], ...]] = ("critical", "warning")
_SECTIONS: Final[dict[str, StateSection]] = {section: section for section in get_args(StateSection)}
_KINDS: Final[dict[str, ActionKind]] = {kind: kind for kind in get_args(ActionKind)}


def shape_actions(fields: Section, findings: Findings, key: str = "do") -> tuple[ActionDraft, ...]:
    """The actions of a ``devices`` step: those of ``do``, or of ``enter`` and ``leave`` of its ``maintenance``."""
    nodes = fields.items(key, "the actions on each device, in their order" if key == "do" else "")
    drafts = [_action(node, key, findings) for node in nodes or ()]
    return tuple(draft for draft in drafts if draft is not None)


def _action(node: Node, key: str, findings: Findings) -> ActionDraft | None:
    if not isinstance(node, Fields):
        findings.add("NS203", f"an action is a map, and this is {kind_of(node)}", node.span, "write `- show: COMMAND`")
        return None
    said = [word for word, _ in node.entries if word.text in keys.ACTIONS]
    if len(said) > 1:  # `save` is an action, and a key beside `apply` and `configure`
        said = [word for word in said if word.text != "save"] or said[:1]
    if not said:
        first = node.entries[0][0] if node.entries else None
        hint = did_you_mean(first.text if first else "", keys.ACTIONS, "actions are")
        findings.add("NS205", f"an item of `{key}` without an action", first.span if first else node.span, hint)
        return None
    if len(said) > 1:
        first_label = [(said[0].span, "one action")]
        findings.add("NS205", f"{len(said)} actions in one item", said[1].span, "give each its own `- `", first_label)
        return None
    verb = _KINDS[said[0].text]
    fields = Section(node, f"`{verb}`", (verb, *keys.ACTION_OPTIONS[verb]), findings, keys.ACTION_ITEM_LATER)
    name = fields.text("as", pattern=NAME, hint=NAME_HELP)
    body = _body(verb, fields, findings)
    if body is None:
        return None
    return ActionDraft(verb, name, body, node)


def _body(verb: ActionKind, fields: Section, findings: Findings) -> ActionBody | None:
    match verb:
        case "show":
            return shape_show(fields, findings)
        case "check":
            return ChecksBody(shape_checks(fields, findings))
        case "snapshot":
            return SnapshotBody(_sections(fields, findings))
        case "compare":
            return shape_compare(fields, findings)
        case "propose":
            return shape_propose(fields, findings)
        case "apply":
            return shape_apply(fields, findings)
        case "configure":
            return shape_configure(fields, findings)
        case "rpc":
            return shape_rpc(fields, findings)
        case "run":
            return shape_run(fields, findings)
        case "copy":
            return shape_copy(fields, findings)
        case "interact":
            return shape_interact(fields, findings)
        case "reboot" | "reachable":
            return shape_within(fields, verb, findings)
        case "save":
            return shape_save(fields)


def shape_checks(fields: Section, findings: Findings) -> tuple[CheckDraft, ...]:
    """``check`` of an action or of a step: what people read, and what must hold."""
    node = fields.fields("check")
    if node is None:
        return ()
    if not node.entries:
        fields.invalid("check", "an empty `check`", "write a name that people read, and what must hold")
    checks = [_check(key.text, value, findings) for key, value in node.entries]
    return tuple(check for check in checks if check is not None)


def _check(name: str, node: Node, findings: Findings) -> CheckDraft | None:
    if not isinstance(node, Fields):
        that = bare(node, f"the check `{name}`", findings)
        return CheckDraft(name, that, None, "critical") if that else None
    fields = Section(node, f"the check `{name}`", keys.CHECK, findings)
    that = fields.expression("that", "what must hold")
    message = fields.value("else")
    severity: Literal["critical", "warning"] = fields.choice("severity", _SEVERITIES, "critical")
    return CheckDraft(name, that, message, severity) if that else None


def _sections(fields: Section, findings: Findings) -> tuple[StateSection, ...]:
    node = fields.node("snapshot")
    if node is None:
        return ()
    found: list[StateSection] = []
    for word in words(node, "`snapshot`", findings):
        section = _SECTIONS.get(word.text)
        if section is None:
            hint = did_you_mean(word.text, _SECTIONS, "sections are")
            findings.add("NS204", f"`{word.text}` is no section of a device's state", word.span, hint)
        elif section in found:
            findings.add("NS204", f"`{word.text}` stands twice", word.span, "name each section once")
        else:
            found.append(section)
    if not found and not findings.failed:
        fields.invalid("snapshot", "an empty `snapshot`", "name what to record, as `[config, vlans]`")
    return tuple(found)
