"""Resources of the testbed's RESTCONF: paths found in data, bodies read into it, and data written as XML and JSON.

RFC 8040 (3.5.3 paths, 4.5 to 4.7 edits), RFC 7950 (7.8.5, keys come first in XML), RFC 7951 (JSON). What a body or a
path names has to be in the model (`platforms/iosxe_model.py`); the rest is refused as unknown.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from activities.deviceinteraction.testbed.platforms.iosxe_model import NAMESPACES, NATIVE, ROOT, Data, Node
from activities.deviceinteraction.testbed.switch import Port

RESTCONF: Final = "urn:ietf:params:xml:ns:yang:ietf-restconf"
MEDIA: Final = "application/yang-data+xml"


class Invalid(Exception):
    """A request that is refused, with what it is answered (RFC 8040, 7)."""

    def __init__(self, status: int, tag: str, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.tag = tag
        self.words = words


@dataclass(frozen=True)
class Place:
    """Where a path leads: a node of the model, the map that holds it, and its name or key there."""

    node: Node
    holder: Data
    name: str
    entry: bool = False  # one of a list

    @property
    def value(self) -> "str | Data | None":
        """What is there; ``None`` where nothing is."""
        return self.holder.get(self.name)

    @classmethod
    def found(cls, path: str, data: Data) -> "Place":
        """Follow a path from the datastore. Raises `Invalid` where the model has no such place, or it is in nothing."""
        steps = path.split("/")
        if _named(steps[0]) != (NATIVE, ROOT.name, None):
            raise Invalid(404, "invalid-value", f"uri keypath not found: {path}")
        place = cls(ROOT, {ROOT.name: data}, ROOT.name)
        for step in steps[1:]:
            module, name, key = _named(step)
            node = place.node.inside.get(name)
            if (
                node is None
                or (module or place.node.module) != node.module
                or (key is not None) > (node.kind == "list")
            ):
                raise Invalid(400, "unknown-element", f"unknown element: {step} in /{path}")
            holder = place.value
            if not isinstance(holder, dict):
                raise Invalid(404, "invalid-value", "uri keypath not found")
            place = cls(node, holder, name)
            if key is not None:
                inside = holder.setdefault(name, {})
                assert isinstance(inside, dict), "a list is a map of entries"
                place = cls(node, inside, key, entry=True)
        return place

    def delete(self) -> None:
        """Take it away."""
        if self.value is None:
            raise Invalid(404, "data-missing", "uri keypath not found")
        del self.holder[self.name]

    def patch(self, body: str) -> None:
        """Merge a body into it, which must be there (RFC 8040, 4.6.1)."""
        if self.value is None:
            raise Invalid(404, "invalid-value", "uri keypath not found")
        self._take(body)

    def put(self, body: str) -> None:
        """Put a body in its place."""
        self.holder.pop(self.name, None)
        self._take(body)

    def _take(self, body: str) -> None:
        root = _parsed(body)
        if _split(root.tag) != (NAMESPACES[self.node.module], self.node.name):
            raise Invalid(400, "malformed-message", f"the body holds another element than {self.node.name}")
        if self.entry and _key_of(self.node, root) != self.name:
            raise Invalid(400, "invalid-value", "the key in the body is another one than in the path")
        if self.entry or self.node.kind in {"container", "leaf", "empty"}:
            _merge(self.node, root, self.holder, self.name)
        else:
            raise Invalid(400, "invalid-value", "the path must name an entry of the list")


def merge(data: Data, body: str, *, within: str) -> None:
    """Merge what stands within an element of the datastore resource."""
    root = _parsed(body)
    if _split(root.tag) != (RESTCONF, within):
        raise Invalid(400, "malformed-message", f"the body of the datastore is <{within}> (RFC 8040, 3.4)")
    for child in root:
        if _split(child.tag) != (NAMESPACES[NATIVE], ROOT.name):
            raise Invalid(400, "unknown-element", f"unknown element: {_split(child.tag)[1]}")
        _merge(ROOT, child, {ROOT.name: data}, ROOT.name)


def written(node: Node, value: "str | Data", *, entry: bool = False, above: str = "") -> str:
    """Data as XML."""
    if isinstance(value, str):
        return element(node.name, "" if node.module == above else node.module, escape(value))
    if node.kind == "list" and not entry:
        return "".join(written(node, one, entry=True, above=above) for one in value.values())
    inside = "".join(written(node.inside[name], one, above=node.module) for name, one in value.items())
    return element(node.name, "" if node.module == above else node.module, inside)


def as_json(node: Node, value: Any) -> Any:  # noqa: ANN401  # JSON of any shape
    """Data as JSON (RFC 7951); entries of a list come as a list."""
    if isinstance(value, list):
        return [as_json(node, one) for one in value]
    if isinstance(value, str):
        return [None] if node.kind == "empty" else int(value) if value.isdigit() and node.name == "id" else value
    found = {}
    for name, one in value.items():
        below = node.inside[name]
        spelled = name if below.module == node.module else f"{below.module}:{name}"
        found[spelled] = as_json(below, list(one.values()) if below.kind == "list" else one)
    return found


def element(name: str, module: str, inside: str) -> str:
    """An element; with the namespace of a module where one is named. What is inside is escaped already."""
    space = f' xmlns="{NAMESPACES[module]}"' if module else ""
    return f"<{name}{space}>{inside}</{name}>" if inside else f"<{name}{space}/>"


def datastore(inside: str) -> str:
    """The datastore resource (RFC 8040, 3.4)."""
    return f'<data xmlns="{RESTCONF}">{inside}</data>'


def library() -> str:
    """The modules that the device has (RFC 7895)."""
    listed = "".join(
        element("module", "", element("name", "", name) + element("namespace", "", escape(uri)))
        for name, uri in NAMESPACES.items()
    )
    return element("modules-state", "ietf-yang-library", listed)


def interfaces(ports: Sequence[Port]) -> str:
    """The state of the interfaces (RFC 7223)."""
    return element(
        "interfaces-state",
        "ietf-interfaces",
        "".join(
            element(
                "interface",
                "",
                element("name", "", port.name)
                + element("admin-status", "", "down" if port.shutdown else "up")
                + element("oper-status", "", "up" if port.up else "down"),
            )
            for port in ports
        ),
    )


def _merge(node: Node, said: ET.Element, holder: Data, name: str) -> None:
    """Merge one element into the map that holds it."""
    if node.kind in {"leaf", "empty"}:
        text = (said.text or "").strip()
        if len(said) or (node.kind == "empty") == bool(text) or (text and not re.fullmatch(node.takes, text)):
            raise Invalid(400, "invalid-value", f"invalid value for: {node.name}")
        holder[name] = text
        return
    here = holder.setdefault(name, {})
    assert isinstance(here, dict), "containers and entries are maps"
    if node.kind == "list":
        here.setdefault(node.key, _key_of(node, said))
    for child in said:
        below, key = _below(node, child)
        if key is None:
            _merge(below, child, here, below.name)
            continue
        inside = here.setdefault(below.name, {})
        assert isinstance(inside, dict), "a list is a map of entries"
        _merge(below, child, inside, key)


def _below(node: Node, child: ET.Element) -> tuple[Node, str | None]:
    space, name = _split(child.tag)
    found = node.inside.get(name)
    if found is None or NAMESPACES[found.module] != space:
        raise Invalid(400, "unknown-element", f"unknown element: {name} in {node.name}")
    return found, _key_of(found, child) if found.kind == "list" else None


def _key_of(node: Node, entry: ET.Element) -> str:
    found = next((leaf for leaf in entry if _split(leaf.tag)[1] == node.key), None)
    if found is None or not found.text:
        raise Invalid(400, "missing-element", f"the entry of {node.name} has no {node.key}")
    return found.text.strip()


def _parsed(body: str) -> ET.Element:
    try:
        return ET.fromstring(body)  # noqa: S314  # of our own client, on loopback
    except ET.ParseError as error:
        raise Invalid(400, "malformed-message", str(error)) from error


def _named(step: str) -> tuple[str, str, str | None]:
    """The module, the name and the key of a step of a path."""
    name, equals, key = step.partition("=")
    module, colon, local = name.partition(":")
    return (module, local, unquote(key) if equals else None) if colon else ("", name, unquote(key) if equals else None)


def _split(tag: str) -> tuple[str, str]:
    space, _, name = tag.rpartition("}")
    return space.removeprefix("{"), name
