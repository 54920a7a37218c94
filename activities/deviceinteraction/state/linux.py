"""State of a Linux machine by iproute2, which answers in JSON: ip-route(8), ip-neighbour(8), bridge(8).

Open vSwitch stands on such a machine and has no routes or neighbours of its own, so these are its state, too.
"""

import json
from typing import Any, Final

from activities.deviceinteraction.failures import CheckFailed
from activities.deviceinteraction.model import Neighbour, Route
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.state import shapes

_ROUTES: Final = "ip -json -4 route show table main"
_NEIGHBOURS: Final = "ip -json neighbour show"
# What the kernel wrote by itself when an address was set is connected; "boot" is what `ip route add` leaves.
_PROTOCOLS: Final = {"kernel": "connected", "boot": "static"}
_LEADS_NOWHERE: Final = frozenset({"blackhole", "unreachable", "prohibit", "throw"})
_NOT_THERE: Final = frozenset({"FAILED", "INCOMPLETE", "NONE"})


async def routes(device: Dialogue) -> dict[str, Route]:
    """The best IPv4 routes of the table ``main``. One that leads nowhere has its kind as its next hop."""
    best: dict[str, dict[str, Any]] = {}
    for one in await _json(device, _ROUTES):
        prefix = _prefix(str(one["dst"]))
        if prefix not in best or int(one.get("metric", 0)) < int(best[prefix].get("metric", 0)):
            best[prefix] = one
    return {prefix: _route(one) for prefix, one in best.items()}


async def neighbours(device: Dialogue) -> dict[str, tuple[Neighbour, ...]]:
    """Who the kernel knows on each link, by ARP (RFC 826) or ND (RFC 4861): address and hardware address.

    Only those that have answered, whether it was just now (``REACHABLE``) or a while ago (``STALE``).
    """
    found: dict[str, tuple[Neighbour, ...]] = {}
    entries = sorted(await _json(device, _NEIGHBOURS), key=lambda one: (str(one["dev"]), str(one["dst"])))
    for one in entries:
        if "lladdr" in one and not _NOT_THERE.intersection(one.get("state", ())):
            there = shapes.neighbour(str(one["dst"]), str(one["lladdr"]))
            found[one["dev"]] = (*found.get(one["dev"], ()), there)
    return found


def _prefix(destination: str) -> str:
    if destination == "default":
        return "0.0.0.0/0"
    return destination if "/" in destination else f"{destination}/32"


def _route(one: dict[str, Any]) -> Route:  # Any: what iproute2's JSON holds
    protocol, kind = str(one.get("protocol", "boot")), str(one.get("type", "unicast"))
    hops = {str(hop.get("gateway") or hop["dev"]) for hop in one.get("nexthops", ())}
    if kind in _LEADS_NOWHERE:
        hops = {kind}
    elif not hops:
        via = one.get("via", {}).get("host")
        hops = {str(one.get("gateway") or via or one["dev"])}
    metric = one.get("metric")
    return shapes.route(_PROTOCOLS.get(protocol, protocol), hops, None if metric is None else int(metric))


async def _json(device: Dialogue, command: str) -> list[dict[str, Any]]:
    ended = await device.command(command)
    if ended.status:
        said = " ".join((ended.errors or ended.output).split()) or "(no words)"
        raise CheckFailed(f"{device.host}: {command!r} failed: {said}")
    try:
        found: list[dict[str, Any]] = json.loads(ended.output or "[]")  # nothing at all is iproute2's empty list
    except ValueError as error:
        raise CheckFailed(f"{device.host}: {command!r} was not answered with JSON: {error}.") from error
    return [one for one in found if one]  # a deleted entry leaves an empty map
