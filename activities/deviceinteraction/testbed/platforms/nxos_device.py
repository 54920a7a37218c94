"""A simulated Nexus switch with NX-OS: its configuration and its checkpoints. Prints nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from activities.deviceinteraction.testbed.device import Clock
from activities.deviceinteraction.testbed.model import DeviceSpec, Login
from activities.deviceinteraction.testbed.platforms import identity
from activities.deviceinteraction.testbed.platforms.indented import IndentedDevice
from activities.deviceinteraction.testbed.tree import ConfigTree, Line
from activities.deviceinteraction.testbed.vlanlist import vlan_ranges

_ACCESS = tuple(f"Ethernet1/{number}" for number in range(1, 9))
_UPLINKS = ("Ethernet1/49", "Ethernet1/50")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A copy of the running configuration under a name."""

    text: str
    user: str
    at: datetime


class NxosState(IndentedDevice):
    """The state of a simulated Nexus switch; `nxos.NxosDevice` adds the login."""

    indent: ClassVar[int] = 2
    separated: ClassVar[bool] = False
    order: ClassVar[tuple[str, ...]] = (
        "version ",
        "hostname ",
        "feature ",
        "username ",
        "ip domain",
        "ip name-server",
        "service ",
        "errdisable ",
        "spanning-tree ",
        "snmp-server ",
        "ntp ",
        "aaa ",
        "vlan ",
        "vrf ",
        "interface ",
        "clock ",
        "cli ",
        "line console",
        "line vty",
        "ip ",
        "logging ",
    )
    delivered_release: ClassVar[str] = "9.3.10"
    physical: ClassVar[tuple[str, ...]] = (*_ACCESS, *_UPLINKS, "mgmt0")
    uncabled: ClassVar[frozenset[str]] = frozenset(_ACCESS[6:])
    kinds: ClassVar[Mapping[str, str]] = {
        "Ethernet": "Eth",
        "mgmt": "mgmt",
        "Vlan": "Vlan",
        "loopback": "Lo",
        "port-channel": "Po",
    }
    virtual: ClassVar[frozenset[str]] = frozenset({"Vlan", "loopback", "port-channel"})

    def __init__(self, spec: DeviceSpec, login: Login, log: Path, clock: Clock) -> None:
        super().__init__(spec, login, log, clock)
        self.checkpoints: dict[str, Checkpoint] = {}

    def files_reset(self) -> None:
        """See `IndentedDevice.files_reset`."""
        self.checkpoints.clear()

    def shown(self, tree: ConfigTree) -> list[Line]:
        """One line with all VLANs stands before the sections of those that have a name of their own."""
        numbers = [1, *(int(line.text[5:]) for line in tree.children if line.text.startswith("vlan "))]
        lines: list[Line] = []
        for line in tree.children:
            if line.text.startswith("vlan "):
                if numbers:
                    lines.append(Line(f"vlan {vlan_ranges(numbers)}"))
                    numbers = []
                if line.children:
                    lines.append(line)
            else:
                lines.append(line)
        return lines

    @property
    def shown_release(self) -> str:
        """``9.3(10)`` for ``9.3.10``."""
        major, minor, patch = self.release.split(".")
        return f"{major}.{minor}({patch})"

    def delivered(self) -> str:
        """See `IndentedDevice.delivered`."""
        spec = self.spec
        lines = [
            f"version {self.shown_release} Bios:version 05.45",
            f"hostname {spec.name}",
            "feature interface-vlan",
            "feature lldp",
            f"username admin password 5 $5${identity.digest('admin', spec.name)} role network-admin",
            f"username {self.login.username} password 5 $5${identity.digest('user', spec.name)} role network-admin",
            "ip domain-lookup",
            "spanning-tree mode rapid-pvst",
            f"snmp-server location {spec.site}",
            f"snmp-server community {identity.community(spec)} group network-operator",
            "ntp server 192.0.2.10 use-vrf management",
            "aaa authentication login default local",
            *(line for number, name in identity.VLANS for line in (f"vlan {number}", f"  name {name}")),
            "vrf context management",
            "  ip route 0.0.0.0/0 10.99.255.254",
        ]
        for index, port in enumerate(_ACCESS, 1):
            lines += [
                f"interface {port}",
                f"  description desk {index}",
                f"  switchport access vlan {10 if index <= 6 else 20}",
                *(["  shutdown"] if index == 8 else []),
                "  spanning-tree port type edge",
            ]
        for index, port in enumerate(_UPLINKS, 1):
            lines += [
                f"interface {port}",
                f"  description uplink to dist-{index}",
                "  switchport trunk allowed vlan 10,20,99",
                "  switchport mode trunk",
            ]
        return "\n".join([
            *lines,
            "interface mgmt0",
            "  vrf member management",
            f"  ip address {identity.management_address(spec)}/16",
            "line console",
            "line vty",
            "  exec-timeout 30",
            "logging server 192.0.2.20 5 use-vrf management",
            "",
        ])  # fmt: skip
