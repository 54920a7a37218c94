"""What is said of one device: facts, outcomes, failures, proposed changes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from workflows.contracts.names import ArtifactRef, DeviceStatus
from workflows.failures import FailureType
from workflows.plan import HostName, Model, StepId


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
    pool: str | None = None  # of the workers that reach it; none: any worker
    data: Mapping[str, JsonValue] = {}


class FailureInfo(Model):
    """A failure as it is recorded; the message has at most `MESSAGE_LENGTH` characters."""

    type: FailureType
    message: str
    begun: bool = True  # False: no worker had begun with the device, and there is nothing to take back
    undo: FailureType | None = None  # of a device that could not be taken back: the class of what stood in the way


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
    would: tuple[str, ...] = ()  # plan mode: what has no diff and would be done, as people read it
    transcript: ArtifactRef | None = None
    undo: UndoInfo | None = None
    confirm_by: datetime | None = None  # not confirmed yet: when the device takes the change back by itself
    attempt: int = 1
    duration_s: float = Field(default=0.0, ge=0)


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
        "quarantined",
        "untouched",
        "unknown",
        "undo_failed",
    ]
    step: StepId | None = None  # the step that decided
    message: str = ""


class HostFailure(Model):
    """A device that did not succeed, and why."""

    host: HostName
    status: DeviceStatus
    failure: FailureInfo


class DiffGroup(Model):
    """Devices whose proposed change is the same."""

    digest: str
    made: str
    devices: int
    example: HostName
    text: str  # its first lines, 2,000 characters at most; where it was cut, it says so
    ref: ArtifactRef | None = None  # the whole of it
