"""The configuration in an Open vSwitch database: its rows as paths, lines that change it, VLANs and ports from it.

Pure functions over what ``ovs-vsctl --format=json list`` prints; the conversation is in `platforms/openvswitch.py`.
Only columns that configure something are looked at (ovs-vswitchd.conf.db(5)); status and statistics are left out.
"""

import json
import re
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from activities.deviceinteraction.config.footprint import Footprint, Path
from activities.deviceinteraction.failures import InvalidInput
from activities.deviceinteraction.model import Interface, Vlan

SETS: Final[Mapping[str, tuple[str, ...]]] = {
    "bridge": ("flood_vlans", "protocols"),
    "port": ("trunks", "cvlans"),
    "interface": (),
}
MAPS: Final[Mapping[str, tuple[str, ...]]] = {
    "bridge": ("other_config", "external_ids"),
    "port": ("other_config", "external_ids"),
    "interface": ("options", "other_config", "external_ids"),
}
VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "bridge": ("datapath_type", "fail_mode", "stp_enable", "rstp_enable", "mcast_snooping_enable"),
    "port": ("tag", "vlan_mode", "bond_mode", "lacp", "protected"),
    "interface": ("type", "mtu_request", "ofport_request", "mac"),
}
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    table: (*VALUES[table], *SETS[table], *MAPS[table]) for table in ("bridge", "port", "interface")
}
VERBS: Final = (
    "add-br", "del-br", "add-port", "del-port", "add-bond", "add-bond-iface", "del-bond-iface",
    "set", "add", "remove", "clear", "set-fail-mode", "del-fail-mode",
)  # fmt: skip
VLAN_NAME: Final = re.compile(r"external_ids:vlan-name-(?P<id>\d{1,4}) (?P<name>.*)$")
"""There is no VLAN table. A VLAN is the ports that carry it; its name, if it has one, is a note on the bridge."""

_PLAIN = re.compile(r"[A-Za-z_][\w.\-/]*$")
_DEFAULTS = frozenset({"false", "", "[]"})
_NEVER_EMPTY: Final[Mapping[str, str]] = {
    **dict.fromkeys(("stp_enable", "rstp_enable", "mcast_snooping_enable", "protected"), "false"),
    **dict.fromkeys(("type", "datapath_type"), '""'),
}

Row = Mapping[str, Any]  # Any: a column's value is an atom, a set, a map or a reference, as RFC 7047, 5.1 writes them


def words(lines: Sequence[str]) -> list[list[str]]:
    """The commands of a change, each split into words.

    Raises:
        InvalidInput: One is not a command that changes the database, or has an option that would change its meaning.
    """
    found: list[list[str]] = []
    for line in lines:
        try:
            command = shlex.split(line)
        except ValueError as error:
            raise InvalidInput(f"{line.strip()!r} cannot be split into words: {error}.") from error
        verb = next((word for word in command if word not in ("--may-exist", "--if-exists")), "")
        if verb not in VERBS or "--" in command:
            raise InvalidInput(
                f"{line.strip()!r} is not a change of Open vSwitch: give commands of ovs-vsctl without the program's "
                f"name, one a line ({', '.join(VERBS)})."
            )
        found.append(command)
    return found


def paths(bridges: Sequence[Row], ports: Sequence[Row], interfaces: Sequence[Row]) -> tuple[Path, ...]:
    """Every setting with the bridge, port and interface that it is of, sorted."""
    port_of = {_reference(row["_uuid"]): row for row in ports}
    interface_of = {_reference(row["_uuid"]): row for row in interfaces}
    found: set[Path] = set()
    for bridge in bridges:
        here: Path = (f"bridge {bridge['name']}",)
        found.update((here, *((*here, text) for text in _settings("bridge", bridge))))
        for port in (port_of[key] for key in _references(bridge["ports"]) if key in port_of):
            at = (*here, f"port {port['name']}")
            found.update((at, *((*at, text) for text in _settings("port", port))))
            for interface in (interface_of[key] for key in _references(port["interfaces"]) if key in interface_of):
                inside = (*at, f"interface {interface['name']}")
                found.update((inside, *((*inside, text) for text in _settings("interface", interface))))
    return tuple(sorted(found))


def text_of(paths_in_order: Iterable[Path]) -> str:
    """A configuration for people: one line a path, indented by its parents."""
    return "".join(f"{' ' * (len(path) - 1)}{path[-1]}\n" for path in paths_in_order)


def rows(document: str) -> list[dict[str, Any]]:
    """The rows of one table as ``--format=json`` prints it."""
    table = json.loads(document)
    return [dict(zip(table["headings"], row, strict=True)) for row in table["data"]]


def vlans(present: Collection[Path]) -> dict[int, Vlan]:
    """The VLANs that some port carries by its tag or its list; their names from the bridge's notes."""
    names = {int(match["id"]): match["name"] for path in present if (match := VLAN_NAME.match(path[-1]))}
    carried = {int(number) for path in present for column, number in (_pair(path),) if column in ("tag", "trunks")}
    return {
        number: Vlan(name=_unquoted(names.get(number, f"VLAN{number:04}")), status="active")
        for number in sorted(carried)
        if number
    }


def interface(port: Path, present: Collection[Path], *, admin: bool, oper: bool) -> Interface:
    """A port in the shared shape. Without a tag and without a list it is a trunk of all VLANs."""
    inside = [path for path in present if path[:2] == port and len(path) == 3]
    tags = [int(value) for path in inside for column, value in (_pair(path),) if column == "tag"]
    trunks = [int(value) for path in inside for column, value in (_pair(path),) if column == "trunks"]
    mode = next((value for path in inside for column, value in (_pair(path),) if column == "vlan_mode"), None)
    is_access = mode in ("access", "dot1q-tunnel") or (mode is None and bool(tags))
    return Interface(
        admin="up" if admin else "down",
        oper="up" if oper else "down",
        mode="access" if is_access else "trunk",
        access_vlan=tags[0] if tags and is_access else None,
        trunk_vlans=() if is_access else tuple(sorted(trunks)),
    )


def undoing(footprint: Footprint, present: Collection[Path]) -> tuple[str, ...] | None:
    """Commands that take back what is there of a change; ``None`` where a secret would be needed that was not kept.

    Bridges and ports that the change brought go as a whole; those that it took away come back with their settings.
    """
    if footprint.holds_secrets:
        return None
    here = [path for path in footprint.added if path in present]
    gone = [path for path in footprint.removed if path not in present]
    doomed = {path for path in here if _is_record(path)}
    fresh = [path for path in gone if _is_record(path)]
    lines = [_dropped(path) for path in sorted(doomed, key=len, reverse=True) if len(path) <= 2]
    lines += [_brought(path, gone) for path in sorted(fresh, key=len) if len(path) <= 2]
    back = {(path[:-1], _pair(path)[0]) for path in gone if not _is_record(path)}
    for path in here:
        above = any(path[:depth] in doomed for depth in range(1, len(path)))
        if not _is_record(path) and not above and (path[:-1], _pair(path)[0]) not in back - _of_sets(gone):
            lines.append(_unset(path))
    lines += [_set(path) for path in gone if not _is_record(path)]
    return tuple(line for line in lines if line)


def _settings(table: str, row: Row) -> list[str]:
    found: list[str] = []
    for column in VALUES[table]:
        value = _atoms(row[column])
        if value and _shown(value[0]) not in _DEFAULTS:
            found.append(f"{column} {_shown(value[0])}")
    for column in SETS[table]:
        found.extend(f"{column} {_shown(value)}" for value in _atoms(row[column]))
    for column in MAPS[table]:
        found.extend(f"{column}:{_shown(key)} {_shown(value)}" for key, value in row[column][1])
    return found


def _atoms(value: object) -> list[object]:
    """The members of a set; a value that is none is a set of one (RFC 7047, 5.1)."""
    return list(value[1]) if isinstance(value, list) and value[0] == "set" else [value]


def _references(value: object) -> list[str]:
    return [_reference(item) for item in _atoms(value)]


def _reference(value: object) -> str:
    return str(value[1]) if isinstance(value, list) else str(value)


def _shown(value: object) -> str:
    """An atom as ovs-vsctl takes it: a string in quotes where it could be read as something else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value if not value or _PLAIN.match(value) else json.dumps(value)
    return str(value)


def _unquoted(text: str) -> str:
    return str(json.loads(text)) if text.startswith('"') else text


def _is_record(path: Path) -> bool:
    return path[-1].split(" ", 1)[0] in ("bridge", "port", "interface") and len(path) <= 3


def _pair(path: Path) -> tuple[str, str]:
    column, _, value = path[-1].partition(" ")
    return (column, value) if not _is_record(path) else ("", "0")


def _of_sets(gone: Iterable[Path]) -> set[tuple[Path, str]]:
    """Columns of many values: one that is gone does not replace one that came."""
    return {
        (path[:-1], column)
        for path in gone
        for column in (_pair(path)[0],)
        if column in (*SETS["bridge"], *SETS["port"])
    }


def _dropped(path: Path) -> str:
    if len(path) == 1:
        return shlex.join(["--if-exists", "del-br", path[0].split(" ", 1)[1]])
    return shlex.join(["--if-exists", "del-port", path[0].split(" ", 1)[1], path[1].split(" ", 1)[1]])


def _brought(path: Path, gone: Collection[Path]) -> str:
    if len(path) == 1:
        return shlex.join(["--may-exist", "add-br", path[0].split(" ", 1)[1]])
    bridge, port = (text.split(" ", 1)[1] for text in path)
    if bridge == port:
        return ""  # it comes with its bridge
    members = [
        other[2].split(" ", 1)[1] for other in gone if other[:2] == path and _is_record(other) and len(other) == 3
    ]
    if len(members) > 1:
        return shlex.join(["--may-exist", "add-bond", bridge, port, *members])
    return shlex.join(["--may-exist", "add-port", bridge, port])


def _record(path: Path) -> list[str]:
    return path[-2].split(" ", 1)


def _unset(path: Path) -> str:
    column, value = _pair(path)
    if ":" in column:
        name, _, key = column.partition(":")
        return shlex.join(["remove", *_record(path), name, key])
    if column in _NEVER_EMPTY:
        return shlex.join(["set", *_record(path), f"{column}={_NEVER_EMPTY[column]}"])
    return shlex.join(["remove", *_record(path), column, value])


def _set(path: Path) -> str:
    column, value = _pair(path)
    if ":" in column:
        return shlex.join(["set", *_record(path), f"{column}={value}"])
    many = column in (*SETS["bridge"], *SETS["port"])
    return shlex.join(["add", *_record(path), column, value] if many else ["set", *_record(path), f"{column}={value}"])
