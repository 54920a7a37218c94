"""The heartbeat of a device activity, and the fence that stops an attempt which has been frozen.

After SIGSTOP and SIGCONT (a paused container, a suspended laptop) an old attempt would go on writing although Temporal
has already started its successor. So each attempt measures the gaps between its own heartbeats: one above half of the
heartbeat timeout makes it stale for good, even if the ticker happens to run before the next check.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Final

from temporalio import activity

from activities.deviceinteraction.failures import StaleAttempt

DEFAULT_TIMEOUT: Final = timedelta(seconds=30)  # for a caller that demands no heartbeat
TICKS: Final = 4  # per heartbeat timeout
TICKS_OF_A_HEARTBEAT: Final = 2


def awake_and_asleep() -> float:
    """Seconds on a clock that counts suspension too (``CLOCK_BOOTTIME``), or else the monotonic one."""
    boot: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class AttemptFence:
    """`deviceinteraction.model.Fence` over the gaps between ticks.

    Args:
        heartbeat_timeout: When Temporal gives this attempt up.
        clock: Seconds; it must not stop while the machine sleeps.
    """

    def __init__(self, heartbeat_timeout: timedelta, clock: Callable[[], float] = awake_and_asleep) -> None:
        self._limit_s = heartbeat_timeout.total_seconds() / 2
        self._clock = clock
        self._last_s = clock()
        self._gap_s: float | None = None  # the gap that made it stale; it never becomes None again

    def tick(self) -> None:
        """Note that the attempt is alive."""
        self._measure()
        self._last_s = self._clock()

    def check(self) -> None:
        """Raise `StaleAttempt` where the attempt was frozen at any time since it began."""
        self._measure()
        if self._gap_s is not None:
            raise StaleAttempt(
                f"This attempt stood still for {self._gap_s:.1f} s, more than half of its heartbeat timeout "
                f"({self._limit_s * 2:g} s); a newer attempt may be at work, so this one writes nothing more."
            )

    def _measure(self) -> None:
        gap_s = self._clock() - self._last_s
        if gap_s > self._limit_s and self._gap_s is None:
            self._gap_s = gap_s


@contextlib.asynccontextmanager
async def heartbeat() -> AsyncIterator[AttemptFence]:
    """Heartbeat the current activity while the block runs; yields the fence that goes with it."""
    timeout = activity.info().heartbeat_timeout or DEFAULT_TIMEOUT
    fence = AttemptFence(timeout)
    ticker = asyncio.create_task(_tick(fence, timeout.total_seconds() / TICKS), name="heartbeat")
    try:
        yield fence
    finally:
        ticker.cancel()
        await asyncio.wait({ticker})  # unlike awaiting it, this cannot swallow a cancel of the activity itself


async def _tick(fence: AttemptFence, every_s: float) -> None:
    # A heartbeat costs the server a transaction, so one goes out for two ticks, and none before the second: the start
    # of an attempt counts as one, and most that read are done by then. An attempt that is late by a whole tick
    # more is stale anyway.
    while True:
        for _ in range(TICKS_OF_A_HEARTBEAT):
            await asyncio.sleep(every_s)
            fence.tick()
        activity.heartbeat()
