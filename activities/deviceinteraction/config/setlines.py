"""Junos configurations as ``set`` lines: their inverses, their diffs as netsaga writes them, interfaces from them.

Pure functions over text; the conversation is in `juniper_junos.py`.
"""

import re
from collections.abc import Collection, Mapping, Sequence

from activities.deviceinteraction.config import ordered
from activities.deviceinteraction.config.dialect import numbers
from activities.deviceinteraction.config.footprint import Footprint, Path
from activities.deviceinteraction.model import Interface

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\S+')
_TERSE = re.compile(
    r"^(?P<name>[a-z]{2,4}(?:-\d+/\d+/\d+(?::\d+)?|\d+|[a-z]*))\s+(?P<admin>up|down)\s+(?P<link>up|down)\b"
)
_SWITCHED = re.compile(r"(?:ge|xe|et|mge|ae|fe)[-\d]")


def tokens(line: str) -> tuple[str, ...]:
    """The words of a line; quoted text is one word."""
    return tuple(_TOKEN.findall(line))


def as_diff(compared: str) -> str:
    """The answer to ``show | compare`` as netsaga writes diffs: a sign or a blank in front, edit headings too."""
    lines = (line.rstrip() for line in compared.splitlines())
    return "\n".join(line if line[0] in "+- " else f" {line}" for line in lines if line)


def undoing(footprint: Footprint, present: Collection[Path]) -> tuple[str, ...] | None:
    """Lines that take back what is there of a change; ``None`` where they cannot be told.

    They cannot where a secret would be needed that was not kept, and where a term would have to come back into its
    place among others.

    A statement that we brought is deleted at the highest level at which nothing else stands beneath it, since
    deleting the last statement of a VLAN would leave an empty VLAN behind. A value that replaced another is only set
    back.
    """
    gone = [path[0] for path in footprint.removed if path not in present]
    if footprint.holds_secrets:
        return None
    if gone and ordered.lost_terms(map(_words, gone), _prefixes({_words(path[0]) for path in present})):
        return None
    ours = [tokens(path[0])[1:] for path in footprint.added if path in present and path[0].startswith("set ")]
    others = {tokens(path[0])[1:] for path in present if path not in footprint.added}
    kept = _prefixes(others)
    replaced = {tokens(line)[1:-1] for line in gone}
    doomed: dict[tuple[str, ...], None] = {}
    for words in ours:
        if words[:-1] not in replaced:
            depth = next((size for size in range(2, len(words)) if words[:size] not in kept), len(words))
            doomed[words[:depth]] = None
    undone = [path[0] for path in footprint.added if path in present and path[0].startswith("deactivate ")]
    return (
        *(line.replace("deactivate", "activate", 1) for line in undone),
        *(f"delete {' '.join(words)}" for words in reversed(doomed)),
        *gone,
    )


def interfaces(lines: Sequence[str], terse: str) -> Mapping[str, Interface]:
    """Physical interfaces from set lines and the answer to ``show interfaces terse``.

    VLAN members are named or numbered in the configuration; the map carries ids.
    """
    words = [tokens(line)[1:] for line in lines if line.startswith("set ")]
    ids = {item[1]: int(item[3]) for item in words if len(item) == 4 and item[0] == "vlans" and item[2] == "vlan-id"}
    found: dict[str, Interface] = {}
    for line in terse.splitlines():
        match = _TERSE.match(line)
        if match is not None:
            mine = [item[2:] for item in words if item[:2] == ("interfaces", match["name"])]
            found[match["name"]] = _interface(match["name"], mine, match["admin"], match["link"], ids)
    return found


def _interface(
    name: str, settings: Sequence[tuple[str, ...]], admin: str, link: str, ids: Mapping[str, int]
) -> Interface:
    switching = [item[3:] for item in settings if item[2:4] == ("family", "ethernet-switching") and len(item) > 3]
    trunk = any(item[1:] in (("interface-mode", "trunk"), ("port-mode", "trunk")) for item in switching)
    members: set[int] = set()
    for item in switching:
        if item[1:3] == ("vlan", "members") and len(item) == 4:
            members.update([ids[item[3]]] if item[3] in ids else numbers(item[3]))
    described = next((item[1] for item in settings if item[0] == "description"), "")
    routed = any(item[2:4] == ("family", "inet") for item in settings)
    switched = bool(switching) and _SWITCHED.match(name) is not None
    mode = ("trunk" if trunk else "access") if switched else ("routed" if routed else None)
    return Interface.model_validate(
        {
            "admin": admin,
            "oper": link,
            "mode": mode,
            "access_vlan": (min(members) if members else 1) if mode == "access" else None,
            "trunk_vlans": tuple(sorted(members)) if mode == "trunk" else (),
            "description": described.strip('"'),
        }
    )


def _words(line: str) -> tuple[str, ...]:
    return tokens(line)[1:]


def _prefixes(lines: Collection[tuple[str, ...]]) -> set[tuple[str, ...]]:
    return {words[:size] for words in lines for size in range(1, len(words) + 1)}
