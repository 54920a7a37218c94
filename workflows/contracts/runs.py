"""Runs as they are asked for, as they stand, and as they end."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from workflows.contracts.devices import DeviceResult, DiffGroup, HostFailure
from workflows.contracts.names import ArtifactRef, Phase, RunId, StepState, Verdict
from workflows.contracts.people import DecisionRecord, OperationRecord
from workflows.plan import HostName, Model, StepId


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


class Scope(Model):
    """Which run a call belongs to."""

    workflow_id: str
    run: RunId
    definition: str = ""


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
