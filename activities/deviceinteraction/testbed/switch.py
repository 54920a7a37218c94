"""Ports and VLANs as the show commands of all platforms need them, and the VLAN table that three of them share.

Pure data and text; each platform derives the ports from its own configuration.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from activities.deviceinteraction.model import Vlan


@dataclass(frozen=True, slots=True)
class Port:
    """One interface. ``trunk_vlans`` is ``None`` where a trunk carries all VLANs."""

    name: str
    short: str
    description: str
    shutdown: bool
    cabled: bool
    mode: Literal["access", "trunk", "routed"]
    access_vlan: int = 1
    trunk_vlans: frozenset[int] | None = None

    @property
    def up(self) -> bool:
        """Whether it has a link."""
        return self.cabled and not self.shutdown

    @property
    def vlan_column(self) -> str:
        """What interface tables print in their VLAN column."""
        return str(self.access_vlan) if self.mode == "access" else self.mode

    def carries(self, vlan: int) -> bool:
        """Whether it is a member of a VLAN."""
        match self.mode:
            case "access":
                return self.access_vlan == vlan
            case "trunk":
                return self.trunk_vlans is None or vlan in self.trunk_vlans
            case "routed":
                return False


def members(ports: Iterable[Port], vlan: int, *, trunks: bool) -> list[str]:
    """The short names of the ports in a VLAN, with or without the trunks that carry it."""
    return [port.short for port in ports if port.carries(vlan) and (trunks or port.mode == "access")]


def vlan_table(vlans: Mapping[int, Vlan], ports: Sequence[Port], *, trunks: bool, suspended: str) -> list[str]:
    """``show vlan brief`` of IOS-XE, NX-OS and EOS, which share their columns.

    Args:
        vlans: By id.
        ports: All of them.
        trunks: Whether the platform lists trunk ports beside access ports.
        suspended: The platform's word for a suspended VLAN.
    """
    lines = [
        "VLAN Name                             Status    Ports",
        "---- -------------------------------- --------- -------------------------------",
    ]
    for number, vlan in sorted(vlans.items()):
        status = "active" if vlan.status == "active" else suspended
        rows = _wrapped(members(ports, number, trunks=trunks), 31)
        lines.append(f"{number:<4} {vlan.name:<32} {status:<9} {rows[0]}".rstrip())
        lines += [" " * 48 + row for row in rows[1:]]
    return lines


def _wrapped(names: Sequence[str], width: int) -> list[str]:
    rows = [""]
    for index, name in enumerate(names):
        part = name if index == len(names) - 1 else f"{name}, "
        if rows[-1] and len(rows[-1]) + len(part.rstrip()) > width:
            rows.append("")
        rows[-1] += part
    return [row.rstrip() for row in rows]
