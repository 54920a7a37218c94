"""What a probe reports, of devices that are well and of devices that are not."""

from dataclasses import replace
from pathlib import Path

from activities.deviceinteraction.probing import probe
from activities.deviceinteraction.testbed import Fault
from devicelab import Lab, lab_of


async def test_a_sound_device_is_usable_and_untouched(lab: Lab) -> None:
    report = await probe(lab.target, host_keys=lab.host_keys)
    assert report.usable, report
    assert report.facts is not None
    assert {item.name: item.state for item in report.undo}["native"] == "ok", report.undo
    assert [lab.effects(kind) for kind in ("running", "startup", "checkpoint")] == [[], [], []]


async def test_an_unreachable_device_is_a_report_and_no_error(lab: Lab) -> None:
    lab.device.inject(Fault(kind="refuse_connection", times=0))
    report = await probe(lab.target, host_keys=lab.host_keys)
    assert not report.usable
    assert report.findings[0].state == "missing"
    assert report.confirm.state == "unknown"


async def test_a_wrong_password_is_reported_without_it(lab: Lab) -> None:
    report = await probe(lab.with_password("wrong-password").target, host_keys=lab.host_keys)
    assert "refused" in report.findings[0].reason
    assert "wrong-password" not in report.model_dump_json()


async def test_a_missing_checkpoint_command_takes_native_undo_away(tmp_path: Path) -> None:
    async with lab_of("cisco_nxos", tmp_path) as lab:
        lab.device.inject(Fault(kind="reject", match="show checkpoint", times=0))
        report = await probe(lab.target, host_keys=lab.host_keys)
    states = {item.name: item.state for item in report.undo}
    assert states == {"native": "missing", "inverse": "ok", "restore": "missing"}


async def test_an_unknown_platform_is_reported(lab: Lab) -> None:
    report = await probe(replace(lab.target, platform="cisco_asa"), host_keys=lab.host_keys)
    assert "not supported" in report.findings[0].reason
