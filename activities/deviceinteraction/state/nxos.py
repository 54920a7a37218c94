"""State of NX-OS, by ntc-templates where their columns tell it all."""

from typing import Final

from activities.deviceinteraction.answers import refusal
from activities.deviceinteraction.failures import CheckFailed
from activities.deviceinteraction.model import BgpPeer, Neighbour, Route, SpanningTree
from activities.deviceinteraction.parse.bounded import parse_bounded
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.platforms.rows import text
from activities.deviceinteraction.state import cisco, shapes

_NXOS: Final = "cisco_nxos"
_PROTOCOLS: Final = {"direct": "connected", "hmm": "local", "am": "local", "broadcast": "local"}


async def neighbours(device: Dialogue) -> dict[str, tuple[Neighbour, ...]]:
    """By LLDP; none where the feature is off, for then the device does not know the command."""
    command = "show lldp neighbors detail"
    answer = await device.step(command)
    if refusal(answer) is not None:
        return {}
    if "Total entries displayed" not in answer:
        raise CheckFailed(f"{device.host}: the answer to {command!r} is no list of neighbours.")
    found: dict[str, tuple[Neighbour, ...]] = {}
    for row in await parse_bounded(_NXOS, command, answer):
        local = shapes.interface(text(row, "local_interface"))
        what = text(row, "neighbor_description").partition(",")[0]
        one = shapes.neighbour(text(row, "neighbor_name"), text(row, "neighbor_interface"), what)
        found[local] = (*found.get(local, ()), one)
    return found


async def bgp(device: Dialogue) -> dict[str, BgpPeer]:
    """The peers of IPv4 unicast; none where the feature is off."""
    command = "show ip bgp summary"
    answer = await device.step(command)
    if refusal(answer) is not None:
        return {}
    found: dict[str, BgpPeer] = {}
    for row in await parse_bounded(_NXOS, command, answer):
        said, vrf = text(row, "state_pfxrcd"), text(row, "vrf") or "default"
        found[shapes.peer(text(row, "bgp_neigh"), vrf)] = BgpPeer(
            state=shapes.peer_state(device.host, said),
            asn=shapes.asn(text(row, "neigh_as")),
            prefixes_received=int(said) if said.isdigit() else None,
            vrf=vrf,
        )
    return found


async def routes(device: Dialogue) -> dict[str, Route]:
    """The best routes of the default VRF."""
    command = "show ip route"
    answer = await device.show(command)
    hops: dict[str, set[str]] = {}
    known: dict[str, tuple[str, int | None]] = {}
    for row in await parse_bounded(_NXOS, command, answer):
        if not text(row, "protocol"):
            continue
        prefix = f"{text(row, 'network')}/{text(row, 'prefix_length')}"
        protocol = text(row, "protocol").partition("-")[0]
        protocol = _PROTOCOLS.get(protocol, protocol)
        connected = protocol in ("connected", "local")
        hops.setdefault(prefix, set()).add(
            shapes.interface(text(row, "nexthop_if")) if connected else text(row, "nexthop_ip")
        )
        metric = text(row, "metric")
        known[prefix] = (protocol, int(metric) if metric.isdigit() else None)
    if not hops and "IP Route Table" not in answer:
        raise CheckFailed(f"{device.host}: the answer to {command!r} is no table of routes.")
    return {prefix: shapes.route(known[prefix][0], hops[prefix], known[prefix][1]) for prefix in hops}


async def spanning_tree(device: Dialogue) -> dict[int, SpanningTree]:
    """By VLAN, or by instance with MSTP."""
    return cisco.spanning_tree(device.host, await device.show("show spanning-tree"))
