"""State of Junos. Source: Juniper, "CLI Reference": ``show bgp summary``, ``show route``, ``show spanning-tree``."""

import re
from typing import Final

from activities.deviceinteraction.failures import CheckFailed
from activities.deviceinteraction.model import BgpPeer, Neighbour, Route, SpanningTree, TreePort
from activities.deviceinteraction.parse.bounded import parse_bounded
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.platforms.rows import text
from activities.deviceinteraction.state import shapes

_PEER: Final = re.compile(
    r"^(?P<peer>[0-9a-f.:]+)\s+(?P<asn>\d+(?:\.\d+)?)\s+(?:\d+\s+){4}.*?\s"
    r"(?P<state>Establ|Active|Idle|Connect|OpenSent|OpenConfirm)\b.*$(?P<tables>(?:\n\s+\S+: \d+/\d+/\d+/\d+)*)",
    re.MULTILINE,
)
_TABLE: Final = re.compile(r"\s+(?:(?P<vrf>\S+)\.)?inet\.0: \d+/(?P<received>\d+)/")
_ROUTE: Final = re.compile(
    r"^(?P<prefix>\d+\.\d+\.\d+\.\d+/\d+)\s+\*\[(?P<protocol>[\w-]+)/\d+\](?P<rest>.*(?:\n\s+.*)*)", re.MULTILINE
)
_HOP: Final = re.compile(r"(?:to (?P<address>\S+) )?via (?P<interface>[^\s,]+)")
_METRIC: Final = re.compile(r"\bmetric (\d+)")
_PROTOCOLS: Final = {"direct": "connected", "is-is": "isis", "ospf3": "ospf", "access-internal": "local"}
_BRIDGE: Final = re.compile(
    r"STP bridge parameters(?: for (?:CIST|(?:MSTI|VLAN) (?P<number>\d+)))?\s*\n(?P<text>(?:(?!STP bridge).*\n?)*)"
)
_ROOT: Final = re.compile(r"Root ID\s*:\s*(?P<priority>\d+)\.(?P<address>[0-9a-f:.]+)")
_PORTS: Final = re.compile(
    r"Spanning tree interface parameters for (?:instance|VLAN) (?P<number>\d+)\s*\n"
    r"(?P<text>(?:(?!Spanning tree).*\n?)*)"
)
_PORT: Final = re.compile(
    r"^(?P<name>[a-z]+[-\d/:]+\d)(?:\.\d+)?\s+\d+:\d+\s.*\s(?P<state>FWD|BLK|LRN|LIS|DIS)\s+"
    r"(?P<role>ROOT|DESG|ALT|BKUP|MSTR|DIS)\b",
    re.MULTILINE,
)


async def neighbours(device: Dialogue) -> dict[str, tuple[Neighbour, ...]]:
    """By LLDP; none where nothing is heard."""
    command = "show lldp neighbors"
    answer = await device.show_or_nothing(command)
    found: dict[str, tuple[Neighbour, ...]] = {}
    for row in await parse_bounded("juniper_junos", command, answer) if answer.strip() else ():
        local = text(row, "local_interface")
        one = shapes.neighbour(text(row, "neighbor_name"), text(row, "neighbor_interface"))
        found[local] = (*found.get(local, ()), one)
    return found


async def bgp(device: Dialogue) -> dict[str, BgpPeer]:
    """The peers, with the prefixes of IPv4 unicast."""
    answer = await shapes.asked(device, "show bgp summary", "BGP is not running")
    if answer is None:
        return {}
    if not answer.startswith(("Threading mode", "Groups:")):
        raise CheckFailed(f"{device.host}: the answer to 'show bgp summary' is no table of peers.")
    found: dict[str, BgpPeer] = {}
    for match in _PEER.finditer(answer):
        table = _TABLE.search(match["tables"])
        vrf = (table["vrf"] if table is not None else None) or "default"
        state = shapes.peer_state(device.host, match["state"])
        found[shapes.peer(match["peer"], vrf)] = BgpPeer(
            state=state,
            asn=shapes.asn(match["asn"]),
            prefixes_received=int(table["received"]) if table is not None and state == "established" else None,
            vrf=vrf,
        )
    return found


async def routes(device: Dialogue) -> dict[str, Route]:
    """The active routes of ``inet.0``."""
    answer = await device.show("show route table inet.0")
    if "inet.0:" not in answer:
        raise CheckFailed(f"{device.host}: the answer to 'show route table inet.0' is no table of routes.")
    found: dict[str, Route] = {}
    for match in _ROUTE.finditer(answer):
        protocol, metric = match["protocol"].lower(), _METRIC.search(match["rest"])
        hops = {hop["address"] or hop["interface"] for hop in _HOP.finditer(match["rest"])}
        found[match["prefix"]] = shapes.route(
            _PROTOCOLS.get(protocol, protocol), hops, int(metric[1]) if metric is not None else None
        )
    return found


async def spanning_tree(device: Dialogue) -> dict[int, SpanningTree]:
    """By VLAN with VSTP, else by instance; RSTP has the instance 0."""
    answer = await device.show_or_nothing("show spanning-tree bridge")
    roots: dict[int, str] = {}
    for bridge in _BRIDGE.finditer(answer):
        root = _ROOT.search(bridge["text"])
        if root is not None:
            roots[int(bridge["number"] or 0)] = shapes.bridge(int(root["priority"]), root["address"])
    if not roots:
        if not answer.strip():
            return {}  # no spanning tree is configured, and nothing is said then
        raise CheckFailed(f"{device.host}: no root could be read from the answer to 'show spanning-tree bridge'.")
    ports: dict[int, dict[str, TreePort]] = {number: {} for number in roots}
    for block in _PORTS.finditer(await device.show("show spanning-tree interface")):
        ports[int(block["number"])] = {
            port["name"]: shapes.tree_port(device.host, port["role"], port["state"])
            for port in _PORT.finditer(block["text"])
        }
    return {number: shapes.tree(root, ports.get(number, {})) for number, root in roots.items()}
