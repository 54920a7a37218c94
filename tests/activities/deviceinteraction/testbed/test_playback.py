"""A transcript is enough to play its device back, on every platform."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from activities.deviceinteraction.failures import DeviceFailure
from activities.deviceinteraction.model import Applied, Change, PlatformName
from activities.deviceinteraction.recording import Entry, Recording, RecordingError, read, written
from activities.deviceinteraction.redaction import HIDDEN
from activities.deviceinteraction.session import Session
from activities.deviceinteraction.testbed import Fault, Testbed
from activities.deviceinteraction.testbed.playback import Playback
from activities.deviceinteraction.transcript import Transcript
from activities.deviceinteraction.transport import LinkFailed
from activities.deviceinteraction.transport.pool import Pool
from devicelab import NAMES, NEW_VLAN, Lab, MemoryJournal, lab_in, lab_of
from testbed_terminal import terminal

ALL: tuple[PlatformName, ...] = ("cisco_iosxe", "cisco_nxos", "arista_eos", "juniper_junos")


@pytest.fixture(params=ALL)
async def lab(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Lab]:
    privilege = 1 if request.param == "cisco_iosxe" else 15  # with and without `enable`
    async with lab_of(request.param, tmp_path / "real", login_privilege=privilege) as made:
        yield made


@asynccontextmanager
async def played(state: Path, *recordings: Recording) -> AsyncIterator[Lab]:
    """The device again, from what a file of it says."""
    playback = Playback(read("".join(written(recording) for recording in recordings), "transcript"))
    async with Testbed.start(state=state, devices=playback.specs("b1"), make=playback.make) as testbed:
        yield lab_in(testbed, recordings[0].host)


async def test_a_reading_session_is_answered_as_the_device_did(lab: Lab, tmp_path: Path) -> None:
    transcript = Transcript()
    async with lab.session(transcript=transcript) as session:
        facts, state = await session.facts(), await session.snapshot(["config", "vlans", "interfaces"])
    async with played(tmp_path / "again", transcript.recording()) as again, again.session() as session:
        assert await session.facts() == facts
        seen = await session.snapshot(["config", "vlans", "interfaces"])
    assert seen.vlans == state.vlans
    assert seen.interfaces == state.interfaces
    assert seen.config == state.config
    assert HIDDEN in (seen.config or "")


@pytest.mark.parametrize("lab", [*ALL, "nokia_srlinux", "nokia_sros"], indirect=True)
async def test_a_change_with_its_questions_is_played_to_its_end(lab: Lab, tmp_path: Path) -> None:
    transcript = Transcript()
    async with lab.session(transcript=transcript) as session:
        change, applied = await changed(lab, session)
    async with played(tmp_path / "again", transcript.recording()) as again, again.session() as session:
        assert await changed(again, session) == (change, applied)


async def changed(lab: Lab, session: Session) -> tuple[Change, Applied]:
    change = await session.propose(NEW_VLAN[lab.platform], NAMES)
    applied = await session.apply(change, NAMES, MemoryJournal(), save=True)
    return change, applied.model_copy(update={"fingerprint": ""})  # of what was there before secrets were out


async def test_logins_meet_the_sessions_in_their_order(tmp_path: Path) -> None:
    first, second = (
        Recording(
            host="sw-1",
            platform="arista_eos",
            began=datetime(2026, 3, 1, tzinfo=UTC),
            entries=(
                Entry(at_ms=0, kind="received", text="", prompt="sw-1#"),
                Entry(at_ms=1, kind="sent", text="show clock"),
                Entry(at_ms=2, kind="received", text=text, prompt="sw-1#"),
            ),
        )
        for text in ("10:00", "10:01 --More-- \b\b\b\b\b\b\b\b\bZ")
    )
    async with played(tmp_path, first, second) as again:
        for told in ("10:00", "10:01 --More-- \b\b\b\b\b\b\b\b\bZ", "10:01 --More-- \b\b\b\b\b\b\b\b\bZ"):
            async with terminal(again.device) as typed:
                assert await typed.output("show clock") == told
                assert await typed.output("show clock") == told, "a question that is asked again"


async def test_a_command_that_was_never_typed_is_refused_in_the_platform_s_words(lab: Lab, tmp_path: Path) -> None:
    transcript = Transcript()
    async with lab.session(transcript=transcript) as session:
        with pytest.raises(DeviceFailure) as real:
            await session.show("show nonsense")
    kept = transcript.recording()
    unasked = next(at for at, entry in enumerate(kept.entries) if entry.text == "show nonsense")
    kept = kept.model_copy(update={"entries": kept.entries[:unasked]})
    async with played(tmp_path / "again", kept) as again, again.session() as session:
        with pytest.raises(type(real.value)):
            await session.show("show nonsense")


async def test_an_answer_that_never_came_ends_the_session_again(lab: Lab, tmp_path: Path) -> None:
    command = "show version"
    transcript = Transcript()
    lab.device.inject(Fault(kind="drop", match=command))
    async with lab.session(transcript=transcript) as session:
        with pytest.raises(LinkFailed):
            await session.show(command)
    assert "broke off" in transcript.text()
    async with played(tmp_path / "again", transcript.recording()) as again, again.session() as session:
        with pytest.raises(LinkFailed):
            await session.show(command)


def test_what_cannot_be_played_says_why() -> None:
    empty = Recording(host="r1", platform="arista_eos", began=datetime(2026, 3, 1, tzinfo=UTC))
    with pytest.raises(RecordingError, match="holds an answer"):
        Playback([empty])
    heard = replace_entries(empty)
    with pytest.raises(RecordingError, match=r"r1: recorded on vax_vms; .* one of cisco_iosxe"):
        Playback([heard.model_copy(update={"platform": "vax_vms"})])
    with pytest.raises(RecordingError, match="r1: recorded on arista_eos, cisco_nxos"):
        Playback([heard, heard.model_copy(update={"platform": "cisco_nxos"})])


def replace_entries(recording: Recording) -> Recording:
    return recording.model_copy(update={"entries": (Entry(at_ms=0, kind="received", text="", prompt="r1#"),)})


async def test_a_device_that_is_played_back_is_changed_by_nobody(tmp_path: Path) -> None:
    heard = replace_entries(Recording(host="r1", platform="arista_eos", began=datetime(2026, 3, 1, tzinfo=UTC)))
    async with played(tmp_path, heard) as again:
        with pytest.raises(ValueError, match="played back"):
            again.device.change(["vlan 7"])
        assert again.device.running_config() == ""


async def test_steps_that_shared_a_login_are_met_by_one_login(lab: Lab, tmp_path: Path) -> None:
    first, second, pool, told = Transcript(), Transcript(), Pool(timedelta(seconds=30)), ""
    for transcript, command in ((first, "show version"), (second, "show vlan brief")):
        async with lab.session(transcript=transcript, pool=pool) as session:
            await session.snapshot(["vlans"])
            if lab.platform != "juniper_junos":
                told = await session.show(command)
    await pool.close()
    assert (first.recording().begins, second.recording().begins) == ("login", "reuse")
    async with played(tmp_path / "again", first.recording(), second.recording()) as again, again.session() as session:
        await session.snapshot(["vlans"])
        if lab.platform != "juniper_junos":
            assert await session.show("show vlan brief") == told
    async with played(tmp_path / "alone", second.recording()) as again, again.session() as session:
        assert (await session.snapshot(["vlans"])).vlans
