"""What is wrong with a definition, and where: data, accumulated by the passes, never raised one by one.

`Diagnostic` is what clients get; `Findings` is what the passes write to. How it looks to people is `render.py`'s, how
it looks to programs `formats.py`'s.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from workflows.definition.codes import WARNINGS, can_be_suppressed

_ONCE: Final = frozenset({"NS402", "NS403", "NS410", "NS501"})  # unknown names: often one slip where they are given
_MOST_LABELS: Final = 5
MOST: Final = 500  # findings of one compilation; whoever has more has one mistake many times, or no definition


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
    suppressed: list[Suppressed] = field(default_factory=list)
    _suppressions: dict[int, list[Suppression]] = field(default_factory=dict)  # by the line that they speak for

    def add(self, code: str, message: str, span: Span, hint: str = "", labels: Iterable[tuple[Span, str]] = ()) -> None:
        """Records one finding.

        Args:
            code: One of `codes.CODES`; it decides the severity.
            message: What was expected and what was found.
            span: Where.
            hint: What to do.
            labels: Second places, each with its text.
        """
        if len(self.items) > MOST:
            return
        if len(self.items) == MOST:
            code, message, hint, labels = "NS113", "more mistakes than are shown", "correct the others first", ()
        found = Diagnostic(
            code=code,
            severity="warning" if code in WARNINGS else "error",
            message=_encodable(message),
            help=_encodable(hint),
            span=span,
            labels=tuple(Label(span=place, text=_encodable(text)) for place, text in labels),
        )
        if can_be_suppressed(code):
            for suppression in self._suppressions.get(span.line, ()):
                if any(code == known for known, _ in suppression.codes):
                    suppression.used.add(code)
                    self.suppressed.append(Suppressed(diagnostic=found, reason=suppression.reason))
                    return
        self.items.append(found)

    def silence(self, suppressions: Iterable[Suppression]) -> None:
        """Silences what these comments name, from now on."""
        for suppression in suppressions:
            self._suppressions.setdefault(suppression.line, []).append(suppression)

    @property
    def suppressions(self) -> tuple[Suppression, ...]:
        """The comments that silence something, in the order of their lines."""
        return tuple(one for line in sorted(self._suppressions) for one in self._suppressions[line])

    @property
    def failed(self) -> bool:
        """Whether there is an error; a barrier stops the compilation then."""
        return any(item.severity == "error" for item in self.items)

    def ordered(self) -> tuple[Diagnostic, ...]:
        """All findings in the order of the text; a name that is unknown at several places is one of them."""
        first: dict[object, Diagnostic] = {}
        for number, item in enumerate(sorted(self.items, key=_place)):
            same = (item.code, item.message, item.help, item.span.file) if item.code in _ONCE else number
            known = first.get(same)
            if known is None:
                first[same] = item
            elif known.span != item.span and len(known.labels) < _MOST_LABELS:
                label = Label(span=item.span, text="here too")
                first[same] = known.model_copy(update={"labels": (*known.labels, label)})
        return tuple(first.values())


def _place(item: Diagnostic) -> tuple[str, int, int, str]:
    return item.span.file, item.span.line, item.span.column, item.code


def _encodable(text: str) -> str:
    """Without halves of characters, which an escape in a definition can make and no terminal or file can take."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
