"""A simulated SR Linux switch: running, startup and candidate configurations, checkpoints, ports. Prints nothing.

Behaviour follows Nokia, "SR Linux Configuration Basics Guide", chapter "Configuration management": a private candidate
is a copy of the running configuration of its own, of which a commit makes only the differences; a named one outlives
its session until it is discarded or cleared; a checkpoint holds the whole configuration, of which the device keeps
ten; what is committed under ``commit confirmed`` is taken back unless it is accepted, and until then nobody else can
commit.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from activities.deviceinteraction.model import Vlan
from activities.deviceinteraction.testbed.device import Clock, Device
from activities.deviceinteraction.testbed.model import DeviceSpec, Login
from activities.deviceinteraction.testbed.platforms import identity, nokia_tree
from activities.deviceinteraction.testbed.platforms.nokia_tree import Tree
from activities.deviceinteraction.testbed.platforms.srlinux_schema import SCHEMA, STYLE
from activities.deviceinteraction.testbed.switch import Port

ACCESS = tuple(f"ethernet-1/{number}" for number in range(1, 5))
UPLINKS = ("ethernet-1/49", "ethernet-1/50")
PHYSICAL = (*ACCESS, *UPLINKS, "mgmt0")
_UNCABLED = frozenset(ACCESS[3:])
MOST_CHECKPOINTS = 10

Kind = Literal["shared", "private", "exclusive"]


@dataclass(slots=True)
class Candidate:
    """A candidate: what it was made of, what it has become, and which logins are in it."""

    name: str
    kind: Kind
    user: str
    baseline: Tree
    tree: Tree
    sessions: set[int] = field(default_factory=set)

    @property
    def modified(self) -> bool:
        """Whether it differs from what it was made of."""
        return self.tree != self.baseline


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A configuration that can be gone back to."""

    name: str
    comment: str
    user: str
    at: datetime
    tree: Tree


class SrlinuxState(Device):
    """The state of a simulated SR Linux switch; `srlinux.SrlinuxDevice` adds the login."""

    def __init__(self, spec: DeviceSpec, login: Login, log: Path, clock: Clock) -> None:
        super().__init__(spec, login, log, clock)
        self.running = self._as_delivered()
        self.saved = deepcopy(self.running)
        self.candidates: dict[str, Candidate] = {}
        self.checkpoints: list[Checkpoint] = []  # the newest first
        self.commits = 0

    # Configurations

    def edited(self, tree: Tree) -> Tree:
        """A tree as it is kept: containers that hold nothing are not there."""
        return nokia_tree.pruned(tree, SCHEMA)

    def flat(self, tree: Tree) -> list[str]:
        """A tree as set lines."""
        return nokia_tree.flat(tree, SCHEMA, STYLE)

    def running_config(self) -> str:
        """See `Device.running_config`; as ``info flat`` shows it."""
        return "\n".join(self.flat(self.running)) + "\n"

    def startup_config(self) -> str:
        """See `Device.startup_config`."""
        return "\n".join(self.flat(self.saved)) + "\n"

    def make_running(self, tree: Tree) -> None:
        """Put a tree in place."""
        if tree != self.running:
            self.running = deepcopy(tree)
            self.mark("running")

    def commit(self, candidate: Candidate, user: str, *, confirm_s: int | None = None) -> None:
        """Make the differences of a candidate; with a time, until they are accepted."""
        before = self.running
        self.make_running(self.edited(_merged(candidate.baseline, candidate.tree, self.running)))
        self.commits += 1
        if confirm_s is not None:
            self.revert_later(confirm_s, lambda: self.make_running(before), user)

    def save(self) -> None:
        """What runs survives a restart."""
        if self.saved != self.running:
            self.saved = deepcopy(self.running)
            self.mark("startup")

    def keep(self, name: str, comment: str, user: str) -> None:
        """Make a checkpoint; the oldest ones give way."""
        self.checkpoints.insert(0, Checkpoint(name, comment, user, self.clock.now(), deepcopy(self.running)))
        del self.checkpoints[MOST_CHECKPOINTS:]
        self.mark("checkpoint")

    def checkpoint(self, name: str) -> Checkpoint | None:
        """The newest checkpoint of a name."""
        return next((kept for kept in self.checkpoints if kept.name == name), None)

    def forget(self, name: str) -> None:
        """Drop the checkpoints of a name."""
        self.checkpoints = [kept for kept in self.checkpoints if kept.name != name]

    def restart(self) -> None:
        """See `Device.restart`."""
        self.running = deepcopy(self.saved)
        self.candidates.clear()

    def reset(self) -> None:
        """See `Device.reset`."""
        self.confirm()
        self.running = self._as_delivered()
        self.saved = deepcopy(self.running)
        self.candidates.clear()
        self.checkpoints.clear()

    @property
    def hostname(self) -> str:
        """The name in the running configuration."""
        return nokia_tree.value(self.running, "system", "name", "host-name") or self.spec.name

    def troubles(self, tree: Tree) -> list[str]:
        """What a commit finds wrong: a subinterface that a network instance has and nobody made."""
        found: list[str] = []
        for name, instance in tree.get("network-instance", {}).items():
            for member in instance.get("interface", {}):
                port, _, index = member.rpartition(".")
                if nokia_tree.dig(tree, ("interface", port, "subinterface", index)) is None:
                    found.append(f"Failed to find subinterface '{member}' of network-instance '{name}'")
        return found

    # What it is

    def vlans(self) -> Mapping[int, Vlan]:
        """See `Device.vlans`. It has bridge domains instead."""
        return {}

    def ports(self) -> list[Port]:
        """The ports, in order; those to the distribution count as trunks."""
        return [
            Port(
                name=name,
                short=name,
                description=nokia_tree.value(self.running, "interface", name, "description") or "",
                shutdown=nokia_tree.value(self.running, "interface", name, "admin-state") != "enable",
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
        users = "system aaa authentication"
        lines = [
            "interface mgmt0 admin-state enable subinterface 0 admin-state enable",
            f"interface mgmt0 subinterface 0 ipv4 admin-state enable address {identity.management_address(spec)}/16",
            f"{users} admin-user password $y$j9T${identity.digest('root', spec.name)}",
            f"{users} user {self.login.username} password $y$j9T${identity.digest('user', spec.name)}",
            "system dns network-instance mgmt server-list [ 192.0.2.53 192.0.2.54 ]",
            f"system information location {spec.site}",
            "system lldp admin-state enable",
            f"system name host-name {spec.name}",
            "system ntp admin-state enable server 192.0.2.10 prefer true",
            "system ssh-server mgmt admin-state enable network-instance mgmt",
            f"system snmp community {identity.community(spec)}",
            "network-instance mgmt type ip-vrf admin-state enable interface mgmt0.0",
            "network-instance default type default admin-state enable",
        ]
        for index, port in enumerate(ACCESS, 1):
            state = "disable" if index == 4 else "enable"
            lines.append(f'interface {port} admin-state {state} description "desk {index}" mtu 9232 vlan-tagging true')
            lines.append(f"interface {port} subinterface 10 type bridged vlan encap single-tagged vlan-id 10")
        for index, port in enumerate(UPLINKS, 1):
            lines.append(f'interface {port} admin-state enable description "uplink to dist-{index}" mtu 9232')
            lines.append(
                f"interface {port} subinterface 0 ipv4 admin-state enable address 10.{index}.{spec.number % 250}.1/30"
            )
            lines.append(f"network-instance default interface {port}.0")
        return [*lines, f"network-instance users type mac-vrf interface {ACCESS[0]}.10"]


def _merged(old: Tree, new: Tree, onto: Tree) -> Tree:
    """What leads from one tree to another, made to a third one."""
    result: Tree = {}
    for word in {**onto, **new}:
        was, is_, there = old.get(word), new.get(word), onto.get(word)
        if was == is_:
            if there is not None:
                result[word] = there
        elif is_ is None:
            continue
        else:
            result[word] = _merged(was or {}, is_, there or {})
    return result
