"""State of IOS-XE, by ntc-templates where their columns tell it all."""

import re
from typing import Final

from activities.deviceinteraction.failures import CheckFailed
from activities.deviceinteraction.model import BgpPeer, Neighbour, Route, SpanningTree
from activities.deviceinteraction.parse.bounded import parse_bounded
from activities.deviceinteraction.platforms import rows as rows_of
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.platforms.rows import text
from activities.deviceinteraction.state import cisco, shapes

_IOS: Final = "cisco_ios"
_DISCOVERY: Final = (
    ("show lldp neighbors detail", "% LLDP is not enabled"),
    ("show cdp neighbors detail", "% CDP is not enabled"),
)
_NO_BGP: Final = "% BGP not active"
_PROTOCOLS: Final = {
    "C": "connected", "L": "local", "S": "static", "O": "ospf", "i": "isis", "B": "bgp", "R": "rip", "D": "eigrp",
}  # fmt: skip


async def neighbours(device: Dialogue) -> dict[str, tuple[Neighbour, ...]]:
    """By LLDP, else by CDP."""
    rows: tuple[rows_of.Row, ...] = ()
    for command, off in _DISCOVERY:
        answer = await shapes.asked(device, command, off)
        if answer is not None and "entries displayed" not in answer:
            raise CheckFailed(f"{device.host}: the answer to {command!r} is no list of neighbours.")
        rows = rows or (() if answer is None else await parse_bounded(_IOS, command, answer))
    found: dict[str, tuple[Neighbour, ...]] = {}
    for row in rows:
        port = text(row, "neighbor_port_id") or text(row, "neighbor_interface")
        what = text(row, "platform") or text(row, "neighbor_description").partition(",")[0]
        name = text(row, "neighbor_name") or text(row, "chassis_id")
        local = shapes.interface(text(row, "local_interface"))
        found[local] = (*found.get(local, ()), shapes.neighbour(name, port, what))
    return found


async def bgp(device: Dialogue) -> dict[str, BgpPeer]:
    """The peers of IPv4 unicast in the global table."""
    command = "show ip bgp summary"
    answer = await shapes.asked(device, command, _NO_BGP)
    if answer is None:
        return {}
    found: dict[str, BgpPeer] = {}
    for row in await parse_bounded(_IOS, command, answer):
        said = text(row, "state_or_prefixes_received")
        prefixes = int(said) if said.isdigit() else None
        state = shapes.peer_state(device.host, said)
        asn = shapes.asn(text(row, "neighbor_as"))
        found[text(row, "bgp_neighbor")] = BgpPeer(state=state, asn=asn, prefixes_received=prefixes)
    if "Neighbor" not in answer:
        raise CheckFailed(f"{device.host}: the answer to {command!r} has no table of peers.")
    return found


async def routes(device: Dialogue) -> dict[str, Route]:
    """The best routes of the global IPv4 table."""
    command = "show ip route"
    answer = await device.show(command)
    hops: dict[str, set[str]] = {}
    known: dict[str, tuple[str, int | None]] = {}
    for row in await parse_bounded(_IOS, command, answer):
        prefix = f"{text(row, 'network')}/{text(row, 'prefix_length')}"
        code, metric = text(row, "protocol"), text(row, "metric")
        if code not in _PROTOCOLS:
            raise CheckFailed(f"{device.host}: {prefix} has the route code {code!r}, which is not known.")
        hop = text(row, "nexthop_ip") or shapes.interface(text(row, "nexthop_if"))
        hops.setdefault(prefix, set()).add(hop)
        known[prefix] = (_PROTOCOLS[code], int(metric) if metric.isdigit() else None)
    if not hops and not re.search(r"^Gateway of last resort", answer, re.MULTILINE):
        raise CheckFailed(f"{device.host}: the answer to {command!r} is no table of routes.")
    return {prefix: shapes.route(known[prefix][0], hops[prefix], known[prefix][1]) for prefix in hops}


async def spanning_tree(device: Dialogue) -> dict[int, SpanningTree]:
    """By VLAN, or by instance with MSTP."""
    return cisco.spanning_tree(device.host, await device.show("show spanning-tree"))
