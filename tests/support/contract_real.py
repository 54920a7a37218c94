"""Rigs of real software. What a machine runs, and what a colleague does to it, goes past the library: by its own tools.

Each function takes a machine that runs, brings it to where its cases begin, and gives a rig of it.
"""

import asyncio
import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from activities.deviceinteraction.model import Hold, PlatformName
from contract_rig import Rig
from real_machines import Machine
from real_netconf import SYSTEM, past_the_library, system
from real_software import BIRD_CONFIG

BRIEF: Final = Hold(timedelta(seconds=1))
HELD: Final = Hold(timedelta(minutes=2))
_SYSCTL: Final = "/etc/sysctl.d"


@dataclass(frozen=True)
class Made:
    """How a platform's rig is made, and how the machine is brought back to where it was."""

    rig: Callable[[Machine], Rig]
    clean: Callable[[Machine], object]


def frr(machine: Machine) -> Rig:
    """FRR: a description and a list that nothing uses, by the login that leads into vtysh."""
    truth = _running(machine, "vtysh", "-c", "show running-config")
    ours = ("interface lo", " description contract", "ip prefix-list contract seq 5 permit 192.0.2.1/32")
    theirs = ("ip prefix-list theirs seq 5 permit 192.0.2.2/32",)

    def colleague(lines: Sequence[str]) -> None:
        typed = [word for line in ("configure terminal", *lines) for word in ("-c", line)]
        machine.run("vtysh", *typed)

    return _rig(
        machine,
        "frr",
        ours,
        theirs,
        colleague,
        truth,
        kept=lambda: machine.sh("cat /etc/frr/frr.conf"),
        user="ops",
        marks=("description contract", "list theirs"),
        shows="show version",
    )


def bird(machine: Machine) -> Rig:
    """BIRD: another route, in the one file that is its configuration."""
    new, other = (BIRD_CONFIG.replace("192.0.2.0/24", route) for route in ("198.51.100.0/24", "203.0.113.0/24"))

    def truth() -> str:
        routes = re.findall(r"^(\S+) +blackhole", machine.run("birdc", "show", "route"), re.MULTILINE)
        assert len(routes) == 1
        return str(routes[0])

    def colleague(lines: Sequence[str]) -> None:
        machine.write("/etc/bird/bird.conf", "".join(f"{line}\n" for line in lines), "root:bird")
        machine.run("birdc", "configure")

    return _rig(
        machine,
        "bird",
        new.splitlines(),
        other.splitlines(),
        colleague,
        truth,
        kept=lambda: machine.sh("cat /etc/bird/bird.conf"),
        both=new.splitlines(),
        marks=("198.51.100.0/24", "203.0.113.0/24"),
        shows="show status",
    )


def openvswitch(machine: Machine) -> Rig:
    """Open vSwitch: a VLAN in the list of a port, with the database server as the witness."""

    def truth() -> str:
        query = ["Open_vSwitch", {"op": "select", "table": "Port", "where": [], "columns": ["name", "trunks", "tag"]}]
        rows = json.loads(machine.run("ovsdb-client", "transact", json.dumps(query)))[0]["rows"]
        bridges = machine.run("ovs-vsctl", "--columns=external_ids", "list", "bridge")
        return "\n".join(sorted(json.dumps(row, sort_keys=True) for row in rows)) + "\n" + bridges

    def colleague(lines: Sequence[str]) -> None:
        for line in lines:
            machine.run("ovs-vsctl", *shlex.split(line))

    ours = ("add port uplink1 trunks 120", "set bridge br0 external_ids:vlan-name-120=contract")
    theirs = ("add port uplink2 trunks 333",)
    return _rig(
        machine, "openvswitch", ours, theirs, colleague, truth, marks=("contract", "333"), shows="show port uplink1"
    )


def linux(machine: Machine) -> Rig:
    """Linux: a file of the kernel's settings, and what loads it."""

    def lines(name: str) -> tuple[str, ...]:
        path = f"{_SYSCTL}/60-{name}.conf"
        return (f"file {path}", f"|# {name}", "|net.ipv4.ip_forward = 1", f"reload sysctl -q -p {path}")

    def colleague(typed: Sequence[str]) -> None:
        machine.write(typed[0].removeprefix("file "), "".join(f"{line[1:]}\n" for line in typed[1:-1]))

    return _rig(
        machine,
        "linux",
        lines("contract"),
        lines("theirs"),
        colleague,
        lambda: machine.sh(f"cd {_SYSCTL}; for file in *; do ls -l $file | cut -c1-10; echo $file; cat $file; done"),
        marks=("# contract", "# theirs"),
        shows="dir -l /etc",
    )


def netconf(machine: Machine) -> Rig:
    """netconfd: a leaf of ietf-system, and another one; asked by a NETCONF session of its own subsystem program."""

    def truth() -> str:
        return past_the_library(machine, "<get-config><source><running/></source></get-config>")

    def colleague(lines: Sequence[str]) -> None:
        past_the_library(
            machine,
            "<edit-config><target><candidate/></target><config>" + "".join(lines) + "</config></edit-config>",
            "<commit/>",
        )

    return _rig(
        machine,
        "netconf",
        system(contact="contract"),
        system(location="theirs"),
        colleague,
        truth,
        both=system(contact="contract", location="theirs"),
        marks=(">contract<", ">theirs<"),
        looks_every_s=1.5,  # it looks at its timers when nobody asks it anything
    )


def _rig(
    machine: Machine,
    platform: PlatformName,
    ours: Sequence[str],
    theirs: Sequence[str],
    colleague: Callable[[Sequence[str]], None],
    truth: Callable[[], str],
    *,
    marks: tuple[str, str],
    kept: Callable[[], str] | None = None,
    both: Sequence[str] = (),
    user: str = "root",
    shows: str = "",
    looks_every_s: float = 0.2,
) -> Rig:
    before = truth()

    async def run_out() -> None:
        async with asyncio.timeout(20):
            while truth() != before:
                await asyncio.sleep(looks_every_s)  # its timer is real

    def has() -> tuple[bool, bool]:
        found = truth()
        return marks[0] in found, marks[1] in found

    return Rig(
        target=machine.target(platform, user),
        host_keys=machine.known_hosts(),
        ours=tuple(ours),
        both=tuple(both) or (*ours, *theirs),
        theirs=tuple(theirs),
        has=has,
        truth=truth,
        kept=kept or truth,
        witness=truth if kept is None else lambda: (truth(), kept()),
        colleague=colleague,
        run_out=run_out,
        hostname=machine.name,
        shows=shows,
        hold=HELD,
        brief=BRIEF,
    )


def _running(machine: Machine, *command: str) -> Callable[[], str]:
    return lambda: machine.run(*command)


def _clean_frr(machine: Machine) -> None:
    undo = ("no ip prefix-list contract", "no ip prefix-list theirs", "interface lo", "no description", "end")
    lines = ("configure terminal", *undo, "write memory")
    machine.run("vtysh", *(word for line in lines for word in ("-c", line)), check=False)


def _clean_bird(machine: Machine) -> None:
    machine.write("/etc/bird/bird.conf", BIRD_CONFIG, "root:bird")
    machine.sh("rm -f /etc/bird/netsaga-*; birdc configure confirm; birdc configure")


def _clean_ovs(machine: Machine) -> None:
    machine.sh(
        "ovs-vsctl set port uplink1 trunks=10,20 -- set port uplink2 trunks=10,20 -- clear bridge br0 external_ids"
    )


def _clean_linux(machine: Machine) -> None:
    machine.sh(f"rm -rf /var/lib/netsaga/* {_SYSCTL}/60-*; mkdir -p {_SYSCTL}; echo kernel.panic=0 > {_SYSCTL}/50.conf")


def _clean_netconf(machine: Machine) -> None:
    past_the_library(
        machine,
        "<discard-changes/>",
        '<edit-config><target><candidate/></target><config xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0">'
        f'<system xmlns="{SYSTEM}" nc:operation="delete"/></config></edit-config>',
        "<commit/>",
    )


REAL: Final[Mapping[PlatformName, Made]] = {
    "frr": Made(frr, _clean_frr),
    "bird": Made(bird, _clean_bird),
    "openvswitch": Made(openvswitch, _clean_ovs),
    "linux": Made(linux, _clean_linux),
    "netconf": Made(netconf, _clean_netconf),
}
