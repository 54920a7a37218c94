"""What is IOS XR's own: the lock, a commit that is refused as a whole, blocks without an inverse, no timer."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from activities.deviceinteraction.failures import ConfigLocked, InvalidInput, Permanent, RejectedByDevice
from activities.deviceinteraction.model import Hold
from activities.deviceinteraction.probing import probe
from devicelab import NAMES, NEW_VLAN, Lab, MemoryJournal, lab_of

LINES = NEW_VLAN["cisco_iosxr"]


@pytest.fixture
async def router(tmp_path: Path) -> AsyncIterator[Lab]:
    async with lab_of("cisco_iosxr", tmp_path) as made:
        yield made


async def test_a_router_says_what_it_is_and_in_which_state_its_interfaces_are(router: Lab) -> None:
    async with router.session() as session:
        facts = await session.facts()
        found = (await session.snapshot(["interfaces"])).interfaces
        with pytest.raises(InvalidInput, match="has no VLANs"):
            await session.snapshot(["vlans"])
    assert (facts.hostname, facts.vendor, facts.version) == ("acc-001", "Cisco", "7.5.2")
    assert found is not None
    first, last = found["GigabitEthernet0/0/0/0"], found["GigabitEthernet0/0/0/3"]
    assert (first.admin, first.oper, first.mode, first.description) == ("up", "up", "routed", "link 1")
    assert (last.admin, last.oper) == ("down", "down")


async def test_a_proposal_leaves_no_target_and_no_lock_behind(router: Lab) -> None:
    async with router.session() as session:
        change = await session.propose(LINES, NAMES)
        assert session.transport.prompt.endswith("acc-001#")
        router.device.change(["interface Loopback9", " description theirs"])
    assert change.diff == "+interface Loopback120\n+ description lab"
    assert change.inverse == ("no interface Loopback120",)


async def test_a_lock_that_a_colleague_holds_is_config_locked(router: Lab) -> None:
    async with router.session() as theirs, router.session() as ours:
        await theirs.transport.send("configure exclusive")
        with pytest.raises(ConfigLocked, match="locked by another agent"):
            await ours.propose(LINES, NAMES)
        await theirs.transport.send("abort")
        assert not (await ours.propose(LINES, NAMES)).empty


async def test_a_commit_that_is_refused_applies_nothing_and_says_what_the_router_said(router: Lab) -> None:
    before = router.device.running_config()
    address = next(line for line in before.splitlines() if line.startswith(" ipv4 address 10.1."))
    async with router.session() as session:
        change = await session.propose(("interface Loopback120", address), NAMES)
        with pytest.raises(RejectedByDevice, match="conflicts with interface GigabitEthernet0/0/0/0") as refused:
            await session.apply(change, NAMES, MemoryJournal(), save=True)
        assert not refused.value.touched
        assert session.transport.prompt.endswith("acc-001#")
    assert router.device.running_config() == before


async def test_a_commit_carries_our_label_and_is_rolled_back_by_it(router: Lab) -> None:
    before, journal = router.device.running_config(), MemoryJournal()
    async with router.session() as session:
        await session.apply(await session.propose(LINES, NAMES), NAMES, journal, save=True)
        assert NAMES.tag in await session.show("show configuration commit list")
        assert (await session.undo(NAMES, journal, methods=["native", "inverse"])).method == "native"
    assert router.device.running_config() == before


async def test_a_timer_is_refused_with_the_way_that_has_one(router: Lab) -> None:
    async with router.session() as session:
        change = await session.propose(LINES, NAMES)
        with pytest.raises(Permanent, match="`netconf`"):
            await session.apply(change, NAMES, MemoryJournal(), save=True, hold=Hold(timedelta(minutes=5)))
    report = await probe(router.target, host_keys=router.host_keys)
    assert (report.usable, report.confirm.state) == (True, "missing")


@pytest.mark.parametrize("line", ["route-policy in", "no prefix-set ours", "community-set x", "group g1"])
async def test_a_block_whose_inverse_cannot_be_told_is_refused_before_anything_is_typed(router: Lab, line: str) -> None:
    async with router.session() as session:
        with pytest.raises(InvalidInput, match="cannot be told"):
            await session.propose((line,), NAMES)
    assert not [entry for entry in router.log() if entry.get("line", "").startswith("configure")]
