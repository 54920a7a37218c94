"""`python -m worker platform verify`, against simulated devices over real SSH."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities.deviceinteraction.testbed import Fault, Testbed
from activities.deviceinteraction.verifying import verify
from devicelab import lab_of
from worker.commands.verify import verify_host
from worker.settings import Settings, SettingsError, parse
from worker.targets import Wanted

SETTINGS = """\
inventories: {nautobot: {kind: yaml, path: testbed/inventory.yaml}}
credentials: {device_rw: {kind: file, path: testbed/credentials.yaml}}
ssh: {known_hosts: testbed/known_hosts}
"""
HOSTS = {"acc-001": "cisco_iosxe", "acc-002": "cisco_nxos", "acc-003": "arista_eos", "acc-004": "juniper_junos"}


@pytest.fixture
async def testbed(tmp_path: Path) -> AsyncIterator[Testbed]:
    async with Testbed.start(state=tmp_path / "testbed", devices=4) as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return parse(SETTINGS, tmp_path / "netsaga.yaml")


async def verified(settings: Settings, host: str, out: Path, *, vlan: int = 3900) -> int:
    return await verify_host(settings, Wanted(host), vlan=vlan, out=out, yes=True, dry_run=False)


@pytest.mark.parametrize(("host", "platform"), HOSTS.items())
async def test_the_contract_holds_and_nothing_is_left(
    testbed: Testbed, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], host: str, platform: str
) -> None:
    device = testbed.device(host)
    before, startup = device.running_config(), device.startup_config()
    assert await verified(settings, host, tmp_path / "result.json") == 0, capsys.readouterr().out
    told = capsys.readouterr().out
    assert f"{platform}: the contract holds" in told
    assert (device.running_config(), device.startup_config()) == (before, startup)
    assert device.revert_due is None
    result = json.loads((tmp_path / "result.json").read_text())
    states = {part["name"]: part["state"] for part in result["parts"]}
    skipped = {"confirm under a timer"} if platform == "cisco_nxos" else set()
    assert {name for name, state in states.items() if state != "ok"} == skipped
    assert (result["format"], result["platform"]) == (1, platform)


async def test_a_router_is_tried_with_a_loopback_that_must_not_exist(tmp_path: Path) -> None:
    async with lab_of("cisco_iosxr", tmp_path) as lab:
        before = lab.device.running_config()
        first = await verify(lab.target, host_keys=lab.host_keys)
        assert first.passed, first
        assert first.lines == ("interface Loopback3900", " description netsaga-verify")
        assert lab.device.running_config() == before
        lab.device.change(["interface Loopback3900", " description theirs"])
        second = await verify(lab.target, host_keys=lab.host_keys)
        assert not second.passed
        assert "description theirs" in lab.device.running_config()


async def test_the_result_names_neither_device_nor_address_nor_user(
    testbed: Testbed, settings: Settings, tmp_path: Path
) -> None:
    device = testbed.device("acc-003")
    device.inject(Fault(kind="refuse_login", times=0))
    assert await verified(settings, "acc-003", tmp_path / "result.json") == 1
    text = (tmp_path / "result.json").read_text()
    for word in ("acc-003", device.address, "'netsaga'", "netsaga-lab"):
        assert word not in text
    assert "the login as 'USER' was refused at [ADDRESS]" in text


async def test_a_refusal_is_named_and_nothing_is_left(
    testbed: Testbed, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    device = testbed.device("acc-001")
    before = device.running_config()
    device.inject(Fault(kind="reject", match="^ ?name netsaga-verify", times=0))
    assert await verified(settings, "acc-001", tmp_path / "result.json") == 1
    assert "FAILED  apply" in capsys.readouterr().out
    assert device.running_config() == before


async def test_whoever_stops_it_finds_the_device_as_before(
    testbed: Testbed, settings: Settings, tmp_path: Path
) -> None:
    device = testbed.device("acc-001")
    before = device.running_config()
    running = asyncio.create_task(verified(settings, "acc-001", tmp_path / "result.json"))
    async with asyncio.timeout(30):
        while 3900 not in device.vlans():
            await asyncio.sleep(0.005)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert device.running_config() == before
    assert not (tmp_path / "result.json").exists()


async def test_a_vlan_that_exists_is_left_alone(
    testbed: Testbed, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    device = testbed.device("acc-003")
    device.change(["vlan 3900", " name theirs"])
    assert await verified(settings, "acc-003", tmp_path / "result.json") == 1
    assert "VLAN 3900 exists; name one that does not with --vlan" in capsys.readouterr().out
    assert [entry["line"] for entry in device.commands() if entry["effect"] and entry["session"]] == []
    assert await verified(settings, "acc-003", tmp_path / "result.json", vlan=3901) == 0


async def test_a_preview_says_what_would_be_done_and_does_nothing(
    testbed: Testbed, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "result.json"
    assert await verify_host(settings, Wanted("acc-004"), vlan=77, out=out, yes=False, dry_run=True) == 0
    told = capsys.readouterr().out
    assert "set vlans netsaga-verify vlan-id 77" in told
    assert f"acc-004 (juniper_junos) at {testbed.device('acc-004').address}" in told
    assert not out.exists()
    assert testbed.device("acc-004").log() == []


@pytest.mark.parametrize(("typed", "code"), [("acc-002", 0), ("yes", 1), ("", 1)])
async def test_only_the_device_s_own_name_lets_it_begin(
    testbed: Testbed, settings: Settings, tmp_path: Path, typed: str, code: int
) -> None:
    out = tmp_path / "result.json"
    options = {"vlan": 3900, "out": out, "yes": False, "dry_run": False}
    assert await verify_host(settings, Wanted("acc-002"), **options, ask=lambda _: typed) == code  # type: ignore[arg-type]  # a map of options
    assert bool(testbed.device("acc-002").log()) is (code == 0)


async def test_where_nobody_can_be_asked_it_says_so(
    testbed: Testbed, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    out = tmp_path / "result.json"
    with pytest.raises(SettingsError, match="say --yes"):
        await verify_host(settings, Wanted("acc-002"), vlan=3900, out=out, yes=False, dry_run=False)
