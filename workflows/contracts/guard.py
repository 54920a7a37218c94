"""Between runs and the guard that leases devices."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field

from workflows.contracts.names import RunId
from workflows.plan import HostName, Model


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
    """Whether a run is ``open``, has ``ended`` by itself, or was ``cut_off``: terminated, timed out, not known."""

    state: Literal["open", "ended", "cut_off"]
