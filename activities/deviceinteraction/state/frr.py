"""State of FRRouting, which answers with JSON. Source: FRR user manual, "BGP" and "Zebra"."""

import json
from typing import Any, Final

from activities.deviceinteraction.failures import CheckFailed
from activities.deviceinteraction.model import BgpPeer, Route
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.state import shapes

_NO_BGP: Final = ("BGP instance not found", "No BGP process is configured")
_BLACKHOLE: Final = "blackhole"


async def bgp(device: Dialogue) -> dict[str, BgpPeer]:
    """The peers of all VRFs, with the prefixes of IPv4 unicast."""
    command = "show bgp vrf all summary json"
    answer = await shapes.asked(device, command, *_NO_BGP)
    found: dict[str, BgpPeer] = {}
    for vrf, families in ({} if answer is None else _document(device, command, answer)).items():
        for family in reversed(list(families)):  # IPv4 unicast comes first, and so is kept
            for address, peer in families[family].get("peers", {}).items():
                state = shapes.peer_state(device.host, str(peer["state"]))
                found[shapes.peer(address, vrf)] = BgpPeer(
                    state=state,
                    asn=int(peer["remoteAs"]),
                    prefixes_received=int(peer["pfxRcd"]) if state == "established" else None,
                    vrf=vrf,
                )
    return found


async def routes(device: Dialogue) -> dict[str, Route]:
    """The selected IPv4 routes of the default VRF. One that leads nowhere has the next hop ``blackhole``."""
    command = "show ip route json"
    found: dict[str, Route] = {}
    for prefix, candidates in _document(device, command, await device.show(command)).items():
        best = next((one for one in candidates if one.get("selected")), None)
        if best is not None:
            hops = {_hop(hop) for hop in best.get("nexthops", ()) if hop.get("active")}
            found[prefix] = shapes.route(best["protocol"], hops, best.get("metric"))
    return found


def _hop(hop: dict[str, Any]) -> str:
    return str(hop.get("ip") or hop.get("interfaceName") or _BLACKHOLE)


def _document(device: Dialogue, command: str, answer: str) -> dict[str, Any]:  # Any: what FRR's JSON holds
    try:
        document = json.loads(answer)
    except ValueError as error:
        raise CheckFailed(f"{device.host}: {command!r} was not answered with JSON: {error}.") from error
    if not isinstance(document, dict):
        raise CheckFailed(f"{device.host}: {command!r} was not answered with a map.")
    return document
