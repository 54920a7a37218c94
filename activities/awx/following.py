"""Follows what was launched to its end, and passes a cancel on. Any attempt can go on where another one stopped.

AWX that cannot be spoken to for a while is asked again, for what it runs goes on without us.
"""

from dataclasses import dataclass, replace
from typing import Final

from activities.answers import Refused
from activities.awx.controller import PASSING, Controller, Launched
from activities.awx.launching import Clock

SOON_S: Final = 1.0  # between two looks at first, and then ...
SELDOM_S: Final = 10.0  # ... ever longer, up to this
STOPPING_S: Final = 6.0  # how long something that was cancelled may take to stop
LEAST_S: Final = 2.0  # for one look
EVENTS_S: Final = 5.0  # until what it printed is complete, after it has ended


class Gone(Exception):  # named after what happened, as failures are
    """AWX knows it no longer."""


@dataclass(frozen=True, slots=True)
class Following:
    """Follows one job.

    Args:
        controller: Speaks to AWX.
        clock: For waiting.
    """

    controller: Controller
    clock: Clock

    async def end_of(self, job: Launched, until_s: float) -> Launched:
        """How it stands at its end, or, still under way, when the time is over.

        Raises:
            Refused: It cannot be looked at, and the time is over or it would not pass.
            Gone: It was deleted.
        """
        pause_s = SOON_S
        while True:
            try:
                job = await self._look(job, until_s)
                if job.over or self.clock.now() >= until_s:
                    return job
            except Refused as refused:
                if refused.kind not in PASSING or self.clock.now() >= until_s:
                    raise
            await self.clock.sleep(max(0.0, min(pause_s, until_s - self.clock.now())))
            pause_s = min(pause_s * 1.5, SELDOM_S)

    async def stopped(self, job: Launched) -> Launched:
        """Cancel it, and wait for a moment until it stops.

        Raises:
            Refused: AWX cannot be told, or not be asked.
            Gone: It was deleted.
        """
        await self.controller.cancel(job)
        return await self.end_of(job, self.clock.now() + STOPPING_S)

    async def printed(self, job: Launched, within_s: float = EVENTS_S) -> Launched:
        """The same once all that it printed is there (its events are kept a little later than its status)."""
        until_s = self.clock.now() + within_s
        while not job.event_processing_finished and self.clock.now() < until_s:
            await self.clock.sleep(SOON_S)
            job = await self._look(job, until_s)
        return job

    async def _look(self, job: Launched, until_s: float) -> Launched:
        left_s = max(LEAST_S, until_s - self.clock.now())  # a look that hangs must not take what a cancel needs
        controller = replace(self.controller, limit_s=min(self.controller.limit_s, left_s))
        found = await controller.look(job)
        if found is None:
            raise Gone
        return found
