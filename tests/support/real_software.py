"""FRR, BIRD and Open vSwitch as the machines of `real_machines.py` run them, configured as their manuals say."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path

from real_machines import Machine, demand, link, machine

_FRR = """
usermod --append --groups frrvty,frr --shell /usr/bin/vtysh ops
mkdir -p /run/frr; chown frr:frr /run/frr; rm -rf /etc/frr/*; chown frr:frrvty /etc/frr; chmod 2775 /etc/frr
echo 'service integrated-vtysh-config' > /etc/frr/vtysh.conf
cat > /etc/frr/frr.conf
chown frr:frrvty /etc/frr/*; chmod 664 /etc/frr/*
for daemon in zebra bgpd staticd; do /usr/lib/frr/$daemon -d -u frr -g frr; done
vtysh -b
"""
_RIP = """
usermod --append --groups frrvty,frr --shell /usr/bin/vtysh ops
mkdir -p /run/frr; chown frr:frr /run/frr; rm -rf /etc/frr/*; chown frr:frrvty /etc/frr; chmod 2775 /etc/frr
echo 'service integrated-vtysh-config' > /etc/frr/vtysh.conf
printf 'hostname rip\n' > /etc/frr/frr.conf; chown frr:frrvty /etc/frr/*; chmod 664 /etc/frr/*
/usr/lib/frr/zebra -d -u frr -g frr
/usr/lib/frr/ripd -d --tcli -u frr -g frr
vtysh -b
"""
_BIRD = """
mkdir -p /run/bird; chown bird:bird /run/bird
cat > /etc/bird/bird.conf
bird -u bird -g bird
"""
_OVS = """
mkdir -p /run/openvswitch /etc/openvswitch; rm -rf /etc/openvswitch/*
ovsdb-tool create /etc/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server /etc/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock --pidfile --detach -vconsole:off
ovs-vsctl --no-wait init
ovs-vswitchd --pidfile --detach -vconsole:off
for port in uplink1 uplink2 desk1; do ip link add $port type veth peer name $port-far; ip link set $port up; done
ovs-vsctl add-br br0 -- set bridge br0 datapath_type=netdev \
  -- add-port br0 uplink1 trunks=10,20 -- add-port br0 uplink2 trunks=10,20 -- add-port br0 desk1 tag=10
"""

BIRD_CONFIG = """\
# the border router
router id 10.0.0.1;

protocol device { }
protocol static statics {
    ipv4;
    route 192.0.2.0/24 blackhole;
}
"""


@contextmanager
def routers(folder: Path, count: int) -> Iterator[list[Machine]]:
    """FRR routers in a row; between each two a cable, whose ends are named after where they lead."""
    demand("sshd", "vtysh", "ip")
    with ExitStack() as stack:
        row = [stack.enter_context(machine(f"r{number}", folder / f"r{number}")) for number in range(1, count + 1)]
        for number, (one, other) in enumerate(pairwise(row), start=1):
            link(one, f"to-r{number + 1}", other, f"to-r{number}")
        for number, router in enumerate(row, start=1):
            router.run("sh", "-c", _FRR, stdin=_frr_config(number, count))
        yield row


def established(router: Machine) -> set[str]:
    """The neighbours with which a router has a BGP session, by its own word."""
    summary = json.loads(router.run("vtysh", "-c", "show bgp summary json"))
    peers = summary.get("ipv4Unicast", {}).get("peers", {})
    return {address for address, peer in peers.items() if peer["state"] == "Established"}


def until_established(router: Machine, neighbours: Sequence[str], within_s: float = 20.0) -> None:
    """Wait for BGP to come up, or down; its timers are real."""
    ends = time.monotonic() + within_s
    while established(router) != set(neighbours):
        assert time.monotonic() < ends, router.run("vtysh", "-c", "show bgp summary")
        time.sleep(0.1)


@contextmanager
def rip_router(folder: Path) -> Iterator[Machine]:
    """A router whose ripd has a transactional command line: a candidate for each session, and ``commit confirmed``."""
    demand("sshd", "vtysh")
    with machine("rip", folder / "rip") as made:
        made.sh(_RIP)
        yield made


@contextmanager
def bird_router(folder: Path) -> Iterator[Machine]:
    """A machine with BIRD."""
    demand("sshd", "birdc")
    with machine("b1", folder / "b1") as made:
        made.run("sh", "-c", _BIRD, stdin=BIRD_CONFIG)
        yield made


@contextmanager
def ovs_switch(folder: Path) -> Iterator[Machine]:
    """A machine with Open vSwitch: a bridge with two uplinks and one access port."""
    demand("sshd", "ovs-vsctl", "ip")
    with machine("sw1", folder / "sw1") as made:
        made.sh(_OVS)
        yield made


def _frr_config(number: int, count: int) -> str:
    lines = ["frr defaults datacenter", f"hostname r{number}", "service integrated-vtysh-config"]
    lines += ["interface lo", f" ip address 10.0.0.{number}/32", "exit"]
    if number > 1:
        lines += [f"interface to-r{number - 1}", f" ip address 192.168.{number - 1}.2/30", "exit"]
    if number < count:
        lines += [f"interface to-r{number + 1}", f" ip address 192.168.{number}.1/30", "exit"]
    return "\n".join(lines) + "\n"
