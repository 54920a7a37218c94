"""Called definitions: each compiled once, checked against what the call says, and followed until a circle closes.

It opens nothing: their texts are handed in with the source. How a source is compiled is given, since this pass is a
part of that.
"""

from collections.abc import Callable, Mapping
from typing import Final

from workflows.definition.called import Called
from workflows.definition.diagnostics import Diagnostic, Findings
from workflows.definition.draft import CallBody, Draft
from workflows.definition.source import Source
from workflows.suggest import did_you_mean

MAX_DEPTH: Final = 20  # runs within runs; each level is a child workflow of the one above


class Calls:
    """The definitions that one compilation meets.

    Args:
        root: The definition that is compiled; it may hold what its called definitions call.
        compile_called: Compiles one of them; None, with the findings, where it has errors.
    """

    def __init__(self, root: Source, compile_called: Callable[[Source, Findings, "Calls"], Called | None]) -> None:
        self._root, self._compile = root, compile_called
        self._open: list[tuple[str, Source]] = [(root.name, root)]
        self._done: dict[tuple[str, str], tuple[Called | None, tuple[Diagnostic, ...]]] = {}

    def resolve(self, draft: Draft, source: Source, findings: Findings) -> dict[str, Called]:
        """The definitions that a draft calls, by ``NAME@VERSION``; reports those that are missing or wrong."""
        found: dict[str, Called] = {}
        bodies = [step.body for step in draft.all_steps if isinstance(step.body, CallBody)]
        for body in {body.target.text: body for body in reversed(bodies)}.values():
            one = self._one(body, source, findings)
            if one is not None:
                found[body.target.text] = one
        return found

    def _one(self, body: CallBody, source: Source, findings: Findings) -> Called | None:
        target = body.target
        handed: Mapping[str, Source] = {**self._root.definitions, **source.definitions}
        called = handed.get(target.text)
        if called is None:
            beside = (
                f"`name: {body.definition}` and `version: {_example(body.version)}` stand in a file beside this one"
            )
            hint = did_you_mean(target.text, handed, "definitions that can be called here are") if handed else beside
            findings.add("NS410", f"there is no definition `{target.text}`", target.span, hint)
            return None
        closing = next((at for at, (_, one) in enumerate(self._open) if _same(one, called)), None)
        if closing is not None:
            names = [name for name, _ in self._open[closing:]]
            chain = " calls ".join(f"`{name}`" for name in (*names, target.text))
            message = "a definition calls itself" if len(names) == 1 else "these definitions call each other"
            findings.add("NS412", f"{message}: {chain}", target.span, "leave one of these calls out")
            return None
        if len(self._open) > MAX_DEPTH:
            message = f"more than {MAX_DEPTH} definitions that call one another in a row"
            findings.add("NS412", message, target.span, "let the first call more of them itself")
            return None
        compiled, diagnostics = self._compiled(target.text, called)
        if compiled is None:
            _report_errors(body, called, diagnostics, findings)
            return None
        return compiled if _is_meant(body, compiled, findings) else None

    def _compiled(self, name: str, called: Source) -> tuple[Called | None, tuple[Diagnostic, ...]]:
        key = (called.name, called.text)
        if key not in self._done:
            own = Findings()
            self._open.append((name, called))
            compiled = self._compile(called, own, self)
            self._open.pop()
            self._done[key] = (compiled, own.ordered())
        return self._done[key]


def _example(version: str) -> str:
    """A whole version that the pinned one means."""
    return ".".join([*version.split("."), "0", "0"][:3]) if "-" not in version else version


def _same(one: Source, other: Source) -> bool:
    return one is other or (one.name == other.name and one.text == other.text)


def _report_errors(body: CallBody, called: Source, diagnostics: tuple[Diagnostic, ...], findings: Findings) -> None:
    errors = [item for item in diagnostics if item.severity == "error"]
    circle = next((item for item in errors if item.code == "NS412"), None)
    if circle is not None:
        findings.add("NS412", circle.message, body.target.span, circle.help)
        return
    first = errors[0]
    count = f"{len(errors)} errors, the first" if len(errors) > 1 else "an error"
    message = f"`{body.target.text}` has {count} in line {first.span.line} of {called.name}: {first.message}"
    findings.add("NS411", message, body.target.span, f"`netsaga check {called.name}` shows it")


def _is_meant(body: CallBody, called: Called, findings: Findings) -> bool:
    """Whether what was handed in is what the call names: the name, and a version that begins with the pinned one."""
    # `1` and `1.2` mean the newest of those; a release candidate is meant only where it is named in full.
    fits = called.version == body.version or (
        called.version.startswith(f"{body.version}.") and "-" not in called.version
    )
    if called.name == body.definition and fits:
        return True
    message = f"`{body.target.text}` is handed in as `{called.name}` {called.version}"
    findings.add("NS411", message, body.target.span, "name and version stand at the top of the called definition")
    return False
