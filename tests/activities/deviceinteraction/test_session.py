"""What a session shows of a device, the same on all platforms, and what it refuses to pass on."""

from pathlib import Path

import pytest

from activities.deviceinteraction.failures import CheckFailed, Permanent, Transient
from activities.deviceinteraction.model import Vlan
from activities.deviceinteraction.testbed import Fault, Testbed
from activities.deviceinteraction.transcript import Transcript
from devicelab import HASTY, LIMITS, NAMES, NEW_VLAN, Lab, MemoryJournal, lab_in, lab_of

VLANS = {
    "cisco_iosxe": "show vlan",
    "cisco_nxos": "show vlan",
    "arista_eos": "show vlan",
    "juniper_junos": "show vlans",
}


async def test_snapshots_have_one_shape_on_all_platforms(tmp_path: Path) -> None:
    async with Testbed.start(state=tmp_path, devices=4) as testbed:
        states = []
        for name in testbed.devices:
            async with lab_in(testbed, name).session() as session:
                states.append(await session.snapshot(["config", "vlans", "interfaces"]))
    for state in states:
        assert state.config
        assert state.vlans is not None
        assert state.interfaces is not None
        assert state.vlans == states[0].vlans
        ports = list(state.interfaces.values())
        assert any(port.mode == "trunk" and {10, 20} <= set(port.trunk_vlans) for port in ports)
        assert any(port.mode == "access" and port.access_vlan == 10 and port.admin == "up" for port in ports)
    assert states[0].vlans is not None
    assert states[0].vlans[10] == Vlan(name="users", status="active")


async def test_vlans_are_parsed_into_rows_with_lower_case_names(lab: Lab) -> None:
    async with lab.session() as session:
        rows = await session.parse(VLANS[lab.platform], await session.show(VLANS[lab.platform]), min_rows=2)
    assert any(row["vlan_name"] == "users" for row in rows)


async def test_fewer_rows_than_demanded_fail(lab: Lab) -> None:
    async with lab.session() as session:
        output = await session.show(VLANS[lab.platform])
        with pytest.raises(CheckFailed, match="at least 500"):
            await session.parse(VLANS[lab.platform], output, min_rows=500)


async def test_an_empty_answer_is_a_failure(lab: Lab) -> None:
    lab.device.inject(Fault(kind="empty", match="show version"))
    async with lab.session() as session:
        with pytest.raises(CheckFailed, match="nothing"):
            await session.show("show version")


async def test_an_empty_running_config_stops_a_proposal(lab: Lab) -> None:
    lab.device.inject(Fault(kind="empty", match="show (running|configuration)"))
    async with lab.session() as session:
        with pytest.raises(CheckFailed):
            await session.propose(NEW_VLAN[lab.platform], NAMES)


async def test_garbage_instead_of_a_running_config_stops_a_proposal(lab: Lab) -> None:
    lab.device.inject(Fault(kind="garbage", match="show (running|configuration)"))
    with pytest.raises((CheckFailed, Transient)):
        async with lab.session(timeouts=HASTY) as session:
            await session.propose(NEW_VLAN[lab.platform], NAMES)
    assert lab.effects() == []


async def test_a_command_that_does_not_answer_is_transient(lab: Lab) -> None:
    lab.device.inject(Fault(kind="hang", match="show version"))
    with pytest.raises(Transient, match="in time"):
        async with lab.session(timeouts=HASTY) as session:
            await session.show("show version")


async def test_a_link_that_breaks_while_reading_is_transient(lab: Lab) -> None:
    lab.device.inject(Fault(kind="drop", match="show version", phase="middle"))
    with pytest.raises(Transient) as failed:
        async with lab.session() as session:
            await session.show("show version")
    assert not failed.value.touched


async def test_secrets_leave_the_session_nowhere(lab: Lab) -> None:
    transcript = Transcript()
    async with lab.session(transcript=transcript) as session:
        state = await session.snapshot(["config"])
        command = "show configuration | display set" if lab.platform == "juniper_junos" else "show running-config"
        shown = await session.show(command)
    texts = [transcript.text(), state.config or "", shown]
    for secret in ("netsaga-lab", "netsaga-enable", "$1$", "$5$", "$6$", "$9$"):
        assert all(secret not in text for text in texts), secret
    assert all("<redacted>" in text for text in texts)


async def test_a_vlan_change_under_a_vtp_server_is_refused_with_what_to_do(tmp_path: Path) -> None:
    async with lab_of("cisco_iosxe", tmp_path, vtp_mode="server") as lab, lab.session() as session:
        with pytest.raises(Permanent, match="vtp mode transparent"):
            await session.propose(NEW_VLAN["cisco_iosxe"], NAMES)
        assert not (await session.propose(["interface GigabitEthernet1/0/1", " description seat 1"], NAMES)).empty


async def test_a_junos_candidate_that_a_colleague_left_is_neither_committed_nor_dropped(tmp_path: Path) -> None:
    async with lab_of("juniper_junos", tmp_path) as lab, lab.session() as session:
        lab.device.change(["set vlans theirs vlan-id 333"], commit=False)
        with pytest.raises(Transient, match="config locked"):
            await session.propose(NEW_VLAN["juniper_junos"], NAMES)
        assert 333 not in lab.device.vlans()


async def test_a_junos_lock_held_by_another_session_is_told_with_its_holder(tmp_path: Path) -> None:
    async with lab_of("juniper_junos", tmp_path) as lab, lab.session() as first, lab.session() as second:
        await first.transport.send("configure exclusive")
        with pytest.raises(Transient, match=r"config locked.*netsaga"):
            await second.propose(NEW_VLAN["juniper_junos"], NAMES)


async def test_an_eos_session_of_a_crashed_attempt_is_found_and_aborted(tmp_path: Path) -> None:
    async with lab_of("arista_eos", tmp_path) as lab:
        async with lab.session() as crashed:
            await crashed.transport.send(f"configure session {NAMES.tag}")
            await crashed.transport.send("vlan 999")
        async with lab.session() as session:
            change = await session.propose(NEW_VLAN["arista_eos"], NAMES)
            assert "999" not in change.diff
            assert NAMES.tag not in await session.transport.send("show configuration sessions")


async def test_a_hostname_change_does_not_lose_the_prompt(lab: Lab) -> None:
    line = "set system host-name other-name" if lab.platform == "juniper_junos" else "hostname other-name"
    async with lab.session(timeouts=LIMITS) as session:
        before = lab.device.running_config()
        change = await session.propose([line], NAMES)
        journal = MemoryJournal()
        assert (await session.apply(change, NAMES, journal, save=False)).changed
        assert "other-name" in session.transport.prompt
        assert (await session.undo(NAMES, journal, methods=["native", "inverse"])).was_touched
        assert lab.device.running_config() == before


@pytest.mark.parametrize("lab", ["cisco_iosxe", "cisco_nxos", "arista_eos"], indirect=True)
async def test_trunk_vlans_are_added_and_taken_back_one_by_one(lab: Lab) -> None:
    async with lab.session() as session:
        interfaces = (await session.snapshot(["interfaces"])).interfaces
        assert interfaces is not None
        trunk = next(name for name, port in interfaces.items() if port.mode == "trunk")
        before = lab.device.running_config()
        lines = [f"interface {trunk}", " switchport trunk allowed vlan add 120,121"]
        change, journal = await session.propose(lines, NAMES), MemoryJournal()
        assert change.diff.splitlines()[-1].endswith("switchport trunk allowed vlan add 120-121")
        await session.apply(change, NAMES, journal, save=False)
        lab.device.change([f"interface {trunk}", " switchport trunk allowed vlan add 333"])
        assert (await session.undo(NAMES, journal, methods=["inverse"])).method == "inverse"
        after = (await session.snapshot(["interfaces"])).interfaces
    assert after is not None
    assert set(after[trunk].trunk_vlans) == {*interfaces[trunk].trunk_vlans, 333}
    assert lab.device.running_config() != before
