"""The compiler, as its passes: read → shape → names → types → graph → rollout safety → lower.

Each pass records all that it finds; a barrier after it stops where there is an error, so that no pass has to guess what
a broken part may have meant. Warnings pass every barrier. It opens nothing: text and templates are handed in.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from workflows.definition.called import Called
from workflows.definition.calls import Calls
from workflows.definition.diagnostics import Diagnostic, Findings, Suppressed
from workflows.definition.graph import check_graph
from workflows.definition.lower import lower
from workflows.definition.names import check_names
from workflows.definition.nodes import Text
from workflows.definition.reader import read
from workflows.definition.safety import check_safety
from workflows.definition.scopes import Scopes
from workflows.definition.shape import shape
from workflows.definition.source import Source
from workflows.definition.suppressions import find_suppressions, report_unused
from workflows.definition.typecheck import check_types
from workflows.plan import DevicesStep, Plan

__all__ = ["Compiled", "Source", "compile_definition"]


@dataclass(frozen=True)
class Compiled:
    """What came of it: a plan unless there is an error, and what was found, in the order of the text.

    ``suppressed`` is what the definition's comments silence, each with the reason that it gives.
    """

    plan: Plan | None
    diagnostics: tuple[Diagnostic, ...]
    suppressed: tuple[Suppressed, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether there is a plan; warnings do not prevent one."""
        return self.plan is not None


def compile_definition(source: Source) -> Compiled:
    """Compiles a definition, and those that it calls."""
    findings = Findings()
    with _uncollected():
        plan = _compile(source, findings, Calls(source, _compile_called))[0]  # and nothing else outlives this line
    return Compiled(plan, findings.ordered(), tuple(findings.suppressed))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector: a compilation makes many small objects, frees hardly any, and is short.

    Looking through all of them again and again would take half of the time of a large definition. What a compilation
    can allocate is bounded by the size of its text, and nothing of a good one forms a circle: all but the plan is gone
    by the time the collector looks again.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _compile(source: Source, findings: Findings, calls: Calls) -> tuple[Plan | None, Scopes | None]:
    text = Text.of(source.name, source.text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}"))
    root = read(text, findings)
    if root is None or findings.failed:
        return None, None
    findings.silence(find_suppressions(text, root, findings))
    draft = shape(root, source.templates, findings)
    if draft is None or findings.failed:
        return None, None
    scopes = Scopes(draft, calls.resolve(draft, source, findings))
    for check in (check_names, check_types, check_graph):
        check(scopes, findings)
        if findings.failed:
            return None, None
    check_safety(scopes, findings)
    report_unused(findings)
    if findings.failed:
        return None, None
    return lower(scopes), scopes


def _compile_called(source: Source, findings: Findings, calls: Calls) -> Called | None:
    plan, scopes = _compile(source, findings, calls)
    if plan is None or scopes is None:
        return None
    own = any(isinstance(step, DevicesStep) and step.changes for step in (*plan.steps, *plan.finally_))
    changes = own or any(other.changes for other in scopes.called.values())
    return Called(plan.name, plan.version, plan.digest, plan.inputs, scopes.computed.get("", {}), changes)
