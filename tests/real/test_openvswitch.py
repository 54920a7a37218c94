"""Open vSwitch for real: the campus VLAN as membership in the uplinks' lists, with its database as the witness."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from activities.deviceinteraction.failures import InvalidInput, PartiallyApplied, RejectedByDevice
from activities.deviceinteraction.model import Neighbour, Route, Vlan
from activities.deviceinteraction.probing import probe
from activities.deviceinteraction.session import Session, open_session
from devicelab import LIMITS, NAMES, MemoryJournal
from real_machines import Machine

VLAN = [
    "add port uplink1 trunks 120",
    "add port uplink2 trunks 120",
    "set bridge br0 external_ids:vlan-name-120=cameras",
]


@asynccontextmanager
async def session(switch: Machine) -> AsyncIterator[Session]:
    async with open_session(switch.target("openvswitch"), host_keys=switch.known_hosts(), timeouts=LIMITS) as opened:
        yield opened


def witness(switch: Machine) -> dict[str, list[int]]:
    """The lists of VLANs as the database server itself has them, not as ovs-vsctl tells them."""
    query = ["Open_vSwitch", {"op": "select", "table": "Port", "where": [], "columns": ["name", "trunks"]}]
    rows = json.loads(switch.run("ovsdb-client", "transact", json.dumps(query)))[0]["rows"]
    listed = {row["name"]: row["trunks"] for row in rows}
    return {
        name: sorted(value[1] if isinstance(value, list) else [value])
        for name, value in listed.items()
        if name.startswith("uplink")
    }


def dump(switch: Machine) -> str:
    return switch.sh("ovs-vsctl show | sort; ovs-vsctl --columns=name,external_ids,other_config list bridge | sort")


async def test_the_campus_vlan_is_membership_in_the_uplinks_lists_and_its_undo_takes_it_out(sw1: Machine) -> None:
    before, journal = dump(sw1), MemoryJournal()
    async with session(sw1) as opened:
        change = await opened.propose(VLAN, NAMES)
        assert change.made == "computed_by_device"
        assert change.diff.splitlines() == [
            " bridge br0",
            "+ external_ids:vlan-name-120 cameras",
            "  port uplink1",
            "+  trunks 120",
            "  port uplink2",
            "+  trunks 120",
        ]
        assert witness(sw1) == {"uplink1": [10, 20], "uplink2": [10, 20]}, "a proposal altered the switch"
        await opened.apply(change, NAMES, journal, save=True)
        assert witness(sw1) == {"uplink1": [10, 20, 120], "uplink2": [10, 20, 120]}
        state = await opened.snapshot(["vlans", "interfaces"])
        assert state.vlans is not None
        assert state.interfaces is not None
        assert state.vlans[120] == Vlan(name="cameras", status="active")
        assert state.interfaces["uplink1"].trunk_vlans == (10, 20, 120)
        assert state.interfaces["desk1"].access_vlan == 10
        assert (await opened.propose(VLAN, NAMES)).empty
        assert (await opened.undo(NAMES, journal, methods=("native", "inverse"))).method == "inverse"
    assert dump(sw1) == before
    assert witness(sw1) == {"uplink1": [10, 20], "uplink2": [10, 20]}


async def test_what_a_colleague_adds_to_the_same_list_survives_the_undo(sw1: Machine) -> None:
    journal = MemoryJournal()
    async with session(sw1) as opened:
        await opened.apply(await opened.propose(VLAN, NAMES), NAMES, journal, save=True)
        sw1.run("ovs-vsctl", "add", "port", "uplink1", "trunks", "333")
        undone = await opened.undo(NAMES, journal, methods=("inverse",))
    assert undone.foreign == ("+ bridge br0 / port uplink1 / trunks 333",)
    assert witness(sw1)["uplink1"] == [10, 20, 333]
    sw1.run("ovs-vsctl", "remove", "port", "uplink1", "trunks", "333")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([*VLAN, "add port nowhere trunks 120"], "no row"),
        ([*VLAN, "set port uplink1 tag=5000"], "not in the valid range"),
        ([*VLAN, "set port uplink1 colour=red"], "colour"),
    ],
)
async def test_a_refused_command_means_that_none_of_the_change_is_made(
    sw1: Machine, lines: list[str], words: str
) -> None:
    async with session(sw1) as opened:
        with pytest.raises(RejectedByDevice, match=words):
            await opened.propose(lines, NAMES)
    assert witness(sw1) == {"uplink1": [10, 20], "uplink2": [10, 20]}


async def test_only_commands_that_change_the_configuration_are_taken(sw1: Machine) -> None:
    async with session(sw1) as opened:
        for line in ("emer-reset", "show", "add-port br0 p9 -- emer-reset", "add-port br0 'p9"):
            with pytest.raises(InvalidInput):
                await opened.propose([line], NAMES)


@pytest.mark.parametrize(
    "lines",
    [
        ["set port desk1 tag=20"],
        ["clear port desk1 tag", "set port desk1 trunks=10,20 vlan_mode=native-untagged"],
        ["del-port br0 desk1"],
        ["--may-exist add-port br0 tap9 tag=30 -- set interface tap9 type=internal".partition(" -- ")[0],
         "set interface tap9 type=internal options:note='two words'"],
        ["add-br br1", "set bridge br1 datapath_type=netdev other_config:hwaddr=\\\"02:00:00:00:00:01\\\"",
         "add-port br1 vlan30", "set interface vlan30 type=internal", "set port vlan30 tag=30"],
        ["set bridge br0 rstp_enable=true fail_mode=secure"],
    ],
)  # fmt: skip
async def test_the_inverse_of_every_kind_of_change_leads_back_to_what_was(sw1: Machine, lines: list[str]) -> None:
    before, journal = dump(sw1), MemoryJournal()
    async with session(sw1) as opened:
        was = await opened.snapshot(["config"])
        await opened.apply(await opened.propose(lines, NAMES), NAMES, journal, save=True)
        assert await opened.snapshot(["config"]) != was
        await opened.undo(NAMES, journal, methods=("inverse",))
        assert await opened.snapshot(["config"]) == was
    assert dump(sw1) == before


async def test_a_port_that_the_switch_cannot_open_fails_the_change_and_is_undone(sw1: Machine) -> None:
    before, journal = dump(sw1), MemoryJournal()
    async with session(sw1) as opened:
        change = await opened.propose(["add-port br0 nosuchport tag=10"], NAMES)
        with pytest.raises(PartiallyApplied, match="could not open network device nosuchport"):
            await opened.apply(change, NAMES, journal, save=True)
        await opened.undo(NAMES, journal, methods=("inverse",))
    assert dump(sw1) == before


async def test_nothing_is_sent_to_a_database_whose_switch_has_died(sw1: Machine) -> None:
    async with session(sw1) as opened:
        change = await opened.propose(VLAN, NAMES)
        sw1.sh("kill -9 $(cat /run/openvswitch/ovs-vswitchd.pid); while pgrep -x ovs-vswitchd; do sleep 0.05; done")
        with pytest.raises(RejectedByDevice, match="ovs-vswitchd"):
            await opened.apply(change, NAMES, MemoryJournal(), save=True)
        assert witness(sw1)["uplink1"] == [10, 20]
    report = await probe(sw1.target("openvswitch"), host_keys=sw1.known_hosts(), timeouts=LIMITS)
    assert not report.usable
    sw1.sh("ovs-vswitchd --pidfile --detach -vconsole:off")
    report = await probe(sw1.target("openvswitch"), host_keys=sw1.known_hosts(), timeouts=LIMITS)
    assert report.usable
    assert report.confirm.state == "missing"


async def test_the_routes_and_neighbours_of_a_switch_are_those_of_its_machine(sw1: Machine) -> None:
    sw1.sh(
        "ip link set br0 up; ip addr replace 192.0.2.1/24 dev br0; "
        "ip neighbour replace 192.0.2.2 lladdr 02:00:5e:00:53:01 dev br0 nud permanent"
    )
    try:
        async with session(sw1) as opened:
            state = await opened.snapshot(["routes", "neighbours", "versions"])
    finally:
        sw1.sh("ip neighbour del 192.0.2.2 dev br0; ip addr del 192.0.2.1/24 dev br0; ip link set br0 down")
    assert state.routes == {"192.0.2.0/24": Route(protocol="connected", next_hops=("br0",))}
    assert state.neighbours == {"br0": (Neighbour(host="192.0.2.2", port="02:00:5e:00:53:01"),)}
    assert state.versions is not None
    assert state.versions.model == "ovs-vswitchd"
