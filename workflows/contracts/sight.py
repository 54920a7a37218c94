"""What people see of a run: why devices failed, how far it is, and its graph. Small at any number of devices."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field

from workflows.contracts.compatible import Asked
from workflows.contracts.names import StepState
from workflows.failures import FailureType
from workflows.plan import HostName, Model, StepId


class Cause(Model):
    """Devices that failed in the same step for the same reason."""

    step: StepId
    what: FailureType
    message: str  # an ellipsis stands for what differs from device to device
    devices: int = Field(ge=1)
    examples: tuple[HostName, ...]  # the first three


class Cells(Model):
    """The devices of a run in their order: one letter a cell, as `contracts.LETTERS` has them.

    A cell stands for ``each`` devices, the last one for what is left; of several devices the worst status shows.
    """

    each: int = Field(default=1, ge=1)
    letters: str = ""


class Budget(Model):
    """The failures of a step, and how many its ``accept`` allows."""

    failures: int
    allowed: int
    accept: str  # as the definition says it


class UnderWay(Model):
    """A device that a step waits for."""

    host: HostName
    since: datetime  # as far as the run has been told
    doing: Literal["do", "undo", "check", "confirm"]


class GraphNode(Model):
    """A step in the plan's graph, as it stands."""

    id: StepId
    kind: str
    part: Literal["steps", "finally"] = "steps"
    state: StepState
    message: str = ""
    counts: Mapping[str, int] = {}  # devices by status
    needs: tuple[StepId, ...] = ()
    when: str | None = None  # the condition, as it is written


class RunGraph(Model):
    """The answer of the query `graph`."""

    id: str
    definition: str = ""
    version: str = ""
    nodes: tuple[GraphNode, ...] = ()
    mermaid: str = ""  # the same as a flowchart, with the states in it


class Page(Asked):
    """The argument of the query `devices`: a page of the devices that all conditions hold for."""

    offset: int = Field(default=0, ge=0)
    limit: int = Field(default=100, ge=1, le=1000)
    status: tuple[str, ...] = ()  # one of these, as `DeviceLine.status` has them; empty: any
    step: StepId | None = None  # as they stand in this step, and only its devices


class DeviceLine(Model):
    """A device as it stands: in the newest step that took it up, or in the one that was asked for."""

    host: HostName
    step: StepId | None = None
    wave: str = ""
    status: str = "pending"  # pending, running, changed or a `DeviceStatus`
    message: str = ""
    since: datetime | None = None  # begun or ended at; only a batch that is open knows it
    attempt: int | None = None  # of the call that is under way; only the server knows it
    generation: int = 1  # raised by an operator's retry


class OpenBatch(Model):
    """A batch that is under way; it can be asked for its devices with the query `devices`, too."""

    id: str  # its workflow id
    step: StepId
    mode: Literal["do", "undo", "check", "confirm"] = "do"


class DevicePage(Model):
    """The answer of the query `devices`."""

    total: int  # devices that the conditions hold for
    devices: tuple[DeviceLine, ...] = ()
    batches: tuple[OpenBatch, ...] = ()  # of a run: those that know more of devices under way
