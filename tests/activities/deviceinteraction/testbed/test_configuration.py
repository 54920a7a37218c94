"""Configuration lines change the running configuration, or are refused as the platform refuses."""

import pytest

from activities.deviceinteraction.testbed import CommandEntry, Testbed, TestbedDevice
from testbed_terminal import terminal

INDENTED = ["acc-001", "acc-002", "acc-003"]


def effects(device: TestbedDevice, effect: str = "running") -> list[str]:
    """The lines that had this effect, in their order."""
    return [entry["line"] for entry in device.commands() if entry["effect"] == effect]


def last(device: TestbedDevice) -> CommandEntry:
    return device.commands()[-1]


@pytest.mark.parametrize("name", INDENTED)
async def test_a_vlan_comes_and_goes(testbed: Testbed, name: str) -> None:
    device = testbed.device(name)
    before = device.running_config()
    async with terminal(device) as typed:
        await typed.lines("configure terminal", "vlan 120", "name lab", "end")
        assert device.vlans()[120].name == "lab"
        await typed.lines("configure terminal", "no vlan 120", "end")
    assert device.running_config() == before
    assert effects(device) == ["vlan 120", "name lab", "no vlan 120"]


@pytest.mark.parametrize("name", INDENTED)
async def test_a_line_that_changes_nothing_is_logged_without_effect(testbed: Testbed, name: str) -> None:
    device = testbed.device(name)
    async with terminal(device) as typed:
        await typed.lines("configure terminal", "vlan 10", "name users", "exit", "no vlan 555", "end")
    assert effects(device) == []


@pytest.mark.parametrize(
    ("name", "lines", "found"),
    [
        (
            "acc-001",
            ["int gi1/0/3", "desc printer room", "sw acc vl 20"],
            "interface GigabitEthernet1/0/3\n description",
        ),
        ("acc-002", ["int eth1/3", "desc printer room", "sw acc vl 20"], "interface Ethernet1/3\n  description"),
        ("acc-003", ["int et3", "desc printer room", "sw acc vl 20"], "interface Ethernet3\n   description"),
    ],
)
async def test_abbreviations_are_understood(testbed: Testbed, name: str, lines: list[str], found: str) -> None:
    device = testbed.device(name)
    async with terminal(device) as typed:
        await typed.lines("conf t", *lines, "end")
    assert f"{found} printer room" in device.running_config()


@pytest.mark.parametrize("name", INDENTED)
async def test_interface_lines_replace_and_are_taken_back(testbed: Testbed, name: str) -> None:
    device = testbed.device(name)
    port = {"acc-001": "Gi1/0/2", "acc-002": "Eth1/2", "acc-003": "Et2"}[name]
    before = device.running_config()
    lines = (f"interface {port}", "description one", "description two", "shutdown", "spanning-tree guard root")
    back = (f"interface {port}", "description desk 2", "no shutdown", "no spanning-tree guard root")
    async with terminal(device) as typed:
        await typed.lines("configure terminal", *lines)
        assert device.running_config().count("description one") == 0
        assert device.running_config().count("description two") == 1
        await typed.lines(*back, "end")
    assert device.running_config() == before


@pytest.mark.parametrize("name", INDENTED)
async def test_trunks_take_vlans_one_by_one(testbed: Testbed, name: str) -> None:
    device = testbed.device(name)
    port = {"acc-001": "Te1/1/1", "acc-002": "Eth1/49", "acc-003": "Et49"}[name]
    async with terminal(device) as typed:
        await typed.lines("configure terminal", f"interface {port}")
        await typed.send("switchport trunk allowed vlan add 120-122")
        assert "switchport trunk allowed vlan 10,20,99,120-122" in device.running_config()
        await typed.send("switchport trunk allowed vlan remove 10,121")
        assert "switchport trunk allowed vlan 20,99,120,122" in device.running_config()
        await typed.send("switchport trunk allowed vlan none")
        assert "switchport trunk allowed vlan none" in device.running_config()


async def test_bare_vlans_are_drawn_together_and_nexus_lists_them_all(
    iosxe: TestbedDevice, nxos: TestbedDevice
) -> None:
    for device in (iosxe, nxos):
        device.change(["vlan 30-32,40"])
    assert "\nvlan 30-32,40\n" in iosxe.running_config()
    assert "\nvlan 1,10,20,30-32,40,99\n" in nxos.running_config()
    assert {30, 31, 32, 40} <= set(iosxe.vlans())


@pytest.mark.parametrize(
    ("name", "line", "words"),
    [
        ("acc-001", "vlann 10", "% Invalid input detected at '^' marker."),
        ("acc-001", "switchport", "% Invalid input detected at '^' marker."),
        ("acc-001", "vlan", "% Incomplete command."),
        ("acc-001", "s", '% Ambiguous command:  "s"'),
        ("acc-001", "vlan 5000", "Command rejected: Bad VLAN list"),
        ("acc-001", "vlan 1003", "Default VLAN 1003 may not be changed."),
        ("acc-001", "no vlan 1", "Default VLAN 1 may not be deleted."),
        ("acc-001", "interface GigabitEthernet1/0/77", "% Invalid input detected at '^' marker."),
        ("acc-002", "vlann 10", "% Invalid command at '^' marker."),
        ("acc-002", "vlan", "% Incomplete command at '^' marker."),
        ("acc-002", "vlan 5000", "% Invalid value/range at '^' marker."),
        ("acc-002", "vlan 3999", "reserved"),
        ("acc-003", "vlann 10", "% Invalid input"),
        ("acc-003", "vlan", "% Incomplete command"),
        ("acc-003", "vlan 5000", "% Invalid input"),
        ("acc-003", "commit", "% Invalid input"),
    ],
)
async def test_a_wrong_line_is_refused_in_the_platforms_words(
    testbed: Testbed, name: str, line: str, words: str
) -> None:
    device = testbed.device(name)
    async with terminal(device) as typed:
        await typed.send("configure terminal")
        assert words in await typed.output(line)
    assert last(device)["result"] == "rejected"
    assert effects(device) == []


async def test_the_caret_stands_under_the_wrong_word(iosxe: TestbedDevice) -> None:
    async with terminal(iosxe) as typed:
        await typed.send("configure terminal")
        answer = await typed.output("hostname acc-001 extra")
    assert answer.split("\n")[0].index("^") == len("acc-001(config)#") + len("hostname acc-001 ")


@pytest.mark.parametrize("name", INDENTED)
async def test_a_vlan_name_has_32_characters_at_most(testbed: Testbed, name: str) -> None:
    device = testbed.device(name)
    async with terminal(device) as typed:
        await typed.lines("configure terminal", "vlan 120")
        await typed.send(f"name {'x' * 33}")
        assert last(device)["result"] == "rejected"
        await typed.send(f"name {'x' * 32}")
    assert device.vlans()[120].name == "x" * 32


@pytest.mark.parametrize("name", INDENTED)
async def test_a_new_hostname_changes_the_prompt(testbed: Testbed, name: str) -> None:
    async with terminal(testbed.device(name)) as typed:
        await typed.send("configure terminal")
        assert "core-9(config)#" in await typed.send("hostname core-9")


async def test_iosxe_creates_the_vlan_that_a_port_is_put_into(iosxe: TestbedDevice) -> None:
    async with terminal(iosxe) as typed:
        await typed.lines("configure terminal", "interface Gi1/0/1")
        answer = await typed.output("switchport access vlan 77")
    assert answer == "% Access VLAN does not exist. Creating vlan 77"
    assert 77 in iosxe.vlans()


async def test_iosxe_needs_do_for_exec_commands_in_configuration_mode(iosxe: TestbedDevice) -> None:
    async with terminal(iosxe) as typed:
        await typed.send("configure terminal")
        assert "% Invalid input" in await typed.output("show clock")
        assert "UTC" in await typed.output("do show clock")


@pytest.mark.parametrize("name", ["acc-002", "acc-003"])
async def test_others_take_exec_commands_in_configuration_mode(testbed: Testbed, name: str) -> None:
    async with terminal(testbed.device(name)) as typed:
        await typed.lines("configure terminal", "vlan 10")
        assert "20:" in await typed.output("show clock") or ":" in await typed.output("show clock")


@pytest.mark.parametrize("name", INDENTED)
async def test_secrets_in_lines_do_not_reach_the_log(testbed: Testbed, name: str) -> None:
    device = testbed.device(name)
    async with terminal(device) as typed:
        await typed.lines("configure terminal", "snmp-server community tell-nobody ro", "username x secret 9 hush-hush")
    text = device.log_path.read_text()
    assert "tell-nobody" not in text
    assert "hush-hush" not in text
    assert "tell-nobody" in device.running_config()


@pytest.mark.parametrize("name", INDENTED)
async def test_ctrl_z_ends_configuration_mode(testbed: Testbed, name: str) -> None:
    async with terminal(testbed.device(name)) as typed:
        await typed.lines("configure terminal", "vlan 10")
        typed.press("\x1a")
        assert "(config" not in (await typed.read()).split("\n")[-1]
