"""What the platforms share whose configuration is XML: how it is kept, and how a change of it is shown."""

import hashlib
from collections.abc import Sequence

from activities.deviceinteraction.config import xmltree
from activities.deviceinteraction.config.diff import digest, rendered
from activities.deviceinteraction.config.footprint import Footprint, Path, between, keyed
from activities.deviceinteraction.config.xmltree import Element
from activities.deviceinteraction.platforms.protocol import Running, Staged

VENDORS = {
    "http://cisco.com/": "Cisco",
    "http://xml.juniper.net/": "Juniper",
    "http://yang.juniper.net/": "Juniper",
    "http://arista.com/": "Arista",
    "urn:nokia.com:": "Nokia",
    "http://www.huawei.com/": "Huawei",
    "urn:huawei:": "Huawei",
    "http://netconfcentral.org/": "yuma",
}
"""Vendors by how the namespaces of their data models begin."""


def understood(elements: Sequence[Element]) -> Running:
    """A configuration in its normal form, with its paths."""
    text = xmltree.written(elements)
    paths = xmltree.leaves(all_paths(elements))
    return Running(text, paths, hashlib.sha256(text.encode()).hexdigest(), frozenset(paths))


def all_paths(elements: Sequence[Element]) -> tuple[Path, ...]:
    """The paths of all elements, those that hold others included."""
    return tuple(keyed(path) for path in xmltree.paths(elements))


def staged(footprint: Footprint, now: Sequence[Element], then: Sequence[Element], lines: Sequence[str]) -> Staged:
    """A change as it is shown: with the elements around what changes."""
    had, has = all_paths(now), all_paths(then)
    text = rendered(between(had, has), had)
    return Staged(footprint, text, digest(text), tuple(lines))
