"""The table of sections by platform, and reading those that are wanted. A platform without a row says so."""

from collections.abc import Awaitable, Callable, Collection, Container, Mapping
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
from activities.deviceinteraction.state import bird, eos, frr, iosxe, iosxr, junos, linux, nxos, srlinux, sros

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
    "cisco_iosxr": iosxr.neighbours,
    "nokia_srlinux": srlinux.neighbours,
    "nokia_sros": sros.neighbours,
    "openvswitch": linux.neighbours,
    "linux": linux.neighbours,
}
_BGP: Final[Mapping[PlatformName, Callable[[Dialogue], Awaitable[Peers]]]] = {
    "cisco_iosxe": iosxe.bgp,
    "cisco_nxos": nxos.bgp,
    "arista_eos": eos.bgp,
    "juniper_junos": junos.bgp,
    "cisco_iosxr": iosxr.bgp,
    "nokia_srlinux": srlinux.bgp,
    "nokia_sros": sros.bgp,
    "frr": frr.bgp,
    "bird": bird.bgp,
}
_ROUTES: Final[Mapping[PlatformName, Callable[[Dialogue], Awaitable[Routes]]]] = {
    "cisco_iosxe": iosxe.routes,
    "cisco_nxos": nxos.routes,
    "arista_eos": eos.routes,
    "juniper_junos": junos.routes,
    "cisco_iosxr": iosxr.routes,
    "nokia_srlinux": srlinux.routes,
    "nokia_sros": sros.routes,
    "frr": frr.routes,
    "bird": bird.routes,
    "openvswitch": linux.routes,
    "linux": linux.routes,
}
_TREES: Final[Mapping[PlatformName, Callable[[Dialogue], Awaitable[Trees]]]] = {
    "cisco_iosxe": iosxe.spanning_tree,
    "cisco_nxos": nxos.spanning_tree,
    "arista_eos": eos.spanning_tree,
    "juniper_junos": junos.spanning_tree,
}


def sections_read_on(platform: PlatformName) -> frozenset[Section]:
    """The sections that are read here on a platform. The versions are facts, which every platform has."""
    tables: Mapping[Section, Container[PlatformName]] = {
        "neighbours": _NEIGHBOURS,
        "bgp": _BGP,
        "routes": _ROUTES,
        "spanning_tree": _TREES,
    }
    return frozenset({"versions", *(section for section, table in tables.items() if platform in table)})


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
