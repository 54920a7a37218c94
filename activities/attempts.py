"""Failures of calls that are not about devices: whether one is tried again, and when.

The plan decides, class by class and with a number of attempts; Temporal's own limit is higher, for workers that die
(`workflows/run/calls.py`). So each attempt that failed by itself is written down, as it is for devices.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.artifacts.store import TEXT, ArtifactError, ArtifactStore
from activities.outcomes import shortened
from workflows.contracts import ArtifactRef, Scope, ScriptCut
from workflows.errors import FailureType, failure
from workflows.plan import StepId
from workflows.run.calls import LOST_WORKERS

KEY_LENGTH: Final = 32  # hex characters of an idempotency key
KEEPING_S: Final = 3.0  # for the log of what was cut off: nobody who cancels waits longer for a store


@dataclass(frozen=True, slots=True)
class Attempts:
    """The attempts at one step.

    Args:
        store: Where they are written down.
        scope: The run.
        step: The step.
        retry_on: The classes of failure that the step tries again.
    """

    store: ArtifactStore
    scope: Scope
    step: StepId
    retry_on: Sequence[str] = ()

    @property
    def identity(self) -> str:
        """The same for all attempts at this step of this run, and for nothing else."""
        return f"{self.scope.run}/{self.step}"

    @property
    def key(self) -> str:
        """What the other side can tell a repetition by."""
        return sha256(self.identity.encode()).hexdigest()[:KEY_LENGTH]

    async def failed(self, kind: FailureType, message: str, after: timedelta | None = None) -> ApplicationError:
        """The failure to raise.

        Args:
            kind: Its class.
            message: Free of secrets; one line is made of it.
            after: How long the other side asks to be left alone.
        """
        retry = kind in self.retry_on and await self._left()
        return ApplicationError(
            shortened(message),
            type=kind,
            non_retryable=not retry,
            next_retry_delay=_delay(after) if retry and after is not None else None,
        )

    async def last_words(self, printed: str) -> ArtifactRef | None:
        """Keep what a program had printed when it was cut off; ``None`` where that is nothing, or cannot be kept."""
        if not printed:
            return None
        try:
            async with asyncio.timeout(KEEPING_S):
                return await self.store.put(printed.encode(), TEXT)
        except (TimeoutError, ArtifactError):
            return None  # that it was cancelled matters more

    async def _left(self) -> bool:
        """Whether the plan grants another attempt. One that died with its worker is not counted."""
        info = activity.info()
        granted = info.retry_policy.maximum_attempts - LOST_WORKERS if info.retry_policy else 0
        try:
            await self.store.create(self._failure(info.attempt), b"")
            failed = [await self.store.read(self._failure(number)) for number in range(1, info.attempt + 1)]
        except ArtifactError:
            return info.attempt < granted
        return granted <= 0 or sum(entry is not None for entry in failed) < granted

    def _failure(self, number: int) -> str:
        return f"attempts/{self.identity}/failed-{number}"


def cancelled_by_run() -> bool:
    """Whether the run has asked for the end; else the worker stops, or another attempt has begun."""
    told = activity.cancellation_details()
    return told is not None and told.cancel_requested


def cut_off(said: str, log: ArtifactRef | None) -> ApplicationError:
    """The failure to raise where the run's cancel has ended a program.

    Temporal lets a cancelled activity say nothing (SDK 1.35: ``CancelledError("Cancelled")``, whatever was raised), so
    it fails as ``cancelled``, and the run takes that for the cancel that it has asked for.

    Args:
        said: What was ended, and what is to be looked at.
        log: What it had printed.
    """
    kept = f" (what it printed until then: netsaga artifact {log})" if log else ""
    return failure("cancelled", shortened(said, kept), ScriptCut(log=log).model_dump(mode="json"))


def _delay(asked: timedelta) -> timedelta | None:
    """What was asked for, between the delay that the plan has anyway and the longest one that it allows."""
    info = activity.info()
    policy = info.retry_policy
    if policy is None:
        return None
    longest = policy.maximum_interval or policy.initial_interval * 100  # Temporal's own default
    try:
        planned = policy.initial_interval * policy.backoff_coefficient ** (info.attempt - 1)
    except OverflowError:
        planned = longest
    return max(min(asked, longest), min(planned, longest))
