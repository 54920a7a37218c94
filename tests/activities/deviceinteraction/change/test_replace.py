"""`mode: replace`: the whole configuration is given, and what lies between is made, shown and taken back."""

import pytest

from activities.deviceinteraction.failures import Drifted, InvalidInput
from activities.deviceinteraction.model import Change, PlatformName
from activities.deviceinteraction.platforms.registry import PLATFORMS
from activities.deviceinteraction.platforms.replacing import Replacing, Written, difference, refused
from activities.deviceinteraction.testbed.model import SimulatedName
from devicelab import NAMES, NEW_VLAN, OTHER_VLAN, Crash, Lab, MemoryJournal

EMPTIED: tuple[SimulatedName, ...] = ("arista_eos", "juniper_junos")
TYPED: tuple[SimulatedName, ...] = ("cisco_iosxe", "cisco_nxos", "cisco_iosxr")
every = pytest.mark.parametrize("lab", [*EMPTIED, *TYPED], indirect=True)


async def text_of(lab: Lab) -> str:
    """The configuration as the device itself would hand it out, secrets and all."""
    async with lab.session() as session:
        return (await session.platform.running(session._device)).text


async def wanted(lab: Lab, also: tuple[str, ...] = ()) -> list[str]:
    """What is there, without what somebody else has brought, and with a little more."""
    lines = (await text_of(lab)).splitlines()
    theirs = OTHER_VLAN[lab.platform]
    kept = [line for line in lines if line not in theirs and line.strip().removeprefix("description ") != "theirs"]
    listed = [line.replace(",333", "") for line in kept if line.strip() != "name theirs"]  # NX-OS lists its VLANs, too
    return [*listed, *NEW_VLAN[lab.platform], *also]


async def proposed(lab: Lab, lines: list[str]) -> Change:
    async with lab.session() as session:
        return await session.propose(lines, NAMES, "replace")


@every
async def test_a_configuration_is_replaced_and_taken_back(lab: Lab) -> None:
    lab.device.change(OTHER_VLAN[lab.platform])
    before = await text_of(lab)
    change = await proposed(lab, await wanted(lab))
    assert await text_of(lab) == before, "nothing has been altered"
    signs = {mark: [line for line in change.diff.splitlines() if line.startswith(mark)] for mark in "+-"}
    assert any("120" in line for line in signs["+"])
    assert not any("333" in line for line in signs["+"])
    assert any("333" in line for line in signs["-"])
    assert len(signs["+"]) <= 4, "what stays is not in the diff"
    journal = MemoryJournal()
    async with lab.session() as session:
        applied = await session.apply(change, NAMES, journal, save=True)
        assert (applied.changed, applied.digest) == (True, change.digest)
        assert (await session.propose(await wanted(lab), NAMES, "replace")).empty
    after = await text_of(lab)
    assert "120" in after
    assert "333" not in after
    async with lab.session() as session:
        undone = await session.undo(NAMES, journal, methods=["native"])
    assert undone.was_touched
    assert await text_of(lab) == before


@every
async def test_a_replacement_that_is_there_already_changes_nothing(lab: Lab) -> None:
    lines = [line for line in (await text_of(lab)).splitlines() if line]
    change = await proposed(lab, lines)
    assert (change.empty, change.diff) == (True, "")
    async with lab.session() as session:
        assert not (await session.apply(change, NAMES, MemoryJournal(), save=True)).changed


@every
async def test_an_attempt_that_dies_is_finished_by_the_next(lab: Lab) -> None:
    change = await proposed(lab, await wanted(lab))
    journal = MemoryJournal(dies_after="intent")
    with pytest.raises(Crash):
        async with lab.session() as session:
            await session.apply(change, NAMES, journal, save=False)
    async with lab.session() as session:
        assert (await session.apply(change, NAMES, journal.survived(), save=False)).changed
    assert "120" in await text_of(lab)


@pytest.mark.parametrize("lab", EMPTIED, indirect=True)
async def test_what_came_after_the_proposal_is_not_replaced_along(lab: Lab) -> None:
    change = await proposed(lab, await wanted(lab))
    lab.device.change(OTHER_VLAN[lab.platform])
    with pytest.raises(Drifted, match="theirs"):
        async with lab.session() as session:
            await session.apply(change, NAMES, MemoryJournal(), save=False)
    assert "120" not in await text_of(lab)


@pytest.mark.parametrize("lab", ["arista_eos", "cisco_nxos"], indirect=True)
async def test_a_backup_without_its_secrets_is_refused(lab: Lab) -> None:
    with pytest.raises(InvalidInput, match="which is a record and nothing to load"):
        await proposed(lab, [*await wanted(lab), "enable secret 5 <redacted>"])


def test_lines_that_would_come_into_the_middle_of_a_list_are_not_typed() -> None:
    platform = PLATFORMS["cisco_iosxe"]
    assert isinstance(platform, Written)
    before = platform.written("ip access-list extended OPS\n permit ip any any\n")
    wanted = ("ip access-list extended OPS", " deny ip any host 192.0.2.1", " permit ip any any")
    with pytest.raises(InvalidInput, match="into the middle of a list whose order counts"):
        difference(platform, wanted, before, "sw1")
    assert difference(platform, wanted[:1] + wanted[2:], before, "sw1") == ()


def test_a_list_in_another_order_is_another_list() -> None:
    platform = PLATFORMS["cisco_nxos"]
    assert isinstance(platform, Written)
    before = platform.written("ip access-list OPS\n  10 permit ip any any\n  20 deny ip any any\n")
    wanted = ("ip access-list OPS", "  20 deny ip any any", "  10 permit ip any any")
    with pytest.raises(InvalidInput, match="the order of the lines in 'ip access-list OPS'"):
        difference(platform, wanted, before, "sw1")


@pytest.mark.parametrize("name", sorted(PLATFORMS))
def test_each_platform_replaces_or_says_why_it_does_not(name: PlatformName) -> None:
    replaces = isinstance(PLATFORMS[name], Replacing | Written) or name in {"bird", "linux"}
    assert (refused(name) is None) == replaces
