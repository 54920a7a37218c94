"""The shape of the actions that change a configuration: ``propose``, ``apply`` and ``configure``."""

import re
from typing import Final, Literal

from workflows.definition import keys
from workflows.definition.diagnostics import Findings
from workflows.definition.draft_actions import ApplyBody, ChangeDraft, ConfigureBody, Path, ProposeBody, Word
from workflows.definition.expressions import Expression
from workflows.definition.lines import one_line
from workflows.definition.mapping import Section, kind_of
from workflows.definition.nodes import Node, Scalar
from workflows.plan import Confirm

_PATH: Final = re.compile(r"(?:steps\.([A-Za-z]\w*)\.)?([A-Za-z]\w*)")
_TEMPLATE: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_MODES: Final[tuple[Literal["merge", "replace"], ...]] = ("merge", "replace")
_HOLDS: Final[tuple[Literal["device", "wave", "best_effort"], ...]] = ("device", "wave", "best_effort")


def shape_propose(fields: Section, findings: Findings) -> ProposeBody | None:
    """``propose``: works out a change, which needs a name."""
    if "as" not in fields:
        fields.missing("as", "name the change, or nothing can apply it")
    change = _change(fields, "propose", findings)
    return ProposeBody(change) if change else None


def shape_apply(fields: Section, findings: Findings) -> ApplyBody | None:
    """``apply``: a change that was proposed."""
    path = shape_path(fields, "apply", findings)
    confirm, save = _confirm(fields, findings), fields.boolean("save")
    return ApplyBody(path, confirm, save) if path else None


def shape_configure(fields: Section, findings: Findings) -> ConfigureBody | None:
    """``configure``: ``propose`` and ``apply`` in one."""
    change = _change(fields, "configure", findings)
    confirm, save = _confirm(fields, findings), fields.boolean("save")
    return ConfigureBody(change, confirm, save) if change else None


def _confirm(fields: Section, findings: Findings) -> Confirm | None:
    node = fields.fields("confirm")
    if node is None:
        return None
    inner = Section(node, "`confirm`", keys.CONFIRM, findings)
    if "within" not in inner:
        inner.missing("within", "after which time the device takes the change back by itself, as `15m`")
    within = inner.duration("within")
    hold: Literal["device", "wave", "best_effort"] = inner.choice("hold", _HOLDS, "device")
    if within is not None and not 0 < within <= 65535 * 60:
        inner.invalid("within", "a confirm timer lasts more than 0s and at most 65535m", "devices count minutes")
        return None
    return Confirm(within_s=within, hold=hold) if within is not None else None


def _change(fields: Section, verb: str, findings: Findings) -> ChangeDraft | None:
    node = fields.fields(verb)
    if node is None:
        return None
    inner = Section(node, f"`{verb}`", keys.CHANGE, findings)
    mode: Literal["merge", "replace"] = inner.choice("mode", _MODES, "merge")
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
        return ChangeDraft(tuple(filter(None, (_line(item, findings) for item in given or ()))), None, None, mode)
    if "template" not in inner:
        inner.missing("template", f"`{verb}` takes `{{template: FILE, vars: {{…}}}}` or `{{lines: [\u2026]}}`")
        return None
    template = shape_template(inner, findings)
    if "vars" in inner:
        inner.fields("vars")
    return ChangeDraft(None, template, inner.value("vars"), mode) if template else None


def _line(node: Node, findings: Findings) -> Expression | None:
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return one_line(node, "a line", findings)
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
