"""What ntc-templates and scrapli make of the show commands."""

from typing import Any

import pytest
from ntc_templates.parse import parse_output  # type: ignore[import-untyped]  # it ships no types
from scrapli.driver.core import AsyncEOSDriver, AsyncIOSXEDriver, AsyncJunosDriver, AsyncNXOSDriver

from activities.deviceinteraction.testbed import Testbed, TestbedDevice
from testbed_terminal import terminal

DRIVERS: dict[str, type[AsyncIOSXEDriver | AsyncNXOSDriver | AsyncEOSDriver | AsyncJunosDriver]] = {
    "cisco_iosxe": AsyncIOSXEDriver,
    "cisco_nxos": AsyncNXOSDriver,
    "arista_eos": AsyncEOSDriver,
    "juniper_junos": AsyncJunosDriver,
}
NTC = {"cisco_iosxe": "cisco_ios"}
CASES = [
    ("acc-001", "show version", 1),
    ("acc-001", "show vlan", 8),
    ("acc-001", "show vlan brief", 8),
    ("acc-001", "show interfaces status", 10),
    ("acc-001", "show interfaces description", 10),
    ("acc-001", "show vtp status", 1),
    ("acc-001", "show inventory", 2),
    ("acc-001", "show clock", 1),
    ("acc-001", "dir flash:", 1),
    ("acc-002", "show version", 1),
    ("acc-002", "show vlan", 4),
    ("acc-002", "show interface status", 11),
    ("acc-002", "show interface description", 11),
    ("acc-002", "show clock", 1),
    ("acc-002", "show inventory", 1),
    ("acc-002", "dir bootflash:", 2),
    ("acc-003", "show version", 1),
    ("acc-003", "show vlan", 4),
    ("acc-003", "show vlan brief", 4),
    ("acc-003", "show interfaces status", 11),
    ("acc-003", "show interfaces description", 11),
    ("acc-003", "show clock", 1),
    ("acc-003", "dir flash:", 2),
    ("acc-004", "show version", 1),
    ("acc-004", "show vlans", 4),
    ("acc-004", "show vlans | no-more", 4),
]


def parsed(device: TestbedDevice, command: str, output: str) -> list[dict[str, Any]]:
    platform = NTC.get(device.platform, device.platform)
    rows: list[dict[str, Any]] = parse_output(platform, command.split(" |", maxsplit=1)[0], output)
    return rows


@pytest.mark.parametrize(("name", "command", "rows"), CASES)
async def test_ntc_templates_parses_the_output(testbed: Testbed, name: str, command: str, rows: int) -> None:
    device = testbed.device(name)
    async with terminal(device) as typed:
        found = parsed(device, command, await typed.output(command))
    assert len(found) == rows


@pytest.mark.parametrize("name", ["acc-001", "acc-002", "acc-003"])
async def test_the_vlan_table_names_members_and_status(testbed: Testbed, name: str) -> None:
    device = testbed.device(name)
    device.change(["vlan 120", "name lab", "state suspend"])
    async with terminal(device) as typed:
        rows = {row["vlan_id"]: row for row in parsed(device, "show vlan", await typed.output("show vlan"))}
    assert rows["120"]["vlan_name"] == "lab"
    assert rows["120"]["status"] == "suspended"
    assert len(rows["10"]["interfaces"]) in (6, 8)


async def test_junos_lists_vlans_with_their_ports(junos: TestbedDevice) -> None:
    async with terminal(junos) as typed:
        rows = parsed(junos, "show vlans", await typed.output("show vlans"))
    users = next(row for row in rows if row["vlan_name"] == "users")
    assert users["tag"] == "10"
    assert "ge-0/0/0.0*" in users["interfaces"]


@pytest.mark.parametrize("name", ["acc-001", "acc-002", "acc-003", "acc-004"])
async def test_scrapli_opens_reads_configures_and_closes(testbed: Testbed, name: str) -> None:
    device = testbed.device(name)
    driver = DRIVERS[device.platform](
        host=device.address,
        port=device.port,
        auth_username="netsaga",
        auth_password="netsaga-lab",
        auth_secondary="netsaga-enable",
        auth_strict_key=False,
        transport="asyncssh",
        timeout_ops=10,
    )
    junos = device.platform == "juniper_junos"
    async with driver:
        answer = await driver.send_command("show configuration" if junos else "show running-config")
        assert not answer.failed
        lines = ["set vlans lab vlan-id 120", "commit"] if junos else ["vlan 120", "name lab"]
        done = await driver.send_configs(lines)
        assert not done.failed
        refused = await driver.send_config("nonsense here")
        assert refused.failed
        await driver.send_command("show version")
    assert device.vlans()[120].name == "lab"


async def test_scrapli_works_in_an_eos_configuration_session(eos: TestbedDevice) -> None:
    driver = AsyncEOSDriver(
        host=eos.address,
        port=eos.port,
        auth_username="netsaga",
        auth_password="netsaga-lab",
        auth_strict_key=False,
        transport="asyncssh",
        timeout_ops=10,
    )
    async with driver:
        driver.register_configuration_session("netsaga-0123456789ab")
        done = await driver.send_configs(
            ["vlan 120", "name lab", "show session-config diffs"], privilege_level="netsaga-0123456789ab"
        )
        assert "+vlan 120" in done[2].result
        await driver.acquire_priv("privilege_exec")
        assert 120 not in eos.vlans()
        assert not (await driver.send_command("configure session netsaga-0123456789ab commit")).failed
    assert 120 in eos.vlans()


@pytest.mark.parametrize(
    ("name", "command", "last"),
    [("acc-001", "show running-config", "end"), ("acc-003", "show running-config", "end")],
)
async def test_a_running_config_ends_with_its_marker(testbed: Testbed, name: str, command: str, last: str) -> None:
    async with terminal(testbed.device(name)) as typed:
        assert (await typed.output(command)).rstrip().endswith(last)


async def test_volatile_lines_are_there_and_the_rest_is_stable(nxos: TestbedDevice) -> None:
    async with terminal(nxos) as typed:
        shown = await typed.output("show running-config")
    assert "!Command: show running-config" in shown
    assert "!Time: " in shown
    assert nxos.running_config().strip() in shown


async def test_an_iosxe_vtp_server_keeps_its_vlans_outside_the_running_config(testbed: Testbed) -> None:
    spec = testbed.device("acc-001").spec.model_copy(update={"vtp_mode": "server", "login_privilege": 15})
    async with Testbed.start(state=testbed.state / "vtp", devices=[spec]) as other:
        device = other.device("acc-001")
        async with terminal(device) as typed:
            await typed.lines("configure terminal", "vlan 120", "name lab", "end")
            assert "VTP Operating Mode                : Server" in await typed.output("show vtp status")
            assert "\nvlan 120\n" not in await typed.output("show running-config")
            assert "120  lab" in await typed.output("show vlan brief")
        assert ("name lab", "running") in [(entry["line"], entry["effect"]) for entry in device.commands()]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("show running-config | include ^hostname", "hostname acc-003"),
        ("show running-config | section interface Ethernet8", "shutdown"),
        ("sh run | i hostname", "hostname acc-003"),
        ("show version | grep x", "% Invalid input"),
    ],
)
async def test_pipes_choose_lines(eos: TestbedDevice, command: str, expected: str) -> None:
    async with terminal(eos) as typed:
        assert expected in await typed.output(command)
