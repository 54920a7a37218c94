"""The state of an IOS XR router, on the testbed and in forms of its tables that the testbed has none of."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities.deviceinteraction.failures import CheckFailed, DeviceFailure, Permanent
from activities.deviceinteraction.model import BgpPeer, Neighbour, Route, Section
from activities.deviceinteraction.state.iosxr import peers_in, routes_in
from activities.deviceinteraction.testbed.model import Fault
from activities.deviceinteraction.testbed.surroundings import GATEWAY, Peer
from devicelab import Lab, lab_of

SECTIONS: tuple[Section, ...] = ("neighbours", "bgp", "routes", "versions")
FIRST, SECOND = "GigabitEthernet0/0/0/0", "GigabitEthernet0/0/0/1"
TABLE = """\
Codes: C - connected, S - static, R - RIP, B - BGP, (>) - Diversion path
       i - ISIS, L1 - IS-IS level-1, L2 - IS-IS level-2

Gateway of last resort is not set

O    192.0.2.1/32 [110/0] via 10.1.1.9, 04:43:27, GigabitEthernet0/0/0/0 (!)
                  [110/9164] via 10.1.1.34, 04:43:27, GigabitEthernet0/0/0/3
i L2 192.0.2.2/32 [115/20] via 10.1.1.9, 00:05:28, GigabitEthernet0/0/0/0
                  [115/20] via 10.1.1.34, 00:05:28, GigabitEthernet0/0/0/3
D EX 192.0.2.4/30 [170/153600] via 10.1.1.130, 14:56:35, TenGigE0/0/0/1.5
B    198.51.100.0/24 [20/0] via 10.1.1.1 (nexthop in vrf default), 1y03w
S    203.0.113.0/24 is directly connected, 1w0d, Null0
"""
PEERS = """\
BGP router identifier 192.0.2.9, local AS number 65001

Neighbor        Spk    AS MsgRcvd MsgSent   TblVer  InQ OutQ  Up/Down  St/PfxRcd
10.1.1.1          0 65002    3181    2889        3    0    0    2d00h          1!
10.1.1.2          0 100.10      0       0        0    0    0 00:00:00 Idle (Admin)
2001:db8:0:1:2:3:4:5
                  0 65003      12      12       12    0    0 00:00:09          0
"""


@pytest.fixture
async def router(tmp_path: Path) -> AsyncIterator[Lab]:
    async with lab_of("cisco_iosxr", tmp_path) as made:
        yield made


async def test_a_router_has_all_sections_but_those_of_a_switch(router: Lab) -> None:
    async with router.session() as session:
        assert (await session.snapshot(["bgp"])).bgp == {}
        router.device.peer_with(Peer("10.99.255.254", 65_000, 12), Peer("10.99.255.253", 4_200_000_001))
        state = await session.snapshot(SECTIONS)
        with pytest.raises(Permanent, match="`spanning_tree` is not read on cisco_iosxr"):
            await session.snapshot(["spanning_tree"])
    assert state.neighbours is not None
    assert state.neighbours[FIRST] == (Neighbour(host="dist-1", port="Ethernet1/1", platform="7.5.2"),)
    assert state.bgp == {
        "10.99.255.254": BgpPeer(state="established", asn=65_000, prefixes_received=12),
        "10.99.255.253": BgpPeer(state="idle", asn=4_200_000_001),
    }
    assert state.routes is not None
    assert state.routes["0.0.0.0/0"] == Route(protocol="static", next_hops=(GATEWAY,), metric=0)
    assert state.routes["10.1.1.0/30"] == Route(protocol="connected", next_hops=(FIRST,))
    assert state.versions is not None
    assert state.versions.os == "7.5.2"


async def test_a_link_that_goes_down_takes_its_neighbour_and_its_route_along(router: Lab) -> None:
    router.device.change([f"interface {FIRST}", "shutdown"])
    async with router.session() as session:
        state = await session.snapshot(["neighbours", "routes", "interfaces"])
    assert list(state.neighbours or ()) == [SECOND]
    assert state.routes is not None
    assert "10.1.1.0/30" not in state.routes
    assert state.interfaces is not None
    assert set(state.neighbours or ()) <= set(state.interfaces)


@pytest.mark.parametrize("kind", ["garbage", "reject"])
async def test_an_answer_that_is_none_is_a_failure(router: Lab, kind: str) -> None:
    router.device.peer_with(Peer("10.99.255.254", 65_000, 12))
    router.device.inject(Fault.model_validate({"kind": kind, "match": "lldp|cdp|bgp|route", "times": 0}))
    sections: tuple[Section, ...] = ("neighbours", "bgp", "routes")
    async with router.session() as session:
        for section in sections:
            with pytest.raises(DeviceFailure):
                await session.snapshot([section])


def test_paths_kept_for_fast_reroute_are_not_taken_and_equal_ones_all_are() -> None:
    assert routes_in("r1", TABLE) == {
        "192.0.2.1/32": Route(protocol="ospf", next_hops=("10.1.1.34",), metric=9164),
        "192.0.2.2/32": Route(protocol="isis", next_hops=("10.1.1.9", "10.1.1.34"), metric=20),
        "192.0.2.4/30": Route(protocol="eigrp", next_hops=("10.1.1.130",), metric=153600),
        "198.51.100.0/24": Route(protocol="bgp", next_hops=("10.1.1.1",), metric=0),
        "203.0.113.0/24": Route(protocol="static", next_hops=("Null0",)),
    }
    with pytest.raises(CheckFailed, match="the route code 'Z'"):
        routes_in("r1", TABLE.replace("\nB  ", "\nZ  "))


def test_a_long_address_a_dotted_as_and_a_peer_without_a_policy_are_read() -> None:
    assert peers_in("r1", PEERS) == {
        "10.1.1.1": BgpPeer(state="established", asn=65_002, prefixes_received=1),
        "10.1.1.2": BgpPeer(state="idle", asn=100 * 65_536 + 10),
        "2001:db8:0:1:2:3:4:5": BgpPeer(state="established", asn=65_003, prefixes_received=0),
    }
