"""BIRD 2 for real: its undo timer as the confirm timer, with nobody left to confirm; check, undo, restore and save."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from activities.deviceinteraction.failures import (
    CheckFailed,
    ConfigLocked,
    InvalidInput,
    OutcomeUnknown,
    RejectedByDevice,
)
from activities.deviceinteraction.model import BgpPeer, Confirmed, Hold, Names, Route, UndoMethod
from activities.deviceinteraction.probing import probe
from activities.deviceinteraction.session import Session, open_session
from devicelab import LIMITS, Crash, MemoryJournal
from real_machines import Machine
from real_software import BIRD_CONFIG
from relay import CutsAfter, relay_to

NEW = BIRD_CONFIG.replace("192.0.2.0/24", "198.51.100.0/24")
OTHER = BIRD_CONFIG.replace("192.0.2.0/24", "203.0.113.0/24")
OURS, THEIRS = Names(token="0123456789ab", comment="netsaga"), Names(token="ba9876543210", comment="netsaga")
LAST_LOAD = "birdc show status | sed -n 's/^Last reconfiguration on //p'"
SHORT, LONG = Hold(timedelta(seconds=2)), Hold(timedelta(minutes=10))
ALL: tuple[UndoMethod, ...] = ("native", "inverse", "restore")


@pytest.fixture
def bird(b1: Machine) -> Machine:
    """The router as it was set up, its own file loaded."""
    b1.sh("rm -f /etc/bird/netsaga-*")
    b1.write("/etc/bird/bird.conf", BIRD_CONFIG, "root:bird")
    b1.sh("birdc configure confirm; birdc configure")
    return b1


@asynccontextmanager
async def session(bird: Machine) -> AsyncIterator[Session]:
    async with open_session(bird.target("bird"), host_keys=bird.known_hosts(), timeouts=LIMITS) as opened:
        yield opened


async def made(
    bird: Machine, journal: MemoryJournal, *, text: str = NEW, names: Names = OURS, hold: Hold | None = None
) -> None:
    async with session(bird) as opened:
        change = await opened.propose(text.splitlines(), names)
        await opened.apply(change, names, journal, save=True, hold=hold)


async def undone(bird: Machine, journal: MemoryJournal, methods: Sequence[UndoMethod] = ALL) -> UndoMethod | None:
    async with session(bird) as opened:
        return (await opened.undo(OURS, journal, methods=methods)).method


def routes(bird: Machine) -> str:
    """The one route that it has: what it runs, by its own word."""
    found = [line.split()[0] for line in bird.run("birdc", "show", "route").splitlines() if "blackhole" in line]
    assert len(found) == 1
    return found[0]


def saved(bird: Machine) -> str:
    return bird.sh("cat /etc/bird/bird.conf")


async def until_reverted(bird: Machine) -> None:
    """Wait for the router's own timer, which is real."""
    async with asyncio.timeout(10):
        while routes(bird) != "192.0.2.0/24":
            await asyncio.sleep(0.1)


async def test_a_proposal_shows_the_lines_that_differ_and_alters_nothing(bird: Machine) -> None:
    async with session(bird) as opened:
        change = await opened.propose(NEW.splitlines(), OURS)
        assert change.diff.splitlines() == [
            " protocol static statics {",
            "-    route 192.0.2.0/24 blackhole;",
            "+    route 198.51.100.0/24 blackhole;",
        ]
        moved = await opened.propose([*NEW.splitlines()[1:], NEW.splitlines()[0]], OURS)
        assert "-# the border router" in moved.diff
        assert (await opened.propose(BIRD_CONFIG.splitlines(), OURS)).empty
    assert (routes(bird), saved(bird)) == ("192.0.2.0/24", BIRD_CONFIG)
    assert "netsaga" not in bird.sh("ls /etc/bird")


async def test_a_file_that_bird_does_not_understand_is_rejected_with_its_words(bird: Machine) -> None:
    async with session(bird) as opened:
        with pytest.raises(RejectedByDevice, match="syntax error"):
            await opened.propose([*NEW.splitlines(), "protocol nonsense;"], OURS)
    assert "netsaga" not in bird.sh("ls /etc/bird")


async def test_a_confirmed_change_stays_and_only_then_is_loaded_at_the_next_start(bird: Machine) -> None:
    journal = MemoryJournal()
    await made(bird, journal, hold=LONG)
    assert (routes(bird), saved(bird)) == ("198.51.100.0/24", BIRD_CONFIG)
    async with session(bird) as opened:
        assert await opened.confirm(OURS, journal) == Confirmed(was_held=True, was_pending=True, saved=True)
        assert (routes(bird), saved(bird)) == ("198.51.100.0/24", NEW)
        assert (await opened.snapshot(["config"])).config == NEW
    assert await undone(bird, journal) == "native"
    assert (routes(bird), saved(bird)) == ("192.0.2.0/24", BIRD_CONFIG)
    assert "netsaga" not in bird.sh("ls /etc/bird")


_WORKER = """
import asyncio, sys
sys.path[:0] = {path!r}
from real_machines import Machine
from test_bird import LONG, NEW, OURS, SHORT, LIMITS, MemoryJournal, made
from pathlib import Path
machine = Machine(name="b1", folder=Path({folder!r}), address="127.0.0.1", port={port}, host_key={key!r})
async def work():
    await made(machine, MemoryJournal(), hold=SHORT)
    print("made", flush=True)
    await asyncio.sleep(60)
asyncio.run(work())
"""


async def test_a_worker_that_is_killed_before_the_confirm_leaves_the_router_as_it_was(bird: Machine) -> None:
    here = Path(__file__).parent
    path = [str(here), str(here.parent / "support"), str(here.parents[1])]
    code = _WORKER.format(path=path, folder=str(bird.folder), port=bird.port, key=bird.host_key)
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert worker.stdout is not None
    assert await asyncio.wait_for(worker.stdout.readline(), 30) == b"made\n"
    os.kill(worker.pid, signal.SIGKILL)
    await worker.wait()
    await until_reverted(bird)
    assert saved(bird) == BIRD_CONFIG


async def test_a_line_that_dies_with_the_commit_is_looked_at_and_not_pushed_again(bird: Machine) -> None:
    journal = MemoryJournal()
    async with relay_to(bird.target("bird")) as relay:
        there = relay.before(bird.target("bird"))
        known = bird.known_hosts(ports=[there.port])
        async with open_session(there, host_keys=known, timeouts=LIMITS) as opened:
            change = await opened.propose(NEW.splitlines(), OURS)
            journal.dies_after = "sent-1"  # a moment before the commit is sent
            with pytest.raises(Crash):
                await opened.apply(change, OURS, journal, save=True, hold=LONG)
        journal = journal.survived()
        with pytest.raises(OutcomeUnknown):  # and the next attempt's line dies with the commit
            async with open_session(there, host_keys=known, timeouts=LIMITS, fence=CutsAfter(relay, 5)) as opened:
                await opened.apply(change, OURS, journal, save=True, hold=LONG)
    async with session(bird) as opened:
        assert (await opened.apply(change, OURS, survived := journal.survived(), save=True, hold=LONG)).changed
        assert (await opened.confirm(OURS, survived)).was_held
    assert (routes(bird), saved(bird)) == ("198.51.100.0/24", NEW)


async def test_where_bird_can_go_back_no_more_the_copy_is_loaded(bird: Machine) -> None:
    journal = MemoryJournal()
    await made(bird, journal)
    assert saved(bird) == NEW
    assert await undone(bird, journal, ("inverse", "restore")) == "restore"
    assert (routes(bird), saved(bird)) == ("192.0.2.0/24", BIRD_CONFIG)
    async with session(bird) as opened:
        assert (await opened.snapshot(["config"])).config == BIRD_CONFIG


async def test_what_somebody_else_has_loaded_since_is_not_overwritten_by_the_undo(bird: Machine) -> None:
    journal = MemoryJournal()
    await made(bird, journal)
    bird.write("/etc/bird/bird.conf", OTHER, "root:bird")
    bird.run("birdc", "configure")
    with pytest.raises(CheckFailed, match="changed since, by somebody else"):
        await undone(bird, journal)
    assert routes(bird) == "203.0.113.0/24"


async def test_another_runs_change_that_waits_for_its_confirmation_locks_the_router(bird: Machine) -> None:
    await made(bird, MemoryJournal(), text=OTHER, names=THEIRS, hold=LONG)
    with pytest.raises(ConfigLocked, match="waits for its confirmation"):
        await made(bird, MemoryJournal(), hold=LONG)
    assert routes(bird) == "203.0.113.0/24"


async def test_no_change_starts_where_it_cannot_be_told_what_bird_runs(bird: Machine) -> None:
    bird.write("/etc/bird/bird.conf", OTHER, "root:bird")
    with pytest.raises(CheckFailed, match="was changed after BIRD had loaded it"):
        await made(bird, MemoryJournal())
    async with session(bird) as opened:
        with pytest.raises(InvalidInput, match="no VLANs"):
            await opened.snapshot(["vlans"])


async def test_its_confirm_timer_needs_the_right_to_write_beside_its_file(bird: Machine) -> None:
    report = await probe(bird.target("bird"), host_keys=bird.known_hosts(), timeouts=LIMITS)
    assert (report.usable, report.confirm.state) == (True, "ok")
    poor = await probe(bird.target("bird", "ops"), host_keys=bird.known_hosts(), timeouts=LIMITS)
    assert (poor.usable, poor.confirm.state) == (False, "missing")
    assert "group of BIRD" in poor.confirm.reason


PEERS = (
    BIRD_CONFIG
    + """
protocol direct { ipv4; interface "near"; }
template bgp ours { local 10.9.0.1 as 65001; connect delay time 1; ipv4 { import all; export none; }; }
protocol bgp works from ours { neighbor 10.9.0.2 as 65002; }
protocol bgp absent from ours { neighbor 10.9.0.9 as 4200000001; }
protocol bgp stopped from ours { disabled; neighbor 10.9.0.8 as 65003; }
"""
)
FAR = """\
router id 10.0.0.2;
protocol device { }
protocol static { ipv4; route 203.0.113.0/24 blackhole; }
protocol bgp { local 10.9.0.2 as 65002; neighbor 10.9.0.1 as 65001; passive; ipv4 { import none; export all; }; }
"""
# The far end is a copy under another name: netsaga looks for the one daemon that is called bird.
MAKE_FAR = """
cp /usr/sbin/bird /run/far; ip netns add far 2>/dev/null || true
ip link add near type veth peer name far netns far; ip addr add 10.9.0.1/24 dev near; ip link set near up
ip netns exec far sh -c 'ip addr add 10.9.0.2/24 dev far; ip link set far up'
ip netns exec far /run/far -c /run/far.conf -s /run/far.ctl -P /run/far.pid
"""


async def test_what_is_saved_is_older_than_its_load_whatever_millisecond_bird_tells_of_that(bird: Machine) -> None:
    await made(bird, MemoryJournal())
    loaded = bird.sh(f'date -d "$({LAST_LOAD})" +%s.%3N')
    assert float(loaded) - 1.1 < float(bird.sh("stat -c %.3Y /etc/bird/bird.conf")) < float(loaded) - 0.9


@pytest.mark.parametrize(("out_by_ms", "known"), [(0, True), (1, True), (-2, True), (40, False)])
async def test_a_copy_is_that_of_a_load_whatever_millisecond_bird_tells_of_it(
    bird: Machine, out_by_ms: int, known: bool
) -> None:
    copied_at = datetime.fromisoformat(bird.sh(LAST_LOAD).strip()) + timedelta(milliseconds=out_by_ms)
    bird.write("/etc/bird/netsaga-ba9876543210.old", BIRD_CONFIG, "root:bird")
    bird.write("/etc/bird/netsaga-ba9876543210.loaded", f"{copied_at.isoformat(' ', 'milliseconds')}\n", "root:bird")
    bird.write("/etc/bird/bird.conf", OTHER, "root:bird")  # and nobody has loaded it
    if known:
        async with session(bird) as opened:
            assert (await opened.snapshot(["config"])).config == BIRD_CONFIG
    else:
        with pytest.raises(CheckFailed, match="was changed after BIRD had loaded it"):
            await made(bird, MemoryJournal())


async def test_routes_and_peers_are_read(bird: Machine) -> None:
    bird.write("/run/far.conf", FAR, "root:root")
    bird.sh(MAKE_FAR)
    try:
        bird.write("/etc/bird/bird.conf", PEERS, "root:bird")
        bird.sh("birdc configure")
        async with session(bird) as opened, asyncio.timeout(20):
            while "203.0.113.0/24" not in (await opened.snapshot(["routes"])).routes:  # type: ignore[operator]
                await asyncio.sleep(0.1)
            state = await opened.snapshot(["routes", "bgp", "versions"])
    finally:
        bird.sh("kill $(cat /run/far.pid); ip link del near; ip netns del far")
    assert state.routes == {
        "192.0.2.0/24": Route(protocol="static", next_hops=("blackhole",)),
        "10.9.0.0/24": Route(protocol="connected", next_hops=("near",)),
        "203.0.113.0/24": Route(protocol="bgp", next_hops=("10.9.0.2",)),
    }
    assert state.bgp is not None
    assert state.bgp["10.9.0.2"] == BgpPeer(state="established", asn=65_002, prefixes_received=1)
    assert state.bgp["10.9.0.9"].state in ("connect", "active")
    assert state.bgp["10.9.0.8"] == BgpPeer(state="idle", asn=65_003)
    assert state.versions is not None
    assert state.versions.os.startswith("2.")
