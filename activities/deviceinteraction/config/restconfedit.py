"""Changes as RESTCONF takes them: what a fragment would make of a configuration, and the requests that do it.

Pure functions. A fragment is written as for NETCONF's ``edit-config`` (`netconfedit.py`), so that one definition serves
both. RESTCONF has no candidate, and none of NETCONF's attributes: what is merged goes in one ``PATCH``, which a device
makes whole or not at all (RFC 8040, 4.6; RFC 5789, 2), what is replaced in a ``PUT``, and what is deleted in a
``DELETE`` of the resource (4.5, 4.7), in that order.

Which entry of a list is meant only the device's data model knows. It is found as `xmltree.py` finds keys: by the
leading leaves that tell the entries apart which are there, or by the first one where it is called as keys are. Where
that is wrong, what is read back is not what was predicted, and the change is taken back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal
from urllib.parse import quote

from activities.deviceinteraction.config import netconfedit, xmltree
from activities.deviceinteraction.config.xmltree import BASE, Element
from activities.deviceinteraction.failures import InvalidInput

RESTCONF: Final = "urn:ietf:params:xml:ns:yang:ietf-restconf"
_OPERATION: Final = f"{{{BASE}}}operation"
Operation = Literal["merge", "create", "replace", "delete", "remove"]
_OPERATIONS: Final[Mapping[str, Operation]] = {
    "merge": "merge",
    "create": "create",
    "replace": "replace",
    "delete": "delete",
    "remove": "remove",
}


@dataclass(frozen=True, slots=True)
class Edit:
    """One request. ``body`` is empty for ``DELETE``."""

    method: Literal["PATCH", "PUT", "DELETE"]
    path: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a fragment leads to: the configuration that is expected, and the requests, in their order."""

    elements: tuple[Element, ...]
    edits: tuple[Edit, ...]


def worked_out(now: Sequence[Element], lines: Sequence[str], modules: Mapping[str, str], root: str) -> Outcome:
    """What a change would do.

    Args:
        now: The configuration: the elements in the datastore, or the one of the root.
        lines: The fragment.
        modules: The names of the device's data models by their namespaces.
        root: The resource that counts as the configuration; empty for the whole datastore.

    Raises:
        InvalidInput: It is no fragment, names a data model that the device has not, lies outside of the root, deletes
            what is not there or creates what is, or does not say which entry of a list is meant.
    """
    wanted = _folded(xmltree.read(netconfedit.fragment(lines)).children, top=True)
    work = _Work(modules)
    if root and any(_step(element, "", modules) != root for element in wanted):
        raise InvalidInput(f"the change lies outside of {root}, which is what counts as this device's configuration.")
    elements, merged = work.beneath(now, wanted, "", "")
    edits: list[Edit] = []
    if merged and root:
        edits.append(Edit("PATCH", root, xmltree.written(merged)))
    elif merged:
        inside = xmltree.written(merged, RESTCONF, 1)
        edits.append(Edit("PATCH", "", f'<data xmlns="{RESTCONF}">\n{inside}</data>\n'))
    return Outcome(tuple(elements), (*edits, *work.replaced, *work.deleted))


@dataclass(slots=True)
class _Work:
    """The requests besides the ``PATCH``, as they are found on the way down."""

    modules: Mapping[str, str]
    replaced: list[Edit] = field(default_factory=list)
    deleted: list[Edit] = field(default_factory=list)

    def beneath(
        self, now: Sequence[Element], wanted: Sequence[Element], above: str, namespace: str
    ) -> tuple[list[Element], list[Element]]:
        """What stands side by side once the wanted elements are done, and what of them is to be merged."""
        result, merged = list(now), list[Element]()
        for element in wanted:
            beside = [other for other in result if _name(other) == _name(element)]
            alike = [other for other in wanted if _name(other) == _name(element)]
            keys = _keys(element, beside, alike)
            here = _counterpart(element, beside, keys, several=len(alike) > 1)
            path = _joined(above, _step(element, namespace, self.modules) + _key(element, keys, beside))
            operation = _operation(element, here, path)
            match operation:
                case "delete" | "remove":
                    if here is not None:
                        result.remove(here)
                        self.deleted.append(Edit("DELETE", path))
                case "replace":
                    clean = _clean(element)
                    self.replaced.append(Edit("PUT", path, xmltree.written((clean,))))
                    _put(result, here, clean)
                case _:
                    made, patch = self._merged(element, here, path)
                    _put(result, here, made)
                    if patch is not None:
                        merged.append(patch)
        return result, merged

    def _merged(self, element: Element, here: Element | None, path: str) -> tuple[Element, Element | None]:
        """An element as it will be, and what of it goes into the ``PATCH``; nothing where only deletions are in it."""
        children = here.children if here is not None and element.children else ()
        result, merged = self.beneath(children, element.children, path, element.namespace)
        made = replace(element, children=tuple(result), attributes=_kept(element))
        done = len(element.children) - len(merged)
        if done and all(not child.children and child in children for child in merged):
            return made, None  # the keys that said which entry it is in, and nothing else
        return made, replace(element, children=tuple(merged), attributes=_kept(element))


def _folded(elements: Sequence[Element], *, top: bool = False) -> list[Element]:
    """Containers that are given in several pieces, in one; entries of a list stay apart."""
    result: list[Element] = []
    for element in elements:
        piece = next((other for other in result if _are_pieces(other, element, top=top)), None)
        if piece is None:
            result.append(element)
        else:
            result[result.index(piece)] = replace(piece, children=(*piece.children, *element.children))
    return [replace(element, children=tuple(_folded(element.children))) for element in result]


def _are_pieces(one: Element, other: Element, *, top: bool) -> bool:
    """Whether two elements are one container: one has no key, or both stand at the top, where keys are called so."""
    if _name(one) != _name(other) or one.attributes != other.attributes or not (one.children and other.children):
        return False
    if not (xmltree.leading(one) and xmltree.leading(other)):
        return True
    return top and not (xmltree.key_size([one]) and xmltree.key_size([other]))


def _operation(element: Element, here: Element | None, path: str) -> Operation:
    said = next((value for name, value in element.attributes if name == _OPERATION), "merge")
    operation = _OPERATIONS.get(said)
    if operation is None:
        raise InvalidInput(f"<{element.name}>: there is no operation {said!r}; there are {', '.join(_OPERATIONS)}.")
    if operation == "delete" and here is None:
        raise InvalidInput(f"{path} is to be deleted and is not there; `remove` is for what may be there.")
    if operation == "create" and here is not None:
        raise InvalidInput(f"{path} is to be created and is there already; `merge` is for what may be there.")
    return operation


def _name(element: Element) -> tuple[str, str]:
    return element.namespace, element.name


def _keys(element: Element, beside: Sequence[Element], alike: Sequence[Element]) -> int:
    """How many leading leaves say which entry of a list is meant; none for what is no entry.

    Raises:
        InvalidInput: There are entries, and it does not say which.
    """
    if not beside:
        return xmltree.key_size(alike)
    keys = xmltree.key_size(beside)
    if not keys and len(beside) == 1 and len(alike) > 1 and all(xmltree.leading(other) for other in alike):
        keys = xmltree.key_size(alike)
    wanted = [leaf.name for leaf in xmltree.leading(beside[0])[:keys]]
    if [leaf.name for leaf in xmltree.leading(element)[:keys]] == wanted:
        return keys
    if len(beside) == 1:
        return 0  # a container, whose first leaf is only called as keys are
    raise InvalidInput(f"<{element.name}> does not say which entry it is: give its {', '.join(wanted)} first.")


def _counterpart(element: Element, beside: Sequence[Element], keys: int, *, several: bool) -> Element | None:
    """The element that is there already, if one is: the same entry, the same value of a list of values, or the one."""
    if keys:
        mine = [leaf.text for leaf in xmltree.leading(element)[:keys]]
        return next((other for other in beside if [leaf.text for leaf in xmltree.leading(other)[:keys]] == mine), None)
    if (len(beside) > 1 or several) and not element.children:
        return next((other for other in beside if other.text == element.text), None)
    return beside[0] if beside else None


def _key(element: Element, keys: int, beside: Sequence[Element]) -> str:
    """``=KEY,KEY`` of an entry, or ``=VALUE`` of one of several values (RFC 8040, 3.5.3)."""
    values = [leaf.text for leaf in xmltree.leading(element)[:keys]]
    if not values and element.text and len(beside) > 1:
        values = [element.text]
    return "=" + ",".join(quote(value, safe="") for value in values) if values else ""


def _step(element: Element, namespace: str, modules: Mapping[str, str]) -> str:
    if element.namespace == namespace:
        return element.name
    module = modules.get(element.namespace)
    if module is None:
        raise InvalidInput(f"<{element.name}>: the device has no data model with the namespace {element.namespace!r}.")
    return f"{module}:{element.name}"


def _joined(above: str, step: str) -> str:
    return f"{above}/{step}" if above else step


def _put(result: list[Element], here: Element | None, made: Element) -> None:
    """In the place of what is there, else behind the last of the same name."""
    if here is not None:
        result[result.index(here)] = made
        return
    last = max((place for place, other in enumerate(result) if _name(other) == _name(made)), default=len(result) - 1)
    result.insert(last + 1, made)


def _kept(element: Element) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in element.attributes if pair[0] != _OPERATION)


def _clean(element: Element) -> Element:
    return replace(element, children=tuple(map(_clean, element.children)), attributes=_kept(element))
