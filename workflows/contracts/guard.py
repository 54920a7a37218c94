"""Between runs and the guard: leases of devices, and devices that no run may change for now."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field

from workflows.contracts.claims import Claim, ClaimRequest, Holder
from workflows.contracts.compatible import Asked, Newer
from workflows.contracts.names import ArtifactRef, RunId
from workflows.contracts.runs import Scope
from workflows.plan import HostName, Model


class GuardPolicy(Model):
    """When a device is taken out of service, and who is told; frozen into a run by `prepare`."""

    failures: int = Field(default=3, ge=1)  # of one device, in steps that change it
    within_s: float = Field(default=86_400.0, gt=0)
    alert: str | None = None  # a notification target


class Quarantined(Model):
    """A device that no run changes until an operator has cleared it, or an undo has put it right."""

    since: datetime
    because: str
    by_run: str  # workflow id of the run that brought it here
    run: RunId
    # The runs that have left it in between, where that is why: who takes all of them back, brings it back into service.
    # Told to people, and to no run.
    left_by: Newer[tuple[RunId, ...]] = ()


class LeaseRequest(Model):
    """All devices that a run may change, in one call: no run holds some and waits for others."""

    holder: Holder
    devices: tuple[HostName, ...]
    prepared: ArtifactRef | None = None  # what the run interprets, for the one that looks after it if it is lost
    effects: Newer[Scope | None] = None  # the run whose changes it takes back, where they are not its own
    number: Newer[int | None] = None  # rises with each release, so that an answer tells which request it is about
    needs_all: Newer[bool] = False  # in a renewal: the run goes on only where these are among what it asked for before


class Lost(Model):
    """A run that was cut off while it held devices, and those that nobody has looked at since."""

    holder: Holder
    prepared: ArtifactRef | None = None
    devices: tuple[HostName, ...]
    effects: Newer[Scope | None] = None  # as in `LeaseRequest`
    since: Newer[datetime | None] = None  # when the guard found out; told to people, and to no run


class LeaseAnswer(Model):
    """Granted at once, or queued: then the guard signals `SIGNAL_LEASED` when the devices are free."""

    granted: bool
    held_by: tuple[str, ...] = ()  # workflow ids of the runs that hold some of the devices, or wait before this one
    flagged: Mapping[HostName, str] = {}  # devices that a run was cut off at, and its workflow id
    lost: tuple[Lost, ...] = ()  # the same, by run
    quarantined: Mapping[HostName, Quarantined] = {}  # of the devices asked for
    to: RunId | None = None  # in a signal: the run that is meant, for a workflow id may be used again
    number: Newer[int | None] = None  # of the request that this answers
    execution: Newer[str] = ""  # by its own run id, for which a renewal was made


class Lease(Model):
    """What one run holds."""

    holder: Holder
    devices: tuple[HostName, ...]
    since: datetime
    prepared: ArtifactRef | None = None
    effects: Newer[Scope | None] = None  # as in `LeaseRequest`
    number: Newer[int | None] = None  # of its newest request


class FailureCount(Model):
    """The failures of one device that still count."""

    expires: tuple[datetime, ...]  # when each of them stops counting, in order
    because: str  # of the newest


class ClearRequest(Asked):
    """An operator has looked at devices; the one argument of the update and signal `clear`."""

    by: str = Field(min_length=1)
    devices: tuple[HostName, ...] = Field(min_length=1)
    reason: str = ""


class ClearRecord(Model):
    """A clearing as it is kept: who, when, why, and what it put back into service."""

    by: str  # ``run ID`` where an undo has put the devices right
    reason: str = ""
    at: datetime
    how: Literal["update", "signal"]
    devices: tuple[HostName, ...]  # those that were flagged or quarantined
    id: str = ""  # of the update


class ClearAnswer(Model):
    """What the update `clear` answers."""

    cleared: tuple[HostName, ...] = ()


class GuardState(Model):
    """All that the guard knows; the answer of its query, and what it carries into its next execution."""

    leases: tuple[Lease, ...] = ()
    queue: tuple[LeaseRequest, ...] = ()
    flagged: Mapping[HostName, str] = {}  # devices that a run was cut off at, and its workflow id
    lost: tuple[Lost, ...] = ()  # the same, by run
    quarantined: Mapping[HostName, Quarantined] = {}
    failures: Mapping[HostName, FailureCount] = {}
    cleared: tuple[ClearRecord, ...] = ()  # the newest 100
    claims: tuple[Claim, ...] = ()
    claim_queue: tuple[ClaimRequest, ...] = ()
    handled: tuple[str, ...] = ()  # ids of the newest reports, so that none is counted twice


class LeaseInput(Model):
    """Ask the guard for devices.

    A run that was reset may have given back meanwhile what its history says it holds. So it asks only whether it still
    has it: where it ``renews``, or where the activity works for another execution than the one that is named here.
    """

    request: LeaseRequest
    renews: Newer[bool] = False
    execution: Newer[str] = ""


class DeviceReport(Model):
    """A device that failed in a run. ``dirty``: it may hold a part of a change, and is quarantined at once."""

    host: HostName
    because: str
    dirty: bool = False
    left_by: Newer[RunId | None] = None  # where another run than this one has left it so


class ReleaseInput(Model):
    """Give all devices of a holder back, and say which of them failed; asked twice, the second time does nothing."""

    holder: Holder
    id: str = ""  # of this report; the same in every attempt
    failed: tuple[DeviceReport, ...] = ()
    looked_at: tuple[HostName, ...] = ()  # devices that came flagged, and about which nothing is in doubt any more
    policy: GuardPolicy = GuardPolicy()
    claim: bool = False  # whether the work that it has claimed is done, too
    number: Newer[int | None] = None  # of the request that this ends; a later one stands
    mended: Newer[tuple[HostName, ...]] = ()  # devices that an undo has restored and verified
    mends: Newer[tuple[RunId, ...]] = ()  # the runs of which nothing is left there now


class LookInput(Model):
    """What has a lost run left on these devices? At most `BATCH_SIZE`."""

    scope: Scope  # of the run that asks
    lost: Lost


class LookResult(Model):
    """Where each device stands. What was cut in two is taken back, for nobody is left to finish it."""

    clean: tuple[HostName, ...] = ()  # nothing was begun there, or it was finished
    taken_back: tuple[HostName, ...] = ()
    dirty: Mapping[HostName, str] = {}  # it could not be taken back, and why
    unseen: Mapping[HostName, str] = {}  # it could not be looked at, and why


class ReleaseAnswer(Model):
    """Which devices this run has brought into quarantine, and which out of it."""

    quarantined: Mapping[HostName, Quarantined] = {}
    back: Newer[tuple[HostName, ...]] = ()  # those of ``mended`` that are in service again


class HolderInput(Model):
    """Is this run still alive?"""

    holder: Holder


class HolderState(Model):
    """Whether a run is ``open``, has ``ended`` by itself, or was ``cut_off``: terminated, timed out, not known."""

    state: Literal["open", "ended", "cut_off"]


class HoldersInput(Model):
    """Which of these runs are still alive? At most `BATCH_SIZE`."""

    holders: tuple[Holder, ...]


class HoldersState(Model):
    """For each of the runs what `HolderState` says of one; ``unknown``: this one could not be looked at now."""

    states: Mapping[RunId, Literal["open", "ended", "cut_off", "unknown"]]
