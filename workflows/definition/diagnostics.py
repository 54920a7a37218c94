"""What is wrong with a definition, and where: data, accumulated by the passes, never raised one by one.

`Diagnostic` is what clients get; `Findings` is what the passes write to. How it looks to people is `render.py`'s, how
it looks to programs `formats.py`'s.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict

from workflows.definition.codes import WARNINGS, can_be_suppressed


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a text. Lines and columns count characters from 1; the end is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


class Label(BaseModel):
    """A second place that explains the first, as where a name was given before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    span: Span
    text: str


class Diagnostic(BaseModel):
    """One mistake, or one doubt, with its place and what to do about it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    severity: Literal["error", "warning"]
    message: str
    help: str = ""
    span: Span
    labels: tuple[Label, ...] = ()


@dataclass(slots=True)
class Suppression:
    """A comment that silences codes on one line, with its reason; `suppressions.py` reads them.

    Attributes:
        codes: The codes with their places.
        reason: Why; empty where nobody says it, which is a mistake of its own.
        line: The line that it speaks for.
        span: The comment.
        used: The codes that it has silenced so far.
    """

    codes: tuple[tuple[str, Span], ...]
    reason: str
    line: int
    span: Span
    used: set[str] = field(default_factory=set)


class Suppressed(BaseModel):
    """A diagnostic that the definition silences, kept for those who audit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    diagnostic: Diagnostic
    reason: str


@dataclass(slots=True)
class Findings:
    """Collects the diagnostics of one compilation; every pass gets the same one."""

    items: list[Diagnostic] = field(default_factory=list)
    suppressions: tuple[Suppression, ...] = ()
    suppressed: list[Suppressed] = field(default_factory=list)

    def add(self, code: str, message: str, span: Span, hint: str = "", labels: Iterable[tuple[Span, str]] = ()) -> None:
        """Records one finding.

        Args:
            code: One of `codes.CODES`; it decides the severity.
            message: What was expected and what was found.
            span: Where.
            hint: What to do.
            labels: Second places, each with its text.
        """
        found = Diagnostic(
            code=code,
            severity="warning" if code in WARNINGS else "error",
            message=message,
            help=hint,
            span=span,
            labels=tuple(Label(span=place, text=text) for place, text in labels),
        )
        if can_be_suppressed(code):
            for suppression in self.suppressions:
                if suppression.line == span.line and any(code == known for known, _ in suppression.codes):
                    suppression.used.add(code)
                    self.suppressed.append(Suppressed(diagnostic=found, reason=suppression.reason))
                    return
        self.items.append(found)

    @property
    def failed(self) -> bool:
        """Whether there is an error; a barrier stops the compilation then."""
        return any(item.severity == "error" for item in self.items)

    def ordered(self) -> tuple[Diagnostic, ...]:
        """All findings in the order of the text."""
        return tuple(sorted(self.items, key=lambda item: (item.span.file, item.span.line, item.span.column, item.code)))
