"""What can be said of a template before it is rendered: that it parses, and that its variables are given.

Jinja2's parser only; nothing is rendered here. Device templates see their ``vars`` and ``device``; messages see
``run``, ``inputs`` and ``counts``. Templates of TTP and TextFSM are only looked for.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from jinja2 import Environment, TemplateSyntaxError, meta, nodes

from workflows.definition.diagnostics import Findings
from workflows.definition.draft import ChangeDraft, DevicesBody, NotifyBody, StepDraft, Word
from workflows.definition.draft_actions import CommandBody
from workflows.definition.lowering import is_text
from workflows.definition.scopes import Scopes
from workflows.plan import Constant, MapOf
from workflows.suggest import did_you_mean

_ENVIRONMENT: Final = Environment()  # noqa: S701 - it parses and never renders
_PARSERS: Final = frozenset({"ttp", "textfsm"})
_MESSAGE_NAMES: Final = ("run", "inputs", "counts")


def check_templates(scopes: Scopes, findings: Findings) -> None:
    """Reports templates that are not there, do not parse, or use what nobody gives them."""
    for step in scopes.draft.all_steps:
        for word, names in _used(step):
            text = scopes.draft.templates.get(word.text)
            if text is None:
                hint = did_you_mean(word.text, scopes.draft.templates, "templates beside the definition are")
                findings.add("NS406", f"there is no template `{word.text}`", word.span, hint)
            elif names is not None:
                _check_text(word, text, names, findings)


def templates_of(step: StepDraft) -> tuple[Word, ...]:
    """The templates that a step names, with their places."""
    return tuple(word for word, _ in _used(step))


def _used(step: StepDraft) -> Iterator[tuple[Word, tuple[str, ...] | None]]:
    """Each template of a step, with the names it can use; None for those of a parser, which take none."""
    match step.body:
        case DevicesBody():
            for action in step.body.actions:
                if action.change and action.change.template:
                    yield action.change.template, (*_given(action.change), "device")
                elif isinstance(action.body, CommandBody) and action.body.parse in _PARSERS and action.body.pattern:
                    yield action.body.pattern, None
        case NotifyBody():
            if step.body.template:
                yield step.body.template, _MESSAGE_NAMES
        case _:
            return


def _given(change: ChangeDraft) -> tuple[str, ...]:
    tree = change.vars.tree if change.vars else None
    keys = tree.items if isinstance(tree, MapOf) else ()
    return tuple(str(key.value) for key, _ in keys if isinstance(key, Constant))


def _check_text(word: Word, text: str, names: Iterable[str], findings: Findings) -> None:
    if not is_text(text):
        findings.add("NS407", f"the template `{word.text}` is not UTF-8", word.span, "save it as UTF-8")
        return
    try:
        tree = _ENVIRONMENT.parse(text)
        wanted = meta.find_undeclared_variables(tree) - {*names, *_ENVIRONMENT.globals} - _optional(tree)
    except TemplateSyntaxError as error:
        message = f"the template `{word.text}` is not valid in its line {error.lineno}: {error.message}"
        findings.add("NS407", message, word.span, "templates are Jinja2")
        return
    for name in sorted(wanted):
        hint = did_you_mean(name, names, "it is given")
        findings.add("NS408", f"the template `{word.text}` uses `{name}`, which nobody gives it", word.span, hint)


def _optional(tree: nodes.Template) -> set[str]:
    """Names that the template itself asks about, with ``is defined`` or ``default``."""
    asked = [*tree.find_all(nodes.Test), *tree.find_all(nodes.Filter)]
    return {
        node.node.name
        for node in asked
        if node.name in {"defined", "undefined", "default", "d"} and isinstance(node.node, nodes.Name)
    }
