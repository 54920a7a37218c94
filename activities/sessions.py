"""Opens a device's session for an activity: credential, host keys, limits, and a transcript that is always kept.

Sites have a limit of their own, for all runs on a worker together: a branch behind a thin line, or an access server
that takes a handful of logins. Waiting for a free slot happens before the login, while heartbeats go on, so that no
time limit of a step or a device is running yet.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from temporalio import activity

from activities.artifacts.documents import Documents
from activities.artifacts.store import ArtifactError
from activities.deviceinteraction.failures import Transient
from activities.deviceinteraction.model import Fence, HostKeys, HostName, Journal, Proxy, Target, Timeouts
from activities.deviceinteraction.recording import written
from activities.deviceinteraction.session import Session, open_session
from activities.deviceinteraction.transcript import Transcript
from activities.deviceinteraction.transport.pool import Pool
from activities.files import NO_FILES, Files
from activities.outcomes import Gathered
from activities.secrets.store import SecretError, SecretStore
from workflows.contracts import Device
from workflows.plan import DevicesStep, ReachableAction
from workflows.run.calls import attempt_seconds
from workflows.suggest import did_you_mean

log: Final = logging.getLogger(__name__)

LAST_WORDS_S: Final = 10.0  # for keeping the transcript, also of an attempt that was cancelled


class SiteBusy(Transient):
    """No session of the device's site came free in time; the device was not asked, so this is no attempt at it."""


class Sites:
    """How many sessions are open at each site. One object for a worker.

    Args:
        limit: Sessions at one site at a time; ``None`` is no limit. Devices without a site have none.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._limit = limit
        self._slots: dict[str, asyncio.Semaphore] = {}

    def limits(self, device: Device) -> bool:
        """Whether a device's site counts its sessions: one that is idle would be taken from somebody who waits."""
        return self._limit is not None and device.site is not None

    @asynccontextmanager
    async def slot(self, device: Device, patience_s: float) -> AsyncIterator[None]:
        """Hold a slot of the device's site.

        Args:
            device: Who is to be logged in to.
            patience_s: How long to wait for a slot, in seconds.

        Raises:
            SiteBusy: None came free in that time.
        """
        if self._limit is None or device.site is None:
            yield
            return
        slots = self._slots.setdefault(device.site, asyncio.Semaphore(self._limit))
        try:
            async with asyncio.timeout(patience_s):
                await slots.acquire()
        except TimeoutError:
            raise SiteBusy(
                f"{device.name}: all {self._limit} sessions at site {device.site!r} were in use for {patience_s:.0f} s "
                "(`limits.sessions_per_site` in the worker's settings); it is tried again."
            ) from None
        try:
            yield
        finally:
            slots.release()


def patience(step: DevicesStep) -> float:
    """How long an activity may wait for a slot, in seconds.

    What Temporal grants it beyond the attempt itself; at least half of all, as an attempt rarely needs what it may.
    """
    granted = activity.info().start_to_close_timeout
    if granted is None:
        return attempt_seconds(step)
    return max(granted.total_seconds() - attempt_seconds(step), granted.total_seconds() / 2)


@dataclass(frozen=True, slots=True)
class ProxyAt:
    """A jump host, as the worker's settings have it; ``credential`` is a name."""

    address: str
    credential: str
    port: int = 22


@dataclass(frozen=True, slots=True)
class Sessions:
    """How sessions are opened: what a worker knows and a definition does not.

    Args:
        secrets: Credentials by name.
        host_keys: How the devices' host keys are judged.
        connect: The limit for one log-in.
        commit: The limit for a commit, a rollback or a save, whatever the step says (device-safety 14).
        sites: How many sessions a site takes at a time.
        files: What may be copied to devices.
        proxies: Jump hosts by name; a device names the one that it is reached through as ``data.proxy``.
        pool: Where sessions stay open for the next step; each step logs in anew where ``None``.
    """

    secrets: SecretStore
    host_keys: HostKeys
    connect: timedelta = timedelta(seconds=15)
    commit: timedelta = timedelta(minutes=5)
    sites: Sites = field(default_factory=Sites)
    files: Files = NO_FILES
    proxies: Mapping[str, ProxyAt] = field(default_factory=dict)
    pool: Pool | None = None

    def slot(self, device: Device, step: DevicesStep) -> AbstractAsyncContextManager[None]:
        """A slot of the device's site, held while the block runs. Raises `SiteBusy`."""
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
        try:
            async with (
                nullcontext() if in_slot else self.slot(device, step),
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
            if transcript.evidence:
                await _keep(transcript, documents, gathered)

    async def target(self, device: Device, credential: str | None) -> Target:
        """A device with what identifies us to it; its own credential wins over the step's.

        Raises:
            SecretError: None is named, or it cannot be had.
        """
        name = device.credential or credential
        if name is None:
            raise SecretError(
                f"no credential is named for {device.name}; give one to the host, its group or the inventory's "
                "defaults, or to the definition's `defaults`."
            )
        secret = await self.secrets.credential(name)
        proxy = await proxy_of(device, self.proxies, self.secrets)
        return Target(HostName(device.name), device.address, device.platform, secret, device.port, proxy)


def _waits(step: DevicesStep) -> timedelta:
    """For how long a device that does not answer is waited for: a step may begin with just that."""
    first = step.do[0] if step.do else None
    return timedelta(seconds=first.within_s) if isinstance(first, ReachableAction) else timedelta(0)


async def proxy_of(device: Device, proxies: Mapping[str, ProxyAt], secrets: SecretStore) -> Proxy | None:
    """The jump host that a device is reached through, with what identifies us to it; ``None`` where it needs none.

    Raises:
        SecretError: The device names one that the settings do not know, or its credential cannot be had.
    """
    name = device.data.get("proxy")
    if name is None:
        return None
    at = proxies.get(str(name))
    if at is None:
        near = did_you_mean(str(name), proxies, "they are")
        raise SecretError(f"{device.name}: the jump host `{name}` is not among the worker's `ssh.proxies`; {near}")
    return Proxy(HostName(str(name)), at.address, await secrets.credential(at.credential), at.port)


async def _keep(transcript: Transcript, documents: Documents, gathered: Gathered) -> None:
    try:
        async with asyncio.timeout(LAST_WORDS_S):
            earlier = "" if gathered.transcript is None else await documents.text(gathered.transcript)
            gathered.transcript = await documents.save_text(earlier + written(transcript.recording()))
    except (ArtifactError, TimeoutError) as error:
        # How the attempt ended matters more than its transcript, and must not be replaced by this.
        log.warning("the transcript of %s could not be kept: %s", gathered.host, error)
