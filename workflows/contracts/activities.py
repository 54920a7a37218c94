"""Inputs and results of activities."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from workflows.contracts.compatible import Newer
from workflows.contracts.devices import Device, DeviceOutcome, DiffGroup, FailureInfo
from workflows.contracts.guard import GuardPolicy
from workflows.contracts.names import HISTORY_EVENTS, ArtifactRef
from workflows.contracts.people import DecisionRecord, OperationRecord
from workflows.contracts.runs import RunRequest, RunResult, Scope, WaveStatus
from workflows.plan import HostName, Model, Plan, StepId, UndoMethod, Window


class PrepareInput(Model):
    """Load, compile, check the inputs, resolve the inventory, freeze the groups."""

    scope: Scope
    request: RunRequest


class Safety(Model):
    """What the devices of one platform can do for a change that goes wrong."""

    platform: str
    undo: tuple[UndoMethod, ...] = ()
    confirm: Literal["device", "session", "none"] = "none"


class Prepared(Model):
    """What a run interprets. Activities read the same, and the inventory's facts, from ``ref``."""

    ref: ArtifactRef  # a `Bundle`
    plan: Plan
    inputs: Mapping[str, JsonValue]
    hosts: tuple[HostName, ...]
    skipped: Mapping[HostName, str] = {}  # selected, and not to be touched: why (maintenance)
    groups: Mapping[str, tuple[str, ...]] = {}  # of approvers, as they were when the run began
    pools: Mapping[HostName, str] = {}  # of the devices that only the workers of a pool reach
    search_attributes: bool = True  # whether the server knows ours
    history_events: int = HISTORY_EVENTS  # so long a history may become before the run continues as new
    warnings: tuple[str, ...] = ()
    guard: GuardPolicy = GuardPolicy()
    reminded: tuple[str, ...] = ()  # the groups that a notification target of the same name tells
    safety: tuple[Safety, ...] = ()
    safety_of: str = ""  # for each host in its order the place in ``safety``, a digit of base 36
    changing: Newer[tuple[str, ...]] = ()  # called definitions, as calls write them, that may change devices


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
    # ``after``: only what follows the last change, to look again after a soak. ``leave``, of `UNDO`: only what ends the
    # maintenance of the device.
    only: Literal["all", "after", "leave"] = "all"
    mode: Literal["apply", "plan"] = "apply"  # ``plan``: what changes the device is proposed, and nothing is altered
    proposal: ArtifactRef | None = None  # the `Proposal` that each change is held to


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
    diffs_omitted: Newer[int] = 0  # groups beyond those
    made: Mapping[str, int] = {}  # devices by how their diff was made


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
    empty: tuple[str, ...] = ()  # waves of the plan whose ``select`` is true of no device that is left
    caps: Mapping[HostName, str] = {}  # where ``concurrency: {per}`` is given: what each device counts under


class PoolInput(Model):
    """Is there a worker that serves this pool?"""

    pool: str
    queue: str  # on which the pool's workers take up work
    deployment: str | None = None  # with `build`, the version to which the run is pinned
    build: str | None = None


class PoolState(Model):
    """What the server knows of the pool's workers."""

    served: bool
    workers: tuple[str, ...] = ()  # their identities


class WindowInput(Model):
    """When may something that takes ``needs_s`` begin, at ``at`` or later, so that it ends inside the window?"""

    scope: Scope
    window: Window
    at: datetime
    needs_s: float = 0.0
    closing: Newer[bool] = False  # whether ``closes`` is to be told, too; runs of before know no such answer


class WindowResult(Model):
    """The earliest such time; ``None`` where it never fits."""

    start: datetime | None
    until: datetime | None = None  # when the window that it falls into closes
    closes: Newer[datetime | None] = None  # when the one closes that is open now and has too little time left


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
    # What ``text`` is said to be where it is no JSON; left out elsewhere, for builds of before know no such field.
    media_type: Newer[str] = ""


class ScriptInput(Model):
    """What the settings allow under a name: a program or Python function, something of Ansible's, or of AWX."""

    scope: Scope
    step: StepId
    engine: Literal["script", "ansible", "awx"]
    run: str
    given: JsonValue = None
    prepared: ArtifactRef | None = None  # for what works on the run's own devices
    block: str | None = None
    retry_on: tuple[str, ...] = ()
    timeout_s: float = 60.0


class ScriptResult(Model):
    """What it said."""

    result: JsonValue = None
    log: ArtifactRef | None = None


class ScriptCut(Model):
    """In the details of a failure ``cancelled``: the run's cancel has ended a program, whose log is this."""

    log: ArtifactRef | None = None


class NotifyInput(Model):
    """Tell ``to``; the text is ``message``, or the step's template over the result so far."""

    scope: Scope
    prepared: ArtifactRef
    step: StepId
    to: str
    message: str | None = None
    template: str | None = None
    result: RunResult
    occasion: str = ""  # what a step tells beside its own message, such as a reminder


class NotifyResult(Model):
    """Where it went."""

    delivered: str = ""


class AskInput(Model):
    """A question for a system that decides about a gate; with ``reference``, whether it has decided by now."""

    scope: Scope
    step: StepId
    system: str
    question: str
    digest: str | None = None
    group: str = ""  # whom the gate asks
    quorum: int = 1
    until: datetime
    made: Mapping[str, int] = {}  # devices by how their diff was made
    diffs: tuple[DiffGroup, ...] = ()
    diffs_omitted: Newer[int] = 0  # groups beyond those, at most
    reference: str | None = None  # what the system calls the question; None: it has not been asked
    timeout_s: float = 60.0


class AskResult(Model):
    """What the system says."""

    answer: Literal["approved", "rejected", "unanswered"]
    reference: str | None = None
    by: str = ""
    comment: str = ""
    digest: str | None = None


class ReachableInput(Model):
    """Whether devices answer a fresh login; at most `BATCH_SIZE` of them."""

    scope: Scope
    prepared: ArtifactRef
    step: StepId
    hosts: tuple[HostName, ...]


class ReachableResult(Model):
    """Those that do, and why the others do not; ``permanent`` failures will not pass by waiting."""

    reachable: tuple[HostName, ...]
    failures: Mapping[HostName, FailureInfo] = {}


class CancelInput(Model):
    """Ask the server to cancel the run that calls this."""

    reason: str = ""


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
