"""Confirms that end with their session, for real: why netsaga relies on none of them, and what it does instead.

FRR's ``ripd --tcli`` (FRR documentation, "Transactional CLI") has a candidate a session and ``commit confirmed``; a
netconfd that speaks NETCONF 1.0 alone has confirmed commits without ``persist`` (RFC 6241, 8.4). Whoever logs in anew,
to prove that the device can still be managed, could confirm neither; so `hold` needs a confirm of the kind `device`.
"""

import socket
from collections.abc import Iterator
from datetime import timedelta

import pytest

from activities.deviceinteraction.failures import PartiallyApplied, Permanent
from activities.deviceinteraction.model import Hold
from activities.deviceinteraction.probing import probe
from contract_real import REAL, netconf
from contract_rig import Rig
from devicelab import LIMITS, MemoryJournal
from real_machines import Machine
from real_netconf import netconf_device, past_the_library
from real_software import rip_router

HOLD = Hold(timedelta(seconds=60))
BEST_EFFORT = Hold(HOLD.within, "plain")
RIP = ("router rip", " network lo")
SHOWN = "router rip\n network lo"


class Vty:
    """A session of ripd's own, by vtysh's socket: a command and a zero; the answer, three zeros and a status."""

    def __init__(self, router: Machine) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(5)
        self._socket.connect(f"/proc/{router.pid}/root/run/frr/ripd.vty")

    def say(self, *commands: str) -> str:
        """What the last of these commands is answered with."""
        answer = b""
        for command in commands:
            self._socket.sendall(command.encode() + b"\0")
            answer = b""
            while len(answer) < 4 or answer[-4:-1] != b"\0\0\0":
                data = self._socket.recv(65_536)
                assert data, f"ripd hung up at {command!r}"
                answer += data
        return answer[:-4].decode()

    def drop(self) -> None:
        """The session dies."""
        self._socket.close()


@pytest.fixture(scope="module")
def rip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with rip_router(tmp_path_factory.mktemp("rip")) as made:
        yield made


@pytest.fixture
def vty(rip: Machine) -> Iterator[Vty]:
    """Somebody who looks on."""
    made = Vty(rip)
    made.say("enable")
    yield made
    made.drop()


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A device without `persist`."""
    with netconf_device(tmp_path_factory.mktemp("netconf"), "--protocols=netconf1.0") as made:
        yield made


@pytest.fixture
def rig(old: Machine) -> Iterator[Rig]:
    REAL["netconf"].clean(old)
    yield netconf(old)
    REAL["netconf"].clean(old)


# --------------------------------------------------------------------------------------------------------- ripd --tcli


def editing(router: Machine) -> Vty:
    session = Vty(router)
    session.say("enable", "configure exclusive", *RIP, "exit")
    return session


def test_a_candidate_and_its_lock_die_with_their_session(rip: Machine, vty: Vty) -> None:
    theirs = editing(rip)
    assert SHOWN in theirs.say("show configuration candidate")
    assert "locked by other client" in vty.say("configure exclusive")
    theirs.drop()
    assert SHOWN not in vty.say("configure exclusive", "show configuration candidate")
    vty.say("end")


def test_a_confirmed_commit_dies_with_its_session_and_no_other_can_confirm_it(rip: Machine, vty: Vty) -> None:
    theirs = editing(rip)
    assert "committed successfully" in theirs.say("commit confirmed 1")
    assert SHOWN in vty.say("show configuration running")
    assert "No configuration changes to commit" in vty.say("configure terminal", "update", "commit")  # confirms nothing
    theirs.drop()
    assert SHOWN not in vty.say("end", "show configuration running")


def test_only_the_session_that_committed_can_confirm(rip: Machine, vty: Vty) -> None:
    theirs = editing(rip)
    assert "Commit complete" in theirs.say("commit confirmed 1", "commit")
    theirs.drop()
    assert SHOWN in vty.say("show configuration running")
    vty.say("configure terminal", "update", "no router rip", "commit", "end")
    assert SHOWN not in vty.say("show configuration running")


async def test_lines_that_only_reach_a_candidate_are_seen_to_have_no_effect(rip: Machine, vty: Vty) -> None:
    """vtysh has no ``commit`` for ripd: each line is taken without a word, and all are gone with the session."""
    before = rip.run("vtysh", "-c", "show running-config")
    target, known, journal = rip.target("frr", "ops"), rip.known_hosts(), MemoryJournal()
    rig = Rig(
        target=target,
        host_keys=known,
        ours=RIP,
        both=RIP,
        theirs=(),
        has=lambda: (SHOWN in vty.say("show configuration running"), False),
        truth=lambda: rip.run("vtysh", "-c", "show running-config"),
        kept=lambda: "",
        witness=lambda: None,
        colleague=lambda _: None,
        run_out=rig_has_no_timer,
        hostname="rip",
        shows="show version",
        hold=HOLD,
        brief=HOLD,
    )
    with pytest.raises(PartiallyApplied, match="not as predicted"):
        await rig.applied(await rig.proposed(), journal)
    await rig.undone(journal)
    assert (rig.has()[0], rig.truth()) == (False, before)


async def rig_has_no_timer() -> None:
    """FRR's vtysh starts none."""


# ------------------------------------------------------------------------------------------- NETCONF without `persist`


def test_a_confirmed_commit_without_persist_is_taken_back_with_its_session(rig: Rig, old: Machine) -> None:
    edit = "<edit-config><target><candidate/></target><config>" + "".join(rig.ours) + "</config></edit-config>"
    commit = "<commit><confirmed/><confirm-timeout>600</confirm-timeout></commit>"
    running = "<get-config><source><running/></source></get-config>"
    assert ">contract<" in past_the_library(old, edit, commit, running)
    assert rig.has() == (False, False), "its ten minutes are not over, and its session is"


async def test_it_is_refused_before_anything_is_sent(rig: Rig) -> None:
    report = await probe(rig.target, host_keys=rig.host_keys, timeouts=LIMITS)
    assert (report.usable, report.confirm.state) == (True, "missing")
    assert "without `persist`, the end of a session takes the commit back" in report.confirm.reason
    change, before, journal = await rig.proposed(), rig.truth(), MemoryJournal()
    with pytest.raises(Permanent, match=r"without `persist`.*best_effort"):
        await rig.applied(change, journal, hold=HOLD)
    assert (rig.truth(), journal.entries) == (before, {})


async def test_a_commit_that_is_answered_with_ok_and_has_no_effect_is_seen(rig: Rig) -> None:
    """As best effort the commit is a plain one; netconfd 2.13 makes none after a ``validate`` and says ok."""
    before, journal = rig.truth(), MemoryJournal()
    with pytest.raises(PartiallyApplied, match="not as predicted"):
        await rig.applied(await rig.proposed(), journal, hold=BEST_EFFORT)
    await rig.undone(journal)
    assert rig.truth() == before
