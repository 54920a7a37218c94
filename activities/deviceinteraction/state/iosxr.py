"""State of IOS XR: a router, so without spanning trees.

Sources: Cisco, "System Management Command Reference for Cisco IOS XR" (LLDP, CDP) and "Routing Command Reference"
(``show bgp ipv4 unicast summary``, ``show route``).
"""

import re
from typing import Final

from activities.deviceinteraction.failures import CheckFailed
from activities.deviceinteraction.model import BgpPeer, Neighbour, Route
from activities.deviceinteraction.parse.bounded import parse_bounded
from activities.deviceinteraction.platforms import rows as rows_of
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.platforms.rows import text
from activities.deviceinteraction.state import shapes

_XR: Final = "cisco_xr"
_LLDP: Final = "show lldp neighbors detail"
_CDP: Final = "show cdp neighbors detail"
_BGP: Final = "show bgp ipv4 unicast summary"
_ROUTES: Final = "show route ipv4 unicast"
_NO_BGP: Final = "not active"  # % BGP instance 'default' not active
# An address that leaves no room for its columns has them in the next line. A "!" says that a policy is missing.
_PEER: Final = re.compile(
    r"^(?P<peer>[0-9a-fA-F.:]*[.:][0-9a-fA-F.:]+)\s+\d+\s+(?P<asn>\d+(?:\.\d+)?)\s+(?:\d+\s+){5}\S+\s+"
    r"(?P<said>[\w()! ]+?)\s*$",
    re.MULTILINE,
)
_ROUTE: Final = re.compile(
    r"^(?P<code>[A-Za-z])[*A-Z0-9 ]* (?P<prefix>\d+\.\d+\.\d+\.\d+/\d+) (?P<paths>.*(?:\n +\[.*)*)", re.MULTILINE
)
_PATH: Final = re.compile(
    r"(?:\[\d+/(?P<metric>\d+)\] )?(?:via (?P<address>[\d.]+)[^,]*|is (?:directly connected|a summary)), [^,\s]+"
    r"(?:, (?P<interface>[^\s,]+))?"
)
_BACKUP: Final = "(!)"  # a path that fast reroute keeps ready
_CODES: Final = {
    "C": "connected", "L": "local", "S": "static", "O": "ospf", "i": "isis", "B": "bgp", "R": "rip", "D": "eigrp",
    "U": "per-user", "A": "subscriber", "a": "application", "M": "mobile", "o": "odr", "l": "lisp", "E": "egp",
    "r": "rpl", "t": "traffic-engineering", "G": "dagr",
}  # fmt: skip


async def neighbours(device: Dialogue) -> dict[str, tuple[Neighbour, ...]]:
    """By LLDP, else by CDP."""
    rows: tuple[rows_of.Row, ...] = ()
    answer = await shapes.asked(device, _LLDP, "% LLDP is not enabled")
    if answer is not None:
        if "Total entries displayed" not in answer:
            raise CheckFailed(f"{device.host}: the answer to {_LLDP!r} is no list of neighbours.")
        rows = await parse_bounded(_XR, _LLDP, answer) if "Local Interface:" in answer else ()
    if not rows:
        answer = await shapes.asked(device, _CDP, "% CDP is not enabled")
        if answer is not None and answer.strip() and "Device ID:" not in answer:
            raise CheckFailed(f"{device.host}: the answer to {_CDP!r} is no list of neighbours.")
        rows = () if answer is None else await parse_bounded(_XR, _CDP, answer)
    found: dict[str, tuple[Neighbour, ...]] = {}
    for row in rows:
        port = text(row, "neighbor_port_id") or text(row, "neighbor_interface")
        name = text(row, "neighbor") or text(row, "neighbor_name") or text(row, "chassis_id")
        what = text(row, "platform") or text(row, "system_description").partition(",")[0]
        local = text(row, "local_interface")
        found[local] = (*found.get(local, ()), shapes.neighbour(name, port, what))
    return found


async def bgp(device: Dialogue) -> dict[str, BgpPeer]:
    """The peers of IPv4 unicast in the default VRF; none where BGP does not run."""
    answer = await shapes.asked(device, _BGP, _NO_BGP)
    if answer is None:
        return {}
    return peers_in(device.host, answer)


async def routes(device: Dialogue) -> dict[str, Route]:
    """The best routes of the default VRF, without the paths that only fast reroute would take."""
    answer = await shapes.asked(device, _ROUTES, "% No matching routes found")
    return {} if answer is None else routes_in(device.host, answer)


def peers_in(host: str, answer: str) -> dict[str, BgpPeer]:
    """The peers of a table. Raises `CheckFailed` where it is none."""
    if "BGP router identifier" not in answer:
        raise CheckFailed(f"{host}: the answer to {_BGP!r} has no table of peers.")
    found: dict[str, BgpPeer] = {}
    for match in _PEER.finditer(answer):
        said = match["said"].rstrip("!")
        found[match["peer"]] = BgpPeer(
            state=shapes.peer_state(host, said),
            asn=shapes.asn(match["asn"]),
            prefixes_received=int(said) if said.isdigit() else None,
        )
    return found


def routes_in(host: str, answer: str) -> dict[str, Route]:
    """The routes of a table. Raises `CheckFailed` where it is none, or has a code that is not known."""
    if "Gateway of last resort" not in answer:
        raise CheckFailed(f"{host}: the answer to {_ROUTES!r} is no table of routes.")
    found: dict[str, Route] = {}
    for match in _ROUTE.finditer(answer):
        protocol = _CODES.get(match["code"])
        if protocol is None:
            raise CheckFailed(f"{host}: {match['prefix']} has the route code {match['code']!r}, not known.")
        taken = [line for line in match["paths"].splitlines() if _BACKUP not in line]
        paths = [path for path in map(_PATH.search, taken) if path is not None]
        metrics = [int(path["metric"]) for path in paths if path["metric"] is not None]
        hops = {path["address"] or path["interface"] for path in paths}
        found[match["prefix"]] = shapes.route(protocol, hops, metrics[0] if metrics else None)
    return found
