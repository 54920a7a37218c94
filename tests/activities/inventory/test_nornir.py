"""Nornir's SimpleInventory."""

from pathlib import Path

import pytest

from activities.inventory.nornir import NornirInventory
from activities.inventory.source import InventoryError
from workflows.contracts import Device

HOSTS = """
sw1:
  hostname: 192.0.2.1
  platform: ios
  groups: [hq, access]
  data: {rack: r1}
core1:
  hostname: 192.0.2.2
  groups: [core]
"""
GROUPS = """
campus: {username: netops, password: secret, data: {site: campus, max_vlans: 8}}
hq: {groups: [campus], data: {site: hq, credential: rw}}
access: {data: {role: access, max_vlans: 16}}
core: {platform: nxos_ssh, port: 8022}
"""


def _write(folder: Path, hosts: str = HOSTS, groups: str = GROUPS, defaults: str = "{data: {role: none}}") -> Path:
    (folder / "hosts.yaml").write_text(hosts)
    (folder / "groups.yaml").write_text(groups)
    (folder / "defaults.yaml").write_text(defaults)
    return folder


async def _devices(path: Path) -> dict[str, Device]:
    return {device.name: device for device in await NornirInventory(path).devices()}


async def test_inheritance_is_nornirs(tmp_path: Path) -> None:
    devices = await _devices(_write(tmp_path))
    sw1, core1 = devices["sw1"], devices["core1"]
    assert (sw1.platform, sw1.site, sw1.role, sw1.credential) == ("cisco_iosxe", "hq", "access", "rw")
    assert sw1.groups == ("hq", "campus", "access")
    assert (sw1.data["max_vlans"], sw1.data["rack"]) == (8, "r1")  # depth first: campus comes before access
    assert (core1.platform, core1.port, core1.role) == ("cisco_nxos", 8022, "none")
    assert "secret" not in repr(devices)


async def test_hosts_alone_are_enough(tmp_path: Path) -> None:
    (tmp_path / "hosts.yaml").write_text("sw1: {hostname: 192.0.2.1, platform: junos}")
    assert (await _devices(tmp_path / "hosts.yaml"))["sw1"].platform == "juniper_junos"


@pytest.mark.parametrize(
    ("hosts", "groups", "said"),
    [
        ("sw1: {hostnme: x}", "", "`hostnme` is not known"),
        ("sw1: {groups: [acess]}", "access: {}", "group `acess` is not defined; did you mean `access`"),
        ("sw1: {groups: [a]}", "a: {groups: [b]}\nb: {groups: [a]}", "groups contain each other: a → b → a"),
        ("sw1: {groups: a}", "", "expected a list of names, found 'a'"),
        ("sw1: {data: [1]}", "", "data: expected a map"),
    ],
)
async def test_a_mistake_is_said_with_its_place(tmp_path: Path, hosts: str, groups: str, said: str) -> None:
    with pytest.raises(InventoryError, match=said):
        await _devices(_write(tmp_path, hosts, groups, ""))


async def test_a_folder_without_hosts_is_said(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match=r"hosts\.yaml cannot be read"):
        await _devices(tmp_path)
