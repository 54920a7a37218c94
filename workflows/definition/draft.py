"""A definition after the shape pass: known keys, right types, parsed expressions, each with its place.

What the middle passes (names, types, graph, safety) judge and `lower.py` turns into the plan. Parts that need no more
judging are already the plan's own models. Nothing leaves the compiler in this form.

Most are named tuples, which are made, and defined when a process starts, in half the time of frozen dataclasses.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from workflows.definition.diagnostics import Span
from workflows.definition.draft_actions import ActionDraft, ChangeDraft, CheckDraft, Path, Word
from workflows.definition.expressions import Expression
from workflows.definition.nodes import Fields
from workflows.plan import Accept, Block, Breaker, Input, OnBlock, OnDeadline, Retry, UndoMethod, Window

__all__ = ["ActionDraft", "ChangeDraft", "CheckDraft", "Path", "Word"]  # for those who read whole drafts


class WaveDraft(NamedTuple):
    """One wave: ``size`` new devices, a ``share`` of the step's, or those that ``select`` chooses."""

    name: str
    span: Span
    size: int | None
    share: float | None
    select: Expression | None
    per: Expression | None
    soak: Expression | float


class ConcurrencyDraft(NamedTuple):
    """How many devices at once: in all, and ``each`` for every value of the fact ``per``."""

    total: int | None
    per: Expression | None = None
    each: int | None = None


class OnFailureDraft(NamedTuple):
    """What a failure does to the others."""

    action: Literal["stop", "continue", "undo", "pause"]
    span: Span
    scope: Literal["failed", "wave", "step", "run"] | None = None
    of: Word | None = None


class DevicesBody(NamedTuple):
    """What only a ``devices`` step has."""

    devices: Expression
    do: tuple[ActionDraft, ...]
    waves: tuple[WaveDraft, ...]
    accept: Accept
    concurrency: ConcurrencyDraft | None
    credential: str | None
    undo: tuple[UndoMethod, ...] | None
    budget: Literal["strict"] | None = None
    apart: Expression | None = None
    together: Expression | None = None
    order: tuple[Expression, ...] = ()
    breaker: Breaker | None = None
    window: Window | None = None
    enter: tuple[ActionDraft, ...] = ()  # `maintenance`: before the actions ...
    leave: tuple[ActionDraft, ...] = ()  # ... and after them, whatever became of them

    @property
    def actions(self) -> tuple[ActionDraft, ...]:
        """Every action in the order in which a device meets them."""
        return (*self.enter, *self.do, *self.leave)

    @property
    def changes(self) -> bool:
        """Whether some action changes devices."""
        return any(action.changes for action in self.actions)


class EscalateDraft(NamedTuple):
    """Whom a gate asks next."""

    to: str
    timeout: Expression | float
    then: Literal["approve", "reject"]
    span: Span


class ApproveBody(NamedTuple):
    """What only an ``approve`` step has; how long people have is the step's ``timeout``."""

    by: str
    quorum: int
    not_by: tuple[Literal["requester"], ...]
    binds: Path | None
    on_timeout: Literal["approve", "reject", "escalate"]
    escalate: EscalateDraft | None = None
    via: str | None = None
    auto: Expression | None = None


class NotifyBody(NamedTuple):
    """What only a ``notify`` step has."""

    to: str
    template: Word | None
    message: Expression | None


class HttpBody(NamedTuple):
    """What only an ``http`` step has."""

    method: Literal["get", "head", "post", "put", "patch", "delete"]
    url: Expression
    query: Expression | None
    headers: Expression | None
    json: Expression | None
    status: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WaitBody:
    """What only a ``wait`` step has: exactly one of the first five is set. Its limit is the step's ``timeout``."""

    for_: Expression | float | None = None
    until: Expression | None = None
    window: Window | None = None
    signal: Word | None = None
    devices: Expression | None = None
    payload: Mapping[str, Input] = field(default_factory=dict)


class CallBody(NamedTuple):
    """What only a ``call`` step has. ``target`` is ``NAME@VERSION`` as written."""

    target: Word
    definition: str
    version: str
    given: tuple[tuple[Word, Expression], ...]


class ScriptBody(NamedTuple):
    """What only a ``script``, ``ansible`` or ``awx`` step has."""

    engine: Literal["script", "ansible", "awx"]
    run: str
    with_: Expression | None


class SetBody(NamedTuple):
    """What only a ``set`` step has."""

    values: tuple[tuple[Word, Expression], ...]


Body = DevicesBody | ApproveBody | NotifyBody | HttpBody | WaitBody | CallBody | ScriptBody | SetBody


class CommonDraft(NamedTuple):
    """What every step may say. ``timeout`` and ``deadline`` are seconds, or an expression that yields a duration."""

    when: Expression | None = None
    timeout: Expression | float | None = None
    deadline: Expression | float | None = None
    on_deadline: OnDeadline | None = None
    retry: Retry | None = None
    on_failure: OnFailureDraft | None = None
    block: Block | None = None
    on_block: OnBlock | None = None
    checks: tuple[CheckDraft, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class StepDraft:
    """One step. ``needs`` is None where the definition says nothing: it follows the step above."""

    id: Word
    final: bool
    position: int
    needs: tuple[Word, ...] | None
    common: CommonDraft
    body: Body
    maps: tuple[Fields, ...]  # its own, and that of its verb if it has one

    @property
    def when(self) -> Expression | None:
        """Its condition."""
        return self.common.when

    @property
    def on_failure(self) -> OnFailureDraft | None:
        """What its failure does to the others."""
        return self.common.on_failure

    def key(self, name: str) -> Span:
        """The place of a key; that of the id where the definition does not have it."""
        return next((place for one in self.maps if (place := one.place_of(name))), self.id.span)


class InventoryDraft(NamedTuple):
    """Which devices."""

    source: str
    select: Expression | None
    min: int
    max: int | None


class DefaultsDraft(NamedTuple):
    """What steps that say nothing else get."""

    credential: str | None = None
    timeout_s: float | None = None
    retry: Retry | None = None
    concurrency: ConcurrencyDraft | None = None


class DedupDraft(NamedTuple):
    """What a second run with the same key does while the first is alive."""

    key: Expression
    on_duplicate: Literal["join", "reject", "queue"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A whole definition."""

    name: str
    version: str
    description: str
    span: Span
    inputs: dict[str, Input]
    dedup: DedupDraft | None
    inventory: InventoryDraft | None
    defaults: DefaultsDraft
    steps: tuple[StepDraft, ...]
    final: tuple[StepDraft, ...]
    outputs: tuple[tuple[Word, Expression], ...] = ()
    templates: dict[str, str] = field(default_factory=dict)  # as handed in, by name

    @property
    def all_steps(self) -> tuple[StepDraft, ...]:
        """The steps and those of ``finally``."""
        return (*self.steps, *self.final)
