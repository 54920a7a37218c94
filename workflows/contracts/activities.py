"""Inputs and results of activities."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from workflows.contracts.devices import Device, DeviceOutcome, DiffGroup
from workflows.contracts.names import ArtifactRef
from workflows.contracts.people import DecisionRecord, OperationRecord
from workflows.contracts.runs import RunRequest, RunResult, Scope, WaveStatus
from workflows.plan import HostName, Model, Plan, StepId, Window


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
