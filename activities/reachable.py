"""The activity `reachable`: whether devices answer a fresh login, at most a batch of them in one call.

Nothing is asked of a device but its prompt, and no session is kept. How many logins run at once is bounded here, and by
the sites' own limits. Whether and when those that do not answer are asked again is the run's to say; a login that was
refused is told apart, since another attempt could lock the account.
"""

import asyncio

from temporalio import activity

from activities.artifacts.documents import Documents
from activities.artifacts.store import ArtifactError
from activities.deviceinteraction.model import Timeouts
from activities.deviceinteraction.session import open_session
from activities.fence import heartbeat
from activities.outcomes import classified, shortened
from activities.sessions import Sessions
from activities.values import BUNDLE
from workflows import contracts
from workflows.contracts import Device, FailureInfo, ReachableInput, ReachableResult
from workflows.errors import failure
from workflows.plan import HostName, WaitStep
from workflows.run.calls import LOGINS_AT_ONCE, SITE_PATIENCE_S


class Reachable:
    """Holds what a login needs.

    Args:
        documents: The artifact store, typed.
        sessions: How to log in.
    """

    def __init__(self, documents: Documents, sessions: Sessions) -> None:
        self._documents = documents
        self._sessions = sessions

    @activity.defn(name=contracts.REACHABLE)
    async def reachable(self, call: ReachableInput) -> ReachableResult:
        """Log in to each device once, and out again.

        Raises:
            ApplicationError: ``block_unavailable`` where the artifact store fails.
        """
        async with heartbeat():
            try:
                bundle = await self._documents.load(call.prepared, BUNDLE)
            except ArtifactError as error:
                raise failure("block_unavailable", f"executor: {error}", retry=True) from None
            step = bundle.plan.step(call.step)
            assert isinstance(step, WaitStep), "only a `wait` for devices asks this"
            slots = asyncio.Semaphore(LOGINS_AT_ONCE)

            async def one(host: HostName) -> FailureInfo | None:
                async with slots:
                    return await self._answers(bundle.devices[host], step)

            found = await asyncio.gather(*(one(host) for host in call.hosts))
        failures = {host: why for host, why in zip(call.hosts, found, strict=True) if why is not None}
        return ReachableResult(reachable=tuple(host for host in call.hosts if host not in failures), failures=failures)

    async def _answers(self, device: Device, step: WaitStep) -> FailureInfo | None:
        sessions = self._sessions
        limits = Timeouts(connect=sessions.connect, command=sessions.connect)
        try:
            target = await sessions.target(device, step.credential)
            async with (
                sessions.sites.slot(device, SITE_PATIENCE_S),
                sessions.room(target),
                open_session(target, host_keys=sessions.host_keys, timeouts=limits),
            ):
                return None
        except Exception as error:  # noqa: BLE001  # whatever keeps one device from answering is no matter of the others
            kind, message = classified(error)
            return FailureInfo(type=kind, message=shortened(message))
