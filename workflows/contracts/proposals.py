"""What a run in plan mode finds out: the changes as they would be, and what can only be shown, or not be known yet."""

from collections.abc import Mapping
from typing import Literal

from workflows.contracts.compatible import Newer
from workflows.contracts.devices import DiffGroup
from workflows.contracts.names import ArtifactRef
from workflows.plan import HostName, Model, StepId

Shown = Literal["would", "unknown"]


class ProposalRef(Model):
    """A proposal by its digest, hex SHA-256, and where it is kept. Two runs that propose the same have the same."""

    digest: str
    ref: ArtifactRef  # a `Proposal`


class Proposal(Model):
    """The artifact behind `ProposalRef.ref`: all that the digest covers.

    ``diffs`` has each device that would be changed by a step, and each that needs no change; those that failed are not
    in it. ``behind`` names devices that an earlier step changes as well: what is shown of them holds for the device as
    it is now, and the step is not held to it.
    """

    plan_digest: str
    inputs: str  # hex SHA-256 of their canonical JSON
    hosts: tuple[HostName, ...]
    diffs: Mapping[StepId, Mapping[HostName, str]]  # the digest of the normalised diff; empty where nothing is to do
    behind: Mapping[StepId, tuple[HostName, ...]] = {}
    calls: Mapping[StepId, str] = {}  # the digests of what called definitions propose


class PlannedWave(Model):
    """A wave as it would be."""

    name: str
    size: int


class Would(Model):
    """Something that is not shown by a diff and would be done on so many devices."""

    text: str
    devices: int
    example: HostName


class PlannedStep(Model):
    """A step that changes devices, as it would go."""

    step: StepId
    waves: tuple[PlannedWave, ...] = ()
    window: str = ""  # a change window that its waves would wait for
    changed: int = 0  # devices that it would change
    unchanged: int = 0
    failed: int = 0  # devices for which nothing could be proposed
    diffs: tuple[DiffGroup, ...] = ()  # without the empty one, the largest first
    diffs_omitted: int = 0  # groups beyond those
    would: tuple[Would, ...] = ()


class ShownStep(Model):
    """A step that plan mode does not carry out: what it would do, or that it is known only after the change."""

    step: StepId
    kind: str
    how: Shown
    text: str
    final: bool = False  # of ``finally``
    changes: Newer[bool] = False  # it may change devices, itself or by what it calls; which and how is not known


class ProposalSummary(ProposalRef):
    """A proposal as people read it; ``calls`` has those of called definitions."""

    steps: tuple[PlannedStep, ...] = ()
    shown: tuple[ShownStep, ...] = ()
    calls: Mapping[StepId, "ProposalSummary"] = {}
    unknown_outputs: tuple[str, ...] = ()  # of the definition: known only after the change


class ProposedStep(Model):
    """A step that was carried out in proposing form, and where its devices' outcomes lie."""

    step: StepId
    waves: tuple[PlannedWave, ...] = ()
    window: str = ""
    failed: int = 0
    folds: tuple[ArtifactRef, ...] = ()


class ProposalsInput(Model):
    """Make one proposal of all that was proposed."""

    prepared: ArtifactRef
    steps: tuple[ProposedStep, ...]  # in the order of the plan
    calls: Mapping[StepId, str] = {}


class ProposalsResult(ProposalRef):
    """The proposal; ``steps`` as people read them."""

    steps: tuple[PlannedStep, ...] = ()


class CompareInput(Model):
    """Say what differs between a proposal that was planned and the one that is made now."""

    planned: ProposalRef
    now: ProposalRef


class CompareResult(Model):
    """What has moved, as sentences; at most ten, and how many there are in all. Nothing moved where there are none."""

    moved: tuple[str, ...] = ()
    total: int = 0
