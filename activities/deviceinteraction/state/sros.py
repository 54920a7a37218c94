"""State of SR OS. Source: Nokia, "7x50 SR OS Show, Tools and Clear Command Reference Guide"."""

import re
from typing import Final

from activities.deviceinteraction.failures import CheckFailed
from activities.deviceinteraction.model import BgpPeer, Neighbour, Route
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.state import shapes

_NEIGHBOUR: Final = re.compile(
    r"^(?P<local>\S+)\s+(?:NB|NTPMR|NC)\s+(?P<chassis>\S+)\s+\d+\s+(?P<port>\S.*?)\s+(?P<name>\S+)\s*$", re.MULTILINE
)
_PEER: Final = re.compile(
    r"^(?P<address>[0-9a-f.:]{3,})\s*\n(?:(?!Def\. Inst|\S+\s+\d+\s+\d+\s+\d+\s).*\n)?"
    r"(?P<service>Def\. Inst|\S+)\s+(?P<asn>\d+(?:\.\d+)?)\s+\d+\s+\d+\s+\S+\s+(?P<said>\S+)(?: \((?P<family>\w+)\))?",
    re.MULTILINE,
)
_ROUTE: Final = re.compile(
    r"^(?P<prefix>\d+\.\d+\.\d+\.\d+/\d+)(?:\s*\[\S*\])?\s+(?P<kind>Local|Remote|Blackhole)\s+(?P<protocol>[A-Z][\w-]*)"
    r"\s+\S+\s+\d+\s*\n\s+(?P<hop>\S+)(?: \S+)*?\s+(?P<metric>\d+)\s*$",
    re.MULTILINE,
)
_NOTHING: Final = "No Matching Entries"
_PROTOCOLS: Final = {"local": "connected"}


async def neighbours(device: Dialogue) -> dict[str, tuple[Neighbour, ...]]:
    """By LLDP."""
    command = "show system lldp neighbor"
    answer = await device.show(command)
    if "Number of neighbors" not in answer:
        raise CheckFailed(f"{device.host}: the answer to {command!r} is no list of neighbours.")
    found: dict[str, tuple[Neighbour, ...]] = {}
    for match in _NEIGHBOUR.finditer(answer):
        one = shapes.neighbour(match["name"], match["port"])
        found[match["local"]] = (*found.get(match["local"], ()), one)
    return found


async def bgp(device: Dialogue) -> dict[str, BgpPeer]:
    """The peers of the base router and of all services, with the prefixes of IPv4 where that is the first family."""
    command = "show router bgp summary all"
    answer = await shapes.asked(device, command, _NOTHING)
    if answer is None:
        return {}
    if "BGP Summary" not in answer:
        raise CheckFailed(f"{device.host}: the answer to {command!r} is no table of peers.")
    found: dict[str, BgpPeer] = {}
    for match in _PEER.finditer(answer):
        vrf = "default" if match["service"] == "Def. Inst" else match["service"]
        received = match["said"].partition("/")[0]
        state = shapes.peer_state(device.host, received)
        found[shapes.peer(match["address"], vrf)] = BgpPeer(
            state=state,
            asn=shapes.asn(match["asn"]),
            prefixes_received=int(received) if match["family"] == "IPv4" else None,
            vrf=vrf,
        )
    return found


async def routes(device: Dialogue) -> dict[str, Route]:
    """The active IPv4 routes of the base router; where one leads nowhere, the next hop is what the device says."""
    command = "show router route-table"
    answer = await device.show(command)
    if "Route Table" not in answer:
        raise CheckFailed(f"{device.host}: the answer to {command!r} is no table of routes.")
    hops: dict[str, set[str]] = {}
    known: dict[str, tuple[str, int]] = {}
    for match in _ROUTE.finditer(answer):
        protocol = match["protocol"].lower()
        hops.setdefault(match["prefix"], set()).add(match["hop"])
        known[match["prefix"]] = (_PROTOCOLS.get(protocol, protocol), int(match["metric"]))
    return {prefix: shapes.route(known[prefix][0], hops[prefix], known[prefix][1]) for prefix in hops}
