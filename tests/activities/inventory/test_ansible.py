"""Ansible inventories, INI and YAML, with the variables beside them."""

from pathlib import Path

import pytest

from activities.inventory.ansible import AnsibleInventory
from activities.inventory.source import InventoryError
from workflows.contracts import Device

INI = """
# a campus
lonely ansible_host=192.0.2.9 ansible_network_os=junos

[access]
sw[01:03] ansible_network_os=cisco.ios.ios site=hq
edge-[a:b] ansible_host=192.0.2.7 ansible_network_os=eos ansible_port=2222 rack="row 1"  # two of them

[core]
core1 ansible_host=192.0.2.1 ansible_network_os=nxos max_vlans=64

[campus:children]
access
core

[campus:vars]
role=access
tags=["blue", "green"]
credential=rw
depth=1

[core:vars]
role=core
"""

YAML = """
all:
  vars: {site: nowhere, ansible_user: admin, ansible_password: !vault "$ANSIBLE_VAULT;1.1;AES256 6132"}
  hosts:
    lonely: {ansible_host: 192.0.2.9, ansible_network_os: junipernetworks.junos.junos}
  children:
    campus:
      vars: {site: hq, max_vlans: 8}
      children:
        access:
          vars: {max_vlans: 16}
          hosts:
            sw[1:2]: {ansible_network_os: ios}
            sw2: {max_vlans: 99, motd: "{{ banner }}"}
"""


async def _devices(path: Path) -> dict[str, Device]:
    return {device.name: device for device in await AnsibleInventory(path).devices()}


async def test_an_ini_inventory_reads_as_ansible_reads_it(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text(INI)
    devices = await _devices(tmp_path / "hosts")
    assert sorted(devices) == ["core1", "edge-a", "edge-b", "lonely", "sw01", "sw02", "sw03"]
    core, edge, sw = devices["core1"], devices["edge-a"], devices["sw02"]
    assert (core.platform, core.role, core.data) == ("cisco_nxos", "core", {"max_vlans": 64, "depth": 1})
    assert (edge.platform, edge.port, edge.data["rack"], edge.role) == ("arista_eos", 2222, "row 1", "access")
    assert (sw.address, sw.platform, sw.site, sw.groups) == ("sw02", "cisco_iosxe", "hq", ("campus", "access"))
    assert (sw.tags, sw.credential) == (("blue", "green"), "rw")
    assert (devices["lonely"].platform, devices["lonely"].groups) == ("juniper_junos", ())


async def test_a_yaml_inventory_lets_deeper_groups_win_and_hosts_over_all(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text(YAML)
    devices = await _devices(tmp_path)
    assert (devices["lonely"].site, devices["lonely"].platform) == ("nowhere", "juniper_junos")
    assert (devices["sw1"].site, devices["sw1"].data, devices["sw1"].groups) == (
        "hq",
        {"max_vlans": 16},
        ("campus", "access"),
    )
    assert devices["sw2"].data == {"max_vlans": 99}  # what holds a template is left out, never half true


async def test_variables_beside_the_file_are_merged_in_ansibles_order(tmp_path: Path) -> None:
    (tmp_path / "hosts.ini").write_text(
        "[access]\nsw1 ansible_network_os=ios a=host\n[access:vars]\na=inline\nb=inline\n"
    )
    for name, text in {
        "group_vars/all.yml": "{a: all, b: all, c: all, site: hq}",
        "group_vars/access/1.yml": "{c: first, d: first}",
        "group_vars/access/2.yml": "{d: second}",
        "host_vars/sw1.yaml": "{e: host}",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (device,) = (await _devices(tmp_path)).values()
    assert device.data == {"a": "host", "b": "all", "c": "first", "d": "second", "e": "host"}
    assert device.site == "hq"


async def test_what_belongs_to_a_host_may_not_be_vaulted(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text("all: {hosts: {sw1: {snmp: [!vault 'x']}}}")
    with pytest.raises(InventoryError, match=r"host 'sw1': `snmp` is encrypted with Ansible Vault.*`credentials`"):
        await _devices(tmp_path)


async def test_a_file_that_is_encrypted_as_a_whole_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("sw1\n")
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars" / "sw1.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n6132\n")
    with pytest.raises(InventoryError, match=r"sw1\.yml is encrypted with Ansible Vault"):
        await _devices(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("hosts", "sw1 ansible_host={{x}}\n", "`ansible_host` is the template"),
        ("hosts", "#!/bin/sh\necho '{}'\n", "ansible-inventory --list"),
        ("hosts", "[broken\nsw1\n", r"line 1: '\[broken' is no section"),
        ("hosts", "sw1 port\n", "line 1: 'port' is no assignment"),
        ("hosts", 'sw1 a="b\n', "check the quotes"),
        ("hosts", "sw[9:1]\n", "runs backwards"),
        ("hosts", "sw[a:9]\n", "mixes digits and letters"),
        ("hosts", "sw[0:999][0:999]\n", "more than 100,000 hosts"),
        ("hosts", "[a:children]\nb\n[b:children]\na\n", "groups contain each other: a → b → a"),
        ("hosts", "sw1 ansible_port=ssh\n", "`port`"),
        ("h.yml", "all: {host: {sw1: }}", "`host` is not known; expected `hosts`"),
        ("h.yml", "all: {hosts: [sw1]}", "expected a map, found list"),
    ],
)
async def test_a_mistake_is_said_with_its_place(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InventoryError, match=said):
        await _devices(tmp_path / name)


async def test_values_are_literals_and_never_run(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("sw1 a=\"__import__('os').getpid()\" b=0x10 c=[1,2] d=None e=1.5\n")
    (device,) = (await _devices(tmp_path / "hosts")).values()
    assert device.data == {"a": "__import__('os').getpid()", "b": 16, "c": [1, 2], "d": None, "e": 1.5}


async def test_a_folder_without_an_inventory_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match=r"expected one of hosts, hosts\.yml"):
        await _devices(tmp_path)
