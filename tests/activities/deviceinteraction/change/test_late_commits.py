"""A commit whose link died may last for minutes: what it changes is then found later than the next attempt looks."""

from dataclasses import dataclass

import pytest
from pydantic import JsonValue

from activities.deviceinteraction.failures import ConfigLocked, OutcomeUnknown
from activities.deviceinteraction.model import Applied
from activities.deviceinteraction.platforms.protocol import Locking
from activities.deviceinteraction.platforms.registry import platform_named
from activities.deviceinteraction.testbed import Fault
from devicelab import COMMIT_LINE, LIMITS, NAMES, NEW_VLAN, Lab, MemoryJournal

LOCKING = ("juniper_junos", "cisco_iosxr", "nokia_sros")
pytestmark = pytest.mark.parametrize("lab", LOCKING, indirect=True)


@dataclass
class LandingJournal(MemoryJournal):
    """A journal of an attempt at whose side the commit of an earlier one ends, once it has looked at the device."""

    lab: Lab | None = None  # where the commit is still to end

    async def read(self, key: str) -> dict[str, JsonValue] | None:
        if self.lab is not None and key.startswith("sent"):  # asked for between the look and the lock
            lab, self.lab = self.lab, None
            land(lab)
        return await super().read(key)


def land(lab: Lab) -> None:
    """The commit of the attempt that died ends."""
    lab.device.change(NEW_VLAN[lab.platform])


async def begun(lab: Lab) -> MemoryJournal:
    """An attempt whose link dies at its commit, of which nothing is to be seen yet."""
    journal = MemoryJournal()
    async with lab.session() as session:
        change = await session.propose(NEW_VLAN[lab.platform], NAMES)
    lab.device.inject(Fault(kind="drop", match=COMMIT_LINE[lab.platform]))
    with pytest.raises(OutcomeUnknown):
        async with lab.session(timeouts=LIMITS) as session:
            await session.apply(change, NAMES, journal, save=True)
    assert not lab.has(120, "lab")
    return journal


async def applied(lab: Lab, journal: MemoryJournal) -> Applied:
    lab.device.clear()
    async with lab.session() as session:
        change = await session.propose(NEW_VLAN[lab.platform], NAMES)
        journal = LandingJournal(dict(journal.entries), lab=lab)
        return await session.apply(change, NAMES, journal, save=True)


async def test_a_commit_that_ends_after_the_look_is_found_and_not_taken_for_drift(lab: Lab) -> None:
    found = await applied(lab, await begun(lab))
    assert (found.changed, lab.has(120, "lab")) == (True, True)


async def test_an_undo_waits_for_a_commit_that_is_still_under_way(lab: Lab) -> None:
    before, journal = lab.device.running_config(), await begun(lab)
    lab.device.inject(Fault(kind="locked", match="exclusive", times=0))
    with pytest.raises(ConfigLocked):
        async with lab.session() as session:
            await session.undo(NAMES, journal, methods=("native", "inverse"))
    lab.device.clear()
    land(lab)
    async with lab.session() as session:
        undone = await session.undo(NAMES, journal, methods=("inverse",))
    assert (undone.was_touched, lab.device.running_config()) == (True, before)


async def test_the_platforms_here_are_those_that_have_such_a_lock(lab: Lab) -> None:
    assert isinstance(platform_named(lab.platform), Locking)
