"""Part of the sixth pass: what is said and never happens. Keys, answers to failures and undos without effect.

The language lets most keys stand in every step, so that people need to learn them once. Where the interpreter has no
use for one, it is said here: a reader would believe that it protects something.
"""

from collections.abc import Iterator

from workflows.definition.diagnostics import Findings, Span
from workflows.definition.draft import (
    ApproveBody,
    CallBody,
    DevicesBody,
    Draft,
    HttpBody,
    NotifyBody,
    SetBody,
    StepDraft,
    WaitBody,
)
from workflows.definition.nodes import Fields
from workflows.definition.outputs import article, verb_of

IN_ORDER = "`finally` carries out all of its steps, in their order, whatever becomes of each"
_HARMLESS = (ApproveBody, NotifyBody, SetBody, WaitBody)
_ATTEMPTS = "a limit of all its attempts is a `deadline`"


def check_effects(draft: Draft, findings: Findings) -> None:
    """Reports what the definition says of its steps and no run ever does."""
    for step in draft.all_steps:
        verb = verb_of(step.body)
        for key, hint in _without_effect(step):
            findings.add("NS715", f"`{key}` does nothing in {article(verb)} `{verb}` step", step.key(key), hint)
        for word, span, hint in _not_retried(step):
            findings.add("NS715", f"`{word}` does nothing in the `retry` of {article(verb)} `{verb}` step", span, hint)
        for span, message, hint in _in_finally(step) if step.final else _at_gate(step):
            findings.add("NS719", message, span, hint)
        _check_needs(step, findings)
        _check_undo(step, draft, findings)
    _check_gates_of_finally(draft, findings)


# ------------------------------------------------------------------------------------------------------------ keys


def _without_effect(step: StepDraft) -> Iterator[tuple[str, str]]:
    """Keys that are given and mean nothing to the step's verb, each with what to do."""
    common, leave = step.common, "leave it out"
    match step.body:
        case SetBody():
            said = {"timeout": common.timeout, "deadline": common.deadline, "retry": common.retry}
            yield from ((key, leave) for key, value in said.items() if value is not None)
            yield from _of_no_block(step, leave)
        case WaitBody():
            if common.retry is not None:
                yield "retry", leave
            yield from _of_no_block(step, "leave it out: what a wait asks of devices is no system's failure")
        case ApproveBody(via=via):
            if common.retry is not None and via is None:
                yield "retry", "leave it out: with `via` it says how often that system is asked"
            if via is None:
                yield from _of_no_block(step, "leave it out: with `via` it names the block that could not be asked")
            elif common.on_block is not None:
                yield "on_block", "leave it out: where the system cannot be asked, people decide"
        case CallBody():
            if common.retry is not None:
                yield "retry", "leave it out: a called run is begun once; its own steps have their retries"
            if common.block is not None and common.on_block is None:
                yield "block", "leave it out: the steps of the called definition say whose failure it is"
        case _:
            pass


def _of_no_block(step: StepDraft, hint: str) -> Iterator[tuple[str, str]]:
    """``block`` and ``on_block`` of a step that talks to no block."""
    yield from ((key, hint) for key in ("block", "on_block") if getattr(step.common, key) is not None)


def _not_retried(step: StepDraft) -> Iterator[tuple[str, Span, str]]:
    """What a ``retry`` asks for that its verb never does."""
    given = next((value for key, value in step.maps[0].entries if key.text == "retry"), None)
    retry = step.common.retry
    if retry is None or not isinstance(given, Fields):
        return
    on = given.place_of("on")
    match step.body:
        case HttpBody() if on is not None and "check_failed" in retry.on:
            hint = "its `check` is judged once, when the answer is there; to ask again, add a `wait` and another step"
            yield "check_failed", on, hint
        case NotifyBody() if on is not None:
            yield "on", on, "leave it out: a receiver that cannot be told is tried again in any case"
        case ApproveBody(via=str()):
            hint = "leave it out: the system is asked until the gate closes, as often as `delay` and `factor` say"
            said = ((key, given.place_of(key)) for key in ("attempts", "on"))
            yield from ((key, place, hint) for key, place in said if place is not None)
        case _:
            pass


def _check_needs(step: StepDraft, findings: Findings) -> None:
    if step.final and step.needs is not None:
        hint = f"leave it out: {IN_ORDER}"
        findings.add("NS715", "`needs` does nothing in `finally`", step.key("needs"), hint)


# ------------------------------------------------------------------------------------------- answers to a failure


def _at_gate(step: StepDraft) -> Iterator[tuple[Span, str, str]]:
    """What a gate says of its failure: one that is rejected ends the run, and is no failure of the gate."""
    said, name = step.on_failure, step.id.text
    if not isinstance(step.body, ApproveBody) or said is None:
        return
    if said.action == "continue":
        message = f"the gate `{name}` says `on_failure: continue`, and no run goes on behind a gate that nobody opened"
        yield said.span, message, "leave it out; where silence is to open the gate, say `on_timeout: approve`"
    elif said.action == "pause" and not step.common.checks:
        message = f"the gate `{name}` says `on_failure: pause`, and a gate that is rejected asks nobody"
        yield said.span, message, "leave it out; whom to ask when nobody has answered, `escalate` says"


def _in_finally(step: StepDraft) -> Iterator[tuple[Span, str, str]]:
    """What a step of ``finally`` says of its failure: the run is judged by then, and all steps have their turn."""
    common, said, name = step.common, step.on_failure, step.id.text
    over_devices = isinstance(step.body, DevicesBody)
    if said is not None and said.action == "stop":
        message = f"the step `{name}` of `finally` says `on_failure: stop`, and stops nothing"
        yield said.span, message, f"write `continue`: {IN_ORDER}"
    if said is not None and said.action == "undo":
        message = f"the step `{name}` of `finally` says what its failure undoes, and nothing is undone there"
        hint = "write `continue`; a device that fails is taken back by itself, and others by steps of `steps` alone"
        yield said.span, message, hint
    if said is not None and said.action == "pause" and not over_devices:
        message = f"the step `{name}` of `finally` says `on_failure: pause`, and nobody is asked there"
        yield said.span, message, f"write `continue`: {IN_ORDER}"
    if common.on_deadline == "undo" or (common.on_deadline == "escalate" and over_devices):
        message = f"the step `{name}` of `finally` ends at its deadline, and `on_deadline` adds nothing to that there"
        yield step.key("on_deadline"), message, f"leave it out: {IN_ORDER}"
    if common.on_block == "ask":
        message = f"the step `{name}` of `finally` says `on_block: ask`, and nobody is asked there"
        yield step.key("on_block"), message, f"write `proceed`: {IN_ORDER}"


def _check_gates_of_finally(draft: Draft, findings: Findings) -> None:
    """Reports gates of ``finally`` with more behind them than words: whoever rejects there keeps nothing back."""
    for place, step in enumerate(draft.final):
        behind = [one for one in draft.final[place + 1 :] if not isinstance(one.body, _HARMLESS)]
        if isinstance(step.body, ApproveBody) and behind:
            message = (
                f"the gate `{step.id.text}` of `finally` keeps nothing back: `{behind[0].id.text}` follows it anyway"
            )
            hint = f"move what needs consent to `steps`: {IN_ORDER}, also behind a gate that was rejected"
            findings.add("NS719", message, step.id.span, hint)


# ------------------------------------------------------------------------------------------------------------- undo


def irreversible(step: StepDraft) -> str | None:
    """The action with which a step changes devices, where it changes none of their configurations.

    Only what `apply` and `configure` have done is ever taken back: of the others nobody knows the way back.
    """
    actions = step.body.do if isinstance(step.body, DevicesBody) else ()
    changing = [action.kind for action in actions if action.changes]
    return changing[0] if changing and not {"apply", "configure"}.intersection(changing) else None


def _check_undo(step: StepDraft, draft: Draft, findings: Findings) -> None:
    """Reports an undo of a step that changes devices, and leaves nothing that an undo could take back."""
    kind = irreversible(step)
    if kind is not None and isinstance(step.body, DevicesBody) and step.body.undo:
        message = f"nothing takes back what `{kind}` does, so `undo` does nothing in the step `{step.id.text}`"
        findings.add("NS720", message, step.key("undo"), "write `undo: none`; only `apply` and `configure` are undone")
    said = step.on_failure
    if step.final or said is None or said.action != "undo" or said.scope == "run":
        return
    target = next((one for one in draft.steps if said.of is not None and one.id.text == said.of.text), step)
    if kind := irreversible(target):
        message = f"nothing takes back what `{kind}` does, so this undoes nothing of the step `{target.id.text}`"
        hint = "write `stop`, or put right in a later step what it has done; only `apply` and `configure` are undone"
        findings.add("NS720", message, said.of.span if said.of else said.span, hint)
