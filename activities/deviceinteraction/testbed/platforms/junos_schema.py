"""The part of Junos's configuration hierarchy that the testbed knows, as data.

A statement that stands nowhere here is a syntax error, as on a device. The kinds are those by which Junos prints
braces ("CLI User Guide", "Configuration Statement Hierarchy"): a box of statements, a map of names, a list whose
keyword stands before each name, a leaf with one value, a leaf with several, and a flag.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Tree = dict[str, "Tree"]


@dataclass(frozen=True, slots=True)
class Node:
    """One place in the hierarchy.

    Attributes:
        kind: See the module.
        children: Of a box: its statements. Of a list whose names are fixed (``family``): what each holds.
        entry: Of a map or a list: what each name holds.
        bounds: Of a leaf: the least and the greatest number.
        values: Of a leaf: the only words that it takes.
    """

    kind: Literal["box", "map", "list", "leaf", "leaves", "flag"]
    children: Mapping[str, "Node"] = field(default_factory=dict)
    entry: "Node | None" = None
    bounds: tuple[int, int] | None = None
    values: tuple[str, ...] = ()

    def named(self, name: str) -> "Node | None":
        """What an entry of this map or list holds; ``None`` where no such entry can be."""
        return self.children.get(name) if self.children else self.entry


def _box(**children: Node) -> Node:
    return Node("box", {name.replace("_", "-"): child for name, child in children.items()})


def _list(**children: Node) -> Node:
    return Node("list", entry=_box(**children))


def _number(least: int, greatest: int) -> Node:
    return Node("leaf", bounds=(least, greatest))


def _one_of(*values: str) -> Node:
    return Node("leaf", values=values)


LEAF, LEAVES, FLAG = Node("leaf"), Node("leaves"), Node("flag")

_SWITCHING = _box(
    interface_mode=_one_of("access", "trunk"),
    vlan=_box(members=LEAVES),
    storm_control=LEAF,
)
_UNIT = _box(
    description=LEAF,
    disable=FLAG,
    vlan_id=_number(1, 4094),
    family=Node("list", {"inet": _box(address=_list()), "ethernet-switching": _SWITCHING}),
)
_INTERFACE = _box(
    description=LEAF,
    disable=FLAG,
    mtu=_number(256, 9216),
    native_vlan_id=_number(1, 4094),
    unit=Node("list", entry=_UNIT),
)
_USER = _box(
    full_name=LEAF,
    uid=_number(100, 64000),
    **{"class": LEAF},
    authentication=_box(encrypted_password=LEAF),
)

SCHEMA = _box(
    version=LEAF,
    system=_box(
        host_name=LEAF,
        domain_name=LEAF,
        time_zone=LEAF,
        root_authentication=_box(encrypted_password=LEAF),
        name_server=_list(),
        login=_box(message=LEAF, user=Node("list", entry=_USER)),
        services=_box(
            ssh=_box(root_login=_one_of("allow", "deny", "deny-password"), connection_limit=_number(1, 250)),
            netconf=_box(ssh=_box()),
        ),
        syslog=_box(host=_list(any=LEAF)),
        ntp=_box(server=_list(prefer=FLAG)),
    ),
    snmp=_box(location=LEAF, contact=LEAF, community=_list(authorization=_one_of("read-only", "read-write"))),
    interfaces=Node("map", entry=_INTERFACE),
    routing_options=_box(static=_box(route=_list(next_hop=LEAF))),
    protocols=_box(
        lldp=_box(interface=_list()),
        rstp=_box(interface=_list(edge=FLAG, cost=_number(1, 200000000)), bpdu_block_on_edge=FLAG),
    ),
    vlans=Node(
        "map",
        entry=_box(description=LEAF, vlan_id=_number(1, 4094), l3_interface=LEAF),
    ),
)

_PLAIN = re.compile(r"[A-Za-z0-9./:_@*$+-]+")


def quoted(word: str) -> str:
    """A word as Junos prints it: in quotes where it is more than a plain word."""
    return word if _PLAIN.fullmatch(word) and not word.startswith("$") else f'"{word}"'
