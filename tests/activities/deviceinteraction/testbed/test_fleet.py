"""Fleets: who they are, the files that describe them, and a thousand of them in one process."""

import asyncio
import stat
from pathlib import Path

import pytest
import yaml

from activities.deviceinteraction.testbed import Testbed, fleet
from activities.deviceinteraction.testbed.__main__ import main
from activities.deviceinteraction.testbed.testbed import _sockets_on_one_address
from testbed_terminal import connection


def test_platforms_take_turns_and_pairs_share_a_platform() -> None:
    specs = fleet.access_fleet(16)
    assert [spec.platform for spec in specs[:4]] == ["cisco_iosxe", "cisco_nxos", "arista_eos", "juniper_junos"]
    pairs: dict[object, set[str]] = {}
    for spec in specs:
        pairs.setdefault(spec.data["mlag_pair"], set()).add(spec.platform)
    assert len(pairs) == 8
    assert all(len(platforms) == 1 for platforms in pairs.values())


def test_half_of_the_iosxe_devices_need_enable() -> None:
    specs = [spec for spec in fleet.access_fleet(24) if spec.platform == "cisco_iosxe"]
    assert [spec.login_privilege for spec in specs] == [15, 1, 15, 1, 15, 1]


def test_some_devices_stand_elsewhere() -> None:
    sites = [spec.site for spec in fleet.access_fleet(6, elsewhere=2)]
    assert sites == ["b1", "b1", "b1", "b1", "b2", "b2"]


@pytest.mark.parametrize("network", ["10.0.0.0/16", "127.20.0.0/30"])
def test_a_network_that_is_not_loopback_or_too_small_is_refused(network: str) -> None:
    with pytest.raises(ValueError, match=network):
        fleet.loopback_addresses(network, 10)


async def test_the_files_describe_what_listens(testbed: Testbed) -> None:
    inventory = yaml.safe_load(testbed.inventory.read_text())
    device = testbed.device("acc-003")
    assert inventory["defaults"] == {"credential": "device_rw", "port": device.port}
    assert inventory["groups"] == {"access": {"role": "access"}}
    assert inventory["hosts"]["acc-003"] == {
        "address": device.address,
        "platform": "arista_eos",
        "site": "b1",
        "groups": ["access"],
        "data": {"max_vlans": 64, "mlag_pair": "p3"},
    }
    assert testbed.known_hosts.read_text().startswith(f"[127.20.0.1]:{device.port} ssh-ed25519 ")
    assert yaml.safe_load(testbed.credentials.read_text())["device_rw"]["username"] == "netsaga"
    for private in (testbed.credentials, testbed.state / "hostkey"):
        assert stat.S_IMODE(private.stat().st_mode) == 0o600


async def test_the_host_key_is_kept_between_starts(tmp_path: Path) -> None:
    keys: list[str] = []
    for _ in range(2):
        async with Testbed.start(state=tmp_path, devices=1) as testbed:
            keys.append(testbed.known_hosts.read_text().split()[-1])
    assert keys[0] == keys[1]


async def test_two_fleets_run_side_by_side(testbed: Testbed, tmp_path: Path) -> None:
    async with Testbed.start(state=tmp_path / "second", devices=4) as second:
        second.device("acc-001").change(["vlan 120"])
        assert 120 not in testbed.device("acc-001").vlans()


def test_ports_differ_where_only_one_address_can_be_bound() -> None:
    sockets = _sockets_on_one_address(3, 0)
    try:
        assert len({sock.getsockname()[1] for sock in sockets}) == 3
    finally:
        for sock in sockets:
            sock.close()


async def test_a_thousand_devices_start_and_answer(tmp_path: Path) -> None:
    async with Testbed.start(state=tmp_path, devices=1000) as testbed:
        names = list(testbed.devices)
        assert len(names) == 1000

        async def version(name: str) -> str:
            async with connection(testbed.device(name)) as ssh:
                return str((await ssh.run("show version")).stdout)

        chosen = [*names[:4], *names[498:502], *names[-4:]]
        answers = await asyncio.gather(*(version(name) for name in chosen))
        for name, answer in zip(chosen, answers, strict=True):
            assert name in answer or answer.startswith("Arista")


async def test_reset_brings_a_device_back(testbed: Testbed) -> None:
    for device in testbed.devices.values():
        before = device.running_config()
        device.change(["set vlans lab vlan-id 120"] if device.platform == "juniper_junos" else ["vlan 120"])
        device.inject("reject:vlan")
        device.reset()
        assert device.running_config() == before
        assert device.pending_faults() == []


async def test_an_out_of_band_line_that_is_refused_says_so(testbed: Testbed) -> None:
    for device in testbed.devices.values():
        with pytest.raises(ValueError, match="refuses 'nonsense'"):
            device.change(["nonsense"])


@pytest.mark.parametrize("number", ["0", "-1", "many"])
def test_a_fleet_without_devices_is_refused_in_words(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([f"--devices={number}"])
    assert f"there must be at least 1 device; got '{number}'" in capsys.readouterr().err
