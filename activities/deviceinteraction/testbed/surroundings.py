"""What a simulated switch sees around it: neighbours on its uplinks, BGP peers, routes, and the spanning tree.

Two distribution switches stand above each access switch, one on each uplink; the first of them is the root of every
tree. All follows from the ports, so that a link that goes down takes its neighbour and its path with it. Pure data.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from activities.deviceinteraction.model import TreePort
from activities.deviceinteraction.testbed.switch import Port

GATEWAY: Final = "10.99.255.254"
ROOT_MAC: Final = "0000.5e00.53aa"
ROOT_PRIORITY: Final = 4096


@dataclass(frozen=True, slots=True)
class Link:
    """The other end of an uplink."""

    local: Port
    host: str
    port: str
    address: str


@dataclass(frozen=True, slots=True)
class Peer:
    """A BGP session; ``prefixes`` is ``None`` while it is not established."""

    address: str
    asn: int
    prefixes: int | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """The spanning tree of one VLAN."""

    priority: int  # of the root, its VLAN added
    ports: Mapping[str, TreePort]  # by full name; none of a port that is down

    @property
    def root_port(self) -> str | None:
        """The port towards the root; ``None`` where no uplink is up, and the switch is the root itself."""
        return next((name for name, port in self.ports.items() if port.role == "root"), None)


def links(ports: Sequence[Port]) -> list[Link]:
    """The neighbours: one on each trunk that is up."""
    trunks = [port for port in ports if port.mode == "trunk"]
    return [
        Link(port, f"dist-{number}", f"Ethernet1/{number}", f"10.99.255.{250 + number}")
        for number, port in enumerate(trunks, 1)
        if port.up
    ]


def tree(ports: Sequence[Port], vlan: int) -> Tree:
    """The tree of a VLAN: the first uplink that is up leads to the root, another one is kept back."""
    found: dict[str, TreePort] = {}
    towards_root = True
    for port in ports:
        if not port.up or not port.carries(vlan):
            continue
        if port.mode != "trunk":
            found[port.name] = TreePort(role="designated", state="forwarding")
        elif towards_root:
            found[port.name] = TreePort(role="root", state="forwarding")
            towards_root = False
        else:
            found[port.name] = TreePort(role="alternate", state="blocking")
    return Tree(ROOT_PRIORITY + vlan, found)


def dotted(address: str) -> str:
    """A MAC address as Cisco writes it."""
    digits = address.replace(":", "")
    return f"{digits[:4]}.{digits[4:8]}.{digits[8:]}"
