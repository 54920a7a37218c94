"""The control socket and the command line, from another thread and another process."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from activities.deviceinteraction.testbed import Fault, Testbed, TestbedControl
from activities.deviceinteraction.testbed.device import DISK_FREE
from testbed_terminal import terminal


async def test_every_operation_works_over_the_socket(testbed: Testbed) -> None:
    control = TestbedControl(testbed.state)

    def left() -> int:
        return testbed.device("acc-003")._device.disk_free

    def drive() -> None:
        assert [device.name for device in control.devices()] == ["acc-001", "acc-002", "acc-003", "acc-004"]
        control.fault("acc-003", Fault(kind="reject", match="vlan 120"))
        control.fault("acc-003", "drop@after:write")
        assert "hostname acc-003" in control.config("acc-003")
        control.line("acc-003", ["vlan 333", "name theirs"], user="colleague")
        assert control.vlans("acc-003")[333] == {"name": "theirs", "status": "active"}
        assert [entry["user"] for entry in control.log("acc-003")] == ["colleague"] * 4
        assert "333" not in control.startup("acc-003")
        control.clear("acc-003")
        control.room("acc-003", 4_096)
        assert left() == 4_096
        control.reset()
        assert left() == DISK_FREE
        assert 333 not in control.vlans("acc-003")

    await asyncio.to_thread(drive)
    assert testbed.device("acc-003").pending_faults() == []


async def test_a_confirm_timer_is_seen_and_runs_out_when_it_is_told_to(testbed: Testbed) -> None:
    device, control = testbed.device("acc-004"), TestbedControl(testbed.state)
    assert device.platform == "juniper_junos"
    async with terminal(device) as junos:
        await junos.lines("configure", "set vlans theirs vlan-id 333", "commit confirmed 5")

    def drive() -> None:
        due = {entry.name: entry.revert_due for entry in control.devices()}
        assert [name for name, moment in due.items() if moment] == ["acc-004"]
        assert 333 in control.vlans("acc-004")
        assert control.expire("acc-004")
        assert 333 not in control.vlans("acc-004")
        assert not control.expire("acc-004")
        assert any(entry.get("event") == "reverted" for entry in control.log("acc-004"))

    await asyncio.to_thread(drive)


async def test_a_wrong_request_is_answered_with_what_is_wrong(testbed: Testbed) -> None:
    control = TestbedControl(testbed.control)

    def drive() -> None:
        with pytest.raises(ValueError, match="one of 4 devices is expected, not 'acc-999'"):
            control.config("acc-999")
        with pytest.raises(ValueError, match="a fault is written"):
            control.fault("acc-001", "not a fault")
        with pytest.raises(ValueError, match="refuses 'nonsense'"):
            control.line("acc-001", ["nonsense"])

    await asyncio.to_thread(drive)


async def test_a_long_state_path_is_no_obstacle(tmp_path: Path) -> None:
    state = tmp_path / ("long" * 20) / ("path" * 20)
    async with Testbed.start(state=state, devices=1):
        control = TestbedControl(state)
        assert len(await asyncio.to_thread(control.devices)) == 1
    assert not (state / "control.sock").is_symlink()


def test_a_client_without_a_testbed_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError, match="start one first"):
        TestbedControl(tmp_path).devices()


async def test_the_command_line_starts_announces_and_stops(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "activities.deviceinteraction.testbed",
        *("--devices", "4", "--state", str(tmp_path), "--port", "0", "--platforms", "arista_eos,nokia_srlinux"),
        *("--fault", "acc-001:reject:vlan 120"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(20):
        line = await process.stdout.readline()
    assert line.decode() == f"testbed ready: 4 devices, {tmp_path}/inventory.yaml\n"
    control = TestbedControl(tmp_path)
    with pytest.raises(ValueError, match="refuses"):
        await asyncio.to_thread(control.line, "acc-001", ["vlan 5000"])
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(20):
        assert await process.wait() == 0
    assert not (tmp_path / "control.sock").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--network", "10.0.0.0/8"], "loopback only"),
        (["--platforms", "amiga"], "platforms are some of"),
        (["--fault", "acc-001"], "a fault is written"),
    ],
)
async def test_wrong_arguments_end_with_what_is_wrong(tmp_path: Path, arguments: list[str], words: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "activities.deviceinteraction.testbed", "--state", str(tmp_path), "--port", "0", *arguments),
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(20):
        _, errors = await process.communicate()
    assert process.returncode in (1, 2)
    assert words in errors.decode()


async def test_the_log_is_on_disk_before_the_answer_is(testbed: Testbed) -> None:
    device = testbed.device("acc-002")
    path = testbed.state / "logs" / "acc-002.jsonl"
    async with terminal(device) as typed:
        await typed.lines("configure terminal", "vlan 120")
        assert '"line": "vlan 120", "result": "ok", "effect": "running"' in path.read_text()
