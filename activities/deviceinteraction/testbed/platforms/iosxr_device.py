"""A simulated Cisco router with IOS XR: its configuration, the lock on it, and the commits that it remembers.

Prints nothing; `iosxr.py` adds the login.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from activities.deviceinteraction.model import Vlan
from activities.deviceinteraction.testbed.device import Clock
from activities.deviceinteraction.testbed.model import DeviceSpec, Login
from activities.deviceinteraction.testbed.platforms import identity
from activities.deviceinteraction.testbed.platforms.indented import IndentedDevice
from activities.deviceinteraction.testbed.tree import ConfigTree

_PORTS = tuple(f"GigabitEthernet0/0/0/{number}" for number in range(4))
MOST_COMMITS = 100


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that can be rolled back, and what was there before it."""

    label: str
    user: str
    at: datetime
    before: str


class IosXrState(IndentedDevice):
    """The state of a simulated IOS XR router; `iosxr.IosXrDevice` adds the login."""

    indent: ClassVar[int] = 1
    order: ClassVar[tuple[str, ...]] = (
        "hostname ",
        "clock ",
        "logging ",
        "domain ",
        "username ",
        "ntp",
        "snmp-server ",
        "interface ",
        "router static",
        "router ",
        "ssh ",
    )
    physical: ClassVar[tuple[str, ...]] = ("MgmtEth0/RP0/CPU0/0", *_PORTS)
    uncabled: ClassVar[frozenset[str]] = frozenset(_PORTS[3:])
    kinds: ClassVar[Mapping[str, str]] = {
        "GigabitEthernet": "Gi",
        "MgmtEth": "Mg",
        "Loopback": "Lo",
        "Bundle-Ether": "BE",
    }
    virtual: ClassVar[frozenset[str]] = frozenset({"Loopback", "Bundle-Ether"})

    def __init__(self, spec: DeviceSpec, login: Login, log: Path, clock: Clock) -> None:
        super().__init__(spec, login, log, clock)
        self.commits: list[Commit] = []  # the newest first
        self.holder: int | None = None  # the login that holds the lock

    def files_reset(self) -> None:
        """See `IndentedDevice.files_reset`."""
        self.commits.clear()
        self.holder = None

    def short(self, name: str) -> str:
        """See `IndentedDevice.short`: ``Mg0/RP0/CPU0/0`` of ``MgmtEth0/RP0/CPU0/0``."""
        return name.replace("MgmtEth", "Mg") if name.startswith("MgmtEth") else super().short(name)

    def interface_name(self, text: str) -> str | None:
        """See `IndentedDevice.interface_name`."""
        typed = text.replace(" ", "")
        return typed if typed in self.physical else super().interface_name(text)

    def vlans(self) -> Mapping[int, Vlan]:
        """See `Device.vlans`. A router has none."""
        return {}

    def startup_config(self) -> str:
        """See `Device.startup_config`: a commit is persistent."""
        return self.running_config()

    def commit(self, tree: ConfigTree, user: str, label: str = "") -> bool:
        """Make a target the running configuration and remember what was there; whether anything changed."""
        before = self.body()
        if not self.replace(tree, user):
            return False
        number = 1_000_000_001 + len(self.commits)
        self.commits.insert(0, Commit(label or str(number), user, self.clock.now(), before))
        del self.commits[MOST_COMMITS:]
        return True

    def roll_back(self, count: int, user: str) -> bool:
        """Take the last commits back, which is a commit itself; whether there were so many."""
        if not 0 < count <= len(self.commits):
            return False
        self.commit(self.load(self.commits[count - 1].before), user)
        return True

    def change(self, lines: Sequence[str], *, user: str = "console", commit: bool = True) -> None:
        """See `Device.change`. Refused as long as a login holds the lock."""
        cli = self.cli(0, user)
        ends = ("commit", "end") if commit else ("abort",)
        for line in ("configure exclusive", *lines, *ends):
            self.take_effect()
            mode = cli.mode
            reply = cli.execute(line)
            self.log.command(0, user, mode, line, reply.result, self.take_effect())
            if reply.result == "rejected":
                cli.closed()
                raise ValueError(f"{self.spec.name} refuses {line!r}: {reply.text.strip()}")

    def delivered(self) -> str:
        """See `IndentedDevice.delivered`."""
        spec = self.spec
        lines = [
            f"hostname {spec.name}",
            "clock timezone UTC 0",
            "logging 192.0.2.20",
            "domain name lab.example",
            f"username {self.login.username}",
            " group root-lr",
            f" secret 10 $6${identity.digest('user', spec.name)}",
            f"snmp-server community {identity.community(spec)} RO",
            "interface MgmtEth0/RP0/CPU0/0",
            f" ipv4 address {identity.management_address(spec)} 255.255.0.0",
        ]
        for index, port in enumerate(_PORTS, 1):
            lines += [f"interface {port}", f" description link {index}"]
            lines += (
                [" shutdown"] if index == 4 else [f" ipv4 address 10.{index}.{spec.number % 250}.1 255.255.255.252"]
            )
        return "\n".join([*lines, "ssh server v2", ""])
