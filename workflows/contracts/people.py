"""What people say to a run: decisions at gates, operations, and how both are kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from workflows.contracts.compatible import Asked, Newer
from workflows.contracts.names import ArtifactRef, Phase
from workflows.plan import HostName, Model, StepId


class Decision(Asked):
    """What a person says at a gate; the one argument of the signals and updates `approve` and `reject`."""

    by: str = Field(min_length=1)
    step: StepId | None = None  # may be left out while one gate is open
    comment: str = ""
    digest: str | None = None  # the proposal that was seen; another one does not count


class DecisionRecord(Model):
    """What happened at a gate, as it is kept: a decision, also one that did not count, or what led to one.

    A system that was asked may leave the question ``unanswered`` or be ``unreachable``; ``remind`` is what netsaga does
    when the time of those who were asked first is over. None of these counts. The evidence is what was to be seen when
    the decision was made: the proposal's digest, the diffs that were shown, and the values that a condition rests on.
    """

    step: StepId
    decision: Literal["approve", "reject", "remind", "unanswered", "unreachable"]
    by: str
    comment: str = ""
    digest: str | None = None
    at: datetime
    how: Literal["update", "signal", "timeout", "automatic", "system"]
    counted: bool
    why_not: str = ""
    diffs: tuple[ArtifactRef, ...] = ()  # the texts that were shown, at most 20
    condition: str = ""  # the expression by which it was made
    evidence: Mapping[str, JsonValue] = {}  # what that expression read, by name


class DecisionAnswer(Model):
    """What an update answers."""

    step: StepId
    approvals: int
    quorum: int
    gate: Literal["open", "approved", "rejected"]


class Operation(Asked):
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
    scope: str = ""  # of an undo
    concurrency: int | None = None  # that was set
    at: datetime
    how: Literal["update", "signal", "server"]  # a cancel may be asked of the server, which knows no names
    refused: str = ""
    besides: Newer[str] = ""  # what its name does not say: waves that begin outside their window


class OperationAnswer(Model):
    """What an update answers."""

    accepted: bool
    phase: Phase
    message: str = ""
