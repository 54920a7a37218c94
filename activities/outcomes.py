"""How one device's part of a step ends: what is gathered on the way, and how a failure crosses Temporal.

The outcome travels as the result of a call that succeeded and in the details of one that failed, so that the run always
knows whether the configuration may have been touched.
"""

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from temporalio.exceptions import ApplicationError

from activities.artifacts.store import JSON, ArtifactError, ArtifactStore, ref_of
from activities.deviceinteraction.failures import DeviceFailure
from activities.deviceinteraction.model import Change
from activities.journal import JournalConflictError
from activities.logbook import Logbook
from activities.secrets.store import SecretError
from activities.values import KeptValue
from workflows import wording
from workflows.contracts import MESSAGE_LENGTH, ArtifactRef, DeviceOutcome, DeviceStatus, FailureInfo, UndoInfo
from workflows.errors import FAILURE_TYPES, EvaluationError, FailureType, failure
from workflows.plan import HostName

log: Final = logging.getLogger(__name__)

WARNINGS_KEPT: Final = 5


@dataclass(slots=True)
class Gathered:
    """What one attempt at a device has found and done so far. Mutable, and local to its attempt."""

    host: HostName
    attempt: int
    began_s: float = field(default_factory=time.monotonic)
    refs: dict[str, ArtifactRef] = field(default_factory=dict)  # by `as` name
    values: dict[str, KeptValue] = field(default_factory=dict)
    changes: dict[str, Change] = field(default_factory=dict)  # proposed in this step
    warnings: list[str] = field(default_factory=list)
    warning_count: int = 0
    changed: bool = False
    touched: bool = False
    diff: str | None = None
    diff_ref: ArtifactRef | None = None
    diff_made: str | None = None
    transcript: ArtifactRef | None = None
    confirm_by: datetime | None = None  # while a change waits for its confirmation
    would: list[str] = field(default_factory=list)  # plan mode: what has no diff and would be done
    logbook: Logbook | None = None  # told where its transcript is, while the attempt goes on
    unsaved: dict[ArtifactRef, bytes] = field(default_factory=dict)  # values that are named, and not yet kept

    def warn(self, message: str) -> None:
        """Count a warning, and keep the first few for people."""
        self.warning_count += 1
        if len(self.warnings) < WARNINGS_KEPT:
            self.warnings.append(shortened(message))

    def keep(self, data: bytes) -> ArtifactRef:
        """Name a value, as JSON, that `save` is to keep."""
        ref = ref_of(data)
        self.unsaved[ref] = data
        return ref

    async def save(self, store: ArtifactStore) -> None:
        """Keep what waits for it, all at once: a device costs no visit to the disk for each of its answers.

        Nothing may name a value before this: no journal, and no outcome.

        Raises:
            ArtifactError: The store cannot be written; what was not kept still waits.
        """
        waiting = dict(self.unsaved)
        await asyncio.gather(*(store.put(data, JSON) for data in waiting.values()))
        self.unsaved = {ref: data for ref, data in self.unsaved.items() if ref not in waiting}

    async def save_or_forget(self, store: ArtifactStore) -> None:
        """Keep what waits, at the end of an attempt that failed anyway; what cannot be kept is not named."""
        with suppress(ArtifactError):
            await self.save(store)
        self.refs = {name: ref for name, ref in self.refs.items() if ref not in self.unsaved}

    def outcome(
        self, status: DeviceStatus, info: FailureInfo | None = None, undo: UndoInfo | None = None
    ) -> DeviceOutcome:
        """The end of this attempt."""
        return DeviceOutcome(
            host=self.host,
            status=status,
            changed=self.changed,
            touched=self.touched,
            failure=info,
            warnings=tuple(self.warnings),
            warning_count=self.warning_count,
            values=dict(self.refs),
            diff=self.diff,
            diff_ref=self.diff_ref,
            diff_made=self.diff_made,
            would=tuple(self.would),
            transcript=self.transcript,
            undo=undo,
            confirm_by=self.confirm_by,
            attempt=self.attempt,
            duration_s=round(time.monotonic() - self.began_s, 3),
        )

    def failed(self, kind: FailureType, message: str, status: DeviceStatus, *, retry: bool) -> ApplicationError:
        """The failure to raise, with the outcome in its details."""
        said = shortened(message)
        outcome = self.outcome(status, FailureInfo(type=kind, message=said))
        return failure(kind, said, outcome.model_dump(mode="json"), retry=retry)


def shortened(message: str, end: str = "") -> str:
    """A message as history keeps it: one line, at most `MESSAGE_LENGTH` characters; ``end`` is never cut."""
    return wording.shortened(" ".join(message.split()), MESSAGE_LENGTH - len(end)) + end


def status_of(kind: FailureType, *, touched: bool) -> DeviceStatus:
    """The status of a device whose call failed with a class."""
    match kind:
        case "unreachable":
            return "unreachable"
        case "outcome_unknown":
            return "unknown"
        case "cancelled":
            return "failed" if touched else "skipped"  # what never happened is no failure of the device
        case "undo_failed":
            return "undo_failed"
        case _:
            return "failed"


def _type_of(error: DeviceFailure) -> FailureType:
    for kind in FAILURE_TYPES:
        if kind == error.kind:
            return kind
    return "permanent"


def classified(error: Exception) -> tuple[FailureType, str]:
    """The class of whatever ended an attempt at a device, and what may be said about it."""
    match error:
        case DeviceFailure():
            return _type_of(error), error.message
        case JournalConflictError():
            return "transient", "another attempt was at work on this device at the same time; the next one looks first"
        case SecretError():
            return "permanent", str(error)
        case ArtifactError():
            return "block_unavailable", f"executor: {error}"
        case EvaluationError():
            return "invalid_input", str(error)
        case _:
            log.error("a bug in an activity", exc_info=error)
            # Its text may hold anything that a device or a secret store said.
            return "permanent", f"netsaga failed with {type(error).__name__}, which is a bug; see the worker's log"
