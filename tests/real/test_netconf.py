"""netconfd for real: the candidate and its locks, a confirmed commit that outlives its session, and reading back."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from activities.deviceinteraction.failures import (
    ConfigLocked,
    InvalidInput,
    Permanent,
    RejectedByDevice,
)
from activities.deviceinteraction.model import Fence, Hold, Journal, Names, Target, Undone
from activities.deviceinteraction.probing import probe
from activities.deviceinteraction.session import Session, open_session
from activities.deviceinteraction.transcript import Transcript
from activities.deviceinteraction.transport.netconf import NetconfTransport
from activities.deviceinteraction.transport.pool import TRUSTED_S, Pool
from devicelab import LIMITS, MemoryJournal
from real_machines import Machine, demand, machine
from real_netconf import SYSTEM, netconf_device, system

HOLD = Hold(timedelta(seconds=60))
BRIEFLY = Hold(timedelta(seconds=1))
RESOLVER = [
    f'<system xmlns="{SYSTEM}">',
    "  <contact>noc</contact>",
    "  <dns-resolver>",
    "    <search>lab.example</search>",
    "    <server><name>a</name><udp-and-tcp><address>192.0.2.1</address></udp-and-tcp></server>",
    "  </dns-resolver>",
    "</system>",
]


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A device whose configuration the cases leave as they found it."""
    with netconf_device(tmp_path_factory.mktemp("netconf")) as made:
        yield made


def names(number: int) -> Names:
    return Names(token=f"{number:012x}", comment="netsaga system")


@asynccontextmanager
async def session(
    device: Machine,
    *,
    target: Target | None = None,
    fence: Fence | None = None,
    attempts: Journal | None = None,
    transcript: Transcript | None = None,
) -> AsyncIterator[Session]:
    there = target or device.target("netconf")
    known = device.known_hosts(ports=() if target is None else (target.port,))
    async with open_session(
        there, host_keys=known, timeouts=LIMITS, fence=fence, attempts=attempts, transcript=transcript
    ) as opened:
        yield opened


async def running(device: Machine) -> str:
    async with session(device) as opened:
        return (await opened.snapshot(["config"])).config or ""


async def apply(device: Machine, lines: list[str], journal: Journal, number: int = 1, hold: Hold | None = None) -> None:
    async with session(device) as opened:
        change = await opened.propose(lines, names(number))
        await opened.apply(change, names(number), journal, save=True, hold=hold)


async def undo(device: Machine, journal: Journal, number: int = 1) -> Undone:
    async with session(device) as opened:
        return await opened.undo(names(number), journal, methods=["native", "inverse", "restore"])


async def test_a_proposal_shows_what_the_device_computed_and_alters_nothing(device: Machine) -> None:
    before = await running(device)
    async with session(device) as opened:
        change = await opened.propose(RESOLVER, names(1))
        facts = await opened.facts()
    assert change.made == "computed_by_device"
    assert change.diff.splitlines()[:2] == [f"+{{{SYSTEM}}}system", "+ contact noc"]
    assert change.inverse is not None
    assert await running(device) == before
    assert (facts.platform, facts.vendor, facts.version[:8]) == ("netconf", "yuma", "netconfd")


async def test_a_change_is_made_once_and_taken_back_by_its_inverse(device: Machine) -> None:
    before, journal = await running(device), MemoryJournal()
    await apply(device, RESOLVER, journal)
    after = await running(device)
    assert "<contact>noc</contact>" in after
    assert "<address>192.0.2.1</address>" in after
    await apply(device, RESOLVER, journal)
    assert await running(device) == after
    undone = await undo(device, journal)
    assert (undone.was_touched, undone.method) == (True, "inverse")
    assert await running(device) == before


async def test_a_value_that_was_replaced_comes_back_and_a_list_loses_only_what_was_added(device: Machine) -> None:
    first, second = MemoryJournal(), MemoryJournal()
    await apply(device, RESOLVER, first)
    before = await running(device)
    lines = [line.replace(">noc<", ">desk<").replace(">lab.", ">dev.").replace(">a<", ">b<") for line in RESOLVER]
    await apply(device, lines, second, 2)
    assert (await running(device)).count("<search>") == 2
    assert (await undo(device, second, 2)).method == "inverse"
    assert await running(device) == before
    await undo(device, first)


async def test_a_lock_held_by_another_session_is_config_locked_and_names_it(device: Machine) -> None:
    async with session(device) as first, session(device) as second:
        held = await first.platform.own_session(first._device)
        await first._device.rpc("<lock><target><candidate/></target></lock>")
        with pytest.raises(ConfigLocked, match=f"session {held}") as locked:
            await second.propose(system(contact="noc"), names(1))
        assert locked.value.holder == held


async def test_an_attempt_that_stands_still_loses_its_lock_to_the_next_one(device: Machine) -> None:
    attempts = MemoryJournal()
    async with session(device, attempts=attempts) as frozen:
        await frozen._turn.past_lock(lambda: asyncio.sleep(0))
        await frozen.platform.stage(
            frozen._device, system(contact="noc"), await frozen.platform.running(frozen._device), names(1)
        )
        async with session(device, attempts=attempts) as following:
            change = await following.propose(system(contact="noc"), names(1))
            assert "+ contact noc" in change.diff


async def test_a_session_that_dies_with_its_candidate_leaves_nothing_behind(device: Machine) -> None:
    before = await running(device)
    async with session(device) as dying:
        await dying.platform.stage(
            dying._device, system(contact="noc"), await dying.platform.running(dying._device), names(1)
        )
        dying.transport._connection.abort()  # type: ignore[attr-defined]  # the cable is pulled
    assert await running(device) == before
    async with session(device) as opened:
        assert not (await opened.propose(system(contact="noc"), names(1))).empty


@pytest.mark.parametrize(
    ("lines", "failure", "words"),
    [
        (["<system"], InvalidInput, "well-formed"),
        (["<system><contact>x</contact></system>"], InvalidInput, "names no data model"),
        (["<!DOCTYPE a [<!ENTITY b 'c'>]><a/>"], InvalidInput, "document type"),
        (['<x xmlns="urn:x"/>'], RejectedByDevice, "unknown-namespace"),
        ([f'<system xmlns="{SYSTEM}"><frob>1</frob></system>'], RejectedByDevice, "unknown-element"),
        ([f'<system xmlns="{SYSTEM}" nc:operation="delete"/>'], RejectedByDevice, "data-missing"),
    ],
)
async def test_what_cannot_be_sent_or_is_refused_says_why(
    device: Machine, lines: list[str], failure: type[Exception], words: str
) -> None:
    async with session(device) as opened:
        with pytest.raises(failure, match=words):
            await opened.propose(lines, names(1))
        assert not (await opened.propose(system(contact="noc"), names(1))).empty


async def test_a_login_that_offers_no_netconf_is_permanent(tmp_path_factory: pytest.TempPathFactory) -> None:
    demand("sshd")
    place = tmp_path_factory.mktemp("plain") / "m"
    with machine("plain", place) as made, pytest.raises(Permanent, match="no NETCONF"):
        await running(made)


async def test_a_device_with_a_startup_configuration_is_saved_to_it(tmp_path: Path) -> None:
    asked = "<get-config><source><startup/></source></get-config>"
    with netconf_device(tmp_path, "--with-startup=true") as made:
        async with session(made) as opened:
            change = await opened.propose(system(contact="noc"), names(1))
            applied = await opened.apply(change, names(1), MemoryJournal(), save=False)
            assert not applied.saved
            assert "noc" not in await opened.rpc(asked)
            await opened.save()
            assert "noc" in await opened.rpc(asked)


async def test_the_probe_says_what_would_work(device: Machine) -> None:
    report = await probe(device.target("netconf"), host_keys=device.known_hosts(), timeouts=LIMITS)
    assert report.usable
    assert report.confirm.state == "ok"
    assert [item.state for item in report.undo] == ["ok", "ok", "missing"]


async def test_no_command_line_is_there_to_show_anything(device: Machine) -> None:
    async with session(device) as opened:
        with pytest.raises(InvalidInput, match="`rpc`"):
            await opened.show("show version")


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ("<commit/>", "not for `rpc`"),
        ("<get/><get/>", "holds 2"),
        ("<get>", "no XML"),
        ("<rpc><get/></rpc>", "operation alone"),
        ("", "holds 0"),
    ],
)
async def test_an_operation_of_netsagas_own_or_none_at_all_is_not_sent(
    device: Machine, operation: str, words: str
) -> None:
    async with session(device) as opened:
        with pytest.raises(InvalidInput, match=words):
            await opened.rpc(operation)


async def test_secrets_in_xml_leave_the_session_nowhere(device: Machine) -> None:
    user = f'<system xmlns="{SYSTEM}"><authentication><user><name>ops</name><password>$0$deep-secret</password></user>'
    journal, transcript = MemoryJournal(), Transcript()
    async with session(device, transcript=transcript) as opened:
        change = await opened.propose([f"{user}</authentication></system>"], names(1))
        await opened.apply(change, names(1), journal, save=False)
        state = await opened.snapshot(["config"])
    said = [transcript.text(), change.diff, state.config or "", str(journal.entries), str(change.inverse)]
    assert all("deep-secret" not in text for text in said)
    assert "<redacted>" in change.diff
    async with session(device) as opened:
        await opened.propose([f'<system xmlns="{SYSTEM}" nc:operation="delete"/>'], names(2))
    await apply(device, [f'<system xmlns="{SYSTEM}" nc:operation="delete"/>'], MemoryJournal(), 3)


async def test_a_session_that_is_at_rest_is_used_again_and_one_that_holds_locks_is_not(device: Machine) -> None:
    pool, limits = Pool(timedelta(seconds=30)), LIMITS
    there, known = device.target("netconf"), device.known_hosts()

    @asynccontextmanager
    async def linked() -> AsyncIterator[NetconfTransport]:
        async with pool.link(there, "netconf", known, limits, transcript) as link:
            assert isinstance(link, NetconfTransport)
            yield link

    transcript = Transcript(lambda text: text)
    async with linked() as link:
        first = link.session_id
    await asyncio.sleep(TRUSTED_S + 0.1)
    async with linked() as link:
        assert link.session_id == first
        await link.exchange("<lock><target><candidate/></target></lock>")
        link.locked.add("candidate")
    async with linked() as link:
        assert link.session_id != first
    await pool.close()
