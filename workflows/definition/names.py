"""Third pass: every name means something.

Ids are unique, steps and templates exist, and expressions name only what can be seen from their place.
"""

from workflows.definition.arguments import check_arguments
from workflows.definition.diagnostics import Findings, Span
from workflows.definition.draft import ApproveBody, DevicesBody, Path, SetBody, StepDraft, WaitBody, Word
from workflows.definition.draft_actions import CompareBody, SnapshotPath
from workflows.definition.scopes import RESERVED, Place, Scopes
from workflows.definition.templates import check_templates
from workflows.definition.trees import steps_named
from workflows.plan import Name
from workflows.suggest import did_you_mean


def check_names(scopes: Scopes, findings: Findings) -> None:
    """Reports what is named twice, what is not there, and what cannot be seen from where it is named."""
    _check_ids(scopes, findings)
    for step in scopes.draft.all_steps:
        _check_references(step, scopes, findings)
    check_templates(scopes, findings)
    check_arguments(scopes, findings)
    for place in scopes.places():
        _check_place(place, scopes, findings)


def _check_ids(scopes: Scopes, findings: Findings) -> None:
    for step in scopes.draft.all_steps:
        first = scopes.by_id[step.id.text]
        if first is not step:
            label = [(first.id.span, "first given here")]
            findings.add("NS401", f"two steps have the id `{step.id.text}`", step.id.span, "give each its own", label)
        match step.body:
            case DevicesBody():
                _check_value_names([action.name for action in step.body.actions if action.name], findings)
            case SetBody():
                _check_value_names([word for word, _ in step.body.values], findings)
            case WaitBody():
                _check_value_names([Word(name, step.key("payload")) for name in step.body.payload], findings)
            case _:
                pass
    _check_value_names([word for word, _ in scopes.draft.outputs], findings)


def _check_value_names(words: list[Word], findings: Findings) -> None:
    """Values are seen by their bare names: by later actions of a device, or by the step's own ``check``."""
    seen: dict[str, Span] = {}
    for word in words:
        if word.text in RESERVED:
            findings.add("NS401", f"`{word.text}` has a meaning of its own", word.span, "choose another name")
        elif word.text in seen:
            label = [(seen[word.text], "first given here")]
            findings.add("NS401", f"two actions name their value `{word.text}`", word.span, "give each its own", label)
        seen.setdefault(word.text, word.span)


def _check_references(step: StepDraft, scopes: Scopes, findings: Findings) -> None:
    for word in step.needs or ():
        _check_step(word, scopes, findings)
    if step.on_failure and step.on_failure.of:
        _check_step(step.on_failure.of, scopes, findings)
    for path in _paths(step):
        _check_path(path, step, scopes, findings)


def _paths(step: StepDraft) -> tuple[Path | SnapshotPath, ...]:
    match step.body:
        case DevicesBody():
            applied = [action.applies for action in step.body.actions if action.applies]
            compared = [action.body.before for action in step.body.actions if isinstance(action.body, CompareBody)]
            return (*applied, *compared)
        case ApproveBody():
            return (step.body.binds,) if step.body.binds else ()
        case _:
            return ()


def _check_step(word: Word, scopes: Scopes, findings: Findings) -> bool:
    if word.text in scopes.by_id:
        return True
    findings.add(
        "NS402", f"there is no step `{word.text}`", word.span, did_you_mean(word.text, scopes.by_id, "steps are")
    )
    return False


def _check_path(path: Path | SnapshotPath, step: StepDraft, scopes: Scopes, findings: Findings) -> None:
    if path.step and _check_step(path.step, scopes, findings) and not scopes.is_before(path.step.text, step.id.text):
        _report_later(path.step, step, scopes, findings)


def _report_later(word: Word, step: StepDraft, scopes: Scopes, findings: Findings) -> None:
    message = f"the step `{word.text}` is not known to have run before this one"
    after = word.text == step.id.text or scopes.is_before(step.id.text, word.text)
    hint = "only steps that have ended can be named" if after else f"add `{word.text}` to `needs`"
    findings.add("NS404", message, word.span, hint)


def _check_place(place: Place, scopes: Scopes, findings: Findings) -> None:
    scope = place.scope
    for node in place.expression.nodes:
        if not isinstance(node, Name) or node.name in scope.names:
            continue
        span = place.expression.focus(node)
        if node.name in scope.elsewhere:
            findings.add("NS405", f"`{node.name}` is not known in {place.what}", span, scope.elsewhere[node.name])
        else:
            hint = did_you_mean(node.name, scope.names, "known here are")
            if node.name in scopes.draft.inputs:
                hint = f"an input is written `inputs.{node.name}`"
            findings.add("NS403", f"the name `{node.name}` is not known", span, hint)
    if "steps" not in scope.names:
        return
    for attribute, name in steps_named(place.expression.nodes):
        if scope.ancestor(name):
            continue
        word = Word(name, place.expression.focus(attribute))
        if _check_step(word, scopes, findings) and place.step:
            _report_later(word, place.step, scopes, findings)
