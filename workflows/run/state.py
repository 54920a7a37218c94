"""What a run knows while it lives: steps, waves, one letter a device, gates, decisions. No Temporal calls here."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from temporalio.workflow import ChildWorkflowHandle

from workflows import contracts
from workflows.contracts import (
    ArtifactRef,
    BatchResult,
    DecisionRecord,
    DiffGroup,
    FailureInfo,
    HostFailure,
    OperationRecord,
    Phase,
    Prepared,
    RunRequest,
    RunResult,
    Scope,
    StepResult,
    StepState,
    StepStatus,
    Verdict,
    WaveStatus,
)
from workflows.plan import ApproveStep, HostName, OnFailure, Step, StepId

WORDS: Final[Mapping[str, str]] = {
    contracts.PENDING: "pending",
    contracts.RUNNING: "running",
    contracts.CHANGED: "changed",
    **{letter: status for status, letter in contracts.LETTERS.items()},
}
FAILED: Final = frozenset("fuq?x!")  # an undone device has failed, too
DONE: Final[frozenset[StepState]] = frozenset({"succeeded", "failed", "skipped", "rejected", "cancelled"})
MAX_FAILURES: Final = 20


# What a deadline that has passed does to the others. A step that is skipped at its deadline is passed over.
_ON_DEADLINE: Final[Mapping[str, OnFailure]] = {
    "stop": OnFailure(action="stop"),
    "skip": OnFailure(action="continue"),
    "undo": OnFailure(action="undo", scope="step"),
}


@dataclass(slots=True)
class WaveRun:
    """A wave under way."""

    name: str
    hosts: tuple[HostName, ...]
    state: str = "pending"
    groups: tuple[tuple[HostName, ...], ...] = ()  # one after the other; none: all at once
    units: tuple[tuple[HostName, ...], ...] = ()  # devices that share a verdict


@dataclass(slots=True)
class BatchRun:
    """A batch under way, and the slots it holds."""

    label: str
    hosts: tuple[HostName, ...]
    mode: Literal["do", "undo", "check"]
    generation: int = 1
    slots: int = 0
    handle: ChildWorkflowHandle[Any, BatchResult] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operator says to a step that is paused after a failure; no ``devices`` means all that failed."""

    action: Literal["retry", "skip", "undo", "stop"]
    devices: tuple[HostName, ...] = ()
    scope: Literal["failed", "wave", "step", "run"] = "failed"


@dataclass(slots=True)
class StepRun:
    """A step as it stands. ``letters`` are the devices' in the order of the step."""

    step: Step
    state: StepState = "pending"
    message: str = ""
    warnings: int = 0
    waves: list[WaveRun] = field(default_factory=list)
    letters: dict[HostName, str] = field(default_factory=dict)
    messages: dict[HostName, FailureInfo] = field(default_factory=dict)
    batches: dict[str, BatchRun] = field(default_factory=dict)
    folds: list[ArtifactRef] = field(default_factory=list)
    undo_folds: list[ArtifactRef] = field(default_factory=list)
    fold_of: dict[HostName, ArtifactRef] = field(default_factory=dict)
    proposals: list[str] = field(default_factory=list)
    diffs: list[DiffGroup] = field(default_factory=list)
    generations: dict[HostName, int] = field(default_factory=dict)  # raised by an operator's retry; 1 where absent
    concurrency: int | None = None  # as an operator has changed it
    answer: "Answer | None" = None  # what an operator says while the step is paused
    asks: bool = False  # whether the step is paused after a failure
    failed_at: list[datetime] = field(default_factory=list)  # of the newest failures, for the breaker
    tripped: bool = False  # the breaker has opened
    overdue: bool = False  # the step's deadline has passed
    kept: ArtifactRef | None = None  # the outputs of other steps that the actions name
    outputs: dict[str, object] = field(default_factory=dict)  # of a step that is not about devices

    @property
    def id(self) -> StepId:
        """The step's id."""
        return self.step.id

    def hosts_with(self, letters: Iterable[str]) -> list[HostName]:
        """The devices that stand at one of these letters, in order."""
        wanted = frozenset(letters)
        return [host for host, letter in self.letters.items() if letter in wanted]

    def counts(self, hosts: Iterable[HostName] | None = None) -> dict[str, int]:
        """Devices by status, in words."""
        letters = self.letters.values() if hosts is None else (self.letters[host] for host in hosts)
        return {WORDS[letter]: number for letter, number in sorted(Counter(letters).items())}

    def failures(self, hosts: Iterable[HostName]) -> int:
        """How many of these devices have failed by now."""
        return sum(self.letters[host] in FAILED for host in hosts)

    def on_failure(self) -> OnFailure:
        """What its failure does to the others: an operator's answer outranks the definition."""
        if self.overdue and self.answer is None:
            return _ON_DEADLINE.get(self.step.on_deadline, self.step.on_failure)
        if self.answer is None or self.answer.action not in {"undo", "stop"}:
            return self.step.on_failure
        if self.answer.action == "stop":
            return OnFailure(action="stop")
        return OnFailure(action="undo", scope=self.answer.scope)

    def judged(self, hosts: Iterable[HostName]) -> int:
        """The denominator of ``accept``: devices skipped are not in it, those not started are."""
        return sum(self.letters[host] != contracts.LETTERS["skipped"] for host in hosts)

    def status(self) -> StepStatus:
        """For the query."""
        return StepStatus(
            id=self.id,
            kind=self.step.kind,
            state=self.state,
            message=self.message,
            counts=self.counts(),
            warnings=self.warnings,
            waves=tuple(self.wave_status(wave) for wave in self.waves),
        )

    def wave_status(self, wave: WaveRun) -> WaveStatus:
        """For the query and the record."""
        return WaveStatus.model_validate(
            {"name": wave.name, "state": wave.state, "size": len(wave.hosts), "counts": self.counts(wave.hosts)}
        )

    def result(self) -> StepResult:
        """For the run's result."""
        return StepResult(
            id=self.id,
            kind=self.step.kind,
            state=self.state,
            message=self.message,
            counts=self.counts(),
            warnings=self.warnings,
        )


@dataclass(slots=True)
class GateRun:
    """An approval that is waited for."""

    step: ApproveStep
    until: datetime
    digest: str | None
    diffs: tuple[DiffGroup, ...]
    members: tuple[str, ...]
    approvals: dict[str, DecisionRecord] = field(default_factory=dict)
    escalated: bool = False
    decided: str | None = None  # approve, reject


@dataclass(slots=True)
class RunState:
    """The whole of a live run."""

    scope: Scope
    started: datetime
    request: RunRequest = field(default_factory=RunRequest)
    prepared: Prepared | None = None
    phase: Phase = "pending"
    verdict: Verdict | None = None
    message: str = ""
    steps: dict[StepId, StepRun] = field(default_factory=dict)
    finally_: dict[StepId, StepRun] = field(default_factory=dict)
    gates: dict[StepId, GateRun] = field(default_factory=dict)
    decisions: list[DecisionRecord] = field(default_factory=list)
    failures: list[HostFailure] = field(default_factory=list)
    cut: bool = False  # a cancel was asked for
    cut_reason: str = ""
    stopping: bool = False  # nothing new starts
    paused: bool = False  # nothing new starts until an operator resumes
    operations: list[OperationRecord] = field(default_factory=list)
    ended_by: StepRun | None = None  # the step whose failure ends the run
    result: RunResult | None = None

    @property
    def plan_ready(self) -> Prepared:
        """What was prepared. A bug where nothing is, yet."""
        assert self.prepared is not None, "asked before `prepare` had answered"
        return self.prepared

    def all_steps(self) -> list[StepRun]:
        """Steps, then those of ``finally``."""
        return [*self.steps.values(), *self.finally_.values()]

    def note_failures(self, failures: Sequence[HostFailure]) -> None:
        """Keeps the newest for those who look."""
        self.failures = [*self.failures, *failures][-MAX_FAILURES:]

    def changed_by(self, step: StepRun) -> list[HostName]:
        """The devices that hold a change of this step."""
        return step.hosts_with(contracts.CHANGED)
