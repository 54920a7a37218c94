"""Opens a device's session for an activity: credential, host keys, limits, and a transcript that is always kept."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from activities.artifacts.documents import Documents
from activities.artifacts.store import ArtifactError
from activities.deviceinteraction.model import Fence, HostKeys, HostName, Target, Timeouts
from activities.deviceinteraction.session import Session, open_session
from activities.deviceinteraction.transcript import Transcript
from activities.outcomes import Gathered
from activities.secrets.store import SecretError, SecretStore
from workflows.contracts import Device
from workflows.plan import DevicesStep

log: Final = logging.getLogger(__name__)

LAST_WORDS_S: Final = 10.0  # for keeping the transcript, also of an attempt that was cancelled


@dataclass(frozen=True, slots=True)
class Sessions:
    """How sessions are opened: what a worker knows and a definition does not.

    Args:
        secrets: Credentials by name.
        host_keys: How the devices' host keys are judged.
        connect: The limit for one log-in.
        commit: The limit for a commit, a rollback or a save, whatever the step says (device-safety 14).
    """

    secrets: SecretStore
    host_keys: HostKeys
    connect: timedelta = timedelta(seconds=15)
    commit: timedelta = timedelta(minutes=5)

    @asynccontextmanager
    async def open(
        self, device: Device, step: DevicesStep, fence: Fence, documents: Documents, gathered: Gathered
    ) -> AsyncIterator[Session]:
        """One session; its transcript is kept when the block ends, however it ends.

        Raises:
            SecretError: No credential is named, or it cannot be had.
            DeviceFailure: No session can be opened, as the device library classifies it.
        """
        transcript = Transcript()
        target = await self._target(device, step)
        timeouts = Timeouts(connect=self.connect, command=timedelta(seconds=step.timeout_s), commit=self.commit)
        try:
            async with open_session(
                target, host_keys=self.host_keys, timeouts=timeouts, fence=fence, transcript=transcript
            ) as session:
                yield session
        finally:
            if transcript.evidence:
                await _keep(transcript, documents, gathered)

    async def _target(self, device: Device, step: DevicesStep) -> Target:
        name = device.credential or step.credential
        if name is None:
            raise SecretError(
                f"no credential is named for {device.name}; give one to the host, its group or the inventory's "
                "defaults, or to the definition's `defaults`."
            )
        credential = await self.secrets.credential(name)
        return Target(HostName(device.name), device.address, device.platform, credential, device.port)


async def _keep(transcript: Transcript, documents: Documents, gathered: Gathered) -> None:
    try:
        async with asyncio.timeout(LAST_WORDS_S):
            gathered.transcript = await documents.save_text(transcript.text())
    except (ArtifactError, TimeoutError) as error:
        # How the attempt ended matters more than its transcript, and must not be replaced by this.
        log.warning("the transcript of %s could not be kept: %s", gathered.host, error)
