"""A change that is typed line by line and cut anywhere is finished by the next attempt, and no line is made twice."""

import re
from collections import Counter

import pytest

from activities.deviceinteraction.failures import DeviceFailure, PartiallyApplied, StaleAttempt
from activities.deviceinteraction.model import Applied, Change
from activities.deviceinteraction.testbed import Fault
from devicelab import LIMITS, NAMES, FrozenAfter, Lab, MemoryJournal

PORTS = {"cisco_iosxe": "GigabitEthernet1/0/2", "cisco_nxos": "Ethernet1/2"}
pytestmark = pytest.mark.parametrize("lab", list(PORTS), indirect=True)


def lines_of(lab: Lab) -> tuple[str, ...]:
    """A change of several blocks that goes through a state which neither its beginning nor its end shows."""
    port = f"interface {PORTS[lab.platform]}"
    return ("vlan 120", " name lab", port, " shutdown", " description moved", " no shutdown", "vlan 121", " name more")


async def proposed(lab: Lab) -> Change:
    async with lab.session() as session:
        return await session.propose(lines_of(lab), NAMES)


async def applied(lab: Lab, change: Change, journal: MemoryJournal) -> Applied:
    async with lab.session(timeouts=LIMITS) as session:
        return await session.apply(change, NAMES, journal, save=True)


async def cut(lab: Lab, change: Change, journal: MemoryJournal, line: str, phase: str) -> None:
    """An attempt whose link dies at a line."""
    fault = {"kind": "drop", "match": f"^{re.escape(line.strip())}$", "phase": phase}
    lab.device.inject(Fault.model_validate(fault))
    with pytest.raises(DeviceFailure) as failed:
        await applied(lab, change, journal)
    assert failed.value.retryable
    assert failed.value.touched


async def undone(lab: Lab, journal: MemoryJournal) -> bool:
    async with lab.session() as session:
        return (await session.undo(NAMES, journal, methods=["native", "inverse"])).was_touched


def twice(lab: Lab) -> list[str]:
    return [line for line, times in Counter(lab.effects()).items() if times > 1]


@pytest.mark.parametrize("phase", ["before", "after"])
async def test_a_change_that_was_cut_at_any_line_is_finished(lab: Lab, phase: str) -> None:
    change = await proposed(lab)
    whole = await applied(lab, change, MemoryJournal())
    after = lab.device.running_config()
    for line in lines_of(lab):
        lab.device.reset()
        seen = len(lab.effects())
        journal = MemoryJournal()
        await cut(lab, change, journal, line, phase)
        result = await applied(lab, change, journal)
        assert lab.device.running_config() == after, line
        assert (result.changed, result.saved, result.digest) == (True, True, whole.digest)
        assert result.fingerprint == whole.fingerprint
        fresh = lab.effects()[seen:]
        assert len(fresh) == len(set(fresh)), f"cut {phase} {line!r}: {fresh}"


async def test_a_third_attempt_finishes_what_the_second_could_not(lab: Lab) -> None:
    change, journal = await proposed(lab), MemoryJournal()
    for line in lines_of(lab)[1:-1]:
        await cut(lab, change, journal, line, "after")
    assert (await applied(lab, change, journal)).changed
    assert lab.device.vlans()[121].name == "more"
    assert twice(lab) == []


async def test_only_what_is_missing_is_sent(lab: Lab) -> None:
    change, journal = await proposed(lab), MemoryJournal()
    await cut(lab, change, journal, "description moved", "after")
    seen = len(lab.log())
    await applied(lab, change, journal)
    typed = [entry.get("line") for entry in lab.log()[seen:] if str(entry.get("mode")).startswith("config")]
    port = f"interface {PORTS[lab.platform]}"
    assert typed[:-1] == [port, "no shutdown", "exit", "vlan 121", "name more", "exit"]


async def test_what_others_changed_elsewhere_meanwhile_is_kept(lab: Lab) -> None:
    change, journal = await proposed(lab), MemoryJournal()
    await cut(lab, change, journal, "name lab", "before")
    lab.device.change(["vlan 333", " name theirs"])
    assert (await applied(lab, change, journal)).changed
    assert {lab.device.vlans()[number].name for number in (120, 121, 333)} == {"lab", "more", "theirs"}


@pytest.mark.parametrize("moment", ["vlan 120", "description moved"])
async def test_where_somebody_else_was_in_the_same_block_nothing_is_guessed(lab: Lab, moment: str) -> None:
    change, journal = await proposed(lab), MemoryJournal()
    await cut(lab, change, journal, moment, "after")
    lab.device.change(["vlan 120", " name theirs"])
    effects = lab.effects()
    with pytest.raises(PartiallyApplied, match="earlier attempt left the change half made"):
        await applied(lab, change, journal)
    assert lab.effects() == effects


@pytest.mark.parametrize("refused", ["name more", "configure terminal"])
async def test_a_rest_that_is_refused_is_undone_with_all_that_came_before(lab: Lab, refused: str) -> None:
    change, before, journal = await proposed(lab), lab.device.running_config(), MemoryJournal()
    await cut(lab, change, journal, "shutdown", "after")
    lab.device.inject(Fault(kind="reject", match=refused))
    with pytest.raises(PartiallyApplied):
        await applied(lab, change, journal)
    assert await undone(lab, journal)
    assert lab.device.running_config() == before


async def test_a_rest_that_does_something_else_is_undone(lab: Lab) -> None:
    change, before, journal = await proposed(lab), lab.device.running_config(), MemoryJournal()
    await cut(lab, change, journal, "shutdown", "after")
    lab.device.inject(Fault(kind="empty", match="name more", phase="before"))
    with pytest.raises(PartiallyApplied, match="not as predicted"):
        await applied(lab, change, journal)
    with pytest.raises(PartiallyApplied, match="earlier attempt"):
        await applied(lab, change, journal)
    assert await undone(lab, journal)
    assert lab.device.running_config() == before


async def test_a_change_that_was_cut_at_any_line_is_undone_where_that_is_wanted(lab: Lab) -> None:
    change, before = await proposed(lab), lab.device.running_config()
    for line in lines_of(lab):
        lab.device.reset()
        journal = MemoryJournal()
        await cut(lab, change, journal, line, "after")
        assert await undone(lab, journal), line
        assert lab.device.running_config() == before, line


async def test_a_port_that_was_shut_on_the_way_is_opened_again_by_the_undo(lab: Lab) -> None:
    """Of the change's result nothing is there yet: only the way to it shows."""
    async with lab.session() as session:
        change = await session.propose(lines_of(lab)[2:6], NAMES)
    before, journal = lab.device.running_config(), MemoryJournal()
    await cut(lab, change, journal, "shutdown", "after")
    assert lab.device.running_config() != before
    assert await undone(lab, journal)
    assert lab.device.running_config() == before


async def test_a_later_attempt_that_stood_still_goes_on_with_nothing(lab: Lab) -> None:
    change, journal = await proposed(lab), MemoryJournal()
    await cut(lab, change, journal, "shutdown", "after")
    effects = lab.effects()
    with pytest.raises(StaleAttempt):
        async with lab.session(fence=FrozenAfter(0)) as session:
            await session.apply(change, NAMES, journal, save=True)
    assert lab.effects() == effects
    assert (await applied(lab, change, journal)).changed
    assert twice(lab) == []
