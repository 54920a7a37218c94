"""Sessions that stay open for the next step, on every platform with a command line."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from activities.deviceinteraction.failures import CheckFailed, Permanent
from activities.deviceinteraction.model import Names
from activities.deviceinteraction.transcript import Transcript
from activities.deviceinteraction.transport import pool as pooling
from activities.deviceinteraction.transport.pool import Pool
from devicelab import Lab, lab_of

NAMES = Names("a" * 12, "run-1")
VLAN = {"juniper_junos": ["set vlans pooled vlan-id 333"]}


@pytest_asyncio.fixture
async def pool() -> AsyncIterator[Pool]:
    found = Pool(timedelta(seconds=30))
    yield found
    await found.close()


def logins(lab: Lab) -> int:
    return sum(entry.get("event") == "login" for entry in lab.device.log())


def logouts(lab: Lab) -> int:
    return sum(entry.get("event") in {"logout", "dropped"} for entry in lab.device.log())


async def until_logged_out(lab: Lab, times: int) -> None:
    async with asyncio.timeout(30):
        while logouts(lab) < times:
            await asyncio.sleep(0.02)


async def test_the_next_piece_of_work_goes_on_in_the_same_session(lab: Lab, pool: Pool) -> None:
    said = [Transcript(), Transcript()]
    for transcript in said:
        async with lab.session(pool=pool, transcript=transcript) as session:
            assert await session.show("show version")
    assert logins(lab) == 1
    assert "goes on in a session" in said[1].text()
    assert [text.text().count("show version") >= 1 for text in said] == [True, True], "each has its own transcript"


async def test_a_change_that_was_proposed_leaves_a_session_that_can_be_used_again(lab: Lab, pool: Pool) -> None:
    lines = VLAN.get(lab.platform, ["vlan 333", " name pooled"])
    for _ in range(2):
        async with lab.session(pool=pool) as session:
            change = await session.propose(lines, NAMES)
            assert not change.empty
    assert logins(lab) == 1


async def test_what_went_wrong_ends_the_session(lab: Lab, pool: Pool) -> None:
    with pytest.raises(CheckFailed):
        async with lab.session(pool=pool):
            raise CheckFailed("a check of the definition")
    await until_logged_out(lab, 1)
    async with lab.session(pool=pool) as session:
        assert await session.show("show version")
    assert logins(lab) == 2


@pytest.mark.parametrize("trusted_s", [-1.0, 60.0], ids=["asked for a sign of life", "trusted"])
async def test_a_session_that_died_meanwhile_is_replaced_unseen(
    lab: Lab, pool: Pool, monkeypatch: pytest.MonkeyPatch, trusted_s: float
) -> None:
    monkeypatch.setattr(pooling, "TRUSTED_S", trusted_s)
    async with lab.session(pool=pool) as session:
        transport = session.transport
    await transport.close()  # as a device does that ends idle sessions
    async with lab.session(pool=pool) as session:
        assert await session.show("show version")
    assert logins(lab) == 2
    async with lab.session(pool=pool) as session:
        assert await session.show("show version")
    assert logins(lab) == 2, "the new one is kept, and lives"


async def test_another_password_never_uses_a_session_that_is_open(lab: Lab, pool: Pool) -> None:
    async with lab.session(pool=pool):
        pass
    with pytest.raises(Permanent):
        async with lab.with_password("wrong").session(pool=pool):
            pass


async def test_sessions_are_closed_when_nobody_wants_them(tmp_path: Path) -> None:
    pool = Pool(timedelta(milliseconds=50))
    async with lab_of("arista_eos", tmp_path) as lab:
        async with lab.session(pool=pool):
            pass
        await until_logged_out(lab, 1)
        async with lab.session(pool=pool), lab.session(pool=pool):
            pass  # two at a time are two sessions, of which one is kept
        await until_logged_out(lab, 2)
        await pool.close()
        await until_logged_out(lab, 3)


async def test_an_idle_session_gives_way_to_another_login_and_to_one_without_the_pool(tmp_path: Path) -> None:
    """A device has few lines: what is idle there must not be the one too many."""
    pool = Pool(timedelta(seconds=30))
    async with lab_of("arista_eos", tmp_path) as lab:
        for wanted in ("wrong", "netsaga-lab"):
            async with lab.session(pool=pool):
                pass
            with suppress(Permanent):
                async with lab.with_password(wanted).session(pool=pool):
                    pass
            await until_logged_out(lab, 1)
        assert logins(lab) == 2, "the same login goes on in what is open"
        await pool.release(lab.target)
        await until_logged_out(lab, 2)
        await pool.close()


async def test_a_full_pool_keeps_no_more(tmp_path: Path) -> None:
    pool = Pool(timedelta(seconds=30), most=0)
    async with lab_of("arista_eos", tmp_path) as lab:
        async with lab.session(pool=pool):
            pass
        await until_logged_out(lab, 1)
