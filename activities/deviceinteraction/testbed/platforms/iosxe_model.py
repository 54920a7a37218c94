"""The part of IOS XE's data model that the testbed knows, and how it stands to the lines of the configuration.

Source: Cisco's published modules for IOS XE 17.9, ``Cisco-IOS-XE-native`` with the augments of ``Cisco-IOS-XE-vlan``:
names, keys and types. Data is kept as nested maps: a list is a map of its entries by their keys, a leaf of the type
``empty`` is ``""``. What is not named here is unknown to the device. No I/O, and no XML.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from activities.deviceinteraction.testbed.tree import ConfigTree, Line

NATIVE: Final = "Cisco-IOS-XE-native"
VLAN: Final = "Cisco-IOS-XE-vlan"
NAMESPACES: Final[Mapping[str, str]] = {
    NATIVE: "http://cisco.com/ns/yang/Cisco-IOS-XE-native",
    VLAN: "http://cisco.com/ns/yang/Cisco-IOS-XE-vlan",
    "ietf-interfaces": "urn:ietf:params:xml:ns:yang:ietf-interfaces",
    "ietf-yang-library": "urn:ietf:params:xml:ns:yang:ietf-yang-library",
    "cisco-ia": "http://cisco.com/yang/cisco-ia",
}

Data = dict[str, "str | Data"]


@dataclass(frozen=True)
class Node:
    """A node of the model.

    Attributes:
        name: As in XML.
        module: Whose it is.
        kind: What it is; the keys of a ``list`` come first in its entries.
        inside: What a container or an entry holds, by name.
        key: The leaf that is a list's key.
        takes: What a leaf's value must look like.
    """

    name: str
    module: str = NATIVE
    kind: Literal["container", "list", "leaf", "empty"] = "leaf"
    inside: Mapping[str, "Node"] = field(default_factory=dict)
    key: str = ""
    takes: str = r"[^\r\n]+"


def _of(*nodes: Node) -> Mapping[str, Node]:
    return {node.name: node for node in nodes}


def _interface(kind: str) -> Node:
    leaves = (
        Node("name", takes=r"[\d/.]+"),
        Node("description", takes=r"[^\r\n]{1,200}"),
        Node("shutdown", kind="empty"),
    )
    return Node(kind, kind="list", inside=_of(*leaves), key="name")


KINDS: Final = ("GigabitEthernet", "TenGigabitEthernet", "Loopback", "Vlan")
ROOT: Final = Node(
    "native",
    kind="container",
    inside=_of(
        Node("version"),
        Node("hostname", takes=r"[A-Za-z][\w-]{0,62}"),
        Node(
            "vlan",
            kind="container",
            inside=_of(
                Node(
                    "vlan-list",
                    module=VLAN,
                    kind="list",
                    key="id",
                    inside=_of(
                        Node("id", module=VLAN, takes=r"[1-9]\d{0,3}"), Node("name", module=VLAN, takes=r"\S{1,32}")
                    ),
                )
            ),
        ),
        Node("interface", kind="container", inside=_of(*map(_interface, KINDS))),
    ),
)


def of_tree(tree: ConfigTree) -> Data:
    """The data of a configuration."""
    data: Data = {}
    for line in tree.children:
        word, _, rest = line.text.partition(" ")
        match word:
            case "version" | "hostname":
                data[word] = rest
            case "vlan" if rest.isdigit():
                _at(data, "vlan", "vlan-list")[rest] = {"id": rest} | _values(line, "name")
            case "interface":
                found = re.fullmatch(r"([A-Za-z-]+)([\d/.]+)", rest)
                if found is not None and found[1] in KINDS:
                    shut: Data = {"shutdown": ""} if line.has("shutdown") else {}
                    entry: Data = {"name": found[2]} | _values(line, "description") | shut
                    _at(data, "interface", found[1])[found[2]] = entry
            case _:
                continue
    return data


def lines_between(old: Data, new: Data) -> list[str]:
    """The lines that lead from one to the other, as they are typed in configuration mode."""
    lines: list[str] = []
    if new.get("hostname") != old.get("hostname"):
        lines.append(f"hostname {new['hostname']}" if "hostname" in new else "no hostname")
    vlans: Callable[[str], str] = "vlan {}".format
    lines += _entries(_at(old, "vlan", "vlan-list"), _at(new, "vlan", "vlan-list"), vlans, "id")
    for kind in KINDS:
        opened: Callable[[str], str] = f"interface {kind}{{}}".format
        lines += _entries(_at(old, "interface", kind), _at(new, "interface", kind), opened, "name")
    return lines


def _entries(old: Data, new: Data, opened: Callable[[str], str], key: str) -> list[str]:
    lines = [f"no {opened(name)}" for name in old if name not in new]
    for name, entry in new.items():
        before = old.get(name)
        if before == entry:
            continue
        had: Data = before if isinstance(before, dict) else {}
        has: Data = entry if isinstance(entry, dict) else {}
        lines.append(opened(name))
        lines += [f"no {leaf}" for leaf in had if leaf not in has and leaf != key]
        changed = [(leaf, value) for leaf, value in has.items() if leaf != key and had.get(leaf) != value]
        lines += [f"{leaf} {value}".rstrip() for leaf, value in changed]
        lines.append("exit")
    return lines


def _values(line: Line, *names: str) -> Data:
    return {name: value for name in names if (value := line.value(name)) is not None}


def _at(data: Data, *names: str) -> Data:
    """The map below these names; made where it is missing."""
    here = data
    for name in names:
        below = here.setdefault(name, {})
        assert isinstance(below, dict), "containers and lists are maps"
        here = below
    return here
