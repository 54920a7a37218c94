"""A simulated EX switch with Junos: active and candidate configuration, commits, and who edits. Prints nothing.

Behaviour follows Juniper, "CLI User Guide for Junos OS", topics "Configure Command Overview", "Commit the
Configuration" and "Roll Back the Configuration".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from activities.deviceinteraction.model import Vlan
from activities.deviceinteraction.testbed.device import Clock, Device
from activities.deviceinteraction.testbed.model import DeviceSpec, Login
from activities.deviceinteraction.testbed.platforms import identity, junos_tree
from activities.deviceinteraction.testbed.platforms.junos_schema import Tree
from activities.deviceinteraction.testbed.switch import Port

_ACCESS = tuple(f"ge-0/0/{number}" for number in range(8))
_UPLINKS = ("xe-0/1/0", "xe-0/1/1")
PHYSICAL = (*_ACCESS, *_UPLINKS, "me0")
_UNCABLED = frozenset(_ACCESS[6:])
_WORD = re.compile(r'"([^"]*)"|(\S+)')
KEPT_COMMITS = 50  # rollback 0 to 49


@dataclass(frozen=True, slots=True)
class Commit:
    """A committed configuration."""

    tree: Tree
    at: datetime
    user: str
    via: str = "cli"
    comment: str = ""


@dataclass(slots=True)
class Editor:
    """Somebody in configuration mode."""

    user: str
    since: datetime
    exclusive: bool
    pid: int


class JunosState(Device):
    """The state of a simulated EX switch; `junos.JunosDevice` adds the login."""

    def __init__(self, spec: DeviceSpec, login: Login, log: Path, clock: Clock) -> None:
        super().__init__(spec, login, log, clock)
        self._commits: list[Commit] | None = None
        self._candidate: Tree | None = None
        self.editors: dict[int, Editor] = {}

    # Configurations

    @property
    def commits(self) -> list[Commit]:
        """The commits that are kept, the newest first."""
        if self._commits is None:
            tree: Tree = {}
            for line in self.delivered():
                paths = junos_tree.resolve(words(line))
                assert not isinstance(paths, junos_tree.Trouble), line
                for path in paths:
                    junos_tree.put(tree, path)
            self._commits = [Commit(tree, self.booted_at, "root", "other")]
        return self._commits

    @property
    def active(self) -> Tree:
        """The configuration that runs."""
        return self.commits[0].tree

    @property
    def candidate(self) -> Tree:
        """The shared candidate."""
        if self._candidate is None:
            self._candidate = junos_tree.copy(self.active)
        return self._candidate

    @property
    def modified(self) -> bool:
        """Whether the candidate differs from the active configuration."""
        return self._candidate is not None and junos_tree.set_lines(self._candidate) != junos_tree.set_lines(
            self.active
        )

    def load_candidate(self, tree: Tree) -> None:
        """Make a copy of a tree the candidate."""
        self._candidate = junos_tree.copy(tree)

    def commit(self, user: str, *, via: str = "cli", comment: str = "") -> None:
        """Make the candidate active."""
        tree = junos_tree.copy(self.candidate)
        changed = junos_tree.set_lines(tree) != junos_tree.set_lines(self.active)
        self.commits.insert(0, Commit(tree, self.clock.now(), user, via, comment))
        del self.commits[KEPT_COMMITS:]
        self._candidate = None
        if changed:
            self.mark("running")

    def troubles(self) -> list[str]:
        """What ``commit check`` finds wrong with the candidate; empty where it is well."""
        vlans = junos_tree.dig(self.candidate, ("vlans",)) or {}
        numbers: dict[str, str] = {}
        found: list[str] = []
        for name in vlans:
            number = junos_tree.value(vlans, name, "vlan-id")
            if number is not None and number in numbers:
                found += [
                    f"[edit vlans {name}]",
                    f"  'vlan-id {number}'",
                    f"    vlan-id is in use by {numbers[number]}",
                ]
            elif number is not None:
                numbers[number] = name
        for port in junos_tree.dig(self.candidate, ("interfaces",)) or {}:
            place = ("interfaces", port, "unit", "0", "family", "ethernet-switching", "vlan", "members")
            for member in junos_tree.dig(self.candidate, place) or {}:
                if member not in vlans and member not in numbers and member not in ("all", "default"):
                    found += [f"[edit {' '.join(place[:-1])}]", f"  'members {member}'", "    vlan is not configured"]
        return found

    def locked_by(self, session: int) -> Editor | None:
        """Who, other than this session, holds the configuration exclusively."""
        return next((one for key, one in self.editors.items() if one.exclusive and key != session), None)

    def running_config(self) -> str:
        """See `Device.running_config`; as ``display set``."""
        return "\n".join(junos_tree.set_lines(self.active)) + "\n"

    def startup_config(self) -> str:
        """See `Device.startup_config`: a commit is kept across reboots, so it is the active configuration."""
        return self.running_config()

    def reset(self) -> None:
        """See `Device.reset`."""
        self.confirm()
        self._commits = None
        self._candidate = None

    @property
    def hostname(self) -> str:
        """The name in the active configuration."""
        return junos_tree.value(self.active, "system", "host-name") or self.spec.name

    # VLANs and ports

    def vlans(self) -> Mapping[int, Vlan]:
        """See `Device.vlans`; Junos has no suspended VLANs."""
        found = {1: Vlan(name="default", status="active")}
        vlans = junos_tree.dig(self.active, ("vlans",)) or {}
        for name in vlans:
            number = junos_tree.value(vlans, name, "vlan-id")
            if number is not None:
                found[int(number)] = Vlan(name=name, status="active")
        return dict(sorted(found.items()))

    def ports(self) -> list[Port]:
        """The ports, in order."""
        return [self._port(name) for name in PHYSICAL]

    def _port(self, name: str) -> Port:
        unit = junos_tree.dig(self.active, ("interfaces", name, "unit", "0")) or {}
        switching = junos_tree.dig(unit, ("family", "ethernet-switching"))
        members = junos_tree.dig(switching or {}, ("vlan", "members")) or {}
        by_name = {vlan.name: number for number, vlan in self.vlans().items()}
        numbers = [int(word) if word.isdigit() else by_name.get(word, 1) for word in members]
        trunk = junos_tree.value(switching or {}, "interface-mode") == "trunk"
        return Port(
            name=name,
            short=name,
            description=junos_tree.value(self.active, "interfaces", name, "description") or "",
            shutdown=junos_tree.dig(self.active, ("interfaces", name, "disable")) is not None,
            cabled=name not in _UNCABLED,
            mode="routed" if switching is None else "trunk" if trunk else "access",
            access_vlan=numbers[0] if numbers and not trunk else 1,
            trunk_vlans=None if "all" in members else frozenset(numbers),
        )

    def delivered(self) -> list[str]:
        """The configuration with which the device leaves the factory of this testbed, without ``set``."""
        spec = self.spec
        user = self.login.username
        lines = [
            "version 21.4R3.15",
            f"system host-name {spec.name}",
            f'system root-authentication encrypted-password "$6${identity.digest("root", spec.name)}"',
            f"system login user {user} uid 2000",
            f"system login user {user} class super-user",
            f'system login user {user} authentication encrypted-password "$6${identity.digest("user", spec.name)}"',
            "system services ssh root-login deny",
            "system services netconf ssh",
            "system syslog host 192.0.2.20 any notice",
            "system ntp server 192.0.2.10",
            f"snmp location {spec.site}",
            f"snmp community {identity.community(spec)} authorization read-only",
        ]
        for index, port in enumerate(_ACCESS, 1):
            vlan = identity.VLANS[0 if index <= 6 else 1][1]
            lines += [
                f'interfaces {port} description "desk {index}"',
                *([f"interfaces {port} disable"] if index == 8 else []),
                f"interfaces {port} unit 0 family ethernet-switching interface-mode access",
                f"interfaces {port} unit 0 family ethernet-switching vlan members {vlan}",
            ]
        for index, port in enumerate(_UPLINKS, 1):
            base = f"interfaces {port}"
            lines += [f'{base} description "uplink to dist-{index}"']
            lines += [f"{base} unit 0 family ethernet-switching interface-mode trunk"]
            lines += [f"{base} unit 0 family ethernet-switching vlan members {name}" for _, name in identity.VLANS]
        return [
            *lines,
            f"interfaces me0 unit 0 family inet address {identity.management_address(spec)}/16",
            "routing-options static route 0.0.0.0/0 next-hop 10.99.255.254",
            "protocols lldp interface all",
            "protocols rstp interface all",
            *(f"vlans {name} vlan-id {number}" for number, name in identity.VLANS),
        ]


def words(line: str) -> list[str]:
    """The words of a line; one in quotes is one word, without them."""
    return [word for word, _ in placed_words(line)]


def placed_words(line: str) -> list[tuple[str, int]]:
    """The words of a line with the offsets at which they begin."""
    return [(found[2] if found[1] is None else found[1], found.start()) for found in _WORD.finditer(line)]
