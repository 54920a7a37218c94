"""A simulated Arista switch with EOS: its configuration, its sessions and its checkpoints. Prints nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Literal

from activities.deviceinteraction.testbed.device import Clock
from activities.deviceinteraction.testbed.model import DeviceSpec, Login
from activities.deviceinteraction.testbed.platforms import identity
from activities.deviceinteraction.testbed.platforms.indented import IndentedDevice
from activities.deviceinteraction.testbed.tree import ConfigTree

_ACCESS = tuple(f"Ethernet{number}" for number in range(1, 9))
_UPLINKS = ("Ethernet49", "Ethernet50")
MOST_CHECKPOINTS = 20
CLEAN = "\n".join([
    "transceiver qsfp default-mode 4x10G",
    "service routing protocols model ribd",
    "spanning-tree mode mstp",
    "no aaa root",
    *(f"interface {port}" for port in (*_ACCESS, *_UPLINKS, "Management1")),
    "no ip routing",
    "",
])  # fmt: skip
"""The factory's configuration, which ``rollback clean-config`` goes back to."""


@dataclass(slots=True)
class ConfigSession:
    """A named configuration session: a whole copy of the configuration that somebody edits."""

    name: str
    user: str
    tree: ConfigTree
    state: Literal["pending", "pendingCommitTimer", "completed", "aborted"] = "pending"
    before: ConfigTree | None = None  # what a commit timer goes back to


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A copy of the running configuration under a name."""

    text: str
    user: str
    at: datetime


class EosState(IndentedDevice):
    """The state of a simulated Arista switch; `eos.EosDevice` adds the login."""

    indent: ClassVar[int] = 3
    order: ClassVar[tuple[str, ...]] = (
        "transceiver ",
        "service ",
        "logging ",
        "hostname ",
        "ip name-server",
        "dns ",
        "ntp ",
        "snmp-server ",
        "spanning-tree ",
        "aaa ",
        "no aaa",
        "username ",
        "clock ",
        "vlan ",
        "interface ",
        "ip ",
        "no ip",
        "management ",
    )
    physical: ClassVar[tuple[str, ...]] = (*_ACCESS, *_UPLINKS, "Management1")
    uncabled: ClassVar[frozenset[str]] = frozenset(_ACCESS[6:])
    kinds: ClassVar[Mapping[str, str]] = {
        "Ethernet": "Et",
        "Management": "Ma",
        "Vlan": "Vl",
        "Loopback": "Lo",
        "Port-Channel": "Po",
    }
    virtual: ClassVar[frozenset[str]] = frozenset({"Vlan", "Loopback", "Port-Channel"})

    def __init__(self, spec: DeviceSpec, login: Login, log: Path, clock: Clock) -> None:
        super().__init__(spec, login, log, clock)
        self.sessions: dict[str, ConfigSession] = {}
        self.checkpoints: dict[str, Checkpoint] = {}

    def files_reset(self) -> None:
        """See `IndentedDevice.files_reset`."""
        self.sessions.clear()
        self.checkpoints.clear()

    def file_path(self, path: str) -> str:
        """See `Device.file_path`: ``/mnt/flash`` is ``flash:``."""
        return path.replace("flash:/", "/mnt/flash/").replace("flash:", "/mnt/flash/")

    def restart(self) -> None:
        """See `Device.restart`. Pending sessions do not survive it ("Configuration Sessions", EOS User Manual)."""
        self.sessions.clear()
        super().restart()

    def keep_checkpoint(self, name: str, user: str, tree: ConfigTree | None = None) -> None:
        """Save a checkpoint; the oldest goes where there are too many."""
        self.checkpoints.pop(name, None)
        self.checkpoints[name] = Checkpoint(self.body(tree), user, self.clock.now())
        while len(self.checkpoints) > MOST_CHECKPOINTS:
            del self.checkpoints[next(iter(self.checkpoints))]
        self.mark("checkpoint")

    def delivered(self) -> str:
        """See `IndentedDevice.delivered`."""
        spec = self.spec
        lines = [
            "transceiver qsfp default-mode 4x10G",
            "service routing protocols model ribd",
            "logging host 192.0.2.20",
            f"hostname {spec.name}",
            "ntp server 192.0.2.10",
            f"snmp-server community {identity.community(spec)} ro",
            f"snmp-server location {spec.site}",
            "spanning-tree mode mstp",
            "aaa authorization exec default local",
            "no aaa root",
            f"username admin privilege 15 role network-admin secret sha512 $6${identity.digest('admin', spec.name)}",
            f"username {self.login.username} privilege 15 secret sha512 $6${identity.digest('user', spec.name)}",
            *(line for number, name in identity.VLANS for line in (f"vlan {number}", f"   name {name}")),
        ]
        for index, port in enumerate(_ACCESS, 1):
            lines += [
                f"interface {port}",
                f"   description desk {index}",
                *(["   shutdown"] if index == 8 else []),
                f"   switchport access vlan {10 if index <= 6 else 20}",
                "   spanning-tree portfast",
            ]
        for index, port in enumerate(_UPLINKS, 1):
            lines += [
                f"interface {port}",
                f"   description uplink to dist-{index}",
                "   switchport trunk allowed vlan 10,20,99",
                "   switchport mode trunk",
            ]
        return "\n".join([
            *lines,
            "interface Management1",
            f"   ip address {identity.management_address(spec)}/16",
            "no ip routing",
            "ip route 0.0.0.0/0 10.99.255.254",
            "management ssh",
            "   idle-timeout 30",
            "",
        ])  # fmt: skip
