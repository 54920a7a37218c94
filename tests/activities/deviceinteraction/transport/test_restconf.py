"""RESTCONF on a simulated Catalyst switch: bound by entity tags, read back, undone by the inverse."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
import pytest_asyncio

from activities.deviceinteraction.failures import (
    ConfigLocked,
    InvalidInput,
    OutcomeUnknown,
    PartiallyApplied,
    Permanent,
    RejectedByDevice,
    Transient,
)
from activities.deviceinteraction.model import Hold
from activities.deviceinteraction.probing import probe
from activities.deviceinteraction.session import Session
from activities.deviceinteraction.testbed import Fault
from activities.deviceinteraction.transport.protocol import DataTransport
from contract_apis import OURS, ROOT, VLANS, api_testbed, native, vlan_entry
from devicelab import NAMES, Lab, MemoryJournal
from hand_clock import HandClock

pytestmark = pytest.mark.asyncio(loop_scope="module")
MIXED = native(
    "<hostname>other-1</hostname>",
    vlan_entry(20, operation="delete"),
    "<interface><GigabitEthernet><name>1/0/1</name>",
    '<description nc:operation="remove"/><shutdown/></GigabitEthernet></interface>',
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def device(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    async with api_testbed(tmp_path_factory.mktemp("restconf"), HandClock()) as made:
        yield made["restconf"]


@pytest_asyncio.fixture(loop_scope="module")
async def lab(device: Lab) -> Lab:
    """The switch as it was delivered, its log empty."""
    async with asyncio.timeout(5):
        while device.device.live_sessions:  # of the test before
            await asyncio.sleep(0.01)
    device.device.reset()
    device.device.log_path.write_text("", encoding="utf-8")
    return device


async def test_data_is_shown_by_its_path_and_secrets_are_hidden(lab: Lab) -> None:
    async with lab.session() as session:
        said = json.loads(await session.show(f"show {ROOT}/vlan/Cisco-IOS-XE-vlan:vlan-list=20"))
        assert said == {"Cisco-IOS-XE-vlan:vlan-list": [{"id": 20, "name": "voice"}]}
        assert "running" not in await session.show(f"show /restconf/data/{ROOT}/hostname")
        for wrong in (f"show {ROOT}/frobnication", f"show {ROOT}/vlan/Cisco-IOS-XE-vlan:vlan-list=21"):
            with pytest.raises(RejectedByDevice):
                await session.show(wrong)
        with pytest.raises(InvalidInput, match=r"has none\. Use `show MODULE:CONTAINER"):
            await session.show("ping 192.0.2.1")
        state = await session.snapshot(["interfaces"])
    assert state.interfaces is not None
    assert state.interfaces["GigabitEthernet1/0/8"].admin == "down"


async def test_what_is_merged_goes_in_one_request_and_what_is_deleted_behind_it(lab: Lab) -> None:
    before, journal = lab.device.running_config(), MemoryJournal()
    async with lab.session() as session:
        change = await session.propose([MIXED], NAMES)
        await session.apply(change, NAMES, journal, save=False)
    assert lab.effects() == [
        f"PATCH /restconf/data/{ROOT}",
        f"DELETE /restconf/data/{ROOT}/vlan/Cisco-IOS-XE-vlan:vlan-list=20",
        f"DELETE /restconf/data/{ROOT}/interface/GigabitEthernet=1/0/1/description",
    ]
    assert "hostname other-1" in lab.device.running_config()
    async with lab.session() as session:
        assert (await session.undo(NAMES, journal, methods=["native", "inverse"])).method == "inverse"
    assert lab.device.running_config() == before


async def test_an_entry_is_replaced_by_put(lab: Lab) -> None:
    journal = MemoryJournal()
    entry = f'<vlan-list xmlns="{VLANS}" nc:operation="replace"><id>20</id><name>phones</name></vlan-list>'
    async with lab.session() as session:
        change = await session.propose([native(f"<vlan>{entry}</vlan>")], NAMES)
        await session.apply(change, NAMES, journal, save=False)
    assert lab.effects() == [f"PUT /restconf/data/{ROOT}/vlan/Cisco-IOS-XE-vlan:vlan-list=20"]
    assert lab.device.vlans()[20].name == "phones"


async def test_a_change_is_bound_to_what_was_read_by_its_tag(lab: Lab) -> None:
    async with lab.session() as session:
        before = await session.platform.running(session._device)
        staged = await session.platform.stage(session._device, [OURS], before, NAMES)
        lab.device.change(["vlan 333", " name theirs"])
        with pytest.raises(Transient, match="somebody else changed the configuration"):
            await session.platform.commit(session._device, staged, before, NAMES)
        with pytest.raises(Transient, match="prepared is gone"):
            await session.platform.commit(session._device, staged, before, NAMES)
    assert (lab.effects(), lab.has(120)) == ([], False)


async def test_where_no_tag_binds_it_a_last_look_does(lab: Lab) -> None:
    deleting = native(vlan_entry(20, operation="delete"))
    async with lab.session() as session:
        before = await session.platform.running(session._device)
        staged = await session.platform.stage(session._device, [deleting], before, NAMES)
        lab.device.change(["vlan 333", " name theirs"])
        with pytest.raises(Transient, match="somebody else changed the configuration"):
            await session.platform.commit(session._device, staged, before, NAMES)
    assert lab.effects() == []


async def test_a_request_that_is_refused_after_another_leaves_a_half_that_is_undone(lab: Lab) -> None:
    before, journal = lab.device.running_config(), MemoryJournal()
    async with lab.session() as session:
        change = await session.propose([MIXED], NAMES)
        lab.device.inject(Fault(kind="reject", match="^DELETE.*vlan-list=20"))
        with pytest.raises(PartiallyApplied, match="was refused: invalid-value"):
            await session.apply(change, NAMES, journal, save=False)
    async with lab.session() as session:
        assert (await session.undo(NAMES, journal, methods=["inverse"])).was_touched
    assert lab.device.running_config() == before


async def test_what_the_device_refuses_as_a_whole_leaves_it_as_it_was(lab: Lab) -> None:
    before = lab.device.running_config()
    async with lab.session() as session:
        change = await session.propose([native(vlan_entry(4095, "<name>lab</name>"))], NAMES)
        with pytest.raises(RejectedByDevice, match="Nothing is applied") as refused:
            await session.apply(change, NAMES, MemoryJournal(), save=False)
        assert not refused.value.touched
        lab.device.inject(Fault(kind="locked", match="^PATCH"))
        with pytest.raises(ConfigLocked, match="lock-denied"):
            await session.apply(await session.propose([OURS], NAMES), NAMES, MemoryJournal(), save=False)
    assert (lab.device.running_config(), lab.effects()) == (before, [])


async def test_it_says_that_it_has_no_timer(lab: Lab) -> None:
    async with lab.session() as session:
        change = await session.propose([OURS], NAMES)
        with pytest.raises(Permanent, match="no confirmed commit"):
            await session.apply(change, NAMES, MemoryJournal(), save=False, hold=Hold(timedelta(minutes=2)))
    report = await probe(lab.target, host_keys=lab.host_keys)
    assert report.usable
    assert [finding.name for finding in report.undo if finding.state == "ok"] == ["inverse"]
    assert any(finding.name == "entity tags" and finding.state == "ok" for finding in report.findings)


async def test_an_operation_of_the_devices_own_is_invoked_once(lab: Lab) -> None:
    saving, journal = '<save-config xmlns="http://cisco.com/yang/cisco-ia"/>', MemoryJournal()
    lab.device.change(["hostname other-2"])
    async with lab.session() as session:
        said = await session.rpc(saving, journal)
        assert "Save running-config successful" in said
        assert await session.rpc(saving, journal.survived()) == said
        with pytest.raises(InvalidInput, match="no operation of a data model"):
            await session.rpc('<reset xmlns="urn:nobody"/>')
        with pytest.raises(RejectedByDevice, match="invalid-value"):
            await session.rpc('<frobnicate xmlns="http://cisco.com/yang/cisco-ia"/>')
    assert lab.effects("startup") == ["POST /restconf/operations/cisco-ia:save-config"]


async def test_a_root_that_is_not_there_is_named(lab: Lab) -> None:
    elsewhere = replace(lab, target=replace(lab.target, root="openconfig-vlan:vlans"))
    async with elsewhere.session() as session:
        assert isinstance(session.transport, DataTransport)
        with pytest.raises(RejectedByDevice, match=r"`data\.restconf_root`"):
            await session.snapshot(["config"])


async def test_a_link_that_dies_at_any_effect_leaves_all_or_nothing(lab: Lab) -> None:
    before, kept = lab.device.running_config(), lab.device.startup_config()
    async with lab.session() as session:
        change = await session.propose([MIXED], NAMES)

    async def again(deed: Callable[[Session], Awaitable[object]]) -> bool:
        for _ in range(3):
            try:
                async with lab.session() as opened:
                    await deed(opened)
            except PartiallyApplied:
                return False
            except (Transient, OutcomeUnknown):
                continue
            return True
        raise AssertionError("it was never done")

    for match in ("^PATCH", "^DELETE.*vlan-list=20", "^DELETE.*description", "^POST"):
        for phase in ("before", "after"):
            lab.device.reset()
            lab.device.inject(Fault.model_validate({"kind": "drop", "match": match, "phase": phase}))
            journal = MemoryJournal()
            made = await again(partial(Session.apply, change=change, names=NAMES, journal=journal, save=True))
            assert not lab.device.pending_faults()
            assert made or lab.device.startup_config() == kept
            await again(partial(Session.undo, names=NAMES, journal=journal, methods=["inverse"]))
            assert (lab.device.running_config(), lab.device.startup_config()) == (before, kept), (match, phase)
