"""The state of SR Linux and SR OS, and that what is not understood is never 'nothing there'."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities.deviceinteraction.failures import DeviceFailure, Permanent
from activities.deviceinteraction.model import BgpPeer, Neighbour, Route, Section
from activities.deviceinteraction.testbed.model import Fault
from activities.deviceinteraction.testbed.surroundings import Peer
from devicelab import Lab, lab_of

SECTIONS: tuple[Section, ...] = ("neighbours", "bgp", "routes", "versions")
UPLINKS = {
    "nokia_srlinux": (
        "ethernet-1/49",
        "ethernet-1/50",
        "ethernet-1/49.0",
        "set / interface ethernet-1/49 admin-state disable",
    ),
    "nokia_sros": ("1/1/c5/1", "1/1/c6/1", "to-dist-1", "/configure port 1/1/c5/1 admin-state disable"),
}


@pytest.fixture(params=UPLINKS)
async def lab(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Lab]:
    async with lab_of(request.param, tmp_path) as made:
        yield made


async def test_all_sections_have_the_shape_of_all_platforms(lab: Lab) -> None:
    first, second, link, down = UPLINKS[lab.platform]
    async with lab.session() as session:
        assert (await session.snapshot(["bgp"])).bgp == {}
        lab.device.peer_with(Peer("10.99.255.254", 65_000, 12), Peer("2001:db8::1", 4_200_000_001))
        state = await session.snapshot(SECTIONS)
        with pytest.raises(Permanent, match="`spanning_tree` is not read"):
            await session.snapshot(["spanning_tree"])
        lab.device.change([down])
        after = await session.snapshot(["neighbours", "routes"])
    assert state.neighbours == {
        first: (Neighbour(host="dist-1", port="Ethernet1/1"),),
        second: (Neighbour(host="dist-2", port="Ethernet1/2"),),
    }
    assert list(after.neighbours or ()) == [second]
    assert state.bgp == {
        "10.99.255.254": BgpPeer(state="established", asn=65_000, prefixes_received=12),
        "2001:db8::1": BgpPeer(state="idle", asn=4_200_000_001),
    }
    assert state.routes is not None
    assert state.routes["0.0.0.0/0"].protocol == "static"
    assert state.routes["0.0.0.0/0"].next_hops == ("10.1.1.2",)
    assert state.routes["10.1.1.0/30"] == Route(protocol="connected", next_hops=(link,), metric=0)
    assert "10.1.1.0/30" not in (after.routes or {})
    assert state.versions is not None
    assert state.versions.serial


@pytest.mark.parametrize("section", ["neighbours", "bgp", "routes", "interfaces"])
@pytest.mark.parametrize("kind", ["garbage", "reject"])
async def test_an_answer_that_is_none_is_a_failure(lab: Lab, section: Section, kind: str) -> None:
    lab.device.inject(Fault.model_validate({"kind": kind, "match": "lldp|bgp|route|-state|show port", "times": 0}))
    async with lab.session() as session:
        with pytest.raises(DeviceFailure):
            await session.snapshot([section])
