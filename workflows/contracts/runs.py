"""Runs as they are asked for, as they stand, and as they end."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from workflows.contracts.compatible import Asked, Newer
from workflows.contracts.devices import DeviceResult, DiffGroup, HostFailure
from workflows.contracts.names import ArtifactRef, Left, Phase, RunId, StepState, Verdict
from workflows.contracts.people import DecisionRecord, OperationRecord
from workflows.contracts.proposals import ProposalRef, ProposalSummary
from workflows.contracts.sight import Budget, Cause, Cells, UnderWay
from workflows.plan import Block, HostName, Model, StepId


class TakeBack(Model):
    """A run that has ended, and whose changes another one takes back; only a run that has called it asks for that.

    What it has changed stands in the state that it has kept, and its intents in the journal under its own name.
    """

    workflow_id: str
    run: RunId
    pieces: tuple[ArtifactRef, ...] = Field(min_length=1)  # of its state, in order
    again: bool = False  # what could not be reached is come back to: something was restored since


class RunRequest(Asked):
    """What a client asks for: a definition by name (``campus-vlan`` or ``campus-vlan@1.0.0``) or as YAML source."""

    definition: str = ""
    source: str | None = None
    templates: Mapping[str, str] = {}  # beside a ``source``: template name to text
    inputs: Mapping[str, JsonValue] = {}
    mode: Literal["apply", "plan"] = "apply"
    limit: tuple[HostName, ...] = ()  # only these devices of the selection
    within: tuple[HostName, ...] = ()  # of a called run: the limit of its caller; what it selects beyond is left out
    by: str = ""  # a claim, until an authenticated door carries it
    reason: str = ""
    plan_digest: str | None = None  # the plan that is expected; another one is refused
    proposal: ProposalRef | None = None  # what was planned: made anew, and refused where it is another one by now
    takes_back: TakeBack | None = None  # of one run to another, never of a client


class Blame(Model):
    """A block that failed, by name: never a device's failure."""

    block: Block
    type: Literal["block_unavailable", "block_degraded"]
    message: str
    answer: Literal["aborted", "proceeded", "acknowledged"] = "aborted"
    by: str = ""  # who acknowledged it


class CalledRun(Model):
    """A run that a step has called and that has left something on devices; and what became of that."""

    workflow_id: str
    run: RunId
    left: Left  # what there is of it now
    # ``lost``: some devices could not be reached, and are come back to where something is restored.
    state: Literal["stands", "joined", "undoing", "undone", "lost", "not_undone"] = "stands"
    pieces: tuple[ArtifactRef, ...] = ()  # of its state; none: it is not known what it has changed
    undone_by: str = ""  # workflow id of the run that takes it back, or has
    message: str = ""


class CalledRecord(Model):
    """Where the record of a run is that a step has called, or had take one back: its name is the record's digest."""

    workflow_id: str
    run: RunId
    record: ArtifactRef


class StepResult(Model):
    """How a step ended; ``counts`` by device status."""

    id: StepId
    kind: str
    state: StepState
    message: str = ""
    counts: Mapping[str, int] = {}
    warnings: int = 0
    blame: Blame | None = None
    runs: tuple[CalledRun, ...] = ()  # that it has called, and that have left something on devices
    records: Newer[tuple[CalledRecord, ...]] = ()  # of all runs that it has called, the oldest first


class RunResult(Model):
    """The end of a run, as its result, in the details of its failure and in the record."""

    id: str  # the workflow id
    run: RunId
    definition: str
    version: str
    plan_digest: str
    verdict: Verdict
    message: str = ""
    requester: str = ""
    reason: str = ""
    outputs: Mapping[str, JsonValue] = {}  # what the definition yields to the one that calls it
    counts: Mapping[str, int] = {}  # devices by final status
    causes: tuple[Cause, ...] = ()  # why devices failed, the most urgent and frequent first; at most 20
    steps: tuple[StepResult, ...] = ()
    devices: tuple[DeviceResult, ...] = ()  # at most 1,000; the record has all
    devices_omitted: int = 0
    record: ArtifactRef | None = None
    report: str | None = None  # where a person finds the report
    mode: Literal["apply", "plan"] = "apply"  # ``plan``: ``changed`` means that it would be
    proposal: ProposalSummary | None = None  # of plan mode
    joined: str | None = None  # workflow id of the run that did the same work, and whose end this is
    quarantined: Mapping[HostName, str] = {}  # devices that no run changes from now on, and why; at most 100
    left: Left = "nothing"  # on devices, by this run or by one that it has called
    pieces: tuple[ArtifactRef, ...] = ()  # of the state of a called run, by which its caller can have it taken back
    took_back: str | None = None  # workflow id of the run whose changes this one was to take back


class Scope(Model):
    """Which run a call belongs to."""

    workflow_id: str
    run: RunId
    definition: str = ""


class WaveStatus(Model):
    """A wave as it stands."""

    name: str
    state: Literal[
        "pending", "running", "soaking", "confirming", "succeeded", "failed", "undoing", "undone", "cancelled"
    ]
    size: int
    counts: Mapping[str, int] = {}
    until: datetime | None = None  # while it soaks
    confirm_until: datetime | None = None  # while it is held: confirming must begin by then, or it is taken back


class StepStatus(Model):
    """A step as it stands."""

    id: StepId
    kind: str
    state: StepState
    message: str = ""
    counts: Mapping[str, int] = {}
    warnings: int = 0
    waves: tuple[WaveStatus, ...] = ()
    budget: Budget | None = None  # of a step over devices that has begun
    answers: tuple[str, ...] = ()  # what an operator may answer where the step is paused on a failure
    blame: Blame | None = None
    runs: tuple[CalledRun, ...] = ()  # that it has called, and that have left something on devices
    records: Newer[tuple[CalledRecord, ...]] = ()  # of all runs that it has called and that have ended
    # Those that are under way longest, at most three; clients of before know no such field.
    under_way: Newer[tuple[UnderWay, ...]] = ()


class SafetyCount(Model):
    """Devices that share what a change has to fall back on."""

    devices: int
    undo: Literal["native", "inverse", "restore", "none"]
    confirm: Literal["device", "session", "none"]


class Gate(Model):
    """An approval that is waited for."""

    step: StepId
    by: str
    quorum: int
    approvals: int
    until: datetime
    on_timeout: Literal["approve", "reject", "escalate"]  # what silence means from here on
    escalated: bool = False
    asks_next: str = ""  # the group that is asked, too, when it escalates
    also: str = ""  # that group, once it has escalated: its members may decide as well
    digest: str | None = None
    diffs: tuple[DiffGroup, ...] = ()
    diffs_omitted: Newer[int] = 0  # groups of equal diffs beyond those, at most
    folds: Newer[tuple[ArtifactRef, ...]] = ()  # the outcomes with all that is bound: maps from host to `DeviceOutcome`
    made: Mapping[str, int] = {}  # devices by how their diff was made
    safety: tuple[SafetyCount, ...] = ()  # of the devices that are to be changed
    confirm_hold: Literal["device", "wave", "best_effort"] | None = None  # when the change is confirmed; None: never
    via: str | None = None  # the system that is asked, too
    via_said: str = ""  # what it last said, where it has not decided
    told: str = ""  # who was reminded


class RunStatus(Model):
    """The answer of the query `status`."""

    id: str
    definition: str = ""
    version: str = ""
    mode: Literal["apply", "plan"] = "apply"
    phase: Phase
    verdict: Verdict | None = None
    message: str = ""
    requester: str = ""
    reason: str = ""
    started: datetime
    devices: int = 0
    steps: tuple[StepStatus, ...] = ()
    gates: tuple[Gate, ...] = ()
    failures: tuple[HostFailure, ...] = ()  # the newest 20
    causes: tuple[Cause, ...] = ()  # of all failures, the most urgent and frequent first; at most 20
    cells: Cells = Cells()
    decisions: tuple[DecisionRecord, ...] = ()  # the newest 50
    operations: tuple[OperationRecord, ...] = ()  # the newest 50
    next: tuple[str, ...] = ()  # commands that would move it on, with NAME where a name is needed
    result: RunResult | None = None
