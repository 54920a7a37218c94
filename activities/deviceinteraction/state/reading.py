"""The table of sections by platform, and reading those that are wanted. A platform without a row says so."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Final, TypedDict, TypeVar

from activities.deviceinteraction.failures import Permanent
from activities.deviceinteraction.model import (
    BgpPeer,
    Neighbour,
    PlatformName,
    Route,
    Section,
    SpanningTree,
    Versions,
)
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.platforms.protocol import Platform
from activities.deviceinteraction.state import eos, frr, iosxe, junos, nxos

Neighbours = Mapping[str, tuple[Neighbour, ...]]
Peers = Mapping[str, BgpPeer]
Routes = Mapping[str, Route]
Trees = Mapping[int, SpanningTree]

R = TypeVar("R")


class Sections(TypedDict, total=False):
    """The sections that are read here, as `State` takes them."""

    neighbours: Neighbours
    bgp: Peers
    routes: Routes
    spanning_tree: Trees
    versions: Versions


_NEIGHBOURS: Final[Mapping[PlatformName, Callable[[Dialogue], Awaitable[Neighbours]]]] = {
    "cisco_iosxe": iosxe.neighbours,
    "cisco_nxos": nxos.neighbours,
    "arista_eos": eos.neighbours,
    "juniper_junos": junos.neighbours,
}
_BGP: Final[Mapping[PlatformName, Callable[[Dialogue], Awaitable[Peers]]]] = {
    "cisco_iosxe": iosxe.bgp,
    "cisco_nxos": nxos.bgp,
    "arista_eos": eos.bgp,
    "juniper_junos": junos.bgp,
    "frr": frr.bgp,
}
_ROUTES: Final[Mapping[PlatformName, Callable[[Dialogue], Awaitable[Routes]]]] = {
    "cisco_iosxe": iosxe.routes,
    "cisco_nxos": nxos.routes,
    "arista_eos": eos.routes,
    "juniper_junos": junos.routes,
    "frr": frr.routes,
}
_TREES: Final[Mapping[PlatformName, Callable[[Dialogue], Awaitable[Trees]]]] = {
    "cisco_iosxe": iosxe.spanning_tree,
    "cisco_nxos": nxos.spanning_tree,
    "arista_eos": eos.spanning_tree,
    "juniper_junos": junos.spanning_tree,
}


async def read_state(device: Dialogue, platform: Platform, wanted: Collection[Section]) -> Sections:
    """Read the sections that are wanted, of those that this package knows.

    Raises:
        Permanent: The platform does not offer one of them.
        CheckFailed: An answer was not understood.
    """
    found: Sections = {}
    if "neighbours" in wanted:
        found["neighbours"] = await _reader(_NEIGHBOURS, platform, "neighbours")(device)
    if "bgp" in wanted:
        found["bgp"] = await _reader(_BGP, platform, "bgp")(device)
    if "routes" in wanted:
        found["routes"] = await _reader(_ROUTES, platform, "routes")(device)
    if "spanning_tree" in wanted:
        found["spanning_tree"] = await _reader(_TREES, platform, "spanning_tree")(device)
    if "versions" in wanted:
        facts = await platform.facts(device)
        found["versions"] = Versions(os=facts.version, model=facts.model, serial=facts.serial or None)
    return found


def _reader(
    table: Mapping[PlatformName, Callable[[Dialogue], Awaitable[R]]], platform: Platform, section: Section
) -> Callable[[Dialogue], Awaitable[R]]:
    found = table.get(platform.name)
    if found is None:
        raise Permanent(f"the section `{section}` is not read on {platform.name}; it is on {', '.join(table)}.")
    return found
