"""A clock for simulated devices that a test turns by hand: their confirm timers run out when it says so."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass
class HandTimer:
    """A call that is due later."""

    due: datetime
    call: Callable[[], None]
    over: bool = False

    def cancel(self) -> None:
        self.over = True


class HandClock:
    """Stands still but for `turn`."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC).replace(microsecond=0)
        self._timers: list[HandTimer] = []

    def now(self) -> datetime:
        return self._now

    def call_later(self, delay_s: float, call: Callable[[], None]) -> HandTimer:
        self._timers.append(HandTimer(self._now + timedelta(seconds=delay_s), call))
        return self._timers[-1]

    def turn(self, seconds: float) -> None:
        """Let time pass; what is due meanwhile happens."""
        self._now += timedelta(seconds=seconds)
        for timer in [one for one in self._timers if not one.over and one.due <= self._now]:
            timer.over = True
            timer.call()
