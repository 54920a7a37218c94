"""The shape of steps: one verb each, and the keys that every step may have.

What belongs to a verb is `shape_verbs.py`'s, and of ``devices`` `shape_rollout.py`'s.
"""

from dataclasses import dataclass
from typing import Final, Literal

from workflows.definition import keys
from workflows.definition.diagnostics import Findings
from workflows.definition.draft import Body, CommonDraft, OnFailureDraft, StepDraft, Word
from workflows.definition.mapping import NAME, NAME_HELP, Section, kind_of, words
from workflows.definition.nodes import Fields, Node, Scalar
from workflows.definition.outputs import article
from workflows.definition.shape_actions import shape_checks
from workflows.definition.shape_retry import shape_retry
from workflows.definition.shape_rollout import shape_devices
from workflows.definition.shape_verbs import (
    shape_approve,
    shape_call,
    shape_http,
    shape_notify,
    shape_script,
    shape_set,
    shape_wait,
)
from workflows.plan import Block, OnBlock, OnDeadline
from workflows.suggest import did_you_mean

_SCOPES: Final[tuple[Literal["failed", "wave", "step", "run"], ...]] = ("failed", "wave", "step", "run")
_ON_FAILURE: Final[tuple[Literal["stop", "continue", "pause"], ...]] = ("stop", "continue", "pause")
_ON_BLOCK: Final[tuple[OnBlock, ...]] = ("abort", "proceed", "ask")
_ON_DEADLINE: Final[tuple[OnDeadline, ...]] = ("stop", "skip", "escalate", "undo")
_BLOCKS: Final[tuple[Block, ...]] = ("source_of_truth", "executor", "observability", "presentation")


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
    fields = Section(node, f"{article(verb)} `{verb}` step", keys.STEP_KEYS[verb], findings)
    step_id = fields.text("id", needed="a name for the step", pattern=NAME, hint=NAME_HELP)
    needs = words(given, "`needs`", findings) if (given := fields.node("needs")) is not None else None
    common = _common(fields, verb, findings)
    body = _body(fields, verb, findings)
    if step_id is None or body is None:
        return None
    inner = fields.node(verb)
    return StepDraft(
        id=step_id,
        final=place.final,
        position=place.position,
        needs=needs,
        common=common,
        body=body,
        maps=(node, inner) if isinstance(inner, Fields) else (node,),
    )


def _common(fields: Section, verb: str, findings: Findings) -> CommonDraft:
    waits = verb in {"approve", "wait"}  # theirs is how long people or the world have, which an input may say
    return CommonDraft(
        when=fields.expression("when"),
        timeout=fields.duration_or_expression("timeout") if waits else fields.duration("timeout"),
        deadline=fields.duration_or_expression("deadline"),
        on_deadline=_on_deadline(fields, verb, findings),
        retry=shape_retry(fields, findings),
        on_failure=_on_failure(fields, findings),
        block=_block(fields),
        on_block=_on_block(fields),
        checks=shape_checks(fields, findings),
    )


def _block(fields: Section) -> Block | None:
    if "block" not in fields:
        return None
    block: Block = fields.choice("block", _BLOCKS, "executor")
    return block


def _on_block(fields: Section) -> OnBlock | None:
    if "on_block" not in fields:
        return None
    if "block" not in fields:
        fields.missing("block", "`on_block` says what its failure does, as `block: source_of_truth`")
    answer: OnBlock = fields.choice("on_block", _ON_BLOCK, "abort")
    return answer


def _body(fields: Section, verb: str, findings: Findings) -> Body | None:
    match verb:
        case "devices":
            return shape_devices(fields, findings)
        case "http":
            return shape_http(fields, findings)
        case "approve":
            return shape_approve(fields, findings)
        case "wait":
            return shape_wait(fields, findings)
        case "call":
            return shape_call(fields, findings)
        case "script" | "ansible" | "awx":
            return shape_script(fields, verb, findings)
        case "notify":
            return shape_notify(fields, findings)
        case "set":
            return shape_set(fields, findings)
        case _:
            raise AssertionError(verb)  # a verb of `keys.VERBS` without a shape


def _verb(node: Fields, findings: Findings) -> str | None:
    """The step's verb; None, and a finding, where there is none or more than one."""
    said = [key for key, _ in node.entries if key.text in keys.VERBS]
    if not said:
        start = node.entries[0][0].span if node.entries else node.span
        hint = (
            "add `devices: inventory`"
            if any(key.text == "do" for key, _ in node.entries)
            else f"verbs are {', '.join(f'`{verb}`' for verb in keys.VERBS)}"
        )
        near = next(((key.span, guess) for key, _ in node.entries if (guess := _near_verb(key.text))), (start, hint))
        findings.add("NS205", "a step without a verb", *near)
        return None
    if len(said) > 1:
        first = [(said[0].span, "one verb")]
        findings.add("NS205", f"a step with {len(said)} verbs", said[1].span, "make two steps of it", first)
        return None
    return said[0].text


def _near_verb(key: str) -> str:
    known = {*keys.STEP, *(option for options in keys.STEP_OPTIONS.values() for option in options)}
    hint = did_you_mean(key, keys.VERBS, "")
    return hint if key not in known and hint.startswith("did") else ""


def _on_deadline(fields: Section, verb: str, findings: Findings) -> OnDeadline | None:
    if "on_deadline" not in fields:
        return None
    if "deadline" not in fields:
        fields.missing("deadline", "`on_deadline` says what happens at it, as `deadline: 1h`")
    answer: OnDeadline = fields.choice("on_deadline", _ON_DEADLINE, "stop")
    if answer == "escalate" and verb != "devices" and not (verb == "approve" and "escalate" in fields):
        hint = "write `stop`, `skip` or `undo`" + (", or add `escalate`" if verb == "approve" else "")
        message = (
            "`on_deadline: escalate` without an `escalate`"
            if verb == "approve"
            else (f"a step of `{verb}` has nobody to escalate to")
        )
        findings.add("NS206", message, fields.key("on_deadline"), hint)
    if answer == "skip" and verb == "approve":
        message = "`skip` is no valid `on_deadline` of a gate: the run would go on, and nobody has approved"
        hint = "write `stop`; where silence is to approve, say `on_timeout: approve`"
        findings.add("NS204", message, fields.key("on_deadline"), hint)
    return answer


def _on_failure(fields: Section, findings: Findings) -> OnFailureDraft | None:
    node = fields.node("on_failure")
    if node is None:
        return None
    if isinstance(node, Scalar):
        if node.text == "undo":
            hint = "write `{undo: wave}`: which devices are undone, of `failed`, `wave`, `step` and `run`"
            fields.invalid("on_failure", "an undo without its scope", hint)
            return None
        action: Literal["stop", "continue", "pause"] = fields.choice("on_failure", _ON_FAILURE, "stop")
        return OnFailureDraft(action, node.span)
    if not isinstance(node, Fields):
        fields.wrong("on_failure", "a word or a map", "write `stop`, `continue`, `pause` or `{undo: wave}`")
        return None
    inner = Section(node, "`on_failure`", keys.ON_FAILURE, findings)
    if "undo" not in inner:
        inner.missing("undo", "write `{undo: wave}`")
    scope: Literal["failed", "wave", "step", "run"] = inner.choice("undo", _SCOPES, "failed")
    of: Word | None = inner.text("of")
    return OnFailureDraft("undo", node.span, scope, of)
