"""`copy`: a file to a device by SCP, once, with room for it, and proven by the device's own checksum.

The devices here have one line each, as a device has whose cap is one session: a second connection would be refused.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from activities.deviceinteraction.testbed.model import PLATFORMS, DeviceSpec, Fault
from activities.files import Files
from activities.interact import Interact
from activities.sessions import Sites
from activity_bench import Bench, bench, call, call_of, refused
from workflows.contracts import InteractInput

HOSTS = ("acc-001", "acc-002", "acc-003", "acc-004")
IMAGE = bytes(range(256)) * 4_000
PLACES = {
    "acc-001": "flash:new.bin",
    "acc-002": "bootflash:new.bin",
    "acc-003": "flash:/new.bin",
    "acc-004": "/var/tmp/new.bin",
}
SOURCE = """
netsaga: 1
name: change
version: 1.0.0
inventory: {source: lab}
defaults: {timeout: 20s, retry: {attempts: 3, delay: 10ms, on: [transient]}}
steps:
  - id: act
    devices: inventory
    do:
      - copy: {source: "FROM", to: "TO"CHECKED}
    on_failure: stop
"""


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Bench]:
    specs = [
        DeviceSpec(name=host, platform=platform, number=number, lines=1)
        for number, (host, platform) in enumerate(zip(HOSTS, PLATFORMS, strict=True), start=1)
    ]
    async with bench(tmp_path, devices=specs) as found:
        (tmp_path / "files").mkdir()
        (tmp_path / "files" / "new.bin").write_bytes(IMAGE)
        (tmp_path / "secret").write_text("not for devices")
        sessions = replace(found.interact._sessions, files=Files(tmp_path / "files"), sites=Sites(each=1))
        yield replace(found, interact=Interact(found.documents, sessions))


async def _asked(lab: Bench, host: str, *, source: str = "new.bin", to: str = "", checked: str = "") -> InteractInput:
    text = SOURCE.replace("FROM", source).replace("TO", to or PLACES[host]).replace("CHECKED", checked)
    return call_of(await lab.prepared(text), "act", host)


def _events(lab: Bench, host: str) -> list[str]:
    return [entry["event"] for entry in lab.testbed.device(host).log() if "event" in entry]


def _sent(lab: Bench, host: str) -> int:
    return sum(entry["line"].startswith("scp ") for entry in lab.testbed.device(host).commands())


@pytest.mark.parametrize("host", HOSTS)
async def test_a_file_arrives_whole_and_is_not_sent_again_where_it_is(lab: Bench, host: str) -> None:
    checked = f", sha256: {hashlib.sha256(IMAGE).hexdigest()}"
    asked = await _asked(lab, host, checked=checked)
    assert (await call(lab.interact.interact, asked)).status == "succeeded"
    assert list(lab.testbed.device(host).files().values()) == [IMAGE]
    await call(lab.interact.interact, asked, attempt=2)
    later = asked.model_copy(update={"generation": 2})  # a run that knows nothing of the first one looks
    await call(lab.interact.interact, later)
    assert _sent(lab, host) == 1


@pytest.mark.parametrize("host", HOSTS)
async def test_what_arrives_damaged_fails_and_the_next_attempt_sends_it_again(lab: Bench, host: str) -> None:
    asked = await _asked(lab, host)
    lab.testbed.device(host).inject(Fault(kind="garbage", match="^scp "))
    error = await refused(lab.interact.interact, asked)
    assert (error.type, "after the copy; it must not be used" in error.message) == ("check_failed", True)
    assert (await call(lab.interact.interact, asked, attempt=2)).status == "succeeded"
    assert _sent(lab, host) == 2


@pytest.mark.parametrize("host", HOSTS)
async def test_without_room_nothing_is_sent(lab: Bench, host: str) -> None:
    lab.testbed.device(host).leave_room(1_000)
    error = await refused(lab.interact.interact, await _asked(lab, host))
    assert (error.type, f"needs {len(IMAGE)} bytes, and" in error.message) == ("check_failed", True), error.message
    assert _sent(lab, host) == 0


async def test_another_file_than_was_meant_and_files_of_the_machine_stay_here(lab: Bench) -> None:
    for source, to, checked, said in (
        ("new.bin", "", f", sha256: {'a' * 64}", "it is another file, or damaged"),
        ("../secret", "", "", "leads out of the folder"),
        ("absent.bin", "", "", "there is no file `absent.bin`"),
        ("new.bin", "new.bin", "", "write the file system in front"),
        ("new.bin", "flash:new.bin;reload", "", "is no path of a file"),
    ):
        asked = await _asked(lab, "acc-001", source=source, to=to, checked=checked)
        error = await refused(lab.interact.interact, asked)
        assert (error.type, said in error.message) == ("invalid_input", True), error.message
    nowhere = await refused(
        Interact(lab.documents, replace(lab.interact._sessions, files=Files())).interact,
        await _asked(lab, "acc-001"),
    )
    assert "settings name no folder of `files`" in nowhere.message
    assert _sent(lab, "acc-001") == 0


async def test_several_devices_take_the_file_at_once(lab: Bench) -> None:
    calls = [call(lab.interact.interact, await _asked(lab, host)) for host in HOSTS]
    assert {outcome.status for outcome in await asyncio.gather(*calls)} == {"succeeded"}


@pytest.mark.parametrize("host", HOSTS)
async def test_a_device_with_one_line_gets_its_file_and_never_sees_two_connections(lab: Bench, host: str) -> None:
    only = replace(lab.interact._sessions, sites=Sites(limit=1, each=1))
    both = [Interact(lab.documents, only).interact for _ in range(2)]  # of two runs, which must wait for each other
    asked = await _asked(lab, host)
    calls = [call(activity, asked.model_copy(update={"generation": n})) for n, activity in enumerate(both, start=1)]
    assert {outcome.status for outcome in await asyncio.gather(*calls)} == {"succeeded"}
    assert _events(lab, host) == ["login", "logout"] * 4, "session, file, session; and one that finds it there"
    assert _sent(lab, host) == 1


async def test_a_line_that_is_freed_late_is_waited_for_and_what_fails_leaves_a_session(lab: Bench) -> None:
    device = lab.testbed.device("acc-001")
    device.inject(Fault(kind="refuse_connection", skip=1))
    assert (await call(lab.interact.interact, await _asked(lab, "acc-001"))).status == "succeeded"
    assert _events(lab, "acc-001") == ["login", "logout", "refused", "login", "logout", "login", "logout"]
    lab.testbed.device("acc-002").inject(Fault(kind="no_space", match="^scp "))
    error = await refused(lab.interact.interact, await _asked(lab, "acc-002"))
    assert error.type == "rejected_by_device"
    assert "No space left on device. Make room there" in error.message
    assert _events(lab, "acc-002") == ["login", "logout"] * 3, "what follows, as `maintenance: leave`, has its session"
