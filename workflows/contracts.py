"""Names, inputs and results of all that crosses Temporal: runs, batches, activities, signals, updates, queries.

Every message is one frozen model and stays small: bulk goes to the artifact store and travels as an `ArtifactRef`. New
fields need defaults, for histories only grow.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, NewType

from pydantic import Field, JsonValue

from workflows.errors import FailureType
from workflows.plan import HostName, Model, Plan, Retry, StepId, Window

ArtifactRef = NewType("ArtifactRef", str)  # "sha256:" and 64 hex characters
RunId = NewType("RunId", str)  # the run id of the first execution; it never changes while a run lives

TASK_QUEUE: Final = "netsaga"
RUN: Final = "Run"
BATCH: Final = "Batch"
GUARD: Final = "Guard"
GUARD_ID: Final = "netsaga-guard"  # one for a namespace: leases hold across runs

PREPARE: Final = "prepare"
INTERACT: Final = "interact"
UNDO: Final = "undo"
FOLD: Final = "fold"
KEEP: Final = "keep"
NOTIFY: Final = "notify"
SEAL: Final = "seal"
DIVIDE: Final = "divide"
WINDOW: Final = "window"
HTTP: Final = "http"
SCRIPT: Final = "script"
LEASE: Final = "lease"
RELEASE: Final = "release"
HOLDER: Final = "holder"

SIGNAL_APPROVE: Final = "approve"  # also the names of the updates
SIGNAL_REJECT: Final = "reject"
QUERY_STATUS: Final = "status"
QUERY_DEVICES: Final = "devices"
SIGNAL_PROGRESS: Final = "batch_progress"
SIGNAL_SLOTS: Final = "slots"
SIGNAL_CUT: Final = "cut"
SIGNAL_LEASED: Final = "leased"
UPDATE_ACQUIRE: Final = "acquire"
SIGNAL_RELEASE: Final = "release"
SIGNAL_CLEAR: Final = "clear"
QUERY_LEASES: Final = "leases"

SEARCH_ATTRIBUTES: Final[Mapping[str, str]] = {  # all of type Keyword
    "definition": "NetsagaDefinition",
    "version": "NetsagaVersion",
    "phase": "NetsagaPhase",
    "ticket": "NetsagaTicket",
}

BATCH_SIZE: Final = 100
BATCHES_OPEN: Final = 20
MAX_PAYLOAD: Final = 256_000  # bytes, after compression
MESSAGE_LENGTH: Final = 300  # characters of a failure's message in history; the transcript has the rest

Verdict = Literal["succeeded", "partial", "stopped", "failed", "failed_dirty", "rejected", "cancelled"]
Phase = Literal["pending", "running", "waiting", "paused", "undoing", "closed"]
StepState = Literal[
    "pending", "running", "waiting", "undoing", "succeeded", "failed", "skipped", "rejected", "cancelled"
]
DeviceStatus = Literal[
    "succeeded",
    "failed",
    "unreachable",
    "skipped",
    "quarantined",
    "unknown",
    "undone",
    "undo_failed",
]

# One letter a device in what travels between batch and run. "c" is succeeded and changed.
PENDING: Final = "."
RUNNING: Final = "r"
CHANGED: Final = "c"
LETTERS: Final[Mapping[DeviceStatus, str]] = {
    "succeeded": "s",
    "failed": "f",
    "unreachable": "u",
    "skipped": "k",
    "quarantined": "q",
    "unknown": "?",
    "undone": "x",
    "undo_failed": "!",
}


class Device(Model):
    """What the inventory says of a device; ``device.…`` in expressions. ``maintenance`` devices are skipped."""

    name: HostName
    platform: str
    address: str
    port: int = 22
    site: str | None = None
    role: str | None = None
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    maintenance: bool = False
    credential: str | None = None  # a name; wins over the step's
    data: Mapping[str, JsonValue] = {}


# ------------------------------------------------------------------------------------------------------------- run


class RunRequest(Model):
    """What a client asks for: a definition by name (``campus-vlan`` or ``campus-vlan@1.0.0``) or as YAML source."""

    definition: str = ""
    source: str | None = None
    templates: Mapping[str, str] = {}  # beside a ``source``: template name to text
    inputs: Mapping[str, JsonValue] = {}
    mode: Literal["apply", "plan"] = "apply"
    limit: tuple[HostName, ...] = ()  # only these devices of the selection
    by: str = ""  # a claim, until an authenticated door carries it
    reason: str = ""
    plan_digest: str | None = None  # the plan that is expected; another one is refused


class FailureInfo(Model):
    """A failure as it is recorded; the message has at most `MESSAGE_LENGTH` characters."""

    type: FailureType
    message: str


class DeviceResult(Model):
    """Where a device ended, over all steps of the run."""

    name: HostName
    status: Literal[
        "changed",
        "unchanged",
        "undone",
        "failed",
        "unreachable",
        "skipped",
        "untouched",
        "unknown",
        "undo_failed",
    ]
    step: StepId | None = None  # the step that decided
    message: str = ""


class StepResult(Model):
    """How a step ended; ``counts`` by device status."""

    id: StepId
    kind: str
    state: StepState
    message: str = ""
    counts: Mapping[str, int] = {}
    warnings: int = 0


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
    steps: tuple[StepResult, ...] = ()
    devices: tuple[DeviceResult, ...] = ()  # at most 1,000; the record has all
    devices_omitted: int = 0
    record: ArtifactRef | None = None
    report: str | None = None  # where a person finds the report


# ----------------------------------------------------------------------------------------------------------- batch


class Scope(Model):
    """Which run a call belongs to."""

    workflow_id: str
    run: RunId
    definition: str = ""


class HostWork(Model):
    """One device of a batch, and where its values of earlier steps lie."""

    host: HostName
    values: Mapping[StepId, ArtifactRef] = {}


class BatchPolicy(Model):
    """What a batch needs to know of its step."""

    changes: bool
    undoes_itself: bool  # a device that fails after it was touched is undone at once
    strict: bool = False  # a failure burns its slot
    first: bool = False  # one success is enough: the rest is cancelled
    attempt_s: float  # one attempt at a device, all its actions
    retry: Retry


class BatchInput(Model):
    """At most `BATCH_SIZE` devices of one step."""

    scope: Scope
    prepared: ArtifactRef
    step: StepId
    label: str  # "deploy/canary/0", for ids
    mode: Literal["do", "undo", "check"] = "do"
    generation: int = 1
    outputs: ArtifactRef | None = None  # of the steps that are not about devices, and that the actions name
    hosts: tuple[HostWork, ...]
    slots: int
    policy: BatchPolicy


class HostFailure(Model):
    """A device that did not succeed, and why."""

    host: HostName
    status: DeviceStatus
    failure: FailureInfo


class Progress(Model):
    """Batch to run, at most once a second."""

    label: str
    letters: str  # one a device, in the batch's order


class Slots(Model):
    """Run to batch: how many devices may be under way from now on; 0 stops."""

    slots: int


class DiffGroup(Model):
    """Devices whose proposed change is the same."""

    digest: str
    made: str
    devices: int
    example: HostName
    text: str  # its first 2,000 characters


class BatchResult(Model):
    """What a batch hands to its run."""

    letters: str
    failures: tuple[HostFailure, ...] = ()
    warnings: int = 0
    fold: ArtifactRef | None = None  # the devices' outcomes, a JSON map from host to `DeviceOutcome`
    proposal: str | None = None  # digest over the hosts and their diffs
    diffs: tuple[DiffGroup, ...] = ()


# ------------------------------------------------------------------------------------------------------ activities


class PrepareInput(Model):
    """Load, compile, check the inputs, resolve the inventory, freeze the groups."""

    scope: Scope
    request: RunRequest


class Prepared(Model):
    """What a run interprets. Activities read the same, and the inventory's facts, from ``ref``."""

    ref: ArtifactRef  # a `Bundle`
    plan: Plan
    inputs: Mapping[str, JsonValue]
    hosts: tuple[HostName, ...]
    skipped: Mapping[HostName, str] = {}  # selected, and not to be touched: why (maintenance)
    groups: Mapping[str, tuple[str, ...]] = {}  # of approvers, as they were when the run began
    search_attributes: bool = True  # whether the server knows ours
    warnings: tuple[str, ...] = ()


class Bundle(Model):
    """The artifact behind `Prepared.ref`."""

    plan: Plan
    inputs: Mapping[str, JsonValue]
    devices: Mapping[HostName, Device]


class InteractInput(Model):
    """All actions of one step on one device, in one session; and the same call names what `UNDO` takes back."""

    scope: Scope
    prepared: ArtifactRef
    step: StepId
    host: HostName
    generation: int = 1
    values: Mapping[StepId, ArtifactRef] = {}
    outputs: ArtifactRef | None = None
    only: Literal["all", "after"] = "all"  # ``after``: only what follows the last change, to look again after a soak


class UndoInfo(Model):
    """How a device was taken back."""

    method: Literal["native", "inverse", "restore"] | None = None
    foreign: tuple[str, ...] = ()


class DeviceOutcome(Model):
    """One device's part of a step. A failed call carries it in the details of its `ApplicationError`."""

    host: HostName
    status: DeviceStatus
    changed: bool = False
    touched: bool = False  # the configuration may have been changed
    failure: FailureInfo | None = None
    warnings: tuple[str, ...] = ()  # the first five, as people read them
    warning_count: int = 0
    values: Mapping[str, ArtifactRef] = {}  # by ``as`` name
    diff: str | None = None  # digest of the proposed or applied change
    diff_ref: ArtifactRef | None = None  # its text
    diff_made: str | None = None
    transcript: ArtifactRef | None = None
    undo: UndoInfo | None = None
    attempt: int = 1
    duration_s: float = Field(default=0.0, ge=0)


class FoldInput(Model):
    """The outcomes of a batch, to be kept as one artifact."""

    scope: Scope
    step: StepId
    outcomes: tuple[DeviceOutcome, ...]


class KeepInput(Model):
    """Outputs of steps that are not about devices, by step; null for one that was skipped."""

    scope: Scope
    step: StepId
    outputs: Mapping[StepId, Mapping[str, JsonValue] | None]


class KeepResult(Model):
    """Where they are."""

    ref: ArtifactRef


class FoldResult(Model):
    """Where they are, and what was proposed."""

    ref: ArtifactRef
    proposal: str | None = None
    diffs: tuple[DiffGroup, ...] = ()


class DivideInput(Model):
    """Divide a step's devices into waves by their facts: ``select``, ``per``, ``apart``, ``together``, ``order``."""

    scope: Scope
    prepared: ArtifactRef
    step: StepId
    hosts: tuple[HostName, ...]


class DividedWave(Model):
    """A real wave. Its ``groups`` go one after the other; ``units`` are devices that share a verdict."""

    wave: int  # its place in the plan
    name: str
    groups: tuple[tuple[HostName, ...], ...]
    units: tuple[tuple[HostName, ...], ...] = ()


class Divided(Model):
    """All waves in order; every device of the input stands in exactly one."""

    waves: tuple[DividedWave, ...]


class WindowInput(Model):
    """When may something that takes ``needs_s`` begin, at ``at`` or later, so that it ends inside the window?"""

    scope: Scope
    window: Window
    at: datetime
    needs_s: float = 0.0


class WindowResult(Model):
    """The earliest such time; ``None`` where it never fits."""

    start: datetime | None
    until: datetime | None = None  # when the window that it falls into closes


class HttpInput(Model):
    """One call of a system that the settings name, or of a URL that they allow."""

    scope: Scope
    step: StepId
    method: str
    url: str  # "system:/path", or a URL
    query: Mapping[str, JsonValue] = {}
    headers: Mapping[str, str] = {}
    json_: JsonValue = None
    has_json: bool = False
    status: tuple[int, ...] = ()  # what counts as success; empty: 200 to 299
    block: str | None = None
    retry_on: tuple[str, ...] = ()
    timeout_s: float = 60.0


class HttpResult(Model):
    """What came back; a body over 64 kB is an artifact, and then neither ``json`` nor ``text`` is here."""

    status: int
    json_: JsonValue = None
    text: str = ""
    body: ArtifactRef | None = None


class ScriptInput(Model):
    """A program or Python function that the settings allow: JSON in, JSON out."""

    scope: Scope
    step: StepId
    engine: Literal["script", "ansible", "awx"]
    run: str
    given: JsonValue = None
    block: str | None = None
    retry_on: tuple[str, ...] = ()
    timeout_s: float = 60.0


class ScriptResult(Model):
    """What it said."""

    result: JsonValue = None
    log: ArtifactRef | None = None


class Holder(Model):
    """A run that holds leases. Runs that one run has called share their ``root``, and never wait for each other."""

    workflow_id: str
    run: RunId
    root: str  # workflow id of the outermost run


class LeaseRequest(Model):
    """All devices that a run may change, in one call: no run holds some and waits for others."""

    holder: Holder
    devices: tuple[HostName, ...]


class LeaseAnswer(Model):
    """Granted at once, or queued: then the guard signals `SIGNAL_LEASED` when the devices are free."""

    granted: bool
    held_by: tuple[str, ...] = ()  # workflow ids of the runs that hold some of the devices, or wait before this one
    flagged: Mapping[HostName, str] = {}  # devices that a run left behind without an end of its own, and which


class Lease(Model):
    """What one run holds."""

    holder: Holder
    devices: tuple[HostName, ...]
    since: datetime


class GuardState(Model):
    """All that the guard knows; the answer of its query, and what it carries into its next execution."""

    leases: tuple[Lease, ...] = ()
    queue: tuple[LeaseRequest, ...] = ()
    flagged: Mapping[HostName, str] = {}


class ClearRequest(Model):
    """An operator has looked at flagged devices."""

    by: str = Field(min_length=1)
    devices: tuple[HostName, ...]


class LeaseInput(Model):
    """Ask the guard for devices."""

    request: LeaseRequest


class ReleaseInput(Model):
    """Give all devices of a holder back; asked twice, the second time does nothing."""

    holder: Holder


class HolderInput(Model):
    """Is this run still alive?"""

    holder: Holder


class HolderState(Model):
    """Whether a run is ``open``, has ``ended`` by itself, or was ``cut_off``: terminated, timed out, or is not known."""

    state: Literal["open", "ended", "cut_off"]


class NotifyInput(Model):
    """Tell ``to``; the text is ``message``, or the step's template over the result so far."""

    scope: Scope
    prepared: ArtifactRef
    step: StepId
    to: str
    message: str | None = None
    template: str | None = None
    result: RunResult


class NotifyResult(Model):
    """Where it went."""

    delivered: str = ""


# ----------------------------------------------------------------------------------- gates, operators and inspection


class Decision(Model):
    """What a person says at a gate; the one argument of the signals and updates `approve` and `reject`."""

    by: str = Field(min_length=1)
    step: StepId | None = None  # may be left out while one gate is open
    comment: str = ""
    digest: str | None = None  # the proposal that was seen; another one does not count


class DecisionRecord(Model):
    """A decision as it is kept, also one that did not count."""

    step: StepId
    decision: Literal["approve", "reject"]
    by: str
    comment: str = ""
    digest: str | None = None
    at: datetime
    how: Literal["update", "signal", "timeout"]
    counted: bool
    why_not: str = ""


class DecisionAnswer(Model):
    """What an update answers."""

    step: StepId
    approvals: int
    quorum: int
    gate: Literal["open", "approved", "rejected"]


class Operation(Model):
    """What an operator asks of a live run; the one argument of those updates and signals.

    ``retry``, ``skip``, ``undo`` and ``stop`` answer a step that is paused after a failure; ``step`` may be left out
    while there is one such step, ``devices`` where all that failed are meant. ``scope`` is of an ``undo``.
    """

    by: str = Field(min_length=1)
    reason: str = ""
    step: StepId | None = None
    devices: tuple[HostName, ...] = ()
    scope: Literal["failed", "wave", "step", "run"] = "failed"
    concurrency: int | None = Field(default=None, ge=1, le=2000)


class OperationRecord(Model):
    """An operation as it is kept, also one that was refused."""

    operation: str
    by: str
    reason: str = ""
    step: StepId | None = None
    devices: tuple[HostName, ...] = ()
    at: datetime
    how: Literal["update", "signal"]
    refused: str = ""


class OperationAnswer(Model):
    """What an update answers."""

    accepted: bool
    phase: Phase
    message: str = ""


class WaveStatus(Model):
    """A wave as it stands; ``letters`` one a device, in its order."""

    name: str
    state: Literal["pending", "running", "soaking", "succeeded", "failed", "undoing", "undone", "cancelled"]
    size: int
    counts: Mapping[str, int] = {}


class StepStatus(Model):
    """A step as it stands."""

    id: StepId
    kind: str
    state: StepState
    message: str = ""
    counts: Mapping[str, int] = {}
    warnings: int = 0
    waves: tuple[WaveStatus, ...] = ()


class Gate(Model):
    """An approval that is waited for."""

    step: StepId
    by: str
    quorum: int
    approvals: int
    until: datetime
    on_timeout: Literal["approve", "reject", "escalate"]
    escalated: bool = False
    digest: str | None = None
    diffs: tuple[DiffGroup, ...] = ()


class RunStatus(Model):
    """The answer of the query `status`."""

    id: str
    definition: str = ""
    version: str = ""
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
    decisions: tuple[DecisionRecord, ...] = ()
    operations: tuple[OperationRecord, ...] = ()
    result: RunResult | None = None


class Page(Model):
    """The argument of the query `devices`."""

    offset: int = 0
    limit: int = Field(default=100, ge=1, le=1000)


class DeviceLine(Model):
    """A device as it stands: the newest step that took it up."""

    host: HostName
    step: StepId | None = None
    wave: str = ""
    status: str = "pending"  # pending, running, changed or a `DeviceStatus`
    message: str = ""


class DevicePage(Model):
    """The answer of the query `devices`."""

    total: int
    devices: tuple[DeviceLine, ...] = ()


class SealInput(Model):
    """Everything that the record holds; per-device detail comes from the folds."""

    scope: Scope
    prepared: ArtifactRef | None
    result: RunResult
    mode: Literal["apply", "plan"]
    started: datetime
    ended: datetime
    decisions: tuple[DecisionRecord, ...] = ()
    operations: tuple[OperationRecord, ...] = ()
    waves: Mapping[StepId, tuple[WaveStatus, ...]] = {}
    folds: Mapping[StepId, tuple[ArtifactRef, ...]] = {}
    undo_folds: Mapping[StepId, tuple[ArtifactRef, ...]] = {}


class SealResult(Model):
    """Where the record and the report are."""

    record: ArtifactRef
    report: str
