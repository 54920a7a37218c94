"""Links that stay open for a short while, so that the next step of a run need not log in anew.

A link comes back only if nothing went wrong on it and the device stands at the prompt that it had after the login; it
is asked for a sign of life before it is used again, and closed when nobody wants it. Where a fresh login is itself the
proof, as before a confirm, the pool is passed by.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from activities.deviceinteraction.failures import DeviceFailure
from activities.deviceinteraction.model import HostKeys, HostName, PlatformName, Target, Timeouts
from activities.deviceinteraction.transcript import Transcript
from activities.deviceinteraction.transport.opening import open_link
from activities.deviceinteraction.transport.protocol import ReusableTransport, Transport

_Key = tuple[Target, PlatformName, HostKeys]  # what makes two logins the same

TRUSTED_S: Final = 1.0  # a link that was used so lately is not asked for a sign of life


@dataclass(slots=True)
class _Idle:
    """A link that nobody uses, and what closes it."""

    key: _Key
    transport: ReusableTransport
    links: AsyncExitStack
    since: float
    ending: asyncio.TimerHandle


class Pool:
    """Keeps links, at most one idle one a device. One object for a worker.

    A device has few lines for logins, so an idle link gives way before another login to the same device is made.

    Args:
        idle: How long a link is kept that nobody uses.
        most: How many are kept; beyond that links are closed at once.
    """

    def __init__(self, idle: timedelta, most: int = 1_000) -> None:
        self._idle_s = idle.total_seconds()
        self._most = most
        self._idle: dict[HostName, _Idle] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def link(
        self, target: Target, platform: PlatformName, host_keys: HostKeys, timeouts: Timeouts, transcript: Transcript
    ) -> AsyncIterator[Transport]:
        """A link to a device, open already or new; see `open_link`.

        Raises:
            DeviceFailure: As `open_link`.
        """
        key = (target, platform, host_keys)
        idle = await self._take(key, timeouts, transcript)
        if idle is None:
            await self.release(target)
        links = AsyncExitStack() if idle is None else idle.links
        transport: ReusableTransport
        if idle is None:
            transport = await links.enter_async_context(open_link(target, platform, host_keys, timeouts, transcript))
        else:
            transport = idle.transport
        try:
            yield transport
        except BaseException:
            await links.aclose()
            raise
        if self._is_kept(key, transport):
            self._keep(key, transport, links)
        else:
            await links.aclose()

    async def release(self, target: Target) -> None:
        """Close what is idle at a device, by whatever login, before somebody logs in to it without the pool."""
        if target.name in self._idle:
            await asyncio.wait([self._end(target.name)])

    async def close(self) -> None:
        """Close all that are idle."""
        for host in list(self._idle):
            self._end(host)
        await asyncio.gather(*self._closing, return_exceptions=True)

    async def _take(self, key: _Key, timeouts: Timeouts, transcript: Transcript) -> _Idle | None:
        """The idle link of a device, if it is of this login and still lives."""
        host = key[0].name
        idle = self._idle.get(host)
        if idle is None or idle.key != key:
            return None
        del self._idle[host]
        idle.ending.cancel()
        age_s = asyncio.get_running_loop().time() - idle.since
        idle.transport.adopt(timeouts, transcript)
        try:
            if idle.transport.is_alive() and (age_s < TRUSTED_S or await _answers(idle.transport, timeouts)):
                return idle
        except DeviceFailure:
            pass  # it died while nobody looked: nothing was under way, and a new one is opened
        except BaseException:
            await idle.links.aclose()
            raise
        await idle.links.aclose()
        return None

    def _is_kept(self, key: _Key, transport: ReusableTransport) -> bool:
        fits = key[0].name not in self._idle and len(self._idle) < self._most
        return fits and transport.is_alive() and transport.prompt == transport.home

    def _keep(self, key: _Key, transport: ReusableTransport, links: AsyncExitStack) -> None:
        loop = asyncio.get_running_loop()
        host = key[0].name
        ending = loop.call_later(self._idle_s, self._end, host)
        self._idle[host] = _Idle(key, transport, links, loop.time(), ending)

    def _end(self, host: HostName) -> asyncio.Task[None]:
        idle = self._idle.pop(host)
        idle.ending.cancel()
        closing = asyncio.ensure_future(idle.links.aclose())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        return closing


async def _answers(transport: Transport, timeouts: Timeouts) -> bool:
    """Whether a device answers an empty line with the prompt that it stood at."""
    before = transport.prompt
    return await transport.send("", within=timeouts.connect) == "" and transport.prompt == before
