"""Getting past the lock of an attempt of our own that stands still, and never past anybody else's.

A frozen worker keeps its session, and with it the device's configuration lock, for as long as it is frozen. So each
attempt first writes down what the device calls its session. A later attempt of the same run, step, device and
generation that finds the lock held by exactly such a session ends it: its candidate goes with it, and what it had
committed is found by looking, as always. A lock of any other session is waited for.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from activities.deviceinteraction.failures import ConfigLocked
from activities.deviceinteraction.model import Journal, Names
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.platforms.protocol import Locking, Platform, Running

T = TypeVar("T")

_TRIES = 6
_PAUSE_S = 0.5  # a device needs a moment to clear the lock of a session that it has ended


@dataclass(frozen=True, slots=True)
class Turn:
    """This attempt's turn on a device after those before it.

    Args:
        device: Whom to talk to.
        platform: In whose words.
        attempts: What all attempts of the run, step, device and generation share; ``None`` where there are no others.
    """

    device: Dialogue
    platform: Platform
    attempts: Journal | None

    async def past_lock(self, act: Callable[[], Awaitable[T]]) -> T:
        """Do something that takes the device's lock.

        Args:
            act: What takes it; called again after an older session of ours was ended.

        Raises:
            ConfigLocked: The lock is held by a session that is not an older one of ours, or does not fall.
        """
        older = await self._announce()
        ended: set[str] = set()
        for _ in range(_TRIES):
            try:
                return await act()
            except ConfigLocked as locked:
                if locked.holder is None or locked.holder not in older:
                    raise
                if locked.holder in ended:
                    await asyncio.sleep(_PAUSE_S)
                elif not await self.platform.end_session(self.device, locked.holder):
                    raise
                ended.add(locked.holder)
        return await act()

    async def at_rest(self, names: Names) -> Running | None:
        """The configuration once no commit of an older attempt, whose link died, can be under way any more.

        Such a commit may last for minutes, and what it changes is not there before its end.

        Args:
            names: Of the change.

        Returns:
            ``None`` where the platform has no lock that would tell.

        Raises:
            ConfigLocked: The lock is not to be had, so nothing is known yet; it is for another attempt to look.
        """
        locking = self.platform
        if not isinstance(locking, Locking):
            return None
        await self.past_lock(lambda: locking.lock(self.device))
        await self.platform.discard(self.device, names)
        return await self.platform.running(self.device)

    async def _announce(self) -> frozenset[str]:
        """Write down which session this is; returns those that were written down before it."""
        if self.attempts is None:
            return frozenset()
        own = await self.platform.own_session(self.device)
        older: list[str] = []
        while own is not None:
            key = f"session-{len(older) + 1}"
            found = await self.attempts.read(key)
            if found is None:
                try:
                    await self.attempts.write(key, {"session": own})
                except ValueError:
                    continue  # another attempt wrote at the same moment: read what
                break
            if found["session"] == own:
                break
            older.append(str(found["session"]))
        return frozenset(older)
