"""Names, numbers and small types of all that crosses Temporal."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal, NewType

ArtifactRef = NewType("ArtifactRef", str)  # "sha256:" and 64 hex characters
RunId = NewType("RunId", str)  # the run id of the first execution; it never changes while a run lives

TASK_QUEUE: Final = "netsaga"
POOL: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"  # the name of a worker pool
POOL_HELP: Final = "a pool's name: up to 64 letters, digits, `.`, `_` and `-`, a letter or digit first"
RUN: Final = "Run"
BATCH: Final = "Batch"
GUARD: Final = "Guard"
GUARD_ID: Final = "netsaga-guard"  # one for a namespace: leases hold across runs

PREPARE: Final = "prepare"
INTERACT: Final = "interact"
UNDO: Final = "undo"
CONFIRM: Final = "confirm"
FOLD: Final = "fold"
PROPOSALS: Final = "proposals"
COMPARE: Final = "compare"
KEEP: Final = "keep"
SAVE_STATE: Final = "save_state"
LOAD_STATE: Final = "load_state"
NOTIFY: Final = "notify"
SEAL: Final = "seal"
DIVIDE: Final = "divide"
WINDOW: Final = "window"
HTTP: Final = "http"
SCRIPT: Final = "script"
LEASE: Final = "lease"
RELEASE: Final = "release"
HOLDER: Final = "holder"
HOLDERS: Final = "holders"
SERVED: Final = "served"
CLAIM: Final = "claim"
FOLLOW: Final = "follow"
LOOK: Final = "look"
ASK: Final = "ask"
REACHABLE: Final = "reachable"
REQUEST_CANCEL: Final = "request_cancel"

SIGNAL_APPROVE: Final = "approve"  # also the names of the updates
SIGNAL_REJECT: Final = "reject"
QUERY_STATUS: Final = "status"
QUERY_DEVICES: Final = "devices"  # of a run, and of a batch that is open
QUERY_GRAPH: Final = "graph"
SIGNAL_PROGRESS: Final = "batch_progress"
SIGNAL_SLOTS: Final = "slots"
SIGNAL_CUT: Final = "cut"
SIGNAL_LEASED: Final = "leased"
UPDATE_ACQUIRE: Final = "acquire"
UPDATE_RENEW: Final = "renew"
SIGNAL_RELEASE: Final = "release"  # also the name of the update
SIGNAL_CLEAR: Final = "clear"  # also the name of the update
UPDATE_CLAIM: Final = "claim"
SIGNAL_CLAIMED: Final = "claimed"
QUERY_LEASES: Final = "leases"
CIRCLE: Final = "circle"  # the type of the guard's refusal where runs would wait for each other for ever

SEARCH_ATTRIBUTES: Final[Mapping[str, str]] = {  # all of type Keyword
    "definition": "NetsagaDefinition",
    "version": "NetsagaVersion",
    "phase": "NetsagaPhase",
    "ticket": "NetsagaTicket",
}

BATCH_SIZE: Final = 100
HISTORY_EVENTS: Final = 3_000  # from here on a run, or the guard, continues as new
BATCHES_OPEN: Final = 20
# A worker that is killed while it decides is noticed after this; Temporal's own 10 s would be all that a run may pause.
WORKFLOW_TASK_TIMEOUT: Final = timedelta(seconds=8)
MAX_PAYLOAD: Final = 256_000  # bytes, after compression
INLINE: Final = 64_000  # bytes of a result, or of an answer's body, that history keeps
MESSAGE_LENGTH: Final = 300  # characters of a failure's message in history; the transcript has the rest

Verdict = Literal["succeeded", "partial", "stopped", "failed", "failed_dirty", "rejected", "cancelled"]
Left = Literal["nothing", "changes", "doubt"]  # on devices: changes that stand, or something in between
Phase = Literal["pending", "running", "waiting", "paused", "undoing", "closed"]
StepState = Literal[
    "pending", "running", "waiting", "undoing", "succeeded", "undone", "failed", "skipped", "rejected", "cancelled"
]
DeviceStatus = Literal[
    "succeeded",
    "failed",
    "unreachable",
    "skipped",
    "quarantined",
    "unknown",
    "undone",
    "undo_failed",
]

# One letter a device in what travels between batch and run. "c" is succeeded and changed.
PENDING: Final = "."
RUNNING: Final = "r"
CHANGED: Final = "c"
LETTERS: Final[Mapping[DeviceStatus, str]] = {
    "succeeded": "s",
    "failed": "f",
    "unreachable": "u",
    "skipped": "k",
    "quarantined": "q",
    "unknown": "?",
    "undone": "x",
    "undo_failed": "!",
}


def pool_queue(queue: str, pool: str | None) -> str:
    """The task queue on which the workers of a pool take up what is to be done on its devices.

    Args:
        queue: Of the run: the queue of the workers of no pool.
        pool: The pool's name; None for devices that any worker reaches.
    """
    return queue if pool is None else f"{queue}-{pool}"
