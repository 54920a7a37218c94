"""What a run knows while it lives: steps, waves, one letter a device, gates, decisions. No Temporal calls here."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from pydantic import JsonValue

from workflows import contracts
from workflows.contracts import (
    ArtifactRef,
    Blame,
    CalledRecord,
    CalledRun,
    ClaimAnswer,
    DecisionRecord,
    DiffGroup,
    FailureInfo,
    Holder,
    HostFailure,
    Left,
    Lost,
    OperationRecord,
    Phase,
    Prepared,
    ProposalSummary,
    Quarantined,
    RunId,
    RunRequest,
    RunResult,
    SafetyCount,
    Scope,
    Shown,
    StepResult,
    StepState,
    UnderWay,
    Verdict,
)
from workflows.errors import FailureType
from workflows.plan import ApproveStep, DevicesStep, HostName, OnFailure, Step, StepId

WORDS: Final[Mapping[str, str]] = {
    contracts.PENDING: "pending",
    contracts.RUNNING: "running",
    contracts.CHANGED: "changed",
    **{letter: status for status, letter in contracts.LETTERS.items()},
}
FAILED: Final = frozenset("fuq?x!")  # an undone device has failed, too
DONE: Final[frozenset[StepState]] = frozenset({"succeeded", "failed", "skipped", "rejected", "cancelled"})
IN_BETWEEN: Final = frozenset({contracts.LETTERS["unknown"], contracts.LETTERS["undo_failed"]})
HALF_WAY: Final[frozenset[FailureType]] = frozenset({"partially_applied", "outcome_unknown"})
MAX_FAILURES: Final = 20

BatchMode = Literal["do", "undo", "check", "confirm"]

# What a deadline that has passed does to the others. A step that is skipped at its deadline is passed over.
_ON_DEADLINE: Final[Mapping[str, OnFailure]] = {
    "stop": OnFailure(action="stop"),
    "skip": OnFailure(action="continue"),
    "undo": OnFailure(action="undo", scope="step"),
}


def spoken(wave: str) -> str:
    """A wave as sentences name it; one that its definition does not name is `wave 2` already."""
    return wave if wave.startswith("wave ") else f"wave {wave}"


@dataclass(slots=True)
class WaveRun:
    """A wave under way."""

    name: str
    hosts: tuple[HostName, ...]
    state: str = "pending"
    groups: tuple[tuple[HostName, ...], ...] = ()  # one after the other; none: all at once
    units: tuple[tuple[HostName, ...], ...] = ()  # devices that share a verdict
    soak_s: float = 0.0
    soaks_until: datetime | None = None
    began: datetime | None = None
    turns: int = 0  # that its devices take under the concurrency, where it has a window to fit into ...
    turn_s: float = 0.0  # ... and how long each of them took, once devices have been changed
    why: str = ""  # what a wave that was given up had come to
    held_since: datetime | None = None  # of a wave that is held: from then on its time runs
    confirm_until: datetime | None = None  # a wave that is held must be confirmed by then, or it is taken back


@dataclass(slots=True)
class WindowRun:
    """The change window of the wave that is next, or of a `wait`, as it was found."""

    wave: str  # none of a `wait`
    opens: datetime  # the wave may begin then, at the earliest ...
    begin_by: datetime | None = None  # ... and before this, to end inside; none: it never closes
    asks: Literal["", "closed", "open"] = ""  # how the window stands while an operator is asked
    overridden_by: str = ""  # who lets the wave begin although it is closed


@dataclass(slots=True)
class BatchRun:
    """A batch under way, and the slots it holds."""

    label: str
    hosts: tuple[HostName, ...]
    mode: BatchMode
    generation: int = 1
    slots: int = 0
    spare: int | None = None  # failures that were allowed when it began
    failures: int = 0  # those that are known; under `budget: strict` each has burnt a slot
    under_way: dict[HostName, UnderWay] = field(default_factory=dict)  # for those who look

    def workflow_id(self, scope: Scope) -> str:
        """The id of its workflow. An undo is a workflow of this very run: an earlier run of the same id had its own."""
        undo_of = f"-{scope.run[:8]}" if self.mode == "undo" else ""
        return f"{scope.workflow_id}/{self.label}{undo_of}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operator says to a step that is paused after a failure; no ``devices`` means all that failed."""

    action: Literal["retry", "skip", "undo", "stop"]
    devices: tuple[HostName, ...] = ()
    scope: Literal["failed", "wave", "step", "run"] = "failed"
    by: str = ""


@dataclass(slots=True)
class StepRun:
    """A step as it stands. ``letters`` are the devices' in the order of the step."""

    step: Step
    state: StepState = "pending"
    message: str = ""
    warnings: int = 0
    deadline: datetime | None = None  # of the whole step, once it has begun
    held_back: str = ""  # why no new wave may begin, where that is no failure of a device
    window: WindowRun | None = None  # of the wave that is next
    empty: list[str] = field(default_factory=list)  # waves of the plan in which no device is
    divided: bool = False  # whether the waves below are those of the step
    waves: list[WaveRun] = field(default_factory=list)
    letters: dict[HostName, str] = field(default_factory=dict)
    messages: dict[HostName, FailureInfo] = field(default_factory=dict)
    batches: dict[str, BatchRun] = field(default_factory=dict)
    folds: list[ArtifactRef] = field(default_factory=list)
    undo_folds: list[ArtifactRef] = field(default_factory=list)
    fold_of: dict[HostName, ArtifactRef] = field(default_factory=dict)
    proposals: list[str] = field(default_factory=list)
    diffs: list[DiffGroup] = field(default_factory=list)
    diffs_omitted: int = 0  # groups of equal diffs beyond those, at most
    made: dict[str, int] = field(default_factory=dict)  # devices by how their diff was made
    until: datetime | None = None  # of a wait: when it ends, in any case
    rounds: int = 0  # of a wait for devices: how often it has looked
    blame: Blame | None = None  # the block that failed here
    appeal: str = ""  # how the step has failed, while an operator is asked about the whole of it
    generations: dict[HostName, int] = field(default_factory=dict)  # raised by an operator's retry; 1 where absent
    concurrency: int | None = None  # as an operator has changed it
    answer: "Answer | None" = None  # what an operator says while the step is paused
    asks: bool = False  # whether the step is paused after a failure
    settled: list[HostName] = field(default_factory=list)  # failed, and answered by name with undo or stop
    passed: list[HostName] = field(default_factory=list)  # passed over by an operator, and still named as not undone
    failed_at: list[datetime] = field(default_factory=list)  # of the newest failures, for the breaker
    tripped: bool = False  # the breaker has opened
    alerted: bool = False  # and people were told of it
    overdue: bool = False  # the step's deadline has passed
    cut_short: list[HostName] = field(default_factory=list)  # begun, and ended by it before anything was changed
    spared: list[HostName] = field(default_factory=list)  # cut because enough had succeeded, and taken back
    late: bool = False  # a wave that is held can no longer be confirmed in time
    caps: dict[HostName, str] = field(default_factory=dict)  # what devices count under, of ``concurrency: {per}``
    kept: ArtifactRef | None = None  # the outputs of other steps that the actions name
    outputs: dict[str, object] = field(default_factory=dict)  # of a step that is not about devices
    unread: str = ""  # why the answer of a system has no JSON
    shown: Shown | None = None  # plan mode: not carried out, and its outputs are not known
    called: ProposalSummary | None = None  # plan mode: what a called definition would change
    left: Left = "nothing"  # what the runs that the step has called have left behind on devices
    runs: list[CalledRun] = field(default_factory=list)  # those of them that have left something, the oldest first
    records: list[CalledRecord] = field(default_factory=list)  # of all of them, and of those that took one back

    @property
    def id(self) -> StepId:
        """The step's id."""
        return self.step.id

    def hosts_with(self, letters: Iterable[str]) -> list[HostName]:
        """The devices that stand at one of these letters, in order."""
        wanted = frozenset(letters)
        if wanted.isdisjoint(self.letters.values()):
            return []  # as a rule, of those that failed
        return [host for host, letter in self.letters.items() if letter in wanted]

    def counts(self, hosts: Collection[HostName] | None = None) -> dict[str, int]:
        """Devices by status, in words; of all, or of some of the step's."""
        whole = hosts is None or len(hosts) == len(self.letters)
        letters = "".join(self.letters.values() if whole else map(self.letters.__getitem__, hosts or ()))
        return {WORDS[letter]: letters.count(letter) for letter in sorted(set(letters))}

    def failures(self, hosts: Iterable[HostName]) -> int:
        """How many of these devices have failed by now."""
        return sum(
            self.letters[host] in FAILED and host not in self.passed and host not in self.spared for host in hosts
        )

    def asked_about(self) -> list[HostName]:
        """The devices that an operator is asked about: those that failed in the wave under way.

        Where none did, devices of other waves have used up what ``accept`` allows, as those that are out of service.
        """
        whole = [host for host in self.hosts_with(FAILED) if host not in self.passed]
        wave = next((wave.hosts for wave in self.waves if wave.state == "running"), ())
        return [host for host in whole if host in wave] or whole

    def on_failure(self) -> OnFailure:
        """What its failure does to the others: an operator's answer outranks the definition."""
        passed_over = self.answer is not None and self.answer.action == "skip"
        if passed_over or (self.blame is not None and self.step.on_block == "proceed"):
            return OnFailure(action="continue")
        if self.overdue and self.answer is None:
            return _ON_DEADLINE.get(self.step.on_deadline, self.step.on_failure)
        if self.answer is None or self.answer.action not in {"undo", "stop"}:
            return self.step.on_failure
        if self.answer.action == "stop":
            return OnFailure(action="stop")
        return OnFailure(action="undo", scope=self.answer.scope)

    def judged(self, hosts: Iterable[HostName]) -> int:
        """The denominator of ``accept``: devices skipped are not in it, those not started or cut short are."""
        skipped, cut, left_out = contracts.LETTERS["skipped"], self.cut_short, (*self.passed, *self.spared)
        return sum((self.letters[host] != skipped or host in cut) and host not in left_out for host in hosts)

    @property
    def changes(self) -> bool:
        """Whether it changes devices itself."""
        return isinstance(self.step, DevicesStep) and self.step.changes

    def half_way(self, host: HostName) -> bool:
        """Whether a device failed half-way in a change that the definition forbids to take back."""
        info, letter = self.messages.get(host), self.letters[host]
        touchable = letter in {contracts.LETTERS["failed"], contracts.LETTERS["unreachable"]}
        forbidden = self.changes and isinstance(self.step, DevicesStep) and not self.step.undo
        return forbidden and touchable and info is not None and info.type in HALF_WAY

    def in_between(self, host: HostName) -> bool:
        """Whether a device may hold a part of the step's change."""
        return self.changes and (self.letters[host] in IN_BETWEEN or self.half_way(host))

    @property
    def begun(self) -> bool:
        """Whether a wave has begun, be it that all are to begin anew."""
        return any(wave.began is not None or wave.state != "pending" for wave in self.waves)

    @property
    def shown_state(self) -> StepState:
        """The state as people see it: what is taken back, or was after it had succeeded, stands no longer."""
        if any(wave.state == "undoing" for wave in self.waves) or any(one.state == "undoing" for one in self.runs):
            return "undoing"
        if self.state == "succeeded" and self.runs and all(one.state == "undone" for one in self.runs):
            return "undone"
        taken_back = self.state == "succeeded" and any(wave.state == "undone" for wave in self.waves)
        return "undone" if taken_back and contracts.CHANGED not in self.letters.values() else self.state

    def result(self) -> StepResult:
        """For the run's result."""
        return StepResult(
            id=self.id,
            kind=self.step.kind,
            state=self.shown_state,
            message=self.message,
            counts=self.counts(),
            warnings=self.warnings,
            blame=self.blame,
            runs=tuple(self.runs),
            records=tuple(self.records),
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
    diffs_omitted: int = 0
    made: dict[str, int] = field(default_factory=dict)
    safety: tuple[SafetyCount, ...] = ()
    confirm_hold: Literal["device", "wave", "best_effort"] | None = None
    told: str = ""  # who was reminded
    asks_at: datetime | None = None  # when the system of ``via`` is asked next
    asked: int = 0  # how often it was
    asks_every_s: float = 0.0  # how far apart the questions are in the end, at the least
    reference: str | None = None  # what it calls the question
    via_said: str = ""  # what it said last, where that was no answer


@dataclass(slots=True)
class LeaseRun:
    """What the guard has said of the run's devices, and what it was told of them."""

    asked: bool = False
    held: bool = False
    devices: tuple[HostName, ...] | None = None  # those that were asked for; none: all of the inventory
    users: list[StepId] = field(default_factory=list)  # the steps that count on the devices
    refused: str = ""  # why the guard could not be asked
    circle: bool = False  # and that runs would wait for each other: one of them may end
    counted: bool = False  # whether the guard tells which request it answers; a guard of before does not
    doubted: bool = False  # the run was reset, and has not asked yet what it still holds
    execution: str = ""  # the one that was told what it still holds; none: the one that began it
    forfeited: str = ""  # why the run goes no further
    lost: tuple[Lost, ...] = ()  # runs that left some of the devices behind
    looked: bool = False  # whether those devices were looked at
    looked_at: list[HostName] = field(default_factory=list)  # those about which nothing is in doubt any more
    barred: dict[HostName, str] = field(default_factory=dict)  # devices that no step changes, and why
    dirty: dict[HostName, str] = field(default_factory=dict)  # of these, what a lost run has left in between
    reported: list[StepId] = field(default_factory=list)  # steps whose failures the guard knows
    releases: int = 0
    refusals: int = 0  # of requests that were made again, by an undo
    asks_at: datetime | None = None  # when the next one is made
    left_by: dict[HostName, RunId] = field(default_factory=dict)  # of ``dirty``: the lost run
    quarantined: dict[HostName, Quarantined] = field(default_factory=dict)  # brought there by this run
    alerts: list[str] = field(default_factory=list)  # what has still to be told
    alerted: int = 0


@dataclass(slots=True)
class ClaimRun:
    """What the guard has said of the work that the run wants to do alone (`dedup`)."""

    state: Literal["none", "asked", "waiting", "held", "joining", "joined"] = "none"
    key: str = ""
    behind: Holder | None = None  # who does the work
    ends: bool = False  # that one is about to end
    told: ClaimAnswer | None = None  # by the guard's signal


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
    over: bool = False  # nor is anything of the steps left to be ended, or undone
    paused: bool = False  # nothing new starts until an operator resumes
    executions: int = 0  # how often the run has continued as new
    handing_over: bool = False  # the history is long: nothing new starts in this execution, the next one goes on
    operations: list[OperationRecord] = field(default_factory=list)
    signals: dict[str, list[dict[str, JsonValue]]] = field(default_factory=dict)  # kept for the waits that take them
    handled: dict[str, JsonValue] = field(default_factory=dict)  # what updates were answered, by their ids
    undoing: dict[StepId, list[HostName]] = field(default_factory=dict)  # what the undo at the end is to take back
    lease: LeaseRun = field(default_factory=LeaseRun)
    claim: ClaimRun = field(default_factory=ClaimRun)
    ended_by: StepRun | None = None  # the step whose failure ends the run
    ended_too: list[StepId] = field(default_factory=list)  # others that ended badly then, and answer for themselves
    result: RunResult | None = None
    planned: ProposalSummary | None = None  # what the run is held to, as it was proposed anew at its beginning
    effects: Scope | None = None  # of the run whose changes this one takes back; none: its changes are its own
    unreached: bool = False  # of those, devices that could not be reached: they may be come back to
    mends: list[RunId] = field(default_factory=list)  # that run, and those that were to take it back before this one

    @property
    def plan_ready(self) -> Prepared:
        """What was prepared. A bug where nothing is, yet."""
        assert self.prepared is not None, "asked before `prepare` had answered"
        return self.prepared

    def all_steps(self) -> list[StepRun]:
        """Steps, then those of ``finally``."""
        return [*self.steps.values(), *self.finally_.values()]

    def stopped(self, run: StepRun) -> bool:
        """Whether a step begins nothing more: the run ends, or the step's deadline has passed."""
        return self.cut or self.stopping or run.overdue

    def note_failures(self, failures: Sequence[HostFailure]) -> None:
        """Keeps the newest for those who look."""
        self.failures = [*self.failures, *failures][-MAX_FAILURES:]

    def changed_by(self, step: StepRun) -> list[HostName]:
        """The devices that hold a change of this step."""
        return step.hosts_with(contracts.CHANGED)
