"""What device actions refer to: snapshots that are compared, sections that are judged, templates that parse.

Part of the graph pass; that the steps exist and have run before is the pass for names' matter.
"""

from collections.abc import Sequence

from workflows.definition.action_types import (
    compared_sections,
    constant_command,
    find_after,
    find_before,
    snapshots_beside,
    snapshots_of,
)
from workflows.definition.columns import columns_of, known_commands
from workflows.definition.diagnostics import Findings
from workflows.definition.draft import DevicesBody, StepDraft
from workflows.definition.draft_actions import ActionDraft, CommandBody, CompareBody
from workflows.definition.scopes import Scopes
from workflows.suggest import did_you_mean


def check_actions(scopes: Scopes, findings: Findings) -> None:
    """Reports comparisons of what is not there, and commands that no template of the parser reads."""
    for step in scopes.draft.all_steps:
        for action in step.body.actions if isinstance(step.body, DevicesBody) else ():
            match action.body:
                case CompareBody():
                    _check_compare(action, action.body, step, scopes, findings)
                case CommandBody(parse="textfsm", pattern=None):
                    _check_parser(action.body, findings)
                case _:
                    pass


def _check_compare(action: ActionDraft, body: CompareBody, step: StepDraft, scopes: Scopes, findings: Findings) -> None:
    before, after = find_before(body.before, action, step, scopes.by_id), find_after(action, step)
    if before is None:
        _report_before(action, body, step, scopes, findings)
    if after is None:
        _report_after(action, body, step, findings)
    if before is None or after is None:
        return
    if before is after:
        hint = "take another `snapshot` after the change, or name one of an earlier step"
        findings.add("NS604", "a snapshot is compared with itself", body.before.span, hint)
        return
    sections = compared_sections(action, step, scopes.by_id)
    for expectation in body.expect:
        wanted = expectation.section or "interfaces"
        if wanted in sections:
            continue
        where = [
            (one.key("snapshot"), "this snapshot does not have it")
            for one in (before, after)
            if wanted not in getattr(one.body, "sections", ())
        ]
        why = "" if expectation.section else f": `{expectation.name.text}` selects some of them"
        message = f"`{wanted}` is judged, and not recorded both before and after{why}"
        findings.add("NS605", message, expectation.name.span, f"add `{wanted}` to the `snapshot`", where)


def _report_before(action: ActionDraft, body: CompareBody, step: StepDraft, scopes: Scopes, findings: Findings) -> None:
    path = body.before
    where = f"the step `{path.step.text}`" if path.step else "this step"
    taken = snapshots_of(scopes.by_id.get(path.step.text)) if path.step else snapshots_beside(action, step)
    names = _names_of(taken)
    if path.name is not None and path.step is None and path.name.text in _names_of(snapshots_of(step)):
        message = f"the snapshot `{path.name.text}` is taken in `do`, and is not surely there in `maintenance`"
        findings.add("NS604", message, path.span, "take one in `enter`, or name one of an earlier step")
    elif path.name is not None:
        hint = did_you_mean(path.name.text, names, f"{where} has the snapshots")
        findings.add("NS604", f"{where} has no snapshot `{path.name.text}`", path.span, hint)
    elif taken:
        assert path.step is not None
        hint = f"name one: `steps.{path.step.text}.{names[0]}`" if names else "name one there with `as`"
        findings.add("NS604", f"{where} takes {len(taken)} snapshots", path.span, hint)
    else:
        findings.add("NS604", f"{where} takes no snapshot", path.span, "add `- snapshot: […]` to its `do`")


def _report_after(action: ActionDraft, body: CompareBody, step: StepDraft, findings: Findings) -> None:
    names = _names_of(snapshots_beside(action, step))
    if body.after is None:
        hint = "put `- snapshot: […]` before it; the newest one is the state after"
        findings.add("NS604", "no snapshot of this step comes before this `compare`", action.key("compare"), hint)
    elif body.after.text in names:
        hint = "actions run in their order: compare after it"
        findings.add("NS604", f"the snapshot `{body.after.text}` is taken only later", body.after.span, hint)
    else:
        hint = did_you_mean(body.after.text, names, "this step has the snapshots")
        findings.add("NS604", f"this step has no snapshot `{body.after.text}`", body.after.span, hint)


def _names_of(taken: Sequence[ActionDraft]) -> list[str]:
    return [one.name.text for one in taken if one.name]


def _check_parser(body: CommandBody, findings: Findings) -> None:
    command = constant_command(body)
    if command is None or columns_of(command) is not None:
        return
    near = did_you_mean(command, known_commands(), "")
    hint = near if near.startswith("did") else "write it in full, or name a template of your own by `pattern`"
    findings.add("NS409", f"ntc-templates has no template for `{command}`", body.command.span, hint)
