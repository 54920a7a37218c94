"""The faults of a NETCONF device: what each is called, what its message says to do, and that nothing stays pending.

The table that `tests/activities/deviceinteraction/test_faults.py` has for command lines, over netconfd behind OpenSSH.
Checkpoints and a disk of its own, which could be full, a NETCONF device does not have.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

import asyncssh
import pytest
from pydantic import SecretStr

from activities.deviceinteraction.failures import (
    ConfigLocked,
    DeviceFailure,
    OutcomeUnknown,
    PartiallyApplied,
    Permanent,
    Transient,
    Unreachable,
)
from activities.deviceinteraction.model import Change, HostKeys, Names, Timeouts
from activities.deviceinteraction.session import open_session
from activities.deviceinteraction.transport import LinkFailed
from contract_real import REAL, netconf
from contract_rig import Rig
from devicelab import NAMES, MemoryJournal
from fault_arms import says
from real_machines import Machine
from real_netconf import system
from real_netconf_faults import HELLO, Kind, Phase, faulty_port, order, withdraw
from relay import relay_to

SHORT = Timeouts(connect=timedelta(seconds=2), command=timedelta(seconds=1), commit=timedelta(seconds=1))
PATIENT = Timeouts(connect=timedelta(seconds=20), command=timedelta(seconds=20), commit=timedelta(seconds=20))
THEIRS = Names(token="f" * 12, comment="somebody else")
EDIT = "<edit-config><target><candidate/></target><config>{}</config></edit-config>"
LOCK = "<lock><target><candidate/></target></lock>"

Meets = Literal["login", "reading", "change"]
Ends = Literal["untouched", "changed"]
Arm = Callable[[Rig, Machine, AsyncExitStack], Awaitable[Rig]]


def goes_wrong(kind: Kind, word: str, phase: Phase = "after") -> Arm:
    """The next session that says a word."""

    async def arm(rig: Rig, device: Machine, _: AsyncExitStack) -> Rig:
        order(device, kind, word, phase)
        return rig

    return arm


def colleague(*operations: str) -> Arm:
    """Somebody else has a session open in which this was said."""

    async def arm(rig: Rig, _: Machine, stack: AsyncExitStack) -> Rig:
        session = await stack.enter_async_context(rig.session())
        for operation in operations:
            await session._device.rpc(operation)
        stack.push_async_callback(session._device.rpc, "<discard-changes/>")
        return rig

    return arm


async def another_commit_waits(rig: Rig, _: Machine, stack: AsyncExitStack) -> Rig:
    journal = MemoryJournal()
    async with rig.session() as session:
        change = await session.propose(system(location="theirs"), THEIRS)
        await session.apply(change, THEIRS, journal, save=False, hold=rig.hold)

    async def taken_back() -> None:
        async with rig.session() as session:
            await session.undo(THEIRS, journal, methods=["native"])

    stack.push_async_callback(taken_back)
    return rig


async def a_closed_port(rig: Rig, _: Machine, __: AsyncExitStack) -> Rig:
    async with relay_to(rig.target) as relay:
        return rig.behind(relay.port)


async def silence(rig: Rig, _: Machine, stack: AsyncExitStack) -> Rig:
    relay = await stack.enter_async_context(relay_to(rig.target))
    relay.silent = True
    return rig.behind(relay.port)


async def another_key(rig: Rig, device: Machine, _: AsyncExitStack) -> Rig:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    known = device.folder / "known_hosts_of_before"
    known.write_text(f"[{rig.target.address}]:{rig.target.port} {other}")
    return replace(rig, host_keys=HostKeys("verify", str(known)))


async def another_password(rig: Rig, _: Machine, __: AsyncExitStack) -> Rig:
    credential = replace(rig.target.credential, password=SecretStr("another-password"))
    return replace(rig, target=replace(rig.target, credential=credential))


@dataclass(frozen=True)
class Row:
    """One fault."""

    fault: str
    arm: Arm
    meets: Meets
    failure: type[DeviceFailure]
    says: str
    ends: Ends = "untouched"
    logins: int | None = None  # how often a password was tried
    held: bool = False
    silent: bool = False  # nothing comes any more, so that the time runs out


TABLE = [
    # The way to the device, and in
    Row("the port is closed", a_closed_port, "login", Unreachable, "refused.*Is SSH enabled"),
    Row("accepted, then silence", silence, "login", Unreachable, "did not finish the SSH login", silent=True),
    Row("another host key", another_key, "login", Permanent, "another host key.*out of band", logins=0),
    Row("a wrong password", another_password, "login", Permanent, "tried once.*Check the credential", logins=1),
    Row(
        "no hello ever comes",
        goes_wrong("hang", HELLO),
        "login",
        Unreachable,
        "NETCONF did not begin.*in time",
        silent=True,
    ),
    Row(
        "half of a hello",
        goes_wrong("half", HELLO),
        "login",
        Unreachable,
        "NETCONF did not begin.*in time",
        silent=True,
    ),
    Row("cut in the hello", goes_wrong("drop", HELLO), "login", Unreachable, "NETCONF did not begin.*broke off"),
    Row("a megabyte before the hello", goes_wrong("noise", HELLO), "login", Permanent, "a NETCONF hello was expected"),
    # Reading
    Row(
        "an answer never comes",
        goes_wrong("hang", "<get-config"),
        "reading",
        LinkFailed,
        "did not come in time",
        silent=True,
    ),
    Row(
        "half of an answer",
        goes_wrong("half", "<get-config"),
        "reading",
        LinkFailed,
        "did not come in time",
        silent=True,
    ),
    Row("cut in an answer", goes_wrong("drop", "<get-config"), "reading", LinkFailed, "broke off before the answer"),
    Row("noise for an answer", goes_wrong("noise", "<get-config"), "reading", LinkFailed, "not framed as RFC 6242"),
    # Changing
    Row("cut in the edit", goes_wrong("drop", "<edit-config"), "change", Transient, "broke off", "changed"),
    Row(
        "cut before the commit",
        goes_wrong("drop", "<commit", "before"),
        "change",
        OutcomeUnknown,
        "looks at the device",
        "changed",
    ),
    Row(
        "cut after the commit",
        goes_wrong("drop", "<commit"),
        "change",
        OutcomeUnknown,
        "looks at the device",
        "changed",
    ),
    Row(
        "the commit hangs", goes_wrong("hang", "<commit"), "change", OutcomeUnknown, "not known", "changed", silent=True
    ),
    Row(
        "cut after a commit under a timer",
        goes_wrong("drop", "<commit"),
        "change",
        OutcomeUnknown,
        "looks at the device",
        "changed",
        held=True,
    ),
    Row("noise after the commit", goes_wrong("noise", "<commit"), "change", OutcomeUnknown, "not known", "changed"),
    Row("a colleague has the lock", colleague(LOCK), "change", ConfigLocked, "locked.*once that person", "changed"),
    Row(
        "a colleague edits the candidate",
        colleague(EDIT.format("".join(system(location="theirs")))),
        "change",
        ConfigLocked,
        "locked.*once that person",
        "changed",
    ),
    Row("another commit waits", another_commit_waits, "change", ConfigLocked, "locked.*confirm", "changed", held=True),
]


@pytest.fixture(scope="module")
def port(n1: Machine) -> int:
    """Where sessions can be told to go wrong."""
    return faulty_port(n1)


@pytest.fixture
async def rig(n1: Machine, port: int) -> AsyncIterator[Rig]:
    REAL["netconf"].clean(n1)
    made = netconf(n1)
    yield replace(made, target=replace(made.target, port=port), host_keys=n1.known_hosts(ports=[port]))
    withdraw(n1)
    REAL["netconf"].clean(n1)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.fault)
async def test_a_fault_has_its_class_says_what_to_do_and_leaves_nothing_pending(
    row: Row, rig: Rig, n1: Machine, port: int
) -> None:
    before, change, journal = rig.truth(), await rig.proposed(), MemoryJournal()
    refused = n1.sshd_log(port).count("Failed password")
    async with AsyncExitStack() as stack:
        found = await met(await row.arm(rig, n1, stack), row, change, journal)
        assert isinstance(found, row.failure), repr(found)
        assert says(row.says, found.message), found.message
        assert "another-password" not in found.message
        assert row.logins is None or n1.sshd_log(port).count("Failed password") - refused == row.logins
        if isinstance(found, ConfigLocked):
            assert not rig.has()[0]
    assert not withdraw(n1), "nobody met the fault"
    if row.ends == "changed":
        assert found.retryable
        await settled(rig, row, change, journal)
        assert rig.has() == (True, False)
        await rig.undone(journal)
    async with rig.session() as session:  # no lock, no candidate and no commit of ours is left
        assert not (await session.propose(rig.ours, THEIRS)).empty
    assert rig.truth() == before


async def met(rig: Rig, row: Row, change: Change, journal: MemoryJournal) -> DeviceFailure | None:
    """What comes of it."""
    timeouts = SHORT if row.silent else PATIENT
    try:
        async with open_session(rig.target, host_keys=rig.host_keys, timeouts=timeouts) as session:
            if row.meets == "reading":
                await session.snapshot(["config"])
            if row.meets == "change":
                await session.apply(change, NAMES, journal, save=True, hold=rig.hold if row.held else None)
    except DeviceFailure as failure:
        return failure
    return None


async def settled(rig: Rig, row: Row, change: Change, journal: MemoryJournal) -> None:
    """What an orchestrator does next, once the fault is gone."""
    try:
        await rig.applied(change, journal, save=True, hold=rig.hold if row.held else None)
    except PartiallyApplied:
        pytest.fail("an atomic commit is whole or nothing")
    if row.held:
        assert (await rig.confirmed(journal)).was_pending
