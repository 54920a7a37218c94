"""The breaker of a step: so many failures within so long, and no new device starts. Pure.

A run counts over all its batches, as they tell. Each batch counts its own at once, on top of what its run knew when it
was opened: a report takes up to a second, in which fast devices would go on failing.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from workflows.contracts import BatchPolicy
from workflows.plan import Breaker
from workflows.run.state import FAILED


def counted(breaker: Breaker, failed_at: Iterable[datetime], number: int, now: datetime) -> list[datetime]:
    """The failures that count from now on.

    Args:
        breaker: Within how long.
        failed_at: Those that counted until now.
        number: How many there are more.
        now: When those were heard of.
    """
    within = timedelta(seconds=breaker.within_s)
    return [at for at in failed_at if now - at <= within] + [now] * number


def opens(breaker: Breaker, failed_at: Sequence[datetime]) -> bool:
    """Whether there are so many that no new device starts."""
    return len(failed_at) >= breaker.failures


class BatchBreaker:
    """The breaker as one batch counts; it stays closed where its step has none."""

    def __init__(self, policy: BatchPolicy) -> None:
        self._breaker = policy.breaker
        self._failed_at = list(policy.failed_at)
        self.open = False
        self.hurries = policy.breaker is not None and policy.report_s > 1  # other batches do not know of failures here

    def opens_with(self, letter: str, now: datetime) -> bool:
        """Counts a device that has ended as its letter says; whether the breaker is open."""
        if self._breaker is not None and letter in FAILED:
            self._failed_at = counted(self._breaker, self._failed_at, 1, now)
            self.open = self.open or opens(self._breaker, self._failed_at)
        return self.open
