"""A simulated SR OS router in model-driven mode: its configuration, candidates, locks, and the commits that it keeps.

Prints nothing. Behaviour follows Nokia, "7x50 SR OS MD-CLI User Guide", chapter "Editing configuration": the global
and the exclusive mode share one candidate, and an exclusive session keeps others from it; changes that are not
committed are discarded when an exclusive or private session ends; with ``auto-config-save`` every commit is saved as
``config.cfg`` and what stood there becomes ``config.cfg.1``; a confirmed commit goes back when its time is over or its
session is.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from activities.deviceinteraction.model import Vlan
from activities.deviceinteraction.testbed.device import Clock, Device
from activities.deviceinteraction.testbed.model import DeviceSpec, Login
from activities.deviceinteraction.testbed.platforms import identity, nokia_tree
from activities.deviceinteraction.testbed.platforms.nokia_tree import Tree
from activities.deviceinteraction.testbed.platforms.sros_schema import SCHEMA, STYLE
from activities.deviceinteraction.testbed.switch import Port

ACCESS = tuple(f"1/1/c{number}/1" for number in range(1, 5))
UPLINKS = ("1/1/c5/1", "1/1/c6/1")
PHYSICAL = (*ACCESS, *UPLINKS)
_UNCABLED = frozenset(ACCESS[3:])
_AUTO_SAVE: nokia_tree.Path = ("system", "management-interface", "cli", "md-cli", "auto-config-save")
MOST_FILES = 51  # config.cfg and 50 older ones

Mode = Literal["exclusive", "global", "private", "read-only"]


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that is remembered."""

    number: int
    tree: Tree
    user: str
    at: datetime
    comment: str


class SrosState(Device):
    """The state of a simulated SR OS router; `sros.SrosDevice` adds the login."""

    def __init__(self, spec: DeviceSpec, login: Login, log: Path, clock: Clock) -> None:
        super().__init__(spec, login, log, clock)
        self.running = self._as_delivered()
        self.shared = deepcopy(self.running)  # the candidate of the global and the exclusive mode
        self.editors: dict[int, Mode] = {}  # by session
        self.confirming: int | None = None  # the session whose confirmed commit waits
        self.saved: list[Tree] = [deepcopy(self.running)]  # the newest first: config.cfg, config.cfg.1 and so on
        self.commits: list[Commit] = []  # the newest first
        self.kept: list[int] = []  # the commit that each saved file is from; 0 is nobody's

    # Configurations

    def edited(self, tree: Tree) -> Tree:
        """A tree as it is kept: containers that hold nothing are not there."""
        return nokia_tree.pruned(tree, SCHEMA)

    def flat(self, tree: Tree) -> list[str]:
        """A tree with the full context on each line."""
        return nokia_tree.flat(tree, SCHEMA, STYLE)

    def running_config(self) -> str:
        """See `Device.running_config`; with the full context on each line."""
        return "\n".join(self.flat(self.running)) + "\n"

    def startup_config(self) -> str:
        """See `Device.startup_config`: ``config.cfg``."""
        return "\n".join(self.flat(self.saved[0])) + "\n"

    def put_in_place(self, tree: Tree) -> None:
        """Make a tree the running configuration."""
        if tree != self.running:
            self.running = deepcopy(tree)
            self.mark("running")

    def commit(self, tree: Tree, user: str, comment: str = "") -> None:
        """Make a tree the running configuration and remember it."""
        self.put_in_place(tree)
        self.shared = deepcopy(self.running)
        number = self.commits[0].number + 1 if self.commits else 1
        self.commits.insert(0, Commit(number, deepcopy(tree), user, self.clock.now(), comment))
        if nokia_tree.value(tree, *_AUTO_SAVE) != "false":
            self.save()

    def save(self) -> None:
        """Write ``config.cfg``; what stood there becomes ``config.cfg.1``."""
        self.saved.insert(0, deepcopy(self.running))
        self.kept.insert(0, self.commits[0].number if self.commits else 0)
        del self.saved[MOST_FILES:]
        self.mark("startup")

    def location(self, commit: Commit) -> str | None:
        """The file that holds the configuration of a commit, if one does."""
        if commit.number not in self.kept:
            return None
        index = self.kept.index(commit.number)
        return "cf3:\\config.cfg" if index == 0 else f"cf3:\\config.cfg.{index}"

    def keeps_out(self, session: int, mode: Mode) -> str | None:
        """Why a session may not edit in a mode, in the words of the device; ``None`` where it may."""
        others = {held for key, held in self.editors.items() if key != session}
        if mode == "exclusive" and others & {"exclusive", "global"}:
            held = "editing global candidate" if "global" in others else "has exclusive lock on configuration"
            return f"MGMT_CORE #2052: Exclusive datastore access unavailable - model-driven interface {held}"
        if mode == "global" and "exclusive" in others:
            return (
                "MGMT_CORE #2051: Global datastore access unavailable - the MD-CLI has exclusive lock on configuration"
            )
        return None

    def restart(self) -> None:
        """See `Device.restart`."""
        self.running = deepcopy(self.saved[0])
        self.shared = deepcopy(self.running)

    def reset(self) -> None:
        """See `Device.reset`."""
        self.confirm()
        self.running = self._as_delivered()
        self.shared = deepcopy(self.running)
        self.saved = [deepcopy(self.running)]
        self.commits.clear()
        self.kept.clear()
        self.confirming = None

    @property
    def hostname(self) -> str:
        """The name in the running configuration."""
        return nokia_tree.value(self.running, "system", "name") or self.spec.name

    def troubles(self, tree: Tree) -> list[str]:
        """What a validation finds wrong: an address that two interfaces have, a service without its customer."""
        found: list[str] = []
        seen: dict[str, str] = {}
        for router, below in tree.get("router", {}).items():
            for name in below.get("interface", {}):
                address = nokia_tree.value(below, "interface", name, "ipv4", "primary", "address")
                if address is not None and seen.setdefault(address, name) != name:
                    where = f'configure router "{router}" interface "{name}" ipv4 primary address'
                    found.append(f"MGMT_CORE #4001: {where} - duplicate of interface {seen[address]!r}")
        for name, service in (nokia_tree.dig(tree, ("service", "vpls")) or {}).items():
            found += [
                f'MGMT_CORE #4001: configure service vpls "{name}" {leaf} - Missing mandatory element'
                for leaf in ("service-id", "customer")
                if leaf not in service
            ]
        return found

    # What it is

    def vlans(self) -> Mapping[int, Vlan]:
        """See `Device.vlans`. A router has services and their access points instead."""
        return {}

    def ports(self) -> list[Port]:
        """The ports, in order; those to the distribution count as trunks."""
        return [
            Port(
                name=name,
                short=name,
                description=nokia_tree.value(self.running, "port", name, "description") or "",
                shutdown=nokia_tree.value(self.running, "port", name, "admin-state") != "enable",
                cabled=name not in _UNCABLED,
                mode="trunk" if name in UPLINKS else "routed",
            )
            for name in PHYSICAL
        ]

    def _as_delivered(self) -> Tree:
        tree: Tree = {}
        for line in self._delivered():
            made = nokia_tree.resolve(nokia_tree.words(line), SCHEMA)
            assert not isinstance(made, nokia_tree.Trouble), (line, made)
            for path in made[0]:
                nokia_tree.put(tree, path, SCHEMA)
        return self.edited(tree)

    def _delivered(self) -> Sequence[str]:
        spec = self.spec
        lines: list[str] = []
        for index, port in enumerate(ACCESS, 1):
            state = "disable" if index == 4 else "enable"
            lines.append(f'port {port} admin-state {state} description "desk {index}" ethernet mode access mtu 9000')
        for index, port in enumerate(UPLINKS, 1):
            lines.append(f'port {port} admin-state enable description "uplink to dist-{index}" ethernet mode network')
            interface = f'router "Base" interface "to-dist-{index}" port {port}'
            lines.append(f"{interface} ipv4 primary address 10.{index}.{spec.number % 250}.1 prefix-length 30")
        users = "system security user-params local-user user"
        return [
            *lines,
            f'router "Base" interface "system" ipv4 primary address 10.98.0.{spec.number % 250} prefix-length 32',
            'service vpls "users" admin-state enable service-id 10 customer "1" sap 1/1/c1/1:10 description "desk 1"',
            f'system location "{spec.site}"',
            f'system name "{spec.name}"',
            "system management-interface configuration-mode model-driven",
            f'system security snmp community "{identity.community(spec)} hash2" access-permissions r',
            f'{users} "{self.login.username}" password "$2y$10${identity.digest("user", spec.name)}"',
            "system time ntp admin-state enable server 192.0.2.10 prefer true",
        ]
