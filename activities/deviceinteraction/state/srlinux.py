"""State of SR Linux from its state datastore, in flat lines. Names of leaves: Nokia, "SR Linux Data Model Reference".

A question about a list without entries is answered with nothing; so each section asks for something that is always
there, or takes nothing for nothing only where that is all that can be said (no BGP is configured).
"""

from typing import Final

from activities.deviceinteraction.config import flatlines
from activities.deviceinteraction.failures import CheckFailed
from activities.deviceinteraction.model import BgpPeer, Neighbour, Route
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.state import shapes

_INSTANCE: Final = "default"
_PROTOCOLS: Final = {"local": "connected", "host": "local"}


async def neighbours(device: Dialogue) -> dict[str, tuple[Neighbour, ...]]:
    """By LLDP."""
    command = "info flat from state system lldp"
    answer = await device.show(command)
    if "set / system lldp admin-state" not in answer:
        raise CheckFailed(f"{device.host}: the answer to {command!r} does not say whether LLDP runs.")
    said: dict[tuple[str, str], dict[str, str]] = {}
    for line in flatlines.words(answer):
        match line:
            case ("system", "lldp", "interface", port, "neighbor", key, leaf, value):
                said.setdefault((port, key), {})[leaf] = value
    found: dict[str, tuple[Neighbour, ...]] = {}
    for (port, key), leaves in said.items():
        one = shapes.neighbour(leaves.get("system-name", key), leaves.get("port-id", ""))
        found[port] = (*found.get(port, ()), one)
    return found


async def bgp(device: Dialogue) -> dict[str, BgpPeer]:
    """The peers of all network instances, with the prefixes of IPv4 unicast."""
    command = "info flat from state network-instance * protocols bgp neighbor *"
    answer = await device.show_or_nothing(command)
    said: dict[tuple[str, str], dict[str, str]] = {}
    for line in flatlines.words(answer):
        match line:
            case (
                "network-instance",
                vrf,
                "protocols",
                "bgp",
                "neighbor",
                address,
                "afi-safi",
                "ipv4-unicast",
                leaf,
                value,
            ):
                said.setdefault((vrf, address), {})[leaf] = value
            case ("network-instance", vrf, "protocols", "bgp", "neighbor", address, leaf, value):
                said.setdefault((vrf, address), {})[leaf] = value
    if answer.strip() and not said:
        raise CheckFailed(f"{device.host}: the answer to {command!r} has no peers.")
    found: dict[str, BgpPeer] = {}
    for (vrf, address), leaves in said.items():
        if "peer-as" not in leaves:
            raise CheckFailed(f"{device.host}: the answer to {command!r} does not say the AS of {address}.")
        state = shapes.peer_state(device.host, leaves.get("session-state", ""))
        received = leaves.get("received-routes")
        found[shapes.peer(address, vrf)] = BgpPeer(
            state=state,
            asn=shapes.asn(leaves["peer-as"]),
            prefixes_received=int(received) if received is not None and state == "established" else None,
            vrf=vrf,
        )
    return found


async def routes(device: Dialogue) -> dict[str, Route]:
    """The active IPv4 routes of the network instance ``default``."""
    command = f"info flat from state network-instance {_INSTANCE} route-table"
    answer = await device.show(command)
    hops: dict[str, str] = {}
    groups: dict[str, set[str]] = {}
    said: dict[tuple[str, str], dict[str, str]] = {}
    for line in flatlines.words(answer):
        match line[3:]:
            case ("next-hop", index, "ip-address" | "subinterface" as leaf, value):
                hops[index] = value if leaf == "ip-address" else hops.get(index, value)
            case ("next-hop-group", group, "next-hop", _, "next-hop", index):
                groups.setdefault(group, set()).add(index)
            case ("ipv4-unicast", "route", prefix, "id", _, "route-type", kind, *_, leaf, value):
                said.setdefault((prefix, kind), {})[leaf] = value
    if not said:
        raise CheckFailed(f"{device.host}: the answer to {command!r} is no table of routes.")
    found: dict[str, Route] = {}
    for (prefix, kind), leaves in said.items():
        if leaves.get("active") == "true":
            metric = leaves.get("metric", "")
            found[prefix] = shapes.route(
                _PROTOCOLS.get(kind, kind),
                {hops[index] for index in groups.get(leaves.get("next-hop-group", ""), ()) if index in hops},
                int(metric) if metric.isdigit() else None,
            )
    return found
