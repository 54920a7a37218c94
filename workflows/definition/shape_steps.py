"""The shape of steps: one verb each, the common keys, and what belongs to the verb."""

from dataclasses import dataclass
from typing import Final, Literal

from workflows.definition import keys
from workflows.definition.diagnostics import Findings
from workflows.definition.draft import (
    ApproveBody,
    DevicesBody,
    NotifyBody,
    OnFailureDraft,
    StepDraft,
    Word,
)
from workflows.definition.expressions import Expression
from workflows.definition.mapping import NAME, NAME_HELP, Section, kind_of, words
from workflows.definition.nodes import Fields, Node, Scalar
from workflows.definition.shape_actions import shape_actions, shape_path, shape_template
from workflows.definition.shape_rollout import shape_accept, shape_undo, shape_waves
from workflows.errors import RETRIED_AS
from workflows.plan import Constant, Retry
from workflows.suggest import did_you_mean

_SCOPES: Final[tuple[Literal["failed", "wave", "step", "run"], ...]] = ("failed", "wave", "step", "run")
_ACTIONS_ON_FAILURE: Final[tuple[Literal["stop", "continue"], ...]] = ("stop", "continue")
_ON_TIMEOUT: Final[tuple[Literal["approve", "reject"], ...]] = ("approve", "reject")


@dataclass(frozen=True, slots=True)
class _Place:
    final: bool
    position: int


def shape_steps(top: Section, key: str, findings: Findings) -> tuple[StepDraft, ...]:
    """The steps of ``steps`` or of ``finally``."""
    final = key == "finally"
    nodes = top.items(key, "" if final else "a definition does something: write at least one step")
    drafts = [_step(node, _Place(final, position), findings) for position, node in enumerate(nodes or ())]
    return tuple(draft for draft in drafts if draft is not None)


def _step(node: Node, place: _Place, findings: Findings) -> StepDraft | None:
    if not isinstance(node, Fields):
        findings.add("NS203", f"a step is a map, and this is {kind_of(node)}", node.span, "it begins with `- id: NAME`")
        return None
    verb = _verb(node, findings)
    if verb is None:
        return None
    known, later = _keys_of(verb)
    fields = Section(node, "a step" if verb in keys.VERBS_LATER else f"a `{verb}` step", known, findings, later)
    step_id = fields.text("id", needed="a name for the step", pattern=NAME, hint=NAME_HELP)
    needs = _needs(fields, place, findings)
    when = fields.expression("when")
    on_failure = _on_failure(fields, findings)
    body: DevicesBody | ApproveBody | NotifyBody | None = None
    match verb:
        case "devices":
            body = _devices(fields, findings)
        case "approve":
            body = _approve(fields, findings)
        case "notify":
            body = _notify(fields, findings)
        case _:
            body = None
    if step_id is None or body is None:
        return None
    return StepDraft(step_id, node.span, place.final, place.position, needs, when, on_failure, body)


def _verb(node: Fields, findings: Findings) -> str | None:
    """The step's verb; None, and a finding, where there is none or more than one."""
    said = [key for key, _ in node.entries if key.text in keys.VERBS or key.text in keys.VERBS_LATER]
    start = node.entries[0][0].span
    if not said:
        hint = (
            "add `devices: inventory`" if any(key.text == "do" for key, _ in node.entries) else "verbs are " + _verbs()
        )
        near = [guess for key, _ in node.entries if (guess := _near_verb(key.text))]
        findings.add("NS205", "a step without a verb", start, near[0] if near else hint)
        return None
    if len(said) > 1:
        findings.add(
            "NS205",
            f"a step with {len(said)} verbs",
            said[1].span,
            "make two steps of it",
            [(said[0].span, "one verb")],
        )
        return None
    return said[0].text


def _verbs() -> str:
    return ", ".join(f"`{verb}`" for verb in keys.VERBS)


def _near_verb(key: str) -> str:
    known = {*keys.STEP, *keys.STEP_LATER, *keys.DEVICES, *keys.DEVICES_LATER}
    hint = did_you_mean(key, keys.VERBS, "")
    return hint if key not in known and hint.startswith("did") else ""


def _keys_of(verb: str) -> tuple[list[str], dict[str, str]]:
    match verb:
        case "devices":
            return [*keys.STEP, *keys.DEVICES], {**keys.STEP_LATER, **keys.DEVICES_LATER}
        case "approve":
            return [*keys.STEP, *keys.APPROVE_STEP], {**keys.STEP_LATER, **keys.APPROVE_STEP_LATER}
        case "notify":
            return [*keys.STEP, *keys.NOTIFY_STEP], {**keys.STEP_LATER}
        case _:
            return [*keys.STEP, *keys.VERBS_LATER_OPTIONS[verb]], {**keys.STEP_LATER, verb: keys.VERBS_LATER[verb]}


def _needs(fields: Section, place: _Place, findings: Findings) -> tuple[Word, ...] | None:
    node = fields.node("needs")
    if node is None:
        return None
    if place.final:
        findings.add(
            "NS290", "`needs` in `finally` is not supported yet", fields.key("needs"), "these steps run in their order"
        )
        return None
    return words(node, "`needs`", findings)


def _on_failure(fields: Section, findings: Findings) -> OnFailureDraft | None:
    node = fields.node("on_failure")
    if node is None:
        return None
    if isinstance(node, Scalar):
        if node.text == "undo":
            hint = "write `{undo: wave}`: which devices are undone, of `failed`, `wave`, `step` and `run`"
            fields.invalid("on_failure", "an undo without its scope", hint)
            return None
        later = {"pause": "write `stop`, and start a new run when the cause is gone"}
        action: Literal["stop", "continue"] = fields.choice("on_failure", _ACTIONS_ON_FAILURE, "stop", later)
        return OnFailureDraft(action, node.span)
    if not isinstance(node, Fields):
        fields.wrong("on_failure", "a word or a map", "write `stop`, `continue` or `{undo: wave}`")
        return None
    inner = Section(node, "`on_failure`", ("undo", "of"), findings)
    if "undo" not in inner:
        inner.missing("undo", "write `{undo: wave}`")
    scope: Literal["failed", "wave", "step", "run"] = inner.choice("undo", _SCOPES, "failed")
    return OnFailureDraft("undo", node.span, scope, inner.text("of"))


def _devices(fields: Section, findings: Findings) -> DevicesBody:
    # Where the expression could not be read, the finding stops the compilation before anybody looks at this one.
    devices = fields.expression("devices") or Expression(Constant(value=None), fields.key("devices"))
    undo, undo_span = shape_undo(fields, findings)
    return DevicesBody(
        devices=devices,
        do=shape_actions(fields, findings),
        waves=shape_waves(fields, findings),
        accept=shape_accept(fields, findings),
        concurrency=fields.integer("concurrency", 1, 2000),
        credential=_text(fields, "credential"),
        timeout_s=fields.duration("timeout"),
        retry=shape_retry(fields, findings),
        undo=undo,
        undo_span=undo_span,
    )


def _text(fields: Section, key: str) -> str | None:
    word = fields.text(key)
    return word.text if word else None


def _approve(fields: Section, findings: Findings) -> ApproveBody | None:
    if "timeout" not in fields:
        fields.missing(
            "timeout", "how long people have, as `30m`; a gate without an end would keep its devices for ever"
        )
    timeout = fields.duration_or_expression("timeout")
    escalate = {"escalate": "`reject` ends the gate"}
    on_timeout: Literal["approve", "reject"] = fields.choice("on_timeout", _ON_TIMEOUT, "reject", escalate)
    node = fields.fields("approve")
    if node is None:
        return None
    inner = Section(node, "`approve`", keys.APPROVE, findings, keys.APPROVE_LATER)
    by = inner.text("by", needed="a group that the worker's settings name")
    quorum = inner.integer("quorum", 1, 100)
    not_by = inner.node("not_by")
    barred = words(not_by, "`not_by`", findings) if not_by is not None else ()
    for word in barred:
        if word.text != "requester":
            findings.add("NS204", f"`{word.text}` is no valid `not_by`", word.span, "it is `[requester]`")
    binds = shape_path(inner, "binds", findings)
    if by is None or timeout is None:
        return None
    return ApproveBody(by.text, quorum or 1, ("requester",) if barred else (), binds, timeout, on_timeout)


def _notify(fields: Section, findings: Findings) -> NotifyBody | None:
    node = fields.fields("notify")
    timeout_s, retry = fields.duration("timeout"), shape_retry(fields, findings)
    if node is None:
        return None
    inner = Section(node, "`notify`", keys.NOTIFY, findings)
    to = inner.text("to", needed="a receiver that the worker's settings name")
    template = shape_template(inner, findings)
    message = inner.value("message")
    if "template" in inner and "message" in inner:
        findings.add(
            "NS206",
            "a `template` and a `message`",
            inner.key("message"),
            "keep one",
            [(inner.key("template"), "the template")],
        )
    elif "template" not in inner and "message" not in inner:
        inner.missing("message", "say what to tell: `message: TEXT` or `template: FILE`")
    return NotifyBody(to.text, template, message, timeout_s, retry) if to else None


def shape_retry(fields: Section, findings: Findings) -> Retry | None:
    """``retry`` of a step or of ``defaults``."""
    node = fields.fields("retry")
    if node is None:
        return None
    inner = Section(node, "`retry`", keys.RETRY, findings)
    on = inner.node("on")
    classes = words(on, "`on`", findings) if on is not None else None
    for word in classes or ():
        if word.text not in RETRIED_AS:
            hint = did_you_mean(word.text, RETRIED_AS, "it is one of")
            findings.add("NS204", f"`{word.text}` is no class of failures that a retry can help", word.span, hint)
    said = {
        "attempts": inner.integer("attempts", 1, 100),
        "delay_s": inner.duration("delay"),
        "max_delay_s": inner.duration("max_delay"),
        "factor": inner.number("factor", 1),
        "on": tuple(word.text for word in classes) if classes is not None else None,
    }
    return Retry.model_validate({key: value for key, value in said.items() if value is not None})
