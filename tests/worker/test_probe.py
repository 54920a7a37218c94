"""`python -m worker probe` and `settings`, against simulated devices over real SSH."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities.deviceinteraction.testbed import Fault, Testbed
from worker.commands.probe import probe_host
from worker.commands.settings import show_settings
from worker.settings import Settings, parse
from worker.targets import TargetError, Wanted, find_target

SETTINGS = """\
inventories:
  empty: {kind: csv, path: empty.csv}
  nautobot: {kind: yaml, path: testbed/inventory.yaml}
credentials:
  device_rw: {kind: file, path: testbed/credentials.yaml}
  vault: {kind: command, command: [no-such-program, net/vault-token-hunter2]}
ssh: {known_hosts: testbed/known_hosts}
"""


@pytest.fixture
async def testbed(tmp_path: Path) -> AsyncIterator[Testbed]:
    async with Testbed.start(state=tmp_path / "testbed", devices=4) as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "empty.csv").write_text("name,address,platform\n")
    return parse(SETTINGS, tmp_path / "netsaga.yaml")


def effects(testbed: Testbed) -> list[str]:
    return [
        entry.get("line", "") for device in testbed.devices.values() for entry in device.log() if entry.get("effect")
    ]


async def test_every_platform_is_found_ready_and_nothing_is_changed(
    testbed: Testbed, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = {name: await probe_host(settings, Wanted(name), as_json=False) for name in testbed.devices}
    told = capsys.readouterr().out
    assert codes == dict.fromkeys(testbed.devices, 0), told
    for name in testbed.devices:
        assert f"{name} can be changed, and the change taken back" in told
    assert effects(testbed) == []


async def test_a_report_can_be_had_as_json(
    testbed: Testbed, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    await probe_host(settings, Wanted("acc-003"), as_json=True)
    report = json.loads(capsys.readouterr().out)
    assert report["host"] == "acc-003"
    assert {finding["name"] for finding in report["undo"]} == {"native", "inverse", "restore"}


async def test_a_device_that_refuses_the_login_is_reported_and_asked_only_once(
    testbed: Testbed, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    testbed.devices["acc-001"].inject(Fault(kind="refuse_login", times=0))
    assert await probe_host(settings, Wanted("acc-001"), as_json=False) == 1
    assert "MISSING session" in capsys.readouterr().out
    assert sum(entry.get("event") == "login_refused" for entry in testbed.devices["acc-001"].log()) == 1


async def test_a_host_in_no_inventory_is_described_on_the_command_line(testbed: Testbed, settings: Settings) -> None:
    known = await find_target(settings, Wanted("acc-003"))
    wanted = Wanted("new-switch", credential="device_rw", platform="eos", address=known.address, port=known.port)
    described = await find_target(settings, wanted)
    assert (described.name, described.platform, described.port) == ("new-switch", "arista_eos", known.port)
    assert await probe_host(settings, wanted, as_json=True) == 0


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (Wanted("acc-01"), "not in any inventory of the settings; did you mean `acc-001`?"),
        (Wanted("acc-001", inventory="nautobt"), "did you mean `nautobot`?"),
        (Wanted("acc-001", inventory="empty"), "not in the inventory empty; For a host in none"),
        (Wanted("sw", platform="eos"), "the settings have device_rw, vault; say --credential NAME"),
        (Wanted("acc-001", credential="device_ro"), "device_ro"),
        (Wanted("sw", platform="eos", credential="vault"), "no-such-program"),
    ],
)
async def test_a_device_or_credential_that_cannot_be_found_says_what_to_do(
    testbed: Testbed, settings: Settings, wanted: Wanted, message: str
) -> None:
    with pytest.raises(TargetError) as caught:
        await find_target(settings, wanted)
    assert message in str(caught.value)
    assert "hunter2" not in str(caught.value)


async def test_settings_are_shown_without_secrets_and_what_they_name_is_looked_for(
    testbed: Testbed, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await show_settings(settings, tmp_path / "netsaga.yaml") == 1
    shown = capsys.readouterr().out
    assert "hunter2" not in shown
    assert "netsaga-lab" not in shown  # the password in the credentials' file
    assert "# ok      inventories.nautobot: 4 devices" in shown
    assert "session_idle: 10s" in shown
    assert "# ok      credentials.device_rw: complete" in shown
    assert "# MISSING credentials.vault: there is no program 'no-such-program'" in shown
    assert parse(shown, tmp_path / "netsaga.yaml").inventories == settings.inventories


async def test_what_is_missing_is_named_at_its_place_in_the_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    text = (
        "artifacts: {path: file/store}\ndefinitions: [nowhere]\ninventories: {fleet: {kind: nornir, path: none}}\n"
        "credentials: {rw: {kind: environment, prefix: NOT_SET_ANYWHERE}}\n"
        "notify: {people: {kind: file, path: notes/all.md}}\nssh: {known_hosts: none}\n"
        "tls: {ca: ca.pem, authorities: {branch: file}}\n"
    )
    assert await show_settings(parse(text, tmp_path / "netsaga.yaml"), tmp_path / "netsaga.yaml") == 1
    missing = [line for line in capsys.readouterr().out.splitlines() if line.startswith("# MISSING")]
    assert [line.split()[2].rstrip(":") for line in missing] == [
        "artifacts.path", "definitions[0]", "inventories.fleet", "credentials.rw", "ssh.known_hosts",
        "tls.ca", "tls.authorities.branch",
    ]  # fmt: skip


async def test_a_credential_that_only_an_inventory_knows_is_missed_before_a_run_is_refused_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "fleet.csv").write_text(
        "name,address,platform,credential\nsw1,192.0.2.1,frr,\nsw2,192.0.2.2,frr,rw\nsw3,192.0.2.3,frr,rw\n"
    )
    settings = parse("inventories: {fleet: {kind: csv, path: fleet.csv}}", tmp_path / "netsaga.yaml")
    assert await show_settings(settings, tmp_path / "netsaga.yaml") == 1
    assert "# MISSING inventories.fleet: 3 devices; `credentials` lacks `rw` (of sw2)\n" in capsys.readouterr().out


async def test_accepting_any_host_key_is_said_to_be_for_labs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = parse("ssh: {host_keys: accept_any}", tmp_path / "netsaga.yaml")
    assert await show_settings(settings, tmp_path / "netsaga.yaml") == 0
    assert "for labs only" in capsys.readouterr().out
