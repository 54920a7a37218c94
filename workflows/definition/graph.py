"""Fifth pass: the steps as a graph. No circles; what is undone, applied or bound is really there before it."""

from workflows.definition.action_references import check_actions
from workflows.definition.diagnostics import Findings, Span
from workflows.definition.draft import ApproveBody, CallBody, DevicesBody, OnFailureDraft, Path, StepDraft
from workflows.definition.reach import check_reach
from workflows.definition.scopes import Scopes
from workflows.suggest import did_you_mean


def check_graph(scopes: Scopes, findings: Findings) -> None:
    """Reports circles, undos of nothing, and references to what is not a proposed change."""
    _check_circles(scopes, findings)
    check_actions(scopes, findings)
    check_reach(scopes, findings)
    for step in scopes.draft.all_steps:
        if step.on_failure and step.on_failure.action == "undo":
            _check_undo(step, step.on_failure, scopes, findings)
        if step.common.on_deadline == "undo":
            _check_undo_at_deadline(step, scopes, findings)
        match step.body:
            case ApproveBody():
                if step.body.binds:
                    _check_change(step.body.binds, step, scopes, findings)
            case DevicesBody():
                for action in step.body.actions:
                    if action.applies:
                        _check_change(action.applies, step, scopes, findings)
            case _:
                pass


def _check_circles(scopes: Scopes, findings: Findings) -> None:
    """Follows the needs of each step once; a step met again on the way closes a circle."""
    needs = scopes.order.needs
    done: set[str] = set()
    for start in needs:
        way: list[str] = []
        stack = [(start, iter(needs[start]))] if start not in done else []
        way = [start] if stack else []
        while stack:
            step_id, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                stack.pop()
                way.pop()
                done.add(step_id)
            elif following in way:
                _report_circle([*way[way.index(following) :], following], scopes, findings)
                done.update(way)
                break
            elif following not in done:
                stack.append((following, iter(needs[following])))
                way.append(following)


def _report_circle(circle: list[str], scopes: Scopes, findings: Findings) -> None:
    first = scopes.by_id[circle[0]]
    span = _need_span(first, circle[1])
    named = " needs ".join(f"`{name}`" for name in circle)
    message = "a step needs itself" if len(circle) == 2 else "these steps need each other"
    findings.add("NS601", f"{message}: {named}", span, "leave one of these needs out")


def _need_span(step: StepDraft, need: str) -> Span:
    return next((word.span for word in step.needs or () if word.text == need), step.id.span)


def _check_undo(step: StepDraft, undo: OnFailureDraft, scopes: Scopes, findings: Findings) -> None:
    if undo.of is not None:
        name = undo.of.text
        target = scopes.by_id[name]
        if name != step.id.text and not scopes.is_before(name, step.id.text):
            findings.add(
                "NS602",
                f"the step `{name}` is not known to have run before this one",
                undo.of.span,
                f"add `{name}` to `needs`",
            )
        elif not _changes(target, scopes):
            findings.add("NS602", f"the step `{name}` changes no device", undo.of.span, "name the step that does")
        else:
            _check_allowed(target, undo, findings)
        return
    changes = _changes(step, scopes)
    if changes and undo.scope != "run":
        _check_allowed(step, undo, findings)
    if not changes and undo.scope != "run":
        earlier = [
            one.id.text
            for one in scopes.draft.steps
            if isinstance(one.body, DevicesBody) and one.body.changes and scopes.is_before(one.id.text, step.id.text)
        ]
        hint = f"write `{{undo: {undo.scope}, of: {earlier[-1]}}}`" if earlier else "write `stop` or `continue`"
        findings.add("NS602", "this step changes no device, so there is nothing of it to undo", undo.span, hint)


def _changes(step: StepDraft, scopes: Scopes) -> bool:
    """Whether a step changes devices: itself, or by the run that it calls. One that is not known may."""
    match step.body:
        case DevicesBody():
            return step.body.changes
        case CallBody():
            called = scopes.called.get(step.body.target.text)
            return called is None or called.changes
        case _:
            return False


def _check_allowed(target: StepDraft, undo: OnFailureDraft, findings: Findings) -> None:
    if isinstance(target.body, CallBody) and undo.scope in {"failed", "wave"}:
        message = f"the run that `{target.id.text}` calls is undone as a whole, not by `{undo.scope}`"
        of = f", of: {undo.of.text}" if undo.of else ""
        findings.add("NS602", message, undo.span, f"write `{{undo: step{of}}}`, or `{{undo: run}}`")
    if isinstance(target.body, DevicesBody) and target.body.undo == ():
        message = f"the step `{target.id.text}` forbids its undo"
        label = [(target.key("undo"), "here")]
        findings.add("NS602", message, undo.of.span if undo.of else undo.span, "allow one, as `undo: [native]`", label)


def _check_undo_at_deadline(step: StepDraft, scopes: Scopes, findings: Findings) -> None:
    """At a deadline the scope of ``on_failure`` is undone, or else what the step itself has changed."""
    of_another = step.on_failure is not None and step.on_failure.action == "undo"
    if not of_another and not _changes(step, scopes):
        hint = "write `stop` or `skip`, or say with `on_failure: {undo: …, of: …}` what is undone"
        findings.add(
            "NS602", "this step changes no device, so there is nothing of it to undo", step.key("on_deadline"), hint
        )


def _check_change(path: Path, step: StepDraft, scopes: Scopes, findings: Findings) -> None:
    """A change is what a ``propose`` names: of an earlier step, or of an earlier action of this one."""
    owner = scopes.by_id[path.step.text] if path.step else step
    actions = owner.body.do if isinstance(owner.body, DevicesBody) else ()
    proposed = [action.name for action in actions if action.kind == "propose" and action.name]
    found = next((name for name in proposed if name.text == path.name.text), None)
    where = f"the step `{owner.id.text}`" if path.step else "this step"
    if found is None:
        hint = did_you_mean(path.name.text, [name.text for name in proposed], f"{where} proposes")
        findings.add("NS603", f"{where} proposes no change `{path.name.text}`", path.name.span, hint)
    elif path.step is None and found.span.line > path.name.span.line:
        findings.add(
            "NS603", f"`{path.name.text}` is proposed only later", path.name.span, "propose it before it is applied"
        )
