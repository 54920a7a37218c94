"""The normalised state of a device, section by section: one shape on every platform, as expressions see it.

`STATE` is the type of each section, `MEANING` what its fields are, for the reference. Data only.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from workflows.definition.types import (
    INTEGER,
    TEXT,
    ListType,
    MapType,
    Maybe,
    Record,
    Text,
    Type,
)
from workflows.plan import Section

_UP_DOWN: Final = Text(frozenset({"up", "down"}))

VLAN: Final = Record("a VLAN", {"name": TEXT, "status": Text(frozenset({"active", "suspended"}))})
INTERFACE: Final = Record(
    "an interface",
    {
        "admin": _UP_DOWN, "oper": _UP_DOWN, "mode": Maybe(Text(frozenset({"access", "trunk", "routed"}))),
        "access_vlan": Maybe(INTEGER), "trunk_vlans": ListType(INTEGER), "description": TEXT,
    },
)  # fmt: skip
NEIGHBOUR: Final = Record("a neighbour", {"host": TEXT, "port": TEXT, "platform": Maybe(TEXT)})
BGP_PEER: Final = Record(
    "a BGP peer",
    {
        "state": Text(frozenset({"idle", "connect", "active", "open_sent", "open_confirm", "established"})),
        "asn": INTEGER, "prefixes_received": Maybe(INTEGER), "vrf": TEXT,
    },
)  # fmt: skip
ROUTE: Final = Record("a route", {"protocol": TEXT, "next_hops": ListType(TEXT), "metric": Maybe(INTEGER)})
TREE_PORT: Final = Record(
    "a port of a spanning tree",
    {
        "role": Text(frozenset({"root", "designated", "alternate", "backup", "disabled"})),
        "state": Text(frozenset({"forwarding", "learning", "listening", "blocking", "discarding", "disabled"})),
    },
)
SPANNING_TREE: Final = Record(
    "a spanning tree", {"root": TEXT, "root_port": Maybe(TEXT), "ports": MapType(TEXT, TREE_PORT)}
)
VERSIONS: Final = Record("`versions`", {"os": TEXT, "model": TEXT, "serial": Maybe(TEXT)})

STATE: Final[Mapping[Section, Type]] = MappingProxyType(
    {
        "config": TEXT,
        "vlans": MapType(INTEGER, VLAN),
        "interfaces": MapType(TEXT, INTERFACE),
        "neighbours": MapType(TEXT, ListType(NEIGHBOUR)),
        "bgp": MapType(TEXT, BGP_PEER),
        "routes": MapType(TEXT, ROUTE),
        "spanning_tree": MapType(INTEGER, SPANNING_TREE),
        "versions": VERSIONS,
    }
)

# By section: what the whole is ("") and what each field means.
MEANING: Final[Mapping[Section, Mapping[str, str]]] = MappingProxyType(
    {
        "config": {"": "The running configuration as text, complete, secrets redacted."},
        "vlans": {
            "": "A map from VLAN id, an integer, to the VLAN.",
            "name": "Its name.",
            "status": "`active`, or `suspended` where the device does not forward it.",
        },
        "interfaces": {
            "": "A map from an interface's name, as the device writes it in full, to the interface.",
            "admin": "What the configuration wants.",
            "oper": "What the link is.",
            "mode": "`access`, `trunk` or `routed`; null where it is none of them.",
            "access_vlan": "The VLAN of an access port; null elsewhere.",
            "trunk_vlans": "The VLANs that a trunk allows, ascending; empty elsewhere.",
            "description": "Its description, empty where there is none.",
        },
        "neighbours": {
            "": "A map from the name of a local interface to its neighbours, by LLDP, else by CDP; on Linux "
            "machines and Open vSwitch by ARP and ND, with an address as the host and a hardware address as the port.",
            "host": "The neighbour's name without its domain.",
            "port": "The neighbour's interface.",
            "platform": "What the neighbour says it is; null where it does not.",
        },
        "bgp": {
            "": "A map from a peer's address to the session. A peer of another VRF than `default` is `ADDRESS%VRF`.",
            "state": "The state of the session (RFC 4271, section 8.2.2).",
            "asn": "The peer's autonomous system.",
            "prefixes_received": "Prefixes that it sent; null while the session is not established.",
            "vrf": "The VRF, `default` for the global table.",
        },
        "routes": {
            "": "A map from a prefix such as `10.0.0.0/8` to the best route of the global table.",
            "protocol": "Where it comes from: `connected`, `local`, `static`, `ospf`, `isis`, `bgp`, `rip`, `eigrp`.",
            "next_hops": "Addresses, or the interface of a connected route; ascending.",
            "metric": "Its metric; null where there is none.",
        },
        "spanning_tree": {
            "": "A map from VLAN id, or instance with MSTP (0 is the common one), to its tree.",
            "root": "The root bridge's identifier, as `32768.0011.2233.4455`.",
            "root_port": "The port towards the root; null on the root itself.",
            "ports": "A map from interface to its `role` and `state`.",
        },
        "versions": {
            "": "What the device runs, and what it is.",
            "os": "The version of its operating system, as `17.9.4a`.",
            "model": "Its model, as `C9300-48P`.",
            "serial": "The serial number of its chassis; null where it has none.",
        },
    }
)


def key_of(section: Section) -> Type:
    """The type of the keys of a section, as ``added``, ``removed`` and ``changed`` name them; lines of ``config``."""
    found = STATE[section]
    return found.key if isinstance(found, MapType) else TEXT


def difference_of(section: Section) -> Record:
    """What ``compare`` yields for a section: keys by what became of them."""
    keys = ListType(key_of(section))
    return Record(f"the difference of `{section}`", {"added": keys, "removed": keys, "changed": keys})
