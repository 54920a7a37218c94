"""Configurations as XML, as NETCONF has them: read, written in one normal form, and seen as paths and back.

Pure functions. In the normal form there are no prefixes but those that a value needs (RFC 7950, 9.10.3, identities), no
comments and no blanks between elements; elements keep the device's order, as a list may be ordered by its user. An
element's place in a path is its name, ``{namespace}name`` where that changes, with the keys of a list entry as
``[name=eth0]`` and the value of a leaf after a blank.

Which leaves are the keys of an entry only the device's data model knows; they come first in it (RFC 7950, 7.8.5). So
of entries side by side as many leading leaves are taken as tell them apart, and of one that stands alone the first leaf
if it is called as keys are.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any, Final
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from activities.deviceinteraction.config.footprint import Path
from activities.deviceinteraction.redaction import HIDDEN, is_secret_leaf

BASE: Final = "urn:ietf:params:xml:ns:netconf:base:1.0"
_DEEPEST: Final = 100
_PREFIXED: Final = re.compile(r"(?:^|[/\[])([A-Za-z_][\w.-]*):(?=[A-Za-z_*])")
_KEY: Final = re.compile(r"(?:name|id|index|key)$|[\w.-]+-(?:name|id|index)$")
_PLAIN: Final = re.compile(r"[^\s\"'\[\];]+")
_VOLATILE: Final = re.compile(r"(?:changed|commit)-(?:seconds|localtime|user)$|(?:\{[^}]*\})?(?:last-modified|etag)$")
_MARK: Final = re.compile(r"\[(?P<name>@?(?:\{[^}]*\})?[\w.:-]+)=(?P<value>\"(?:[^\"\\]|\\.)*\"|[^\]]*)\]")
_STEP: Final = re.compile(
    r"(?:\{(?P<namespace>[^}]*)\})?(?P<name>[\w.-]+)(?P<marks>(?:\[[^\]\"]*(?:\"(?:[^\"\\]|\\.)*\")?\])*)"
    r"(?:#(?P<nth>\d+))?(?: (?P<value>.*))?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Element:
    """An element with what is in it: a value, or other elements. Attribute names are ``{namespace}name`` or plain."""

    namespace: str
    name: str
    text: str = ""
    children: tuple["Element", ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    prefixes: tuple[tuple[str, str], ...] = ()  # that the text needs, with their namespaces

    def find(self, *names: str) -> "Element | None":
        """The first element along these local names."""
        here: Element | None = self
        for name in names:
            here = next((child for child in here.children if child.name == name), None) if here else None
        return here

    def value(self, *names: str) -> str:
        """The text of the first element along these local names, stripped; empty where there is none."""
        found = self.find(*names)
        return "" if found is None else found.text.strip()

    def every(self, name: str) -> Iterator["Element"]:
        """The children of a local name."""
        return (child for child in self.children if child.name == name)


def read(text: str) -> Element:
    """The root element of a document.

    Raises:
        ValueError: It is not well-formed, nests too deep, or has a document type, which NETCONF forbids (RFC 6241, 3).
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("it has a document type, which NETCONF forbids")
    parser: Any = ET.XMLPullParser(["start", "end", "start-ns", "end-ns"])  # Any: what an event carries is by its kind
    scopes: list[tuple[str, str]] = []
    open_: list[list[Element]] = [[]]
    try:
        parser.feed(text.strip())
        parser.close()
        for event, item in parser.read_events():
            match event:
                case "start-ns":
                    scopes.append(item)
                case "end-ns":
                    scopes.pop()
                case "start":
                    open_.append([])
                    if len(open_) > _DEEPEST:
                        raise ValueError(f"it is nested deeper than {_DEEPEST} elements")
                case _:
                    children = tuple(open_.pop())
                    open_[-1].append(_element(item, children, dict(scopes)))
    except ET.ParseError as error:
        raise ValueError(f"it is not well-formed XML: {error}") from error
    return open_[0][0]


def written(elements: Sequence[Element], namespace: str = "", depth: int = 0) -> str:
    """Elements in the normal form, each on a line of its own, indented.

    Args:
        elements: What to write.
        namespace: The default one where they stand.
        depth: How far to indent.
    """
    return "".join(_line(element, namespace, depth) for element in elements)


def paths(elements: Sequence[Element], above: Path = (), namespace: str = "") -> Iterator[Path]:
    """Every element with those around it, top down, in the order of the document."""
    for element, step in zip(elements, _steps(elements, namespace), strict=True):
        path = (*above, step)
        yield path
        yield from paths(element.children, path, element.namespace)


def leaves(all_paths: Sequence[Path]) -> tuple[Path, ...]:
    """Of paths in the order of `paths`, those with nothing beneath them: what holds others says nothing itself.

    A container that two changes have in common belongs to neither.
    """
    pairs = zip_longest(all_paths, all_paths[1:], fillvalue=())
    return tuple(path for path, following in pairs if following[: len(path)] != path)


def parsed(step: str, namespace: str) -> tuple[Element, bool]:
    """The element that a step of a path stands for, with its keys and its value, and whether it is an entry of a list.

    Args:
        step: As `paths` makes it.
        namespace: Of the element around it.

    Raises:
        ValueError: The step is one of several that only their number tells apart, or is redacted.
    """
    found = _STEP.fullmatch(step)
    if found is None or found["nth"] or HIDDEN in step:
        raise ValueError(f"{step!r} does not say which element it is")
    own = namespace if found["namespace"] is None else found["namespace"]
    keys: list[Element] = []
    attributes: list[tuple[str, str]] = []
    prefixes: list[tuple[str, str]] = []
    for mark in _MARK.finditer(found["marks"]):
        name, value = mark["name"], _bare(mark["value"])
        if name.startswith("@"):
            attributes.append((name[1:], value))
        elif name.startswith("xmlns:"):
            prefixes.append((name.removeprefix("xmlns:"), value))
        else:
            keys.append(Element(own, name, value))
    text = "" if found["value"] is None else _bare(found["value"])
    return Element(own, found["name"], text, tuple(keys), tuple(attributes), tuple(prefixes)), bool(keys)


def _element(item: ET.Element, children: tuple[Element, ...], scope: dict[str, str]) -> Element:
    namespace, name = _split(item.tag)
    text = "" if children or not (item.text or "").strip() else (item.text or "")
    used = dict.fromkeys(_PREFIXED.findall(text))
    return Element(
        namespace,
        name,
        text,
        children,
        tuple(sorted((key, value) for key, value in item.attrib.items() if not _VOLATILE.search(key))),
        tuple((prefix, scope[prefix]) for prefix in used if prefix in scope),
    )


def _split(tag: str) -> tuple[str, str]:
    namespace, end, name = tag.rpartition("}")
    return (namespace.removeprefix("{"), name) if end else ("", tag)


def _line(element: Element, namespace: str, depth: int) -> str:
    declared = "" if element.namespace == namespace else f" xmlns={quoteattr(element.namespace)}"
    declared += "".join(f" xmlns:{prefix}={quoteattr(uri)}" for prefix, uri in element.prefixes)
    for number, (key, value) in enumerate(element.attributes):
        space, name = _split(key)
        prefix = "nc" if space == BASE else f"a{number}"
        declared += f" xmlns:{prefix}={quoteattr(space)} {prefix}:{name}" if space else f" {name}"
        declared += f"={quoteattr(value)}"
    blank = "  " * depth
    if element.children:
        inside = written(element.children, element.namespace, depth + 1)
        return f"{blank}<{element.name}{declared}>\n{inside}{blank}</{element.name}>\n"
    if element.text:
        return f"{blank}<{element.name}{declared}>{escape(element.text)}</{element.name}>\n"
    return f"{blank}<{element.name}{declared}/>\n"


def _steps(elements: Sequence[Element], namespace: str) -> list[str]:
    """What elements side by side are called, each differently."""
    alike: dict[tuple[str, str], list[Element]] = {}
    for element in elements:
        alike.setdefault((element.namespace, element.name), []).append(element)
    sizes = {name: key_size(group) for name, group in alike.items()}
    steps: list[str] = []
    seen: dict[str, int] = {}
    for element in elements:
        name, value = _step(element, namespace, sizes[element.namespace, element.name])
        count = seen[f"{name}{value}"] = seen.get(f"{name}{value}", 0) + 1
        steps.append(f"{name}{value}" if count == 1 else f"{name}#{count}{value}")
    return steps


def key_size(group: Sequence[Element]) -> int:
    """How many leading leaves tell entries of one name apart; none where they are no entries."""
    if len(group) == 1:
        first = next(iter(group[0].children), None)
        return int(first is not None and not first.children and bool(first.text) and bool(_KEY.fullmatch(first.name)))
    most = max(len(leading(element)) for element in group)
    for size in range(1, most + 1):
        if len({tuple(leaf.text for leaf in leading(element)[:size]) for element in group}) == len(group):
            return size
    return min(1, most)


def leading(element: Element) -> list[Element]:
    """The leaves of an element before the first that holds others; the keys of an entry are the first of them."""
    last = next((place for place, child in enumerate(element.children) if child.children), len(element.children))
    return [leaf for leaf in element.children[:last] if leaf.text]


def _step(element: Element, namespace: str, keys: int) -> tuple[str, str]:
    own = "" if element.namespace == namespace else f"{{{element.namespace}}}"
    marks = [(leaf.name, leaf.text) for leaf in leading(element)[:keys]]
    marks += [(f"@{key}", value) for key, value in element.attributes]
    marks += [(f"xmlns:{prefix}", uri) for prefix, uri in element.prefixes]
    name = f"{own}{element.name}" + "".join(f"[{key}={_quoted(value)}]" for key, value in marks)
    return name, f" {_shown(element)}" if element.text else ""


def _shown(leaf: Element) -> str:
    """A leaf's value, or what tells it from others where it is a secret."""
    if is_secret_leaf(leaf.name):
        return f"{HIDDEN} #{hashlib.sha256(leaf.text.encode()).hexdigest()[:12]}"
    return _quoted(leaf.text)


def _quoted(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)


def _bare(value: str) -> str:
    return str(json.loads(value)) if value.startswith('"') else value


def filled(element: Element, children: Sequence[Element]) -> Element:
    """The element with other children."""
    return replace(element, children=tuple(children))


def marked(element: Element, attribute: str, value: str) -> Element:
    """The element with one more attribute."""
    return replace(element, attributes=(*element.attributes, (attribute, value)))
