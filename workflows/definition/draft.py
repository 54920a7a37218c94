"""A definition after the shape pass: known keys, right types, parsed expressions, each with its place.

What the middle passes (names, types, graph, safety) judge and `lower.py` turns into the plan. Parts that need no more
judging are already the plan's own models. Nothing leaves the compiler in this form.
"""

from dataclasses import dataclass, field
from typing import Literal

from workflows.definition.diagnostics import Span
from workflows.definition.expressions import Expression
from workflows.plan import Accept, Input, Retry, UndoMethod


@dataclass(frozen=True, slots=True)
class Word:
    """A name with its place."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Path:
    """``steps.STEP.NAME``, or a bare NAME where ``step`` is None: how ``apply`` and ``binds`` name a change."""

    step: Word | None
    name: Word


@dataclass(frozen=True, slots=True)
class CheckDraft:
    """One named demand."""

    name: str
    that: Expression
    message: Expression | None
    severity: Literal["critical", "warning"]


@dataclass(frozen=True, slots=True)
class ChangeDraft:
    """The text of a change: ``lines``, or a ``template`` with ``vars``."""

    lines: tuple[Expression, ...] | None
    template: Word | None
    vars: Expression | None


@dataclass(frozen=True, slots=True)
class ActionDraft:
    """One action; which of the fields are set follows from ``kind``."""

    kind: Literal["show", "check", "snapshot", "propose", "apply", "configure"]
    span: Span
    name: Word | None = None  # `as`
    command: Expression | None = None
    parse: Literal["textfsm", "json", "none"] = "none"
    min_rows: int = 0
    checks: tuple[CheckDraft, ...] = ()
    sections: tuple[Literal["config", "vlans", "interfaces"], ...] = ()
    change: ChangeDraft | None = None
    applies: Path | None = None
    save: bool = False

    @property
    def changes(self) -> bool:
        """Whether it changes a device."""
        return self.kind in {"apply", "configure"}


@dataclass(frozen=True, slots=True)
class WaveDraft:
    """One wave."""

    name: str
    size: int | None
    share: float | None
    soak: Expression | float


@dataclass(frozen=True, slots=True)
class OnFailureDraft:
    """What a failure does to the others."""

    action: Literal["stop", "continue", "undo"]
    span: Span
    scope: Literal["failed", "wave", "step", "run"] | None = None
    of: Word | None = None


@dataclass(frozen=True, slots=True)
class DevicesBody:
    """What only a ``devices`` step has."""

    devices: Expression
    do: tuple[ActionDraft, ...]
    waves: tuple[WaveDraft, ...]
    accept: Accept
    concurrency: int | None
    credential: str | None
    timeout_s: float | None
    retry: Retry | None
    undo: tuple[UndoMethod, ...] | None
    undo_span: Span | None

    @property
    def changes(self) -> bool:
        """Whether some action changes devices."""
        return any(action.changes for action in self.do)


@dataclass(frozen=True, slots=True)
class ApproveBody:
    """What only an ``approve`` step has."""

    by: str
    quorum: int
    not_by: tuple[Literal["requester"], ...]
    binds: Path | None
    timeout: Expression | float
    on_timeout: Literal["approve", "reject"]


@dataclass(frozen=True, slots=True)
class NotifyBody:
    """What only a ``notify`` step has."""

    to: str
    template: Word | None
    message: Expression | None
    timeout_s: float | None
    retry: Retry | None


@dataclass(frozen=True, slots=True, eq=False)
class StepDraft:
    """One step. ``needs`` is None where the definition says nothing: it follows the step above."""

    id: Word
    span: Span
    final: bool
    position: int
    needs: tuple[Word, ...] | None
    when: Expression | None
    on_failure: OnFailureDraft | None
    body: DevicesBody | ApproveBody | NotifyBody


@dataclass(frozen=True, slots=True)
class InventoryDraft:
    """Which devices."""

    source: str
    select: Expression | None
    min: int
    max: int | None


@dataclass(frozen=True, slots=True)
class DefaultsDraft:
    """What steps that say nothing else get."""

    credential: str | None = None
    timeout_s: float | None = None
    retry: Retry | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A whole definition."""

    name: str
    version: str
    description: str
    span: Span
    inputs: dict[str, Input]
    inventory: InventoryDraft | None
    defaults: DefaultsDraft
    steps: tuple[StepDraft, ...]
    final: tuple[StepDraft, ...]
    templates: dict[str, str] = field(default_factory=dict)  # as handed in, by name

    @property
    def all_steps(self) -> tuple[StepDraft, ...]:
        """The steps and those of ``finally``."""
        return (*self.steps, *self.final)
