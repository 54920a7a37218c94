"""What IOS-XE, NX-OS and EOS share: a running configuration of indented lines, its VLANs and its ports.

`editor.py` holds the configuration modes that change it. Nothing here prints a prompt or knows a command.
"""

import re
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from activities.deviceinteraction.model import Vlan
from activities.deviceinteraction.testbed.cli import Cli
from activities.deviceinteraction.testbed.device import Clock, Device
from activities.deviceinteraction.testbed.model import DeviceSpec, Login
from activities.deviceinteraction.testbed.switch import Port
from activities.deviceinteraction.testbed.tree import ConfigTree, Line, natural
from activities.deviceinteraction.testbed.vlanlist import vlan_numbers, vlan_ranges

#: The order of lines inside an interface, a VLAN or the archive, as the devices print them.
CHILD_ORDER = (
    "name",
    "state",
    "description",
    "no switchport",
    "switchport access",
    "switchport trunk native",
    "switchport trunk allowed",
    "switchport mode",
    "switchport",
    "mtu",
    "ip address",
    "shutdown",
)


class IndentedDevice(Device):
    """A device whose configuration is indented text."""

    indent: ClassVar[int] = 1
    order: ClassVar[tuple[str, ...]] = ()  # prefixes of top-level lines, in the order in which they are printed
    separated: ClassVar[bool] = True  # whether "!" stands between sections
    physical: ClassVar[tuple[str, ...]] = ()  # the ports of the box, which no configuration can take away
    uncabled: ClassVar[frozenset[str]] = frozenset()
    kinds: ClassVar[Mapping[str, str]] = {}  # interface kinds with their short forms, such as Ethernet: Et
    virtual: ClassVar[frozenset[str]] = frozenset({"Vlan", "Loopback", "Port-channel"})

    delivered_release: ClassVar[str] = ""

    def __init__(self, spec: DeviceSpec, login: Login, log: Path, clock: Clock) -> None:
        super().__init__(spec, login, log, clock)
        self.release = self.delivered_release
        self._running: ConfigTree | None = None
        self.startup: str | None = None
        self.changed_at = self.booted_at
        self.changed_by = "console"

    @abstractmethod
    def delivered(self) -> str:
        """The configuration with which the device leaves the factory of this testbed."""

    @abstractmethod
    def files_reset(self) -> None:
        """Forget files, checkpoints and sessions."""

    # Configuration

    @property
    def running(self) -> ConfigTree:
        """The running configuration; made when it is first needed, for a thousand devices start at once."""
        if self._running is None:
            self._running = self.load(self.delivered())
        return self._running

    def load(self, text: str) -> ConfigTree:
        """A configuration file as a tree: VLAN ranges taken apart, ports complete, in canonical order."""
        tree = ConfigTree.parse(text)
        flat: list[Line] = []
        for line in tree.children:
            if not line.text.startswith("vlan ") or line.text[5:].isdigit():
                flat.append(line)
                continue
            known = {other.text for other in tree.children}
            flat += [Line(f"vlan {number}") for number in vlan_numbers(line.text[5:]) if f"vlan {number}" not in known]
        tree = ConfigTree([line for line in flat if line.text != "vlan 1" or line.children])
        for port in self.physical:
            if not tree.has(f"interface {port}"):
                tree.children.append(Line(f"interface {port}"))
        self.arrange(tree)
        return tree

    def arrange(self, tree: ConfigTree) -> None:
        """Bring a tree into the order in which the platform prints it."""
        tree.sort(self._rank)
        for line in tree.children:
            line.children.sort(key=_child_rank)

    def _rank(self, text: str) -> tuple[object, ...]:
        for index, prefix in enumerate(self.order):
            if text.startswith(prefix):
                return (index, natural(text) if prefix in ("vlan ", "interface ") else ())
        return (len(self.order), ())

    def replace(self, tree: ConfigTree, user: str) -> bool:
        """Make a tree the running configuration; whether anything changed."""
        before = self.body()
        vlans = self.vlans()
        self._running = tree
        if self.body() == before and self.vlans() == vlans:
            return False
        self.changed_at = self.clock.now()
        self.changed_by = user
        self.mark("running")
        return True

    def edit(self, change: Callable[[ConfigTree], None], user: str) -> None:
        """Change the running configuration in place."""
        tree = self.running.copy()
        change(tree)
        self.arrange(tree)
        self.replace(tree, user)

    def shown(self, tree: ConfigTree) -> list[Line]:
        """The top-level lines as printed: VLANs without a name of their own are drawn together."""
        lines: list[Line] = []
        bare: list[int] = []
        for line in tree.children:
            if line.text.startswith("vlan ") and not line.children:
                bare.append(int(line.text[5:]))
                continue
            if bare:
                lines.append(Line(f"vlan {vlan_ranges(bare)}"))
                bare = []
            lines.append(line)
        return lines

    def body(self, tree: ConfigTree | None = None) -> str:
        """A tree (the running configuration by default) as the text of a configuration file."""
        lines: list[str] = []
        group: object = None
        for line in self.shown(tree or self.running):
            rank = self._rank(line.text)[0]
            if self.separated and lines and (line.children or rank != group):
                lines.append("!")
            group = None if line.children else rank
            lines.append(line.text)
            lines += _indented(line, self.indent)
        return "\n".join(lines) + "\n"

    def running_config(self) -> str:
        """See `Device.running_config`."""
        return self.body()

    def startup_config(self) -> str:
        """See `Device.startup_config`."""
        return self.startup if self.startup is not None else self.body(self.load(self.delivered()))

    def save(self) -> None:
        """Copy the running configuration to the startup configuration."""
        if self.startup_config() != self.body():
            self.startup = self.body()
            self.mark("startup")

    def restart(self) -> None:
        """See `Device.restart`."""
        if self.running_config() != self.startup_config():
            self.replace(self.load(self.startup_config()), "boot")
        self.release = self.booted_release()

    def booted_release(self) -> str:
        """The release that the boot image brings; the delivered one where none is named, or it is not there."""
        image = self.running.value("boot system") or self.running.value("boot nxos") or ""
        found = re.search(r"\d+\.\d+\.\d+[a-z]?", image) if self.file_path(image) in self.files else None
        return self.delivered_release if found is None else found.group()

    def change(self, lines: Sequence[str], *, user: str = "console", commit: bool = True) -> None:  # noqa: ARG002
        """See `Device.change`."""
        cli = self.cli(0, user)
        for line in ("configure terminal", *lines, "end"):
            self.take_effect()
            mode = cli.mode
            reply = cli.execute(line)
            self.log.command(0, user, mode, line, reply.result, self.take_effect())
            if reply.result == "rejected":
                raise ValueError(f"{self.spec.name} refuses {line!r}: {reply.text.strip()}")

    def reset(self) -> None:
        """See `Device.reset`."""
        self.confirm()
        self._running = None
        self.startup = None
        self.files_reset()

    @property
    def hostname(self) -> str:
        """The name in the running configuration."""
        return self.running.value("hostname") or self.running.value("switchname") or self.spec.name

    # VLANs and ports

    def vlans(self) -> Mapping[int, Vlan]:
        """See `Device.vlans`."""
        found = {1: Vlan(name="default", status="active")}
        for line in self.running.children:
            if line.text.startswith("vlan ") and line.text[5:].isdigit():
                number = int(line.text[5:])
                suspended = line.has("state suspend")
                name = line.value("name") or ("default" if number == 1 else f"VLAN{number:04d}")
                found[number] = Vlan(name=name, status="suspended" if suspended else "active")
        return found

    def ports(self) -> list[Port]:
        """The switch ports, in order."""
        return [
            self._port(line.text.removeprefix("interface "), line)
            for line in self.running.children
            if line.text.removeprefix("interface ") in self.physical
        ]

    def _port(self, name: str, line: Line) -> Port:
        allowed = line.value("switchport trunk allowed vlan")
        routed = line.has("no switchport") or self.kind(name) in ("Management", "mgmt")
        trunk = line.value("switchport mode") == "trunk"
        return Port(
            name=name,
            short=self.short(name),
            description=line.value("description") or "",
            shutdown=line.has("shutdown"),
            cabled=name not in self.uncabled,
            mode="routed" if routed else "trunk" if trunk else "access",
            access_vlan=int(line.value("switchport access vlan") or 1),
            trunk_vlans=_allowed(allowed),
        )

    @staticmethod
    def kind(name: str) -> str:
        """``Ethernet`` of ``Ethernet1/3``."""
        return name.rstrip("0123456789/.")

    def short(self, name: str) -> str:
        """``Et1/3`` of ``Ethernet1/3``."""
        kind = self.kind(name)
        return self.kinds.get(kind, kind) + name[len(kind) :]

    def interface_name(self, text: str) -> str | None:
        """The full name of what somebody typed, such as ``gi 1/0/3``; ``None`` where no such interface can be."""
        typed = text.replace(" ", "")
        kind = typed.rstrip("0123456789/.")
        number = typed[len(kind) :]
        for full in self.kinds:
            name = full + number
            if not kind or not number or not full.lower().startswith(kind.lower()):
                continue
            if name in self.physical or (full in self.virtual and number.isdigit()):
                return name
        return None

    @abstractmethod
    def cli(self, session: int, user: str) -> Cli:
        """See `Device.cli`."""


def _child_rank(line: Line) -> int:
    return next((index for index, prefix in enumerate(CHILD_ORDER) if line.text.startswith(prefix)), len(CHILD_ORDER))


def _indented(line: Line, indent: int, depth: int = 1) -> list[str]:
    lines: list[str] = []
    for child in line.children:
        lines.append(" " * (indent * depth) + child.text)
        lines += _indented(child, indent, depth + 1)
    return lines


def _allowed(text: str | None) -> frozenset[int] | None:
    if text is None or text == "all":
        return None
    return frozenset() if text == "none" else frozenset(vlan_numbers(text))
