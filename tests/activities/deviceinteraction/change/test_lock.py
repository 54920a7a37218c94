"""An attempt that stands still with the device's lock in its hands, and those who come after it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from pydantic import JsonValue

from activities.deviceinteraction.failures import ConfigLocked, DeviceFailure, StaleAttempt
from activities.deviceinteraction.model import Change
from devicelab import NAMES, NEW_VLAN, FrozenAfter, Lab, MemoryJournal
from testbed_terminal import terminal

CANDIDATES = ("arista_eos", "juniper_junos")


@dataclass
class Woken:
    """What the fence says once an attempt has stood still."""

    wakes: asyncio.Event

    def check(self) -> None:
        if self.wakes.is_set():
            raise StaleAttempt("the attempt was frozen")


@dataclass
class Standing(MemoryJournal):
    """A journal in which the attempt stands still when it has written its intent."""

    def __post_init__(self) -> None:
        self.stands = asyncio.Event()
        self.wakes = asyncio.Event()

    async def write(self, key: str, value: dict[str, JsonValue]) -> None:
        await super().write(key, value)
        if key == "intent":
            self.stands.set()
            await self.wakes.wait()


async def proposed(lab: Lab) -> Change:
    async with lab.session() as session:
        return await session.propose(NEW_VLAN[lab.platform], NAMES)


@asynccontextmanager
async def frozen(
    lab: Lab, change: Change, attempts: MemoryJournal
) -> AsyncIterator[tuple[Standing, asyncio.Task[None]]]:
    """An attempt that has prepared everything, and then stands still; its session stays open.

    With a candidate the device itself must see to it that it can do nothing more: there, no fence holds it.
    """
    journal = Standing()
    fence = None if lab.platform in CANDIDATES else Woken(journal.wakes)

    async def attempt() -> None:
        async with lab.session(attempts=attempts, fence=fence) as session:
            await session.apply(change, NAMES, journal, save=False)

    running = asyncio.create_task(attempt())
    async with asyncio.timeout(20):
        await journal.stands.wait()
    yield journal, running
    running.cancel()
    await asyncio.wait({running})


@pytest.mark.parametrize("lab", ["cisco_iosxe", "cisco_nxos", "arista_eos", "juniper_junos"], indirect=True)
async def test_a_later_attempt_gets_past_one_that_stands_still(lab: Lab) -> None:
    change, attempts = await proposed(lab), MemoryJournal()
    async with frozen(lab, change, attempts) as (journal, old):
        async with lab.session(attempts=attempts) as session:
            assert (await session.apply(change, NAMES, journal.survived(), save=False)).changed
        effects = lab.effects()
        journal.wakes.set()
        await asyncio.wait({old})
        assert isinstance(old.exception(), DeviceFailure)
    assert lab.effects() == effects
    assert lab.has(120, "lab")
    assert len(effects) == len(set(effects))


@pytest.mark.parametrize("lab", CANDIDATES, indirect=True)
async def test_an_undo_gets_past_an_attempt_that_stands_still(lab: Lab) -> None:
    change, attempts, before = await proposed(lab), MemoryJournal(), lab.device.running_config()
    async with frozen(lab, change, attempts) as (journal, old):
        async with lab.session(attempts=attempts) as session:
            await session.propose(NEW_VLAN[lab.platform], NAMES)  # takes the lock
            undone = await session.undo(NAMES, journal.survived(), methods=["native", "inverse"])
        assert not undone.was_touched
        journal.wakes.set()
        await asyncio.wait({old})
        assert isinstance(old.exception(), DeviceFailure)
    assert lab.device.running_config() == before


@pytest.mark.parametrize("lab", ["juniper_junos"], indirect=True)
async def test_the_lock_of_anybody_else_is_waited_for(lab: Lab) -> None:
    change, attempts = await proposed(lab), MemoryJournal()
    async with terminal(lab.device) as colleague:
        await colleague.lines("configure exclusive", "set vlans theirs vlan-id 333")
        async with lab.session(attempts=attempts) as session:
            with pytest.raises(ConfigLocked, match="config locked"):
                await session.apply(change, NAMES, MemoryJournal(), save=False)
        assert "commit complete" in await colleague.output("commit")
    assert "request system logout" not in str(lab.log())


@pytest.mark.parametrize("lab", ["juniper_junos"], indirect=True)
async def test_the_lock_of_our_own_other_work_is_waited_for_too(lab: Lab) -> None:
    change = await proposed(lab)
    async with frozen(lab, change, MemoryJournal()), lab.session(attempts=MemoryJournal()) as session:
        with pytest.raises(ConfigLocked, match="config locked"):
            await session.propose(NEW_VLAN[lab.platform], NAMES)


@pytest.mark.parametrize("lab", ["juniper_junos"], indirect=True)
async def test_an_attempt_never_ends_the_session_of_a_later_one(lab: Lab) -> None:
    change, attempts = await proposed(lab), MemoryJournal()
    async with lab.session(attempts=attempts) as older:
        await older.propose(NEW_VLAN[lab.platform], NAMES)
        async with frozen(lab, change, attempts):
            with pytest.raises(ConfigLocked):
                await older.propose(NEW_VLAN[lab.platform], NAMES)
    assert len(attempts.entries) == 2


@pytest.mark.parametrize("lab", ["juniper_junos"], indirect=True)
async def test_an_attempt_that_was_frozen_itself_ends_nobody(lab: Lab) -> None:
    change, attempts = await proposed(lab), MemoryJournal()
    async with frozen(lab, change, attempts):
        async with lab.session(attempts=attempts, fence=FrozenAfter(1)) as session:
            with pytest.raises(StaleAttempt):
                await session.propose(NEW_VLAN[lab.platform], NAMES)
        assert "request system logout" not in str(lab.log())
