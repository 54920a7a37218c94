"""The shipped definitions as their users run them: over Temporal, on simulated devices, in good times and bad."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import JsonValue

from activities.deviceinteraction.testbed.model import Fault
from lab import Lab, lab
from worker.commands.values import show_values
from worker.settings import SettingsError, load
from workflows.contracts import RunResult

pytestmark = pytest.mark.asyncio(loop_scope="module")
IMAGE = "cat9k_lite.17.12.1.bin"
DATA = b"image" * 1_000
SWITCHES = ("acc-001", "acc-005")  # the IOS-XE devices of the testbed
BASELINE: dict[str, JsonValue] = {"site": "b1", "ntp": "192.0.2.11", "syslog": "192.0.2.21", "ask": False}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def found(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """One stack for all; each case leaves the devices as they were delivered."""
    state = tmp_path_factory.mktemp("library")
    async with lab(state, devices=8) as shared:
        (state / "files" / IMAGE).write_bytes(DATA)
        yield shared


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _fresh(found: Lab) -> AsyncIterator[None]:
    yield
    found.control.clear()
    for host in found.names:
        found.control.reset(host)


def said(result: RunResult, host: str) -> str:
    return next(device.message for device in result.devices if device.name == host)


async def test_a_backup_is_files_and_names_who_has_none(
    found: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (await found.client.run("config-backup", {"site": "b1"}, id="backup-1")).counts == {"unchanged": 8}
    settings = load(found.stack.settings)
    await show_values(settings, "backup-1", "kept.config", host=None, step=None, out=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{host}.txt" for host in found.names]
    assert "hostname acc-003\n" in (tmp_path / "acc-003.txt").read_text()
    await show_values(settings, "last", "kept.versions.os", host="acc-001", step=None, out=None)
    assert "\nacc-001\n17.9.4a\n" in capsys.readouterr().out
    for name, host, message in (
        ("kep", None, "did you mean `kept`"),
        ("kept.confg", None, "`config`"),
        ("kept", "sw1", "sw1"),
    ):
        with pytest.raises(SettingsError, match=message):
            await show_values(settings, "last", name, host=host, step=None, out=None)
    found.control.fault("acc-003", Fault(kind="reject", match="^show privilege", times=0))
    result = await found.client.run("config-backup", {"site": "b1"})
    assert (result.verdict, result.counts) == ("partial", {"unchanged": 7, "failed": 1})
    assert "show privilege" in said(result, "acc-003")


async def test_a_scan_fails_where_a_device_does_not_comply_and_says_which_and_why(found: Lab) -> None:
    given: dict[str, JsonValue] = {"ntp": "192.0.2.10", "forbidden": ["ip http server"]}
    assert (await found.client.run("compliance-scan", given)).verdict == "succeeded"
    found.control.line("acc-001", ["ip http server"])
    found.control.fault("acc-008", Fault(kind="reject", match="^show version", times=0))
    result = await found.client.run("compliance-scan", given)
    assert (result.verdict, result.counts) == ("failed", {"unchanged": 6, "failed": 2})
    assert "it has ip http server" in said(result, "acc-001")
    assert "2 of 8 devices do not comply, or could not be asked" in result.message


async def test_drift_is_put_right_and_left_alone_where_there_is_none(found: Lab) -> None:
    result = await found.client.run("drift-remediation", BASELINE)
    assert (result.verdict, result.counts) == ("succeeded", {"changed": 8})
    assert all("192.0.2.21" in found.control.startup(host) for host in found.names)
    assert (await found.client.run("drift-remediation", BASELINE)).counts == {"unchanged": 8}


async def test_drift_that_cannot_be_put_right_is_named_and_its_wave_is_as_before(found: Lab) -> None:
    found.control.fault("acc-006", Fault(kind="reject", match="192.0.2.21", times=0))
    result = await found.client.run("drift-remediation", BASELINE)
    assert result.verdict == "stopped"
    assert "192.0.2.21" in said(result, "acc-006")
    assert "192.0.2.21" in found.control.config("acc-001"), "the canary keeps what was proven on it"
    assert [host for host in found.names if "192.0.2.21" in found.control.config(host)] == ["acc-001"]


async def upgraded(found: Lab, run: str, *, release: str = "17.12.1", **more: JsonValue) -> RunResult:
    """A run of the upgrade, approved where it comes to that."""
    given: dict[str, JsonValue] = {
        "site": "b1", "platform": "cisco_iosxe", "image": IMAGE, "sha256": hashlib.sha256(DATA).hexdigest(),
        "release": release, "soak": "0s", **more,
    }  # fmt: skip
    handle = await found.client.start("firmware-upgrade", given, id=run)
    if (await found.until(handle, lambda status: bool(status.gates) or status.phase == "closed")).gates:
        await handle.approve(by="alice")
    return await handle.result()


async def test_an_upgrade_ends_with_the_release_on_every_switch(found: Lab) -> None:
    result = await upgraded(found, "upgrade-1")
    assert (result.verdict, result.counts) == ("succeeded", {"changed": 2})
    assert all(f"boot system flash:{IMAGE}" in found.control.startup(host) for host in SWITCHES)


async def test_an_image_that_is_another_one_touches_no_switch(found: Lab) -> None:
    result = await upgraded(found, "upgrade-2", sha256="0" * 64)
    assert (result.verdict, result.counts) == ("failed", {"failed": 2})
    assert "it is another file, or damaged" in said(result, "acc-001")
    assert not any("boot system" in found.control.config(host) for host in SWITCHES)


async def test_a_switch_without_room_for_the_image_is_named_and_nobody_is_asked_to_approve(found: Lab) -> None:
    found.control.room("acc-001", 1_000)
    found.control.fault("acc-005", Fault(kind="no_space", match="^scp "))  # it told of more room than it had
    result = await upgraded(found, "upgrade-4")
    assert (result.verdict, result.counts) == ("failed", {"failed": 2})
    room = f"it needs {len(DATA)} bytes, and 1000 are free. Nothing was sent. Remove what is not used any more"
    assert f"{room} (`dir flash:`" in said(result, "acc-001")
    assert "No space left on device. Make room there" in said(result, "acc-005")
    assert [step.message for step in result.steps if step.id == "approval"] == ["not reached"]
    assert not any("boot system" in found.control.config(host) for host in SWITCHES)
    for host in SWITCHES:
        found.control.reset(host)
    assert (await upgraded(found, "upgrade-5")).verdict == "succeeded", "once there is room, it is simply run again"


async def test_a_switch_that_comes_up_with_another_release_is_pointed_back_and_the_others_are_left(found: Lab) -> None:
    result = await upgraded(found, "upgrade-3", release="17.15.1")
    assert (result.verdict, result.counts) == ("failed", {"undone": 1, "unchanged": 1})
    assert "what had failed was undone at once" in result.message
    assert "it came up with 17.12.1, and runs that until somebody restarts it" in said(result, "acc-001")
    assert not any(IMAGE in found.control.startup(host) for host in SWITCHES)
