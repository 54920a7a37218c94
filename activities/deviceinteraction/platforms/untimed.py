"""What platforms without a confirm timer have in common: they say so, and no change ever waits on their devices."""

from typing import ClassVar

from activities.deviceinteraction.failures import Permanent
from activities.deviceinteraction.model import Names
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.platforms.protocol import Need, NoTimer, Pending, Timer


class Untimed:
    """A platform's answers about the timer that it has not; ``timer`` says why."""

    timer: ClassVar[Timer | NoTimer]

    async def timer_needs(self, device: Dialogue) -> tuple[Need, ...]:
        """See `Platform.timer_needs`. There is no timer."""
        return ()

    async def pending(self, device: Dialogue, names: Names) -> Pending:
        """See `Platform.pending`. There is no timer."""
        return "none"

    async def confirm_commit(self, device: Dialogue, names: Names) -> None:
        """See `Platform.confirm_commit`. There is no timer."""

    async def abort_timer(self, device: Dialogue, names: Names) -> None:
        """See `Platform.abort_timer`. There is no timer."""
        raise self._no_timer(device)

    def _no_timer(self, device: Dialogue) -> Permanent:
        """For what only a timer could do: a bug of ours, for `prepare` refuses it."""
        why = self.timer.reason if isinstance(self.timer, NoTimer) else "it is not used"
        return Permanent(f"{device.host}: there is no confirm timer: {why}")
