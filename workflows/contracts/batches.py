"""Between a run and its batches."""

from collections.abc import Mapping
from typing import Literal

from workflows.contracts.devices import DiffGroup, HostFailure
from workflows.contracts.names import ArtifactRef
from workflows.contracts.runs import Scope
from workflows.plan import HostName, Model, Retry, StepId


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


class Progress(Model):
    """Batch to run, at most once a second."""

    label: str
    letters: str  # one a device, in the batch's order


class Slots(Model):
    """Run to batch: how many devices may be under way from now on; 0 stops."""

    slots: int


class BatchResult(Model):
    """What a batch hands to its run."""

    letters: str
    failures: tuple[HostFailure, ...] = ()
    warnings: int = 0
    fold: ArtifactRef | None = None  # the devices' outcomes, a JSON map from host to `DeviceOutcome`
    proposal: str | None = None  # digest over the hosts and their diffs
    diffs: tuple[DiffGroup, ...] = ()
