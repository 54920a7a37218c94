"""Sections of normalised state: one shape on every platform, and what is not understood is never 'nothing there'."""

from typing import Final

import pytest

from activities.deviceinteraction.failures import CheckFailed, DeviceFailure
from activities.deviceinteraction.model import BgpPeer, Route, Section, State
from activities.deviceinteraction.testbed.model import Fault
from activities.deviceinteraction.testbed.surroundings import GATEWAY, Peer
from devicelab import Lab

SECTIONS: Final[tuple[Section, ...]] = ("neighbours", "bgp", "routes", "spanning_tree", "versions")
BGP: Final[tuple[Section, ...]] = ("bgp",)


async def test_all_sections_have_one_shape_on_all_platforms(lab: Lab) -> None:
    lab.device.peer_with(Peer("10.99.255.254", 65_000, 12), Peer("10.99.255.253", 4_200_000_001))
    async with lab.session() as session:
        state = await session.snapshot(SECTIONS)
    assert state == State.model_validate_json(state.model_dump_json())
    assert state.neighbours is not None
    ups = list(state.neighbours)
    assert [[one.host for one in found] for found in state.neighbours.values()] == [["dist-1"], ["dist-2"]]
    assert [found[0].port for found in state.neighbours.values()] == ["Ethernet1/1", "Ethernet1/2"]
    assert state.bgp == {
        "10.99.255.254": BgpPeer(state="established", asn=65_000, prefixes_received=12),
        "10.99.255.253": BgpPeer(
            state="active" if lab.device.platform == "juniper_junos" else "idle", asn=4_200_000_001
        ),
    }
    assert state.routes is not None
    default, connected = state.routes["0.0.0.0/0"], state.routes["10.99.0.0/16"]
    assert (default.protocol, default.next_hops) == ("static", (GATEWAY,))
    assert (connected.protocol, len(connected.next_hops), connected.next_hops[0][0].isalpha()) == ("connected", 1, True)
    assert isinstance(default, Route)
    assert state.spanning_tree is not None
    tree = state.spanning_tree[10 if lab.device.platform.startswith("cisco") else 0]
    assert (tree.root_port, tree.root.partition(".")[2]) == (ups[0], "0000.5e00.53aa")
    assert (
        tree.ports[ups[0]].role,
        tree.ports[ups[1]].role,
        tree.ports[ups[1]].state in ("blocking", "discarding"),
    ) == (
        "root",
        "alternate",
        True,
    )
    assert state.versions is not None
    assert state.versions.os
    assert state.versions.model
    assert (state.config, state.vlans, state.interfaces) == (None, None, None)


async def test_names_of_interfaces_are_those_of_the_section_interfaces(lab: Lab) -> None:
    async with lab.session() as session:
        state = await session.snapshot(("interfaces", *SECTIONS))
    assert state.interfaces is not None
    assert state.neighbours is not None
    assert state.spanning_tree is not None
    assert set(state.neighbours) <= set(state.interfaces)
    assert all(set(tree.ports) <= set(state.interfaces) for tree in state.spanning_tree.values())


async def test_a_device_without_bgp_has_no_peers(lab: Lab) -> None:
    async with lab.session() as session:
        assert (await session.snapshot(BGP)).bgp == {}


async def test_a_link_that_goes_down_takes_its_neighbour_along(lab: Lab) -> None:
    async with lab.session() as session:
        before = await session.snapshot(("neighbours", "spanning_tree"))
        assert before.neighbours is not None
        first, second = before.neighbours
        down = (
            [f"set interfaces {first} disable"]
            if lab.device.platform == "juniper_junos"
            else [f"interface {first}", " shutdown"]
        )
        lab.device.change(down)
        after = await session.snapshot(("neighbours", "spanning_tree"))
    assert list(after.neighbours or ()) == [second]
    assert after.spanning_tree is not None
    assert next(iter(after.spanning_tree.values())).root_port == second


@pytest.mark.parametrize("section", ["neighbours", "bgp", "routes", "spanning_tree"])
@pytest.mark.parametrize("kind", ["garbage", "reject"])
async def test_an_answer_that_is_none_is_a_failure(lab: Lab, section: str, kind: str) -> None:
    if kind == "reject" and lab.device.platform == "cisco_nxos" and section in ("neighbours", "bgp"):
        return  # a feature that is off refuses its commands
    lab.device.peer_with(Peer("10.99.255.254", 65_000, 12))
    lab.device.inject(Fault.model_validate({"kind": kind, "match": "lldp|cdp|bgp|route|spanning", "times": 0}))
    async with lab.session() as session:
        with pytest.raises(DeviceFailure) as failed:
            await session.snapshot([section])  # type: ignore[list-item]  # a parameter of the test
    assert isinstance(failed.value, CheckFailed) or failed.value.kind == "rejected_by_device"
