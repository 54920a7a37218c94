"""State of BIRD 2. Source: BIRD User's Guide, "Remote control" (``show route``, ``show protocols``)."""

import re
from typing import Final

from activities.deviceinteraction.failures import CheckFailed
from activities.deviceinteraction.model import BgpPeer, Route
from activities.deviceinteraction.platforms import birdfiles
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.state import shapes

_ROUTES: Final = "show route table master4 primary all"
_PROTOCOLS: Final = "show protocols all"
_ROUTE: Final = re.compile(
    r"^(?P<prefix>\d+\.\d+\.\d+\.\d+/\d+)\s+(?P<kind>\w+) \[[^\]]*\].*? \(\d+(?:/(?P<metric>\d+))?\)[^\n]*"
    r"(?P<more>(?:\n[ \t].*)*)",
    re.MULTILINE,
)
_HOP: Final = re.compile(r"^\s+(?:via (?P<address>\S+) on (?P<via>\S+)|dev (?P<dev>\S+))", re.MULTILINE)
_TYPE: Final = re.compile(r"^\s+Type: (?P<source>\S+)", re.MULTILINE)
_SOURCES: Final = {"device": "connected", "inherit": "connected", "dummy": "static", "redirect": "static"}
_BLOCK: Final = re.compile(r"^(?P<name>\S+)\s+(?P<kind>[A-Z]\w*)\s.*(?P<text>(?:\n[ \t].*|\n(?=\s))*)", re.MULTILINE)
_FIELD: Final = r"^\s+{}:\s+(\S+)"
_IMPORTED: Final = re.compile(r"Channel ipv4\n(?:(?!  Channel).*\n)*?\s+Routes:\s+(\d+) imported")


async def routes(device: Dialogue) -> dict[str, Route]:
    """The preferred IPv4 routes of the table ``master4``. One that leads nowhere has its kind as its next hop."""
    answer = await _birdc(device, _ROUTES)
    return {match["prefix"]: _route(match) for match in _ROUTE.finditer(answer)}


async def bgp(device: Dialogue) -> dict[str, BgpPeer]:
    """The peers of all BGP protocols that name a neighbour, with the prefixes of their channel ``ipv4``."""
    found: dict[str, BgpPeer] = {}
    for block in _BLOCK.finditer(await _birdc(device, _PROTOCOLS)):
        address = _field(block["text"], "Neighbor address")
        if block["kind"] != "BGP" or address is None:
            continue  # one for a range of neighbours makes a protocol for each
        asn, said = _field(block["text"], "Neighbor AS"), _field(block["text"], "BGP state")
        if asn is None or said is None:
            raise CheckFailed(f"{device.host}: 'show protocols all' says neither state nor AS of {block['name']!r}.")
        state = "idle" if said == "Down" else shapes.peer_state(device.host, said)
        imported = _IMPORTED.search(block["text"])
        prefixes = int(imported[1]) if imported is not None and state == "established" else None
        vrf = _field(block["text"], "VRF") or "default"
        found[shapes.peer(address, vrf)] = BgpPeer(
            state=state, asn=shapes.asn(asn), prefixes_received=prefixes, vrf=vrf
        )
    return found


def _route(match: "re.Match[str]") -> Route:
    source = _TYPE.search(match["more"])
    protocol = "unknown" if source is None else source["source"].lower()
    protocol = next((known for known in ("ospf", "rip") if protocol.startswith(known)), protocol)
    hops = {hop["address"] or hop["dev"] for hop in _HOP.finditer(match["more"])} or {match["kind"]}
    metric = int(match["metric"]) if match["metric"] is not None else None
    return shapes.route(_SOURCES.get(protocol, protocol), hops, metric)


def _field(text: str, name: str) -> str | None:
    found = re.search(_FIELD.format(name), text, re.MULTILINE)
    return None if found is None else found[1]


async def _birdc(device: Dialogue, command: str) -> str:
    bird = await birdfiles.look(device)
    ended = await device.command(bird.birdc(command))
    if ended.status or not re.search(r"^BIRD \S+ ready", ended.output, re.MULTILINE):
        said = " ".join((ended.errors or ended.output).split()) or "(no words)"
        raise CheckFailed(f"{device.host}: {command!r} was not answered by BIRD: {said}")
    return ended.output
