"""Device actions after the shape pass, and the small parts that drafts of steps and of actions share.

One class a kind of action, below `ActionDraft`, which holds what all have. Parts that need no more judging are already
the plan's own. Nothing leaves the compiler in this form.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from workflows.definition.diagnostics import Span
from workflows.definition.expressions import Expression
from workflows.definition.nodes import Fields
from workflows.plan import Confirm, Parse, Section


class Word(NamedTuple):
    """A name with its place."""

    text: str
    span: Span


class Path(NamedTuple):
    """``steps.STEP.NAME``, or a bare NAME where ``step`` is None: how ``apply`` and ``binds`` name a change."""

    step: Word | None
    name: Word


class SnapshotPath(NamedTuple):
    """``steps.STEP.NAME``, ``steps.STEP`` (its only snapshot, ``name`` is None) or a bare NAME of the same step."""

    step: Word | None
    name: Word | None

    @property
    def span(self) -> Span:
        """The place of its last word."""
        word = self.name or self.step
        assert word is not None
        return word.span


class CheckDraft(NamedTuple):
    """One named demand."""

    name: str
    that: Expression
    message: Expression | None
    severity: Literal["critical", "warning"]


class ChangeDraft(NamedTuple):
    """The text of a change: ``lines``, or a ``template`` with ``vars``."""

    lines: tuple[Expression, ...] | None
    template: Word | None
    vars: Expression | None
    mode: Literal["merge", "replace"] = "merge"


class CommandBody(NamedTuple):
    """Of ``show`` and ``run``: a command, and what is made of its answer. ``columns`` are those of a ``regex``."""

    command: Expression
    parse: Parse = "none"
    pattern: Word | None = None
    columns: tuple[str, ...] = ()
    min_rows: int = 0
    changes: bool = False


class ChecksBody(NamedTuple):
    """Of ``check``."""

    checks: tuple[CheckDraft, ...]


class SnapshotBody(NamedTuple):
    """Of ``snapshot``."""

    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class ExpectationDraft:
    """What may have become of one section, or of the interfaces that a word selects (``section`` is None)."""

    name: Word
    section: Section | None
    kind: Literal["unchanged", "only_change", "any", "exactly"]
    keys: Mapping[Literal["added", "removed", "changed"], Expression] = field(default_factory=dict)


class CompareBody(NamedTuple):
    """Of ``compare``. ``after`` is None for the newest snapshot before it."""

    before: SnapshotPath
    after: Word | None
    ignore: tuple[Word, ...]
    expect: tuple[ExpectationDraft, ...]


class ProposeBody(NamedTuple):
    """Of ``propose``."""

    change: ChangeDraft


class ApplyBody(NamedTuple):
    """Of ``apply``."""

    path: Path
    confirm: Confirm | None
    save: bool


class ConfigureBody(NamedTuple):
    """Of ``configure``."""

    change: ChangeDraft
    confirm: Confirm | None
    save: bool


class RpcBody(NamedTuple):
    """Of ``rpc``."""

    operation: Expression
    changes: bool


class CopyBody(NamedTuple):
    """Of ``copy``."""

    source: Expression
    to: Expression
    sha256: Expression | None


class ExchangeDraft(NamedTuple):
    """One prompt, as a regular expression, and what is answered."""

    expect: str
    send: Expression


class InteractBody(NamedTuple):
    """Of ``interact``."""

    command: Expression
    exchanges: tuple[ExchangeDraft, ...]


class RebootBody(NamedTuple):
    """Of ``reboot``."""

    within_s: float


class ReachableBody(NamedTuple):
    """Of ``reachable``."""

    within_s: float


@dataclass(frozen=True, slots=True)
class SaveBody:
    """Of ``save``."""


ActionBody = (
    CommandBody
    | ChecksBody
    | SnapshotBody
    | CompareBody
    | ProposeBody
    | ApplyBody
    | ConfigureBody
    | RpcBody
    | CopyBody
    | InteractBody
    | RebootBody
    | ReachableBody
    | SaveBody
)
ActionKind = Literal[
    "show", "check", "snapshot", "compare", "propose", "apply", "configure", "rpc", "run", "copy", "interact", "reboot",
    "reachable", "save",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class ActionDraft:
    """One action. ``name`` is its ``as``; ``map`` is how it was written."""

    kind: ActionKind
    name: Word | None
    body: ActionBody
    map: Fields

    def key(self, name: str) -> Span:
        """The place of a key; that of the action where the definition does not have it."""
        return self.map.place_of(name) or self.map.span

    @property
    def changes(self) -> bool:
        """Whether it changes a device, so that its step needs a lease, an undo and a word about failure."""
        match self.body:
            case CommandBody() | RpcBody():
                return self.body.changes
            case ApplyBody() | ConfigureBody() | CopyBody() | InteractBody() | RebootBody() | SaveBody():
                return True
            case _:
                return False

    @property
    def applies(self) -> Path | None:
        """The proposed change that it applies."""
        return self.body.path if isinstance(self.body, ApplyBody) else None

    @property
    def change(self) -> ChangeDraft | None:
        """The text of the change that it works out."""
        return self.body.change if isinstance(self.body, ProposeBody | ConfigureBody) else None

    @property
    def confirm(self) -> Confirm | None:
        """How its commit is confirmed."""
        return self.body.confirm if isinstance(self.body, ApplyBody | ConfigureBody) else None
