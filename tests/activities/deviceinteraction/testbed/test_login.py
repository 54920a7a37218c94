"""Who gets in, and what they see first."""

from pathlib import Path

import asyncssh
import pytest

from activities.deviceinteraction.testbed import Login, Testbed, TestbedDevice
from testbed_terminal import connection, terminal

NAMES = ["acc-001", "acc-002", "acc-003", "acc-004"]


@pytest.mark.parametrize("name", NAMES)
async def test_the_right_password_opens_a_session_and_both_ends_are_logged(testbed: Testbed, name: str) -> None:
    device = testbed.device(name)
    async with terminal(device):
        assert device.live_sessions == 1
    events = [entry.get("event") for entry in device.log() if "event" in entry]
    assert events[0] == "login"


@pytest.mark.parametrize("name", NAMES)
async def test_a_wrong_password_is_refused_and_logged(testbed: Testbed, name: str) -> None:
    device = testbed.device(name)
    with pytest.raises(asyncssh.PermissionDenied):
        async with connection(device, password="wrong"):
            pass
    assert [entry.get("event") for entry in device.log()] == ["login_refused"]


async def test_a_public_key_opens_a_session_where_one_is_given(tmp_path: Path) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    login = Login(public_key=key.export_public_key().decode())
    async with Testbed.start(state=tmp_path, devices=1, login=login) as testbed:
        device = testbed.device("acc-001")
        async with asyncssh.connect(
            device.address,
            device.port,
            username="netsaga",
            client_keys=[key],
            known_hosts=str(testbed.known_hosts),
            agent_path=None,
            config=None,
        ) as ssh:
            done = await ssh.run("show privilege")
    assert "Current privilege level is" in str(done.stdout)


async def test_the_known_hosts_file_holds_the_key_that_the_devices_show(testbed: Testbed) -> None:
    for device in testbed.devices.values():
        async with asyncssh.connect(
            device.address,
            device.port,
            username="netsaga",
            password="netsaga-lab",
            known_hosts=str(testbed.known_hosts),
            client_keys=None,
            agent_path=None,
            config=None,
        ):
            pass


async def test_an_iosxe_login_at_privilege_1_needs_the_enable_secret(iosxe: TestbedDevice) -> None:
    async with terminal(iosxe, enable=False) as typed:
        assert "% Invalid input detected at '^' marker." in await typed.output("show running-config")
        assert await typed.output("show privilege") == "Current privilege level is 1"
        await typed.send("enable", "Password: ")
        await typed.send("nonsense", "Password: ")
        assert (await typed.send("netsaga-enable")).endswith("acc-001#")
        assert await typed.output("show privilege") == "Current privilege level is 15"
    assert "netsaga-enable" not in iosxe.log_path.read_text()


async def test_three_wrong_enable_secrets_end_in_bad_secrets(iosxe: TestbedDevice) -> None:
    async with terminal(iosxe, enable=False) as typed:
        await typed.send("enable", "Password: ")
        await typed.send("a", "Password: ")
        await typed.send("b", "Password: ")
        answer = await typed.send("c")
    assert "% Bad secrets" in answer
    assert answer.endswith("acc-001>")


@pytest.mark.parametrize(
    ("name", "prompt"),
    [("acc-001", "acc-001>"), ("acc-002", "acc-002# "), ("acc-003", "acc-003#"), ("acc-004", "netsaga@acc-004> ")],
)
async def test_the_prompt_is_the_platforms(testbed: Testbed, name: str, prompt: str) -> None:
    async with terminal(testbed.device(name), enable=False) as typed:
        assert (await typed.send("")).endswith(prompt)


async def test_exit_ends_the_session(nxos: TestbedDevice) -> None:
    async with terminal(nxos) as typed:
        with pytest.raises(EOFError):
            await typed.send("exit")


async def test_one_command_can_be_run_without_a_terminal(eos: TestbedDevice) -> None:
    async with connection(eos) as ssh:
        done = await ssh.run("show version")
    assert str(done.stdout).startswith("Arista DCS-7050TX-64-R")


async def test_backspace_and_ctrl_u_edit_the_line(eos: TestbedDevice) -> None:
    async with terminal(eos) as typed:
        typed.press("nonsense\x15")
        await typed.read()
        assert "Timezone: UTC" in await typed.send("show clonk\x7f\x7fck")
    assert "show clock" in [entry["line"] for entry in eos.commands()]


async def test_carriage_return_line_feed_and_both_are_one_return(eos: TestbedDevice) -> None:
    async with terminal(eos) as typed:
        for ending in ("\r", "\n", "\r\n"):
            typed.press(f"show privilege{ending}")
            await typed.read()
    assert [entry["line"] for entry in eos.commands()][1:] == ["show privilege"] * 3
