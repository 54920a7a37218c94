"""Between a run and its batches."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from workflows.contracts.compatible import Newer
from workflows.contracts.devices import DiffGroup, HostFailure
from workflows.contracts.guard import LeaseInput
from workflows.contracts.names import ArtifactRef
from workflows.contracts.runs import Scope
from workflows.plan import Breaker, HostName, Model, Retry, StepId


class HostWork(Model):
    """One device of a batch, and where its values of earlier steps lie."""

    host: HostName
    cap: str | None = None  # what it counts under where `BatchPolicy.each` is given
    pool: str | None = None  # whose workers reach it
    values: Mapping[StepId, ArtifactRef] = {}
    unit: Newer[int | None] = None  # those of one number, from 1, belong `together`; none: with no other


class BatchPolicy(Model):
    """What a batch needs to know of its step."""

    changes: bool
    undoes_itself: bool  # a device that fails after it was touched is undone at once
    strict: bool = False  # a failure burns its slot
    first: bool = False  # one success is enough: the rest is cancelled
    spare: int | None = None  # with more failures than so many it starts no more devices; None: the run says when
    each: int | None = None  # so many devices of one `HostWork.cap` may be under way
    leaves: bool = False  # a device that fails is led out of its maintenance, whatever else becomes of it
    mode: Literal["apply", "plan"] = "apply"  # ``plan``: devices are proposed for
    report_s: float = 0.0  # news that the run can wait for go so often; 0, as older runs have it: every second
    quiet: bool = False  # others wait to be opened: the run has no use for slots that are free, nor for its first start
    attempt_s: float  # one attempt at a device, all its actions
    retry: Retry
    breaker: Newer[Breaker | None] = None  # counted by the batch itself, too, whatever its run has heard of
    failed_at: Newer[tuple[datetime, ...]] = ()  # the failures that its run has counted


class BatchInput(Model):
    """At most `BATCH_SIZE` devices of one step."""

    scope: Scope
    prepared: ArtifactRef
    step: StepId
    label: str  # "deploy/canary/0", for ids
    mode: Literal["do", "undo", "check", "confirm"] = "do"
    generation: int = 1
    proposal: ArtifactRef | None = None  # the `Proposal` that each change is held to
    outputs: ArtifactRef | None = None  # of the steps that are not about devices, and that the actions name
    hosts: tuple[HostWork, ...]
    slots: int
    halted: Newer[bool] = False  # while it was being started: it takes up none
    policy: BatchPolicy
    # What a step that changes devices asks the guard where its run was reset since: are they still its own?
    renewal: Newer[LeaseInput | None] = None


class Progress(Model):
    """Batch to run, at most once a second; what can wait goes as `BatchPolicy.report_s` says."""

    label: str
    letters: str  # one a device, in the batch's order
    failures: tuple[HostFailure, ...] = ()  # since the last report: people see why before the batch ends
    # Under way, and being taken back: they have failed in this batch.
    undoing: Newer[tuple[HostName, ...]] = ()


class Slots(Model):
    """Run to batch: how many devices may be under way from now on; 0 stops, unless it waits."""

    slots: int
    waits: bool = False  # with 0: there are fewer slots than batches, and it will get one
    failures: int | None = None  # of the batch's own, those that the run knew of; later ones have burnt slots since


class Cut(Model):
    """Run to batch: what is under way ends, between two actions."""

    why: str = ""  # as its devices are told; runs of before say nothing


class BatchResult(Model):
    """What a batch hands to its run."""

    letters: str
    failures: tuple[HostFailure, ...] = ()
    warnings: int = 0
    fold: ArtifactRef | None = None  # the devices' outcomes, a JSON map from host to `DeviceOutcome`
    proposal: str | None = None  # digest over the hosts and their diffs
    diffs: tuple[DiffGroup, ...] = ()
    diffs_omitted: Newer[int] = 0  # groups of equal diffs beyond those
    made: Mapping[str, int] = {}  # devices by how their diff was made
    tripped: Newer[bool] = False  # its breaker has opened
