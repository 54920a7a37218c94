"""The shape of ``do``: device actions in their order, one verb each."""

import re
from typing import Final, Literal

from workflows.definition import keys
from workflows.definition.diagnostics import Findings
from workflows.definition.draft import ActionDraft, ChangeDraft, CheckDraft, Path, Word
from workflows.definition.expressions import Expression, parse_value
from workflows.definition.mapping import NAME, NAME_HELP, Section, bare, kind_of, unsupported, words
from workflows.definition.nodes import Fields, Node, Scalar
from workflows.plan import Constant
from workflows.suggest import did_you_mean

_PATH: Final = re.compile(r"(?:steps\.([A-Za-z]\w*)\.)?([A-Za-z]\w*)")
_TEMPLATE: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_PARSERS: Final[tuple[Literal["textfsm", "json", "none"], ...]] = ("textfsm", "json", "none")
_PARSERS_LATER: Final = {"ttp": "use `textfsm`", "regex": "use `textfsm`, or `none` and `match`"}
_SEVERITIES: Final[tuple[Literal["critical", "warning"], ...]] = ("critical", "warning")
_SECTIONS: Final[dict[str, Literal["config", "vlans", "interfaces"]]] = {
    "config": "config", "vlans": "vlans", "interfaces": "interfaces",
}  # fmt: skip


def shape_actions(fields: Section, findings: Findings) -> tuple[ActionDraft, ...]:
    """The actions of a ``devices`` step."""
    nodes = fields.items("do", "the actions on each device, in their order")
    drafts = [_action(node, findings) for node in nodes or ()]
    return tuple(draft for draft in drafts if draft is not None)


def _action(node: Node, findings: Findings) -> ActionDraft | None:
    if not isinstance(node, Fields):
        findings.add("NS203", f"an action is a map, and this is {kind_of(node)}", node.span, "write `- show: COMMAND`")
        return None
    said = [key for key, _ in node.entries if key.text in keys.ACTIONS]
    if not said:
        _report_no_verb(node, findings)
        return None
    if len(said) > 1:
        first = [(said[0].span, "one action")]
        findings.add("NS205", f"{len(said)} actions in one item", said[1].span, "give each its own `- `", first)
        return None
    verb = said[0].text
    known, later = (
        (verb, *keys.ACTION_OPTIONS[verb]),
        {**keys.ACTION_ITEM_LATER, **keys.ACTION_OPTIONS_LATER.get(verb, {})},
    )
    fields = Section(node, f"`{verb}`", known, findings, later)
    name = fields.text("as", pattern=NAME, hint=NAME_HELP)
    match verb:
        case "show":
            return _show(fields, name, findings)
        case "check":
            return ActionDraft("check", node.span, checks=_checks(fields, findings))
        case "snapshot":
            return ActionDraft("snapshot", node.span, name=name, sections=_sections(fields, findings))
        case "propose":
            if "as" not in fields:
                fields.missing("as", "name the change, or nothing can apply it")
            return ActionDraft("propose", node.span, name=name, change=_change(fields, verb, findings))
        case "apply":
            path = shape_path(fields, "apply", findings)
            return (
                ActionDraft("apply", node.span, name=name, applies=path, save=fields.boolean("save")) if path else None
            )
        case _:
            change = _change(fields, verb, findings)
            return ActionDraft("configure", node.span, name=name, change=change, save=fields.boolean("save"))


def _report_no_verb(node: Fields, findings: Findings) -> None:
    later = [key for key, _ in node.entries if key.text in keys.ACTIONS_LATER]
    if later:
        unsupported(later[0], keys.ACTIONS_LATER[later[0].text], findings)
        return
    first = node.entries[0][0] if node.entries else None
    hint = did_you_mean(first.text if first else "", keys.ACTIONS, "actions are")
    findings.add("NS205", "an item of `do` without an action", first.span if first else node.span, hint)


def _show(fields: Section, name: Word | None, findings: Findings) -> ActionDraft | None:
    node = fields.node("show")
    if isinstance(node, Scalar):
        command = _command(node, findings)
        return ActionDraft("show", fields.span, name=name, command=command) if command else None
    inner_node = fields.fields("show")
    if inner_node is None:
        return None
    inner = Section(inner_node, "`show`", keys.SHOW, findings)
    given = inner.node("command")
    if given is None:
        inner.missing("command", "the command that is sent")
        return None
    command = _command(given, findings)
    parse: Literal["textfsm", "json", "none"] = inner.choice("parse", _PARSERS, "none", _PARSERS_LATER)
    rows = inner.integer("min_rows", 0)
    if rows and parse == "none":
        findings.add("NS206", "`min_rows` without `parse`", inner.key("min_rows"), "add `parse: textfsm`")
    return (
        ActionDraft("show", fields.span, name=name, command=command, parse=parse, min_rows=rows or 0)
        if command
        else None
    )


def _command(node: Node, findings: Findings) -> Expression | None:
    if not isinstance(node, Scalar) or not isinstance(node.value, str) or not node.value.strip():
        findings.add(
            "NS203", f"a command is text, and this is {kind_of(node)}", node.span, "write the command as it is sent"
        )
        return None
    return _one_line(node, "a command", findings)


def _one_line(node: Scalar, what: str, findings: Findings) -> Expression | None:
    value = parse_value(node, findings)
    if value is not None and isinstance(value.tree, Constant) and _CONTROL.search(node.text):
        findings.add("NS204", f"{what} with a line break or a control character", node.span, "write one line")
    return value


def _checks(fields: Section, findings: Findings) -> tuple[CheckDraft, ...]:
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


def _sections(fields: Section, findings: Findings) -> tuple[Literal["config", "vlans", "interfaces"], ...]:
    node = fields.node("snapshot")
    if node is None:
        return ()
    found = []
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


def _change(fields: Section, verb: str, findings: Findings) -> ChangeDraft | None:
    node = fields.fields(verb)
    if node is None:
        return None
    inner = Section(node, f"`{verb}`", keys.CHANGE, findings, keys.CHANGE_LATER)
    if "lines" in inner and ("template" in inner or "vars" in inner):
        other = "template" if "template" in inner else "vars"
        findings.add(
            "NS206",
            f"`lines` and `{other}` in one change",
            inner.key("lines"),
            "keep one",
            [(inner.key(other), "here")],
        )
        return None
    if "lines" in inner:
        given = inner.items("lines", "write at least one line")
        return ChangeDraft(tuple(filter(None, (_line(item, findings) for item in given or ()))), None, None)
    if "template" not in inner:
        inner.missing("template", f"`{verb}` takes `{{template: FILE, vars: {{…}}}}` or `{{lines: [\u2026]}}`")
        return None
    template = shape_template(inner, findings)
    if "vars" in inner:
        inner.fields("vars")
    return ChangeDraft(None, template, inner.value("vars")) if template else None


def _line(node: Node, findings: Findings) -> Expression | None:
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return _one_line(node, "a line", findings)
    findings.add("NS203", f"a line is text, and this is {kind_of(node)}", node.span, "write it in quotes")
    return None


def shape_template(fields: Section, findings: Findings) -> Word | None:  # noqa: ARG001 - as its siblings
    """``template``: the name of a file beside the definition."""
    hint = "name a file beside the definition, without a folder"
    return fields.text("template", pattern=_TEMPLATE, hint=hint)


def shape_path(fields: Section, key: str, findings: Findings) -> Path | None:
    """``steps.STEP.NAME`` or a bare NAME."""
    hint = "write `steps.STEP.NAME`, the change that a step proposed" + (
        ", or its NAME in this step" if key == "apply" else ""
    )
    word = fields.text(key, hint=hint)
    if word is None:
        return None
    found = _PATH.fullmatch(word.text)
    node = fields.node(key)
    if not found or not isinstance(node, Scalar) or (key == "binds" and not found[1]):
        findings.add("NS204", f"`{word.text}` does not name a change", word.span, hint)
        return None
    step = Word(found[1], node.part(found.start(1), found.end(1))) if found[1] else None
    return Path(step, Word(found[2], node.part(found.start(2), found.end(2))))
