"""netsaga's own inventory format."""

from pathlib import Path

import pytest

from activities.inventory.source import InventoryError
from activities.inventory.yaml_file import YamlInventory
from workflows.contracts import Device
from workflows.plan import HostName

FULL = """
defaults: {port: 2222, credential: ro, data: {max_vlans: 64, rack: none}}
groups:
  access: {role: access, credential: rw, data: {max_vlans: 32}}
  hq: {site: hq, role: ignored, tags: [blue], data: {max_vlans: 8, floor: 1}}
hosts:
  sw1: {address: 192.0.2.1, platform: cisco_iosxe, groups: [access, hq], data: {rack: r1}}
  sw2: {address: 192.0.2.2, platform: arista_eos, port: 22, maintenance: true, credential: own}
"""


async def _devices(path: Path, text: str) -> list[Device]:
    path.write_text(text)
    return await YamlInventory(path).devices()


async def test_a_host_wins_over_its_groups_and_those_over_the_defaults(tmp_path: Path) -> None:
    sw1, sw2 = await _devices(tmp_path / "i.yaml", FULL)
    assert sw1 == Device(
        name=HostName("sw1"),
        platform="cisco_iosxe",
        address="192.0.2.1",
        port=2222,
        site="hq",
        role="access",
        groups=("access", "hq"),
        tags=("blue",),
        credential="rw",
        data={"max_vlans": 32, "rack": "r1", "floor": 1},
    )
    assert (sw2.port, sw2.maintenance, sw2.credential, sw2.data["max_vlans"]) == (22, True, "own", 64)


async def test_a_pool_comes_from_the_host_its_group_or_the_defaults(tmp_path: Path) -> None:
    hosts = "{sw1: {address: a}, sw2: {address: b, groups: [far]}, sw3: {address: c, groups: [far], pool: dc2}}"
    text = f"defaults: {{platform: arista_eos, pool: core}}\ngroups: {{far: {{pool: dc1}}}}\nhosts: {hosts}\n"
    assert [device.pool for device in await _devices(tmp_path / "i.yaml", text)] == ["core", "dc1", "dc2"]


async def test_how_a_device_is_reached_may_stand_beside_its_port(tmp_path: Path) -> None:
    hosts = "{sw1: {address: a, groups: [far]}, sw2: {address: b, groups: [far], proxy: gate, transport: telnet}}"
    groups = "{far: {proxy: edge, ssh_algorithms: legacy, data: {floor: 1}}}"
    sw1, sw2 = await _devices(
        tmp_path / "i.yaml", f"defaults: {{platform: cisco_iosxe}}\ngroups: {groups}\nhosts: {hosts}\n"
    )
    assert sw1.data == {"proxy": "edge", "ssh_algorithms": "legacy", "floor": 1}
    assert sw2.data == {"proxy": "gate", "transport": "telnet", "ssh_algorithms": "legacy", "floor": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "hosts: {sw1: {adress: 192.0.2.1, platform: x}}",
            "host 'sw1': `adress` is not known; did you mean `address`?",
        ),
        ("hosts: {sw1: {platform: x}}", "host 'sw1': `address`: Field required; found nothing"),
        ("hosts: {sw1: {address: a, platform: x, port: ssh}}", "`port`: .*found 'ssh'"),
        ("hosts: {sw1: {address: a, platform: x, port: 99999}}", "`port` is 99999; expected 1 to 65535"),
        ("hosts: {sw1: {address: a, platform: x, site: no}}", "`site`: .*found False"),
        ("hosts: {sw1: {address: a, platform: x, groups: [acces]}}\ngroups: {access: {}}", "did you mean `access`"),
        ("hosts: {sw1: {address: a, platform: x, pool: a b}}", "`pool` is 'a b'; expected a pool's name"),
        ("hosts: {sw1: {address: a, platform: x, name: sw9}}", "`name` is the key above"),
        ("hosts: {1: {address: a, platform: x}}", "the key 1 is not text"),
        ('hosts: {"sw 1": {address: a, platform: x}}', "a blank or a comma"),
        ('hosts: {"sw\\u001b[31m1": {address: a, platform: x}}', "control character"),
        ('hosts: {sw1: {address: "a\\nb", platform: x}}', "`address` is 'a\\\\nb'"),
        ("hosts: {sw1: {address: a, platform: x}, sw1: {address: b, platform: x}}", "`sw1` stands twice"),
        ("hosts: {sw1: {address: a, platform: x}, SW1: {address: b, platform: x}}", "differ only in case"),
        (
            "hosts: {sw1: {address: a, platform: x, proxy: edge, data: {proxy: gate}}}",
            "host 'sw1': `proxy` and `data.proxy` say different things",
        ),
        ("groups: {access: {address: a}}", "group 'access': `address` is not known"),
        ("devices: {}", "`devices` is not known; expected `hosts`"),
        ("hosts: [sw1]", "expected a map, found list"),
        ("hosts: {sw1: ", "not valid YAML"),
        ("hosts: {sw1: !!python/object/apply:os.system [true]}", "not valid YAML"),
        ("- sw1", "expected a map"),
    ],
)
async def test_a_mistake_is_said_with_the_file_and_the_host(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InventoryError, match=said) as caught:
        await _devices(tmp_path / "lab.yaml", text)
    assert "lab.yaml" in str(caught.value)


async def test_a_file_that_is_not_there_says_which_setting_names_it(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match=r"gone\.yaml cannot be read: No such file.*`inventories`"):
        await YamlInventory(tmp_path / "gone.yaml").devices()


async def test_an_empty_file_has_no_devices(tmp_path: Path) -> None:
    assert await _devices(tmp_path / "i.yaml", "") == []
