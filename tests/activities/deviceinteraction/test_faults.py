"""What a fault is called, what its message says to do, and that it leaves nothing pending: a table, on every platform.

Each row is a fault, what meets it (a login, a reading, a change), the class of failure, words of its message, and how
the device must end. Devices and the servers that stand in for broken ones are real, on loopback.
"""

import asyncio
import re
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal, get_args

import pytest

from activities.deviceinteraction.failures import (
    CheckFailed,
    ConfigLocked,
    DeviceFailure,
    OutcomeUnknown,
    PartiallyApplied,
    Permanent,
    RejectedByDevice,
    Transient,
    Unreachable,
)
from activities.deviceinteraction.model import Change, PlatformName, Timeouts
from activities.deviceinteraction.testbed.model import SimulatedName
from activities.deviceinteraction.transport import LinkFailed
from devicelab import NAMES, NEW_VLAN, OTHER_VLAN, Lab, MemoryJournal, lab_of
from fault_arms import (
    Arm,
    another_key,
    another_password,
    another_secret,
    at_commit,
    colleague_types,
    five_sessions,
    full_disk,
    instead,
    nobody_accepts,
    says,
    shows,
    ten_checkpoints,
)
from testbed_terminal import terminal

ALL: Final[tuple[PlatformName, ...]] = get_args(SimulatedName)
IOSXE: Final[tuple[PlatformName, ...]] = ("cisco_iosxe",)
NXOS: Final[tuple[PlatformName, ...]] = ("cisco_nxos",)
EOS: Final[tuple[PlatformName, ...]] = ("arista_eos",)
JUNOS: Final[tuple[PlatformName, ...]] = ("juniper_junos",)
IOSXR: Final[tuple[PlatformName, ...]] = ("cisco_iosxr",)
ONE: Final = EOS  # before a prompt is there no platform differs

# Shorter waits than anybody would set, where nothing comes any more: for a login, its prompt, and an answer after it.
NO_LOGIN: Final = Timeouts(connect=timedelta(seconds=1))
NO_PROMPT: Final = Timeouts(connect=timedelta(seconds=3))
NO_ANSWER: Final = Timeouts(connect=timedelta(seconds=10), command=timedelta(seconds=2), commit=timedelta(seconds=2))
PATIENT: Final = Timeouts(connect=timedelta(seconds=10), command=timedelta(seconds=10), commit=timedelta(seconds=10))

Meets = Literal["login", "reading", "change"]
Ends = Literal["untouched", "changed", "all or nothing"]  # once the fault is gone, and what is due is tried again


@dataclass(frozen=True)
class Row:
    """One fault. ``failure`` is ``None`` where it must not matter."""

    fault: str
    arm: Arm
    meets: Meets
    failure: type[DeviceFailure] | None
    says: str = ""
    ends: Ends = "untouched"
    platforms: tuple[PlatformName, ...] = ALL
    logins: int | None = None  # how often a password was tried
    login_privilege: int = 15  # on IOS-XE, where a login ends; from 1 on it must be enabled
    timeouts: Timeouts = PATIENT  # short only where nothing comes any more: a busy machine may be slow elsewhere


def no_login(fault: str, arm: Arm, says: str) -> Row:
    """One after which nothing comes any more, before there is a prompt."""
    return Row(fault, arm, "login", Unreachable, says, platforms=ONE, timeouts=NO_LOGIN)


TABLE: Final = [
    # The way to the device
    Row("the port is closed", shows("refuse_connection"), "login", Unreachable, "refused.*Is SSH enabled"),
    no_login("nobody accepts", nobody_accepts, "no TCP connection within 1 s.*routes"),
    Row("reset at once", shows("refuse_connection", times=1), "login", Unreachable, "accepts TCP but ended the SSH"),
    no_login("accepted, then silence", instead(b""), "did not finish the SSH login"),
    no_login("no SSH server", instead(b"220 ftp.example ESMTP\r\n" * 600), "accepts TCP"),
    Row("closed at once", instead(b"", ends=True), "login", Unreachable, "ended the SSH login", platforms=ONE),
    Row("noise at once", instead(bytes(range(256)) * 64, ends=True), "login", Unreachable, "ended", platforms=ONE),
    # Logging in
    Row("another host key", another_key, "login", Permanent, "another host key.*out of band", logins=0),
    Row("a wrong password", another_password, "login", Permanent, "tried once.*Check the credential", logins=1),
    Row("a right password refused", shows("refuse_login"), "login", Permanent, "tried once", logins=1),
    no_login("the login hangs", shows("hang_login"), "did not finish the SSH login"),
    Row(
        "no prompt ever comes",
        shows("no_prompt"),
        "login",
        LinkFailed,
        "waiting for the first prompt",
        platforms=ONE,
        timeouts=NO_PROMPT,
    ),
    Row(
        "a wrong enable secret",
        another_secret,
        "login",
        Permanent,
        "not tried again.*enable secret",
        platforms=IOSXE,
        login_privilege=1,
    ),
    Row("a banner of a megabyte", shows("banner"), "reading", None),
    # Reading
    Row(
        "an answer never comes",
        shows("hang", "show version"),
        "reading",
        LinkFailed,
        "no answer in time.*'show'",
        timeouts=NO_ANSWER,
    ),
    Row(
        "half of an answer",
        shows("hang", "show version", phase="middle"),
        "reading",
        LinkFailed,
        "no answer in time",
        timeouts=NO_ANSWER,
    ),
    Row("cut in an answer", shows("drop", "show version", phase="middle"), "reading", LinkFailed, "broke off while"),
    Row("an empty answer", shows("empty", "show version"), "reading", CheckFailed, "answered with nothing.*rights"),
    Row("a refused command", shows("reject", "show version"), "reading", RejectedByDevice, "was refused: "),
    Row("noise for an answer", shows("garbage", "show (vlan|run|conf)|^info "), "change", CheckFailed, "acc-001: "),
    # Changing
    Row(
        "cut before the commit", at_commit("drop", "before"), "change", OutcomeUnknown, "looks at the device", "changed"
    ),
    Row("cut after the commit", at_commit("drop", "after"), "change", OutcomeUnknown, "looks at the device", "changed"),
    Row(
        "the commit hangs",
        at_commit("hang", "after"),
        "change",
        OutcomeUnknown,
        "not known.*no answer",
        "changed",
        timeouts=NO_ANSWER,
    ),
    Row(
        "cut within the lines",
        shows("drop", "^ ?(name|set |vlan-id|description|/configure router)", times=1),
        "change",
        DeviceFailure,
        "broke off",
        "all or nothing",
    ),
    Row("the disk is full", full_disk, "change", DeviceFailure, "No space left on device"),
    Row("ten checkpoints", ten_checkpoints, "change", CheckFailed, "ten, so remove one", platforms=NXOS),
    Row("five pending sessions", five_sessions, "change", ConfigLocked, "commit or abort", "changed", EOS),
    Row(
        "locked",
        shows("locked", "^(configure|enter candidate|edit-config)"),
        "change",
        ConfigLocked,
        "locked.*Nothing was changed.*once that person or program is done",
        "changed",
    ),
    Row(
        "a colleague has the lock",
        colleague_types("configure exclusive"),
        "change",
        ConfigLocked,
        "once that person or program is done",
        "changed",
        platforms=JUNOS,
    ),
    Row(
        "a colleague has the router to himself",
        colleague_types("configure exclusive"),
        "change",
        ConfigLocked,
        "once that person or program is done",
        "changed",
        platforms=IOSXR,
    ),
    Row(
        "a colleague's target is open",
        colleague_types("configure", "interface Loopback334", leaves_by="abort"),
        "change",
        None,
        ends="changed",
        platforms=IOSXR,
    ),
    Row(
        "a colleague edits the candidate",
        colleague_types("configure", "set vlans theirs vlan-id 334", leaves_by="rollback 0"),
        "change",
        ConfigLocked,
        "database modified.*once that person or program is done",
        "changed",
        platforms=JUNOS,
    ),
    Row(
        "a colleague's session is open",
        colleague_types("configure session theirs", "vlan 334"),
        "change",
        None,
        ends="changed",
        platforms=EOS,
    ),
    Row(
        "a colleague is in configuration mode",
        colleague_types("configure terminal", "interface Ethernet1/1"),
        "change",
        None,
        ends="changed",
        platforms=NXOS,
    ),
]

CASES = [pytest.param(row, name, id=f"{row.fault}-{name}") for row in TABLE for name in row.platforms]


@pytest.mark.parametrize(("row", "platform"), CASES)
async def test_a_fault_has_its_class_says_what_to_do_and_leaves_nothing_pending(
    row: Row, platform: PlatformName, tmp_path: Path
) -> None:
    async with lab_of(platform, tmp_path, login_privilege=row.login_privilege) as lab, AsyncExitStack() as stack:
        before, change = lab.device.running_config(), None
        if row.meets == "change":
            async with lab.session(timeouts=PATIENT) as session:
                change = await session.propose(NEW_VLAN[platform], NAMES)
        faulty = await row.arm(lab, stack)
        journal = MemoryJournal()
        found = await met(faulty, row, change, journal)
        tried = sum(entry.get("event") == "login_refused" for entry in lab.device.log())
        assert found is None if row.failure is None else isinstance(found, row.failure), repr(found)
        if found is not None:
            assert says(row.says, found.message), found.message
            assert "another-password" not in found.message
            if row.failure in (Permanent, RejectedByDevice, CheckFailed):
                assert not found.retryable
        assert row.logins is None or tried == row.logins
        if isinstance(found, ConfigLocked):
            assert NEW_VLAN[platform][0] not in lab.device.running_config().splitlines()
        lab.device.clear()
        await stack.aclose()
        changed = change is not None and await settled(lab, change, journal, found)
        assert row.ends != "changed" or changed
        assert row.ends != "untouched" or not changed
        assert (lab.device.running_config() == before) is not changed
        await nothing_pending(lab)


async def met(lab: Lab, row: Row, change: Change | None, journal: MemoryJournal) -> DeviceFailure | None:
    """What comes of it, as a failure or not."""
    try:
        async with asyncio.timeout(20), lab.session(timeouts=row.timeouts) as session:
            match row.meets:
                case "login":
                    return None
                case "reading":
                    assert len(await session.show("show version")) > 20
                case "change":
                    assert change is not None
                    await session.apply(change, NAMES, journal, save=True)
    except DeviceFailure as failure:
        return failure
    return None


async def settled(lab: Lab, change: Change, journal: MemoryJournal, found: DeviceFailure | None) -> bool:
    """What an orchestrator does next, once the fault is gone; whether the change stands then."""
    if found is not None and not found.retryable:
        await undone(lab, journal)
        return False
    for left in range(20, -1, -1):
        try:
            async with lab.session(timeouts=PATIENT) as session:
                await session.apply(change, NAMES, journal, save=True)
                return True
        except PartiallyApplied:
            await undone(lab, journal)
            return False
        except Transient:
            assert left, "it never came to an end"
            await asyncio.sleep(0.05)  # the device has not seen the end of the session yet
    raise AssertionError("the last turn returns or fails")


async def undone(lab: Lab, journal: MemoryJournal) -> None:
    async with lab.session(timeouts=PATIENT) as session:
        await session.undo(NAMES, journal, methods=session.platform.undo_methods)


async def nothing_pending(lab: Lab) -> None:
    """Anybody may work on it at once: no lock, no candidate, no session and no timer of ours is left."""
    assert lab.device.revert_due is None
    for left in range(20, -1, -1):
        try:
            async with lab.session(timeouts=PATIENT) as session:
                assert not (await session.propose(OTHER_VLAN[lab.platform], replace(NAMES, token="f" * 12))).empty
            break
        except ConfigLocked:
            assert left, "the configuration stays locked"
            await asyncio.sleep(0.05)  # the device has not seen the end of the session yet
    if lab.platform == "arista_eos":
        async with terminal(lab.device) as colleague:
            assert not re.search(r"netsaga-\w+ +pending", await colleague.output("show configuration sessions"))


async def test_sessions_that_lost_links_left_behind_make_room_for_the_next_run(tmp_path: Path) -> None:
    async with lab_of("arista_eos", tmp_path) as lab:
        async with terminal(lab.device) as lost:
            for number in range(5):
                await lost.lines(f"configure session netsaga-{number:012x}", f"vlan {number + 200}", "end")
        async with lab.session() as session:
            assert not (await session.propose(NEW_VLAN["arista_eos"], NAMES)).empty
        assert not lab.device.vlans().keys() & set(range(200, 205))
