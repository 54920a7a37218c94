"""Between runs and the guard: two requests for the same work (`dedup` of a definition)."""

from datetime import datetime
from typing import Literal

from workflows.contracts.names import RunId
from workflows.contracts.runs import RunResult
from workflows.plan import Model


class Holder(Model):
    """A run that holds leases or a claim.

    Runs that one run has called share its ``root``, and their ids begin with its id and a slash: so the guard knows who
    has called whom, and a called run never waits for its callers.
    """

    workflow_id: str
    run: RunId
    root: str  # workflow id of the outermost run


class Gone(Model):
    """A holder that Temporal says is closed, found out by the one who asks."""

    holder: Holder
    state: Literal["ended", "cut_off"]


class ClaimRequest(Model):
    """One run asks to be the only one at some work: a definition and the value of its `dedup.key`."""

    holder: Holder
    definition: str
    key: str
    on_duplicate: Literal["join", "reject", "queue"]
    gone: Gone | None = None


class Claim(Model):
    """Who does the work."""

    holder: Holder
    definition: str
    key: str
    since: datetime


class ClaimAnswer(Model):
    """Granted, or a duplicate of what ``holder`` does.

    The guard also signals it, as `SIGNAL_CLAIMED`: to one in the queue when it is its turn, and to one that joined when
    the run that it joined is ending.
    """

    granted: bool
    holder: Holder | None = None
    to: RunId | None = None  # in a signal: the run that is meant, for a workflow id may be used again


class ClaimInput(Model):
    """Ask the guard for a claim."""

    request: ClaimRequest


class FollowInput(Model):
    """Wait for the end of a run."""

    holder: Holder


class FollowResult(Model):
    """How a run closed: with its result, or without one (terminated, say), and then ``message`` says how."""

    result: RunResult | None = None
    type: str = ""  # of its failure
    message: str = ""
