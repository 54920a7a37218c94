"""State of EOS, which answers in JSON: every show command does with ``| json`` ("EOS User Manual", "Pipe: json")."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from activities.deviceinteraction.failures import CheckFailed
from activities.deviceinteraction.model import BgpPeer, Neighbour, Route, SpanningTree
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.state import shapes

_NO_BGP: Final = "BGP inactive"
_PROTOCOLS: Final = ("ospf", "isis", "rip", "connected", "static")


async def neighbours(device: Dialogue) -> dict[str, tuple[Neighbour, ...]]:
    """By LLDP."""
    found: dict[str, tuple[Neighbour, ...]] = {}
    for one in (await _json(device, "show lldp neighbors"))["lldpNeighbors"]:
        there = shapes.neighbour(one["neighborDevice"], one["neighborPort"])
        found[one["port"]] = (*found.get(one["port"], ()), there)
    return found


async def bgp(device: Dialogue) -> dict[str, BgpPeer]:
    """The peers of IPv4 unicast in all VRFs."""
    document = await _json(device, "show ip bgp summary vrf all")
    found: dict[str, BgpPeer] = {}
    for vrf, table in document.get("vrfs", {}).items():
        for address, one in table["peers"].items():
            state = shapes.peer_state(device.host, one["peerState"])
            found[shapes.peer(address, vrf)] = BgpPeer(
                state=state,
                asn=shapes.asn(str(one["asn"])),
                prefixes_received=int(one["prefixReceived"]) if state == "established" else None,
                vrf=vrf,
            )
    return found


async def routes(device: Dialogue) -> dict[str, Route]:
    """The best routes of the default VRF."""
    document = await _json(device, "show ip route")
    found: dict[str, Route] = {}
    for prefix, one in document["vrfs"]["default"]["routes"].items():
        metric = one.get("metric")
        found[prefix] = shapes.route(
            _protocol(str(one["routeType"])), set(_hops(one)), None if metric is None else int(metric)
        )
    return found


async def spanning_tree(device: Dialogue) -> dict[int, SpanningTree]:
    """By VLAN (``VL10``), or by instance with MSTP (``MST0``)."""
    document = await _json(device, "show spanning-tree")
    found: dict[int, SpanningTree] = {}
    for name, one in document["spanningTreeInstances"].items():
        number = int(name.removeprefix("MST").removeprefix("VL"))
        root = one["rootBridge"]
        priority = int(root["priority"]) + int(root.get("systemIdExtension", 0))
        ports = {
            port: shapes.tree_port(device.host, facts["role"], facts["state"])
            for port, facts in one["interfaces"].items()
        }
        found[number] = shapes.tree(shapes.bridge(priority, root["macAddress"]), ports)
    return found


def _hops(route: Mapping[str, Any]) -> Iterator[str]:
    for via in route.get("vias", ()):
        yield via.get("nexthopAddr") or via["interface"]


def _protocol(kind: str) -> str:
    """Of ``eBGP``, ``ospfInterArea`` and the like the protocol."""
    lowered = kind.lower()
    if "bgp" in lowered:
        return "bgp"
    return next((name for name in _PROTOCOLS if lowered.startswith(name)), lowered)


async def _json(device: Dialogue, command: str) -> dict[str, Any]:
    """The answer to a show command as JSON. ``Any``: it is the device's."""
    answer = await shapes.asked(device, f"{command} | json", _NO_BGP)
    if answer is None:
        return {}
    try:
        document: dict[str, Any] = json.loads(answer)
    except ValueError as error:
        said = " ".join(answer.split())[:120]
        raise CheckFailed(f"{device.host}: '{command} | json' did not answer with JSON but {said!r}.") from error
    if document.get("errors"):
        raise CheckFailed(f"{device.host}: '{command} | json' was refused: {document['errors']}")
    return document
