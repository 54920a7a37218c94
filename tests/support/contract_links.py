"""A change from its beginning to its end on a device under the contract, each part again until it is done.

What cuts the link on the way, and how the device is reached, is for the tests to say.
"""

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from activities.deviceinteraction.failures import DeviceFailure, PartiallyApplied
from activities.deviceinteraction.model import Change, Hold
from contract_rig import Rig
from devicelab import Lab, MemoryJournal

ATTEMPTS: Final = 4


@dataclass
class Script:
    """What is done to a device from a change's beginning to its end, each part again until it is done.

    Args:
        rig: The device.
        change: The change.
        hold: Under which timer, or none.
        ends: How it ends.
        stood: Whether the change was made, and not given up on the way.
    """

    rig: Rig
    change: Change
    hold: Hold | None
    ends: Sequence[str]
    stood: bool = False
    journal: MemoryJournal = field(default_factory=MemoryJournal)

    async def play(self) -> None:
        """All of it."""
        self.journal = MemoryJournal()
        self.stood = await self._until_done(
            lambda: self.rig.applied(self.change, self.journal, save=True, hold=self.hold)
        )
        if self.stood and self.hold is None:
            assert self.rig.has()[0]
        for end in self.ends if self.stood else ["undone"]:
            deed = self.rig.undone if end == "undone" else self.rig.confirmed
            await self._until_done(partial(deed, self.journal))

    async def _until_done(self, deed: Callable[[], Awaitable[object]]) -> bool:
        for _ in range(ATTEMPTS):
            try:
                await deed()
            except PartiallyApplied:
                return False
            except DeviceFailure as failure:
                if not failure.retryable:
                    raise
            else:
                return True
        raise AssertionError("it was never done")


def effects_of(lab: Lab) -> Counter[str]:
    """What had an effect; the number that a second session of a name is given does not count."""
    return Counter(re.sub(r"(netsaga-[0-9a-f]{12})-\d+", r"\1", line) for line in lab.effects())


def forget(lab: Lab) -> None:
    """Begin the log anew: it is read after each script."""
    lab.device.log_path.write_text("", encoding="utf-8")
