"""Changes as NETCONF's ``edit-config`` takes them: checked fragments, and the inverse of a change from its paths.

Pure functions; what a path is, `xmltree.py` says.
"""

from collections.abc import Collection, Sequence
from typing import Final

from activities.deviceinteraction.config import xmltree
from activities.deviceinteraction.config.footprint import Footprint, Path
from activities.deviceinteraction.config.xmltree import BASE, Element
from activities.deviceinteraction.failures import InvalidInput

_OPERATION: Final = f"{{{BASE}}}operation"


def fragment(lines: Sequence[str]) -> str:
    """The ``config`` element of an ``edit-config``; the text inside goes to the device as it was given.

    Args:
        lines: One element or several, each with the namespace of its data model; or a ``config`` element around them.
            ``nc:operation`` may be used without declaring ``nc``.

    Raises:
        InvalidInput: It is not well-formed, or an element has no namespace of its own.
    """
    text = "\n".join(lines).strip()
    if text.startswith("<?xml"):
        text = text.partition("?>")[2].strip()
    around = f'<config xmlns="{BASE}" xmlns:nc="{BASE}">\n{text}\n</config>'
    try:
        root = xmltree.read(around)
        if len(root.children) == 1 and root.children[0].name == "config":
            root, around = root.children[0], text
    except ValueError as error:
        raise InvalidInput(
            f"the change is no XML that can be sent: {error}. Check the template and its values."
        ) from error
    if not root.children:
        raise InvalidInput("the change holds no element; give the data to be set, such as <interfaces xmlns=…>.")
    for child in root.children:
        if child.namespace in {"", BASE}:
            raise InvalidInput(
                f"<{child.name}> names no data model: give it the namespace of its module, as "
                f'<{child.name} xmlns="urn:ietf:params:xml:ns:yang:ietf-interfaces">.'
            )
    return around


def undoing(footprint: Footprint, present: Collection[Path]) -> tuple[str, ...] | None:
    """A fragment that takes back what is there of a change; ``None`` where it cannot be told from the paths.

    What the change brought is deleted at the highest element in which nothing else is; what it took away is set again,
    which for the value of a leaf is all that is needed.
    """
    if footprint.holds_secrets:
        return None
    here = dict.fromkeys(path for path in footprint.added if path in present)
    gone = [path for path in footprint.removed if path not in present]
    others = [path for path in present if path not in here]
    kept = {path[:depth] for path in (*others, *gone) for depth in range(1, len(path) + 1)}
    ours = [path for path in here if not _is_replaced(path, gone, present)]
    doomed = [next(path[:depth] for depth in range(1, len(path) + 1) if path[:depth] not in kept) for path in ours]
    root = _Place(Element("", ""))
    try:
        for path in doomed:
            root.reach(path).operation = "delete"
        for path in gone:
            root.reach(path)
    except ValueError:
        return None
    return tuple(xmltree.written(root.made().children).splitlines())


class _Place:
    """An element that is being made, by its step in a path."""

    def __init__(self, element: Element) -> None:
        self.element = element
        self.operation = ""
        self.inside: dict[str, _Place] = {}

    def reach(self, path: Path) -> "_Place":
        """The place at the end of a path; those on the way are made."""
        here = self
        for step in path:
            if step not in here.inside:
                here.inside[step] = _Place(xmltree.parsed(step, here.element.namespace)[0])
            here = here.inside[step]
        return here

    def made(self) -> Element:
        """The element with its keys first."""
        keys = {(key.name, key.text) for key in self.element.children}
        others = [place.made() for place in self.inside.values()]
        kept = [child for child in others if child.children or (child.name, child.text) not in keys]
        element = xmltree.filled(self.element, (*self.element.children, *kept))
        return xmltree.marked(element, _OPERATION, self.operation) if self.operation else element


def _is_replaced(path: Path, gone: Collection[Path], present: Collection[Path]) -> bool:
    """Whether a leaf's former value comes back and replaces this one. In a list of values each stands for itself."""
    name = _name(path[-1])
    if name is None or not any(other[:-1] == path[:-1] and _name(other[-1]) == name for other in gone):
        return False
    beside = [other for other in present if len(other) == len(path) and other[:-1] == path[:-1]]
    return sum(_name(other[-1]) == name for other in beside) == 1


def _name(step: str) -> str | None:
    """The name of a leaf that has a value; ``None`` for other elements."""
    name, blank, _ = step.partition(" ")
    return name.partition("[")[0] if blank and "[" not in name.partition("[xmlns:")[0] else None
