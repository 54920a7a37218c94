"""FRR 8 for real: BGP comes up by a change and goes by its undo; refused lines, a dead line and a dead daemon."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from activities.deviceinteraction.failures import (
    CheckFailed,
    InvalidInput,
    PartiallyApplied,
    Permanent,
    RejectedByDevice,
)
from activities.deviceinteraction.model import BgpPeer, Fence, Hold, Journal, Names, Route, Target
from activities.deviceinteraction.probing import probe
from activities.deviceinteraction.session import Session, open_session
from devicelab import LIMITS, MemoryJournal
from real_machines import Machine
from real_software import established, until_established

NEIGHBOURS = {
    1: {"192.168.1.2": 65002},
    2: {"192.168.1.1": 65001, "192.168.2.2": 65003},
    3: {"192.168.2.1": 65002},
}


def names(number: int) -> Names:
    return Names(token=f"{number:012x}", comment="netsaga bgp")


def bgp(number: int, **changed: int) -> list[str]:
    lines = [f"router bgp {65000 + number}", " no bgp ebgp-requires-policy"]
    lines += [f" neighbor {address} remote-as {system}" for address, system in NEIGHBOURS[number].items()]
    return [*lines, " address-family ipv4 unicast", f"  network 10.0.0.{number}/32"]


@asynccontextmanager
async def session(
    router: Machine, *, target: Target | None = None, fence: Fence | None = None
) -> AsyncIterator[Session]:
    there = target or router.target("frr", "ops")
    ports = () if target is None else (target.port,)
    known = router.known_hosts(ports=ports)
    async with open_session(there, host_keys=known, timeouts=LIMITS, fence=fence) as opened:
        yield opened


def config(router: Machine) -> str:
    return router.run("vtysh", "-c", "show running-config")


async def apply(router: Machine, lines: list[str], journal: Journal, token: int = 1) -> None:
    async with session(router) as opened:
        change = await opened.propose(lines, names(token))
        await opened.apply(change, names(token), journal, save=False)


async def undo(router: Machine, journal: Journal, token: int = 1) -> None:
    async with session(router) as opened:
        await opened.undo(names(token), journal, methods=("native", "inverse", "restore"))


@pytest.fixture(autouse=True)
def without_bgp(row: list[Machine]) -> Iterator[None]:
    """A case that fails leaves nothing behind for the next one."""
    yield
    for router in row:
        if "router bgp" in config(router):
            router.run("vtysh", "-c", "configure terminal", "-c", "no router bgp")


async def test_three_routers_learn_each_others_addresses_and_forget_them_with_the_undo(row: list[Machine]) -> None:
    before = [config(router) for router in row]
    journals = [MemoryJournal() for _ in row]
    await asyncio.gather(*(apply(router, bgp(n), journals[n - 1]) for n, router in enumerate(row, start=1)))
    for number, router in enumerate(row, start=1):
        until_established(router, list(NEIGHBOURS[number]))
    async with session(row[0]) as opened, asyncio.timeout(20):
        while "10.0.0.3/32" not in (routes := (await opened.snapshot(["routes"])).routes or {}):
            await asyncio.sleep(0.1)
        peers = (await opened.snapshot(["bgp"])).bgp
    assert peers == {"192.168.1.2": BgpPeer(state="established", asn=65002, prefixes_received=2)}
    assert routes["10.0.0.3/32"] == Route(protocol="bgp", next_hops=("192.168.1.2",), metric=0)
    assert routes["192.168.1.0/30"] == Route(protocol="connected", next_hops=("to-r2",), metric=0)
    await asyncio.gather(*(undo(router, journals[n - 1]) for n, router in enumerate(row, start=1)))
    assert [config(router) for router in row] == before
    async with session(row[0]) as opened:
        assert (await opened.snapshot(["bgp"])).bgp == {}


async def test_a_change_that_breaks_a_session_is_taken_back_and_the_session_comes_up_again(row: list[Machine]) -> None:
    first, second = MemoryJournal(), MemoryJournal()
    await asyncio.gather(apply(row[0], bgp(1), first), apply(row[1], bgp(2), second))
    until_established(row[0], ["192.168.1.2"])
    wrong = MemoryJournal()
    await apply(row[0], ["router bgp 65001", " neighbor 192.168.1.2 shutdown"], wrong, token=2)
    until_established(row[0], [])
    await undo(row[0], wrong, token=2)
    until_established(row[0], ["192.168.1.2"])
    await asyncio.gather(undo(row[0], first), undo(row[1], second))


async def test_a_refused_line_stops_and_what_stands_before_it_is_undone(row: list[Machine]) -> None:
    before, journal = config(row[2]), MemoryJournal()
    with pytest.raises(PartiallyApplied, match=r"line 3, 'neighbor nobody remote-as many', was refused"):
        await apply(row[2], [*bgp(3)[:2], " neighbor nobody remote-as many", *bgp(3)[2:]], journal)
    assert "router bgp" in config(row[2])
    assert "192.168.2.1" not in config(row[2]), "a line after the refused one was sent"
    await undo(row[2], journal)
    assert config(row[2]) == before


async def test_a_refused_first_line_leaves_the_router_untouched(row: list[Machine]) -> None:
    before = config(row[2])
    with pytest.raises(RejectedByDevice, match="Nothing is applied"):
        await apply(row[2], ["router nonsense 1"], MemoryJournal())
    assert config(row[2]) == before


@dataclass
class KillsAfter:
    """A fence that lets a daemon die once so many writes were allowed."""

    router: Machine
    passes: int

    def check(self) -> None:
        self.passes -= 1
        if self.passes == 0:
            self.router.sh("kill -9 $(cat /run/frr/bgpd.pid); while pgrep -x bgpd; do sleep 0.05; done")


async def test_a_daemon_that_dies_during_a_change_fails_it_and_once_it_is_back_the_change_is_undone(
    row: list[Machine],
) -> None:
    router, journal = row[2], MemoryJournal()
    before = config(router)
    async with session(router) as opened:
        change = await opened.propose(["interface lo", " description ours", *bgp(3)], names(1))
        opened_fence = KillsAfter(router, 5)
    with pytest.raises((PartiallyApplied, CheckFailed), match="bgpd") as failed:
        async with session(router, fence=opened_fence) as opened:
            await opened.apply(change, names(1), journal, save=False)
    assert failed.value.touched
    async with session(router) as opened:
        with pytest.raises(RejectedByDevice, match="bgpd is not running"):
            await opened.show("show bgp summary")
    router.sh("/usr/lib/frr/bgpd -d -F datacenter -u frr -g frr")
    await undo(router, journal)
    assert config(router) == before


async def test_a_change_whose_undo_could_not_be_typed_is_refused(row: list[Machine]) -> None:
    async with session(row[0]) as opened:
        with pytest.raises(InvalidInput, match="could not be undone"):
            await opened.propose([*bgp(1), " neighbor 192.168.1.2 password very-secret"], names(1))
        with pytest.raises(InvalidInput, match="no ip address"):
            await opened.propose(["interface lo", " ip address 10.9.9.9/32"], names(1))
        replaced = ["interface lo", " no ip address 10.0.0.1/32", " ip address 10.9.9.9/32"]
        assert "+ ip address 10.9.9.9/32" in (await opened.propose(replaced, names(1))).diff


async def test_it_has_no_confirm_timer_and_says_so(row: list[Machine]) -> None:
    report = await probe(row[0].target("frr", "ops"), host_keys=row[0].known_hosts(), timeouts=LIMITS)
    assert report.usable
    assert report.confirm.state == "missing"
    assert [item.name for item in report.undo if item.state == "ok"] == ["inverse"]
    async with session(row[0]) as opened:
        change = await opened.propose(bgp(1), names(1))
        with pytest.raises(Permanent, match="no confirm timer"):
            await opened.apply(change, names(1), MemoryJournal(), save=False, hold=Hold(within=LIMITS.commit))


async def test_interfaces_have_the_shape_that_all_platforms_share(row: list[Machine]) -> None:
    async with session(row[1]) as opened:
        found = (await opened.snapshot(["interfaces"])).interfaces
    assert found is not None
    assert {name: (state.admin, state.oper) for name, state in found.items()} == {
        "lo": ("up", "up"),
        "to-r1": ("up", "up"),
        "to-r3": ("up", "up"),
    }
    assert established(row[1]) == set()


async def test_a_configuration_is_replaced_by_one_that_has_bgp_and_one_that_has_not(row: list[Machine]) -> None:
    router, journal = row[0], MemoryJournal()
    before = config(router)
    here = [line for line in before.splitlines() if not line.startswith(("Building", "Current"))]
    async with session(router) as opened:
        change = await opened.propose([*here, *bgp(1)], names(9), "replace")
        assert all(line.startswith("+") for line in change.diff.splitlines())
        await opened.apply(change, names(9), journal, save=False)
    assert "router bgp 65001" in config(router)
    async with session(router) as opened:
        gone = await opened.propose(here, names(10), "replace")
        assert "-router bgp 65001" in gone.diff
        await opened.apply(gone, names(10), MemoryJournal(), save=False)
    assert config(router) == before
