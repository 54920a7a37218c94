"""Names, numbers and small types of all that crosses Temporal."""

from collections.abc import Mapping
from typing import Final, Literal, NewType

ArtifactRef = NewType("ArtifactRef", str)  # "sha256:" and 64 hex characters
RunId = NewType("RunId", str)  # the run id of the first execution; it never changes while a run lives

TASK_QUEUE: Final = "netsaga"
RUN: Final = "Run"
BATCH: Final = "Batch"
GUARD: Final = "Guard"
GUARD_ID: Final = "netsaga-guard"  # one for a namespace: leases hold across runs

PREPARE: Final = "prepare"
INTERACT: Final = "interact"
UNDO: Final = "undo"
FOLD: Final = "fold"
KEEP: Final = "keep"
NOTIFY: Final = "notify"
SEAL: Final = "seal"
DIVIDE: Final = "divide"
WINDOW: Final = "window"
HTTP: Final = "http"
SCRIPT: Final = "script"
LEASE: Final = "lease"
RELEASE: Final = "release"
HOLDER: Final = "holder"

SIGNAL_APPROVE: Final = "approve"  # also the names of the updates
SIGNAL_REJECT: Final = "reject"
QUERY_STATUS: Final = "status"
QUERY_DEVICES: Final = "devices"
SIGNAL_PROGRESS: Final = "batch_progress"
SIGNAL_SLOTS: Final = "slots"
SIGNAL_CUT: Final = "cut"
SIGNAL_LEASED: Final = "leased"
UPDATE_ACQUIRE: Final = "acquire"
SIGNAL_RELEASE: Final = "release"
SIGNAL_CLEAR: Final = "clear"
QUERY_LEASES: Final = "leases"

SEARCH_ATTRIBUTES: Final[Mapping[str, str]] = {  # all of type Keyword
    "definition": "NetsagaDefinition",
    "version": "NetsagaVersion",
    "phase": "NetsagaPhase",
    "ticket": "NetsagaTicket",
}

BATCH_SIZE: Final = 100
BATCHES_OPEN: Final = 20
MAX_PAYLOAD: Final = 256_000  # bytes, after compression
MESSAGE_LENGTH: Final = 300  # characters of a failure's message in history; the transcript has the rest

Verdict = Literal["succeeded", "partial", "stopped", "failed", "failed_dirty", "rejected", "cancelled"]
Phase = Literal["pending", "running", "waiting", "paused", "undoing", "closed"]
StepState = Literal[
    "pending", "running", "waiting", "undoing", "succeeded", "failed", "skipped", "rejected", "cancelled"
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
