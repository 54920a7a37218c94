"""What simulated SR Linux says of itself and of its surroundings: ``show version`` and ``info`` of its datastores.

``info flat`` prints one ``set /`` line for each leaf, of the running configuration and of the state alike ("SR Linux
CLI", "Using the info command"); keys may be ``*``. Names of the state's leaves are those of the "SR Linux Data Model
Reference": ``interface``, ``system lldp``, ``network-instance protocols bgp`` and ``route-table``.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar, Final

from activities.deviceinteraction.testbed import surroundings
from activities.deviceinteraction.testbed.cli import Cli, Reply, command
from activities.deviceinteraction.testbed.grammar import Match
from activities.deviceinteraction.testbed.platforms import identity, nokia_tree
from activities.deviceinteraction.testbed.platforms.nokia_tree import Tree
from activities.deviceinteraction.testbed.platforms.srlinux_device import UPLINKS, SrlinuxState
from activities.deviceinteraction.testbed.platforms.srlinux_schema import SCHEMA, STYLE

ANYWHERE: Final = "running candidate"
VERSION: Final = "v23.10.1"
_BUILD: Final = "218-ga3fc1bea5a"


class SrlinuxShows(Cli):
    """What an SR Linux switch says of itself.

    Args:
        device: The device.
        session: The login's number.
        user: Who.
    """

    page_length: int = 0  # nothing is paged unless ``| more`` asks for it
    more: ClassVar[str] = "--More--"

    def __init__(self, device: SrlinuxState, session: int, user: str) -> None:
        self.device = device
        self.session = session
        self.user = user

    @command("environment <text...>", mode=ANYWHERE)
    def _environment(self, _match: Match) -> Reply:
        return Reply()

    @command("show version", mode=ANYWHERE)
    def _show_version(self, _match: Match) -> Reply:
        facts = {
            "Hostname": self.device.hostname,
            "Chassis Type": "7220 IXR-D2L",
            "Part Number": "3HE15294AARA01",
            "Serial Number": identity.serial(self.device.spec, "NK2145"),
            "System HW MAC Address": identity.mac(self.device.spec).upper(),
            "OS": "SR Linux",
            "Software Version": VERSION,
            "Build Number": _BUILD,
            "Architecture": "x86_64",
            "Last Booted": _stamp(self.device.booted_at),
            "Total Memory": "24052875 kB",
            "Free Memory": "20317532 kB",
        }
        rule = "-" * 52
        return Reply("\n".join([rule, *(f"{name:<21}: {value}" for name, value in facts.items()), rule]))

    @command("info from running", "info from running /", mode=ANYWHERE)
    def _info_running(self, _match: Match) -> Reply:
        return self.shown(self.device.running)

    @command("info flat from running", "info flat from running /", mode=ANYWHERE)
    def _info_flat(self, _match: Match) -> Reply:
        return Reply("\n".join(self.device.flat(self.device.running)))

    @command("info flat from state <path...>", mode=ANYWHERE)
    def _info_state(self, match: Match) -> Reply:
        wanted = nokia_tree.words(match.args["path"].removeprefix("/"))
        pattern = re.compile(
            r"set / " + " ".join(r"\S+" if word == "*" else re.escape(word) for word in wanted) + r"(?= |$)"
        )
        return Reply("\n".join(line for line in self._state() if pattern.match(line)))

    @command("tools platform chassis reboot", mode=ANYWHERE)
    def _reboot(self, _match: Match) -> Reply:
        self.device.reboot(self.user)
        return Reply("/platform/chassis:\n    Reboot initiated")

    def shown(self, tree: Tree) -> Reply:
        """A whole configuration in braces; the root context indents it once."""
        return Reply("\n".join(f"    {line}" for line in nokia_tree.braces(tree, SCHEMA, STYLE)))

    # The state

    def _state(self) -> Iterator[str]:
        """Every leaf of the state that is simulated, as a flat line."""
        for port in self.device.ports():
            head = f"set / interface {port.name}"
            yield f"{head} admin-state {'disable' if port.shutdown else 'enable'}"
            yield f"{head} oper-state {'up' if port.up else 'down'}"
        yield from self._system()
        yield from self._routing()

    def _system(self) -> Iterator[str]:
        now = self.device.clock.now()
        yield f'set / system information current-datetime "{_stamp(now)} (now)"'
        ago = f"{self.device.uptime().days} days ago"
        yield f'set / system information last-booted "{_stamp(self.device.booted_at)} ({ago})"'
        yield f"set / system information version {VERSION}-{_BUILD}"
        for name, held in self.device.candidates.items():
            yield f"set / system configuration candidate {name} type {held.kind}"
            yield f"set / system configuration candidate {name} user {held.user}"
        for number, kept in enumerate(self.device.checkpoints):
            yield f"set / system configuration checkpoint {number} name {kept.name}"
            yield f'set / system configuration checkpoint {number} comment "{kept.comment}"'
            yield f"set / system configuration checkpoint {number} username {kept.user}"
        held_commit = self.device.unconfirmed
        for number in range(max(1, self.device.commits - 9), self.device.commits + 1):
            waits = held_commit is not None and number == self.device.commits
            yield f"set / system configuration commit {number} status {'unconfirmed' if waits else 'complete'}"
        yield "set / system lldp admin-state enable"
        for link in surroundings.links(self.device.ports()):
            head = f"set / system lldp interface {link.local.name} neighbor 00:00:5E:00:53:AA"
            yield f"{head} system-name {link.host}.example.net"
            yield f"{head} port-id {link.port}"

    def _routing(self) -> Iterator[str]:
        bgp = "set / network-instance default protocols bgp"
        if self.device.peers:
            yield f"{bgp} admin-state enable"
        for peer in self.device.peers:
            head = f"{bgp} neighbor {peer.address}"
            yield f"{head} peer-as {peer.asn}"
            yield f"{head} session-state {'idle' if peer.prefixes is None else 'established'}"
            if peer.prefixes is not None:
                yield f"{head} afi-safi ipv4-unicast received-routes {peer.prefixes}"
        for index, (prefix, kind, hop) in enumerate(self._routes(), 1):
            table = "set / network-instance default route-table"
            route = f"{table} ipv4-unicast route {prefix} id 0 route-type {kind} route-owner {kind}_mgr"
            yield f"{route} origin-network-instance default active true"
            yield f"{route} origin-network-instance default metric 0"
            yield f"{route} origin-network-instance default next-hop-group {index}"
            yield f"{table} next-hop-group {index} next-hop 0 next-hop {index}"
            yield f"{table} next-hop {index} {hop}"

    def _routes(self) -> Iterator[tuple[str, str, str]]:
        """Prefixes with their kind and what leads there: the way up by the first uplink, and the links themselves."""
        ups = [
            index
            for index, name in enumerate(UPLINKS, 1)
            for port in self.device.ports()
            if port.name == name and port.up
        ]
        site = self.device.spec.number % 250
        if ups:
            yield "0.0.0.0/0", "static", f"ip-address 10.{ups[0]}.{site}.2"
        for index in ups:
            yield f"10.{index}.{site}.0/30", "local", f"subinterface {UPLINKS[index - 1]}.0"


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
