"""Opens a device's session for an activity: credential, host keys, limits, and a transcript that is always kept.

Devices and sites have limits, for all runs on a worker together: a device has a handful of lines for logins (five on
IOS as it is delivered: "line vty 0 4"), and a branch may hang on a thin line. Waiting for a free slot happens before
the login, while heartbeats go on, so that no time limit of a step or a device is running yet.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

from temporalio import activity

from activities.artifacts.documents import Documents
from activities.artifacts.store import ArtifactError
from activities.deviceinteraction.failures import Transient
from activities.deviceinteraction.model import Fence, HostKeys, Journal, Target, Timeouts
from activities.deviceinteraction.recording import written
from activities.deviceinteraction.session import Session, open_session
from activities.deviceinteraction.transcript import Transcript
from activities.deviceinteraction.transport.pool import Pool
from activities.files import NO_FILES, Files
from activities.outcomes import Gathered
from activities.secrets.store import SecretError, SecretStore
from activities.targets import Ways, target_of
from workflows.contracts import ArtifactRef, Device
from workflows.plan import DevicesStep, ReachableAction
from workflows.run.calls import attempt_seconds

log: Final = logging.getLogger(__name__)

SHOWN_AFTER_S: Final = 5.0  # a session that lasts longer is shown while it lasts, and then ...
SHOWN_EVERY_S: Final = 30.0  # ... ever more rarely, up to this
LAST_WORDS_S: Final = 10.0  # for keeping the transcript, also of an attempt that was cancelled


class SiteBusy(Transient):
    """No session of the device or its site came free in time; it was not asked, so this is no attempt at it."""


class Sites:
    """How many sessions are open at each device, and at each site. One object for a worker.

    Args:
        limit: Sessions at one site at a time; ``None`` is no limit. Devices without a site have none.
        each: Sessions at one device at a time; ``None`` is no limit.
    """

    def __init__(self, limit: int | None = None, each: int | None = None) -> None:
        self._limit = limit
        self._each = each
        self._sites: dict[str, asyncio.Semaphore] = {}
        self._devices: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def limits(self, device: Device) -> bool:
        """Whether a device's site counts its sessions: one that is idle would be taken from somebody who waits."""
        return self._limit is not None and device.site is not None

    @asynccontextmanager
    async def slot(self, device: Device, patience_s: float) -> AsyncIterator[None]:
        """Hold a slot of the device, and one of its site.

        The device's comes first: who waits for a device that is in use takes nothing from the others of the site.

        Args:
            device: Who is to be logged in to.
            patience_s: How long to wait for both, in seconds.

        Raises:
            SiteBusy: None came free in that time.
        """
        wanted = []
        if self._each is not None:
            lines = self._devices.setdefault(device.name, asyncio.Semaphore(self._each))
            wanted.append((lines, f"all {self._each} sessions of the device were in use", "sessions_per_device"))
        if self._limit is not None and device.site is not None:
            slots = self._sites.setdefault(device.site, asyncio.Semaphore(self._limit))
            what = f"all {self._limit} sessions at site {device.site!r} were in use"
            wanted.append((slots, what, "sessions_per_site"))
        until_s = asyncio.get_running_loop().time() + patience_s
        async with AsyncExitStack() as held:
            for slot, what, setting in wanted:
                try:
                    # most are free, and then no timer is needed
                    async with asyncio.timeout_at(until_s) if slot.locked() else nullcontext():
                        await held.enter_async_context(slot)
                except TimeoutError:
                    raise SiteBusy(
                        f"{device.name}: {what} for {patience_s:.0f} s (`limits.{setting}` in the worker's settings); "
                        "it is tried again."
                    ) from None
            yield


def patience(step: DevicesStep) -> float:
    """How long an activity may wait for a slot, in seconds.

    What Temporal grants it beyond the attempt itself; at least half of all, as an attempt rarely needs what it may.
    """
    granted = activity.info().start_to_close_timeout
    if granted is None:
        return attempt_seconds(step)
    return max(granted.total_seconds() - attempt_seconds(step), granted.total_seconds() / 2)


@dataclass(frozen=True, slots=True)
class Sessions:
    """How sessions are opened: what a worker knows and a definition does not.

    Args:
        secrets: Credentials by name.
        host_keys: How the devices' host keys are judged.
        connect: The limit for one log-in.
        commit: The limit for a commit, a rollback or a save, whatever the step says (device-safety 14).
        sites: How many sessions a device and a site take at a time.
        files: What may be copied to devices.
        ways: By which ways devices may be reached, and where jump hosts are.
        pool: Where sessions stay open for the next step; each step logs in anew where ``None``.
    """

    secrets: SecretStore
    host_keys: HostKeys
    connect: timedelta = timedelta(seconds=15)
    commit: timedelta = timedelta(minutes=5)
    sites: Sites = field(default_factory=Sites)
    files: Files = NO_FILES
    ways: Ways = field(default_factory=Ways)
    pool: Pool | None = None

    def slot(self, device: Device, step: DevicesStep) -> AbstractAsyncContextManager[None]:
        """A slot of the device and of its site, held while the block runs. Raises `SiteBusy`."""
        return self.sites.slot(device, patience(step))

    @asynccontextmanager
    async def open(
        self,
        device: Device,
        step: DevicesStep,
        fence: Fence,
        documents: Documents,
        gathered: Gathered,
        attempts: Journal,
        *,
        in_slot: bool = False,
        fresh: bool = False,
    ) -> AsyncIterator[Session]:
        """One session; its transcript is kept when the block ends, however it ends.

        Args:
            device: Who is to be logged in to.
            step: For its time limits and its credential.
            fence: Asked before each write.
            documents: Where the transcript is kept.
            gathered: Told where.
            attempts: What all attempts at this call know of each other.
            in_slot: Whether the caller holds a slot of the device's site, for several sessions one after the other.
            fresh: Whether the login itself is what is to be proven.

        Raises:
            SiteBusy: The device's site takes no more sessions for now.
            SecretError: No credential is named, or it cannot be had.
            DeviceFailure: No session can be opened, as the device library classifies it.
        """
        transcript = Transcript()
        target = await self.target(device, step.credential)
        timeouts = Timeouts(connect=self.connect, command=timedelta(seconds=step.timeout_s), commit=self.commit)
        shown = asyncio.create_task(_show(transcript, documents, gathered), name="transcript")
        try:
            async with (
                nullcontext() if in_slot else self.slot(device, step),
                self.room(target) if fresh else nullcontext(),
                open_session(
                    target,
                    host_keys=self.host_keys,
                    timeouts=timeouts,
                    fence=fence,
                    transcript=transcript,
                    attempts=attempts,
                    patience=_waits(step),
                    pool=None if fresh or self.sites.limits(device) else self.pool,
                ) as session,
            ):
                yield session
        finally:
            shown.cancel()
            if transcript.evidence:
                await _keep(transcript, documents, gathered)

    @asynccontextmanager
    async def room(self, target: Target) -> AsyncIterator[None]:
        """Leave nothing idle at a device that is logged in to without the pool: its slots count that session, too."""
        if self.pool is not None:
            await self.pool.release(target)
        yield

    async def target(self, device: Device, credential: str | None) -> Target:
        """A device with what identifies us to it; its own credential wins over the step's.

        Raises:
            SecretError: None is named, or it cannot be had.
            DeviceFailure: The device is to be reached by a way that there is not, or that is not allowed.
        """
        name = device.credential or credential
        if name is None:
            raise SecretError(
                f"no credential is named for {device.name}; give one to the host, its group or the inventory's "
                "defaults, or to the definition's `defaults`."
            )
        return await target_of(device, name, self.ways, self.secrets)


def _waits(step: DevicesStep) -> timedelta:
    """For how long a device that does not answer is waited for: a step may begin with just that."""
    first = step.do[0] if step.do else None
    return timedelta(seconds=first.within_s) if isinstance(first, ReachableAction) else timedelta(0)


async def _keep(transcript: Transcript, documents: Documents, gathered: Gathered) -> None:
    try:
        async with asyncio.timeout(LAST_WORDS_S):
            gathered.transcript, _ = await asyncio.gather(
                _kept(transcript, documents, gathered, is_open=False), _values_kept(documents, gathered)
            )
    except (ArtifactError, TimeoutError) as error:
        # How the attempt ended matters more than its transcript, and must not be replaced by this.
        log.warning("the transcript of %s could not be kept: %s", gathered.host, error)


async def _values_kept(documents: Documents, gathered: Gathered) -> None:
    with suppress(ArtifactError):  # they still wait, and the attempt tries once more
        await gathered.save(documents.store)


async def _show(transcript: Transcript, documents: Documents, gathered: Gathered) -> None:
    """Keep what was said so far now and then: for whoever asks what a device is waiting for.

    Most sessions are over before the first time. Each time is later than the one before, as each keeps the whole anew.
    """
    pause_s, known = SHOWN_AFTER_S, 0
    while True:
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, SHOWN_EVERY_S)
        if transcript.length == known:
            continue
        known = transcript.length
        try:
            await _kept(transcript, documents, gathered, is_open=True)
        except ArtifactError as error:
            log.debug("the transcript of %s cannot be shown yet: %s", gathered.host, error)


async def _kept(transcript: Transcript, documents: Documents, gathered: Gathered, *, is_open: bool) -> ArtifactRef:
    """The transcript of an attempt, its earlier sessions included, as an artifact that is found by its log."""
    earlier = "" if gathered.transcript is None else await documents.text(gathered.transcript)
    ref = await documents.save_text(earlier + written(transcript.recording()))
    if gathered.logbook is not None:
        await gathered.logbook.note(ref, datetime.now(UTC), is_open=is_open)
    return ref
