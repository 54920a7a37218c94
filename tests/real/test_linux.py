"""Linux machines for real: files of the network configuration, what makes them effective, and the timed revert."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from activities.deviceinteraction.failures import InvalidInput, PartiallyApplied
from activities.deviceinteraction.model import Confirmed, Hold, Names, Neighbour, Route
from activities.deviceinteraction.probing import probe
from activities.deviceinteraction.session import Session, open_session
from devicelab import LIMITS, MemoryJournal
from real_machines import Machine

NAMES = Names(token="0123456789ab", comment="netsaga")
SYSCTL, HOSTS = "/etc/sysctl.d/60-ours.conf", "/etc/hosts"
FORWARD = "cat /proc/sys/net/ipv4/ip_forward"


def lines(forward: int = 1) -> list[str]:
    return [
        f"file {SYSCTL}",
        '|# a router\'s "setting"',
        f"|net.ipv4.ip_forward = {forward}",
        "gone /etc/sysctl.d/50-old.conf",
        f"reload sysctl -q -p {SYSCTL}",
    ]


@pytest.fixture
def machine(b1: Machine) -> Machine:
    b1.sh(
        f"rm -rf /var/lib/netsaga {SYSCTL}; mkdir -p /etc/sysctl.d; echo 'kernel.panic=0' > /etc/sysctl.d/50-old.conf"
    )
    b1.sh("sysctl -q net.ipv4.ip_forward=0")
    return b1


@asynccontextmanager
async def session(machine: Machine) -> AsyncIterator[Session]:
    async with open_session(machine.target("linux"), host_keys=machine.known_hosts(), timeouts=LIMITS) as opened:
        yield opened


def files(machine: Machine) -> str:
    return machine.sh("cd /etc/sysctl.d; for file in *; do ls -l $file | cut -c1-10; cat $file; done; cat /etc/hosts")


async def made(machine: Machine, journal: MemoryJournal, hold: Hold | None = None) -> None:
    async with session(machine) as opened:
        change = await opened.propose(lines(), NAMES)
        await opened.apply(change, NAMES, journal, save=True, hold=hold)


async def test_a_change_of_files_is_shown_made_and_taken_back_whole(machine: Machine) -> None:
    before, journal = files(machine), MemoryJournal()
    async with session(machine) as opened:
        change = await opened.propose(lines(), NAMES)
        assert change.diff.splitlines() == [
            f"+file {SYSCTL}",
            '+ # a router\'s "setting"',
            "+ net.ipv4.ip_forward = 1",
            "-file /etc/sysctl.d/50-old.conf",
            "- kernel.panic=0",
        ]
        assert files(machine) == before
        await opened.apply(change, NAMES, journal, save=True)
        assert "net.ipv4.ip_forward = 1\n" in machine.sh(f"cat {SYSCTL}")
        assert (await opened.propose(lines(), NAMES)).empty
        assert (await opened.undo(NAMES, journal, methods=("native", "inverse"))).method == "native"
    assert files(machine) == before
    assert machine.sh("ls /var/lib/netsaga") == ""


async def test_a_confirmed_change_stays(machine: Machine) -> None:
    journal = MemoryJournal()
    await made(machine, journal, Hold(timedelta(seconds=3)))
    async with session(machine) as opened:
        assert await opened.confirm(NAMES, journal) == Confirmed(was_held=True, was_pending=True, saved=True)
    await asyncio.sleep(3.2)  # the machine's timer is real, and must do nothing
    assert "ip_forward" in files(machine)


async def test_a_command_that_fails_fails_the_change_which_is_undone(machine: Machine) -> None:
    before, journal = files(machine), MemoryJournal()
    async with session(machine) as opened:
        change = await opened.propose([*lines()[:4], "reload ls /nowhere"], NAMES)
        with pytest.raises(PartiallyApplied, match="/nowhere"):
            await opened.apply(change, NAMES, journal, save=True)
        assert (await opened.undo(NAMES, journal, methods=("native",))).method == "native"
    assert files(machine) == before


async def test_only_files_of_the_network_configuration_are_changed_so(machine: Machine) -> None:
    async with session(machine) as opened:
        for wrong in ("file /etc/passwd", "file /etc/sysctl.d/../passwd", "file etc/hosts", "rm -rf /", "reload"):
            with pytest.raises(InvalidInput):
                await opened.propose([wrong, "reload true"], NAMES)


async def test_it_says_what_it_is_and_what_its_timer_is(machine: Machine) -> None:
    report = await probe(machine.target("linux"), host_keys=machine.known_hosts(), timeouts=LIMITS)
    assert report.usable
    assert report.facts is not None
    assert report.facts.hostname == "b1"
    assert report.confirm.state == "ok"
    async with session(machine) as opened:
        found = (await opened.snapshot(["interfaces"])).interfaces
    assert found is not None
    assert found["lo"].admin == "up"


async def test_routes_and_neighbours_are_those_of_the_kernel(machine: Machine) -> None:
    machine.sh(
        "ip link add far type veth peer name near; ip link set far up; ip link set near up; "
        "ip addr add 10.9.0.1/24 dev near; ip route add default via 10.9.0.2 metric 20; "
        "ip route add default via 10.9.0.3 metric 10; ip route add blackhole 10.77.0.0/16; "
        "ip route add 10.78.0.9 nexthop via 10.9.0.3 nexthop via 10.9.0.2; "
        "ip neighbour replace 10.9.0.2 lladdr 02:00:5e:00:53:01 dev near nud permanent; "
        "ip neighbour replace 10.9.0.3 lladdr 02:00:5e:00:53:02 dev near nud failed"
    )
    try:
        async with session(machine) as opened:
            state = await opened.snapshot(["routes", "neighbours", "interfaces", "versions"])
    finally:
        machine.sh("ip link del near; ip route flush table main")
    assert state.routes == {
        "0.0.0.0/0": Route(protocol="static", next_hops=("10.9.0.3",), metric=10),
        "10.9.0.0/24": Route(protocol="connected", next_hops=("near",)),
        "10.77.0.0/16": Route(protocol="static", next_hops=("blackhole",)),
        "10.78.0.9/32": Route(protocol="static", next_hops=("10.9.0.2", "10.9.0.3")),
    }
    assert state.neighbours == {"near": (Neighbour(host="10.9.0.2", port="02:00:5e:00:53:01"),)}
    assert state.interfaces is not None
    assert (state.interfaces["near"].admin, state.interfaces["near"].oper) == ("up", "up")
    assert state.versions is not None
    assert state.versions.model.startswith("Linux ")
