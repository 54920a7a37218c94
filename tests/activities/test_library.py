"""The shipped definitions on simulated devices of four platforms: what each finds, keeps and puts right."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import JsonValue

from activities.files import Files
from activities.interact import Interact
from activities.undo import Undo
from activities.values import VALUE, seen
from activity_bench import SCOPE, Bench, bench, call, call_of, refused
from workflows.contracts import ArtifactRef, DeviceOutcome, Prepared, PrepareInput, RunRequest


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path) as found:
        yield found


async def _prepared(lab: Bench, name: str, **inputs: JsonValue) -> Prepared:
    request = RunRequest(definition=name, inputs=inputs, by="carol")
    return await call(lab.prepare.prepare, PrepareInput(scope=SCOPE, request=request))


async def _all(
    lab: Bench, prepared: Prepared, step: str, values: Mapping[str, ArtifactRef] | None = None
) -> list[DeviceOutcome]:
    calls = [call(lab.interact.interact, call_of(prepared, step, host, values)) for host in lab.hosts]
    return await asyncio.gather(*calls)


async def test_a_backup_keeps_whole_configurations_without_secrets(lab: Bench) -> None:
    outcomes = await _all(lab, await _prepared(lab, "config-backup", site="b1"), "backup")
    for outcome in outcomes:
        kept = seen(await lab.documents.load(outcome.values["kept"], VALUE))
        assert isinstance(kept, dict)
        assert outcome.host in kept["config"]
        assert "<redacted>" in kept["config"]
        assert kept["versions"]["os"]
        assert not outcome.changed


async def test_a_scan_passes_devices_that_comply_and_names_what_is_wrong_with_others(lab: Bench) -> None:
    good = await _prepared(lab, "compliance-scan", ntp="192.0.2.10", forbidden=["ip http server"])
    assert {outcome.status for outcome in await _all(lab, good, "scan")} == {"succeeded"}
    lab.testbed.device("acc-001").change(["ip http server"])
    error = await refused(lab.interact.interact, call_of(good, "scan", "acc-001"))
    assert (error.type, "it has ip http server" in error.message) == ("check_failed", True)
    bad = await _prepared(lab, "compliance-scan", ntp="192.0.2.99", releases=["1.0"])
    for host in lab.hosts:
        error = await refused(lab.interact.interact, call_of(bad, "scan", host))
        assert "check 'the release is approved': it runs " in error.message
        assert "no line names 192.0.2.99" in error.message


async def test_remediation_brings_devices_to_the_baseline_and_leaves_those_alone_that_are_there(lab: Bench) -> None:
    prepared = await _prepared(lab, "drift-remediation", site="b1", ntp="192.0.2.11", syslog="192.0.2.21", ask=False)
    looked = {"look": await lab.fold("look", *await _all(lab, prepared, "look"))}
    for outcome in await _all(lab, prepared, "remediate", looked):
        assert outcome.changed
        config = lab.testbed.device(outcome.host).startup_config()
        assert "192.0.2.11" in config
        assert "192.0.2.21" in config
    assert {outcome.status for outcome in await _all(lab, prepared, "verify", looked)} == {"succeeded"}
    again = {"look": await lab.fold("look", *await _all(lab, prepared, "look"))}
    for host in lab.hosts:
        asked = call_of(prepared, "remediate", host, again, generation=2)
        assert not (await call(lab.interact.interact, asked)).changed


@pytest.mark.parametrize(
    ("host", "platform", "image", "release"),
    [
        ("acc-001", "cisco_iosxe", "cat9k_lite.17.12.1.bin", "17.12.1"),
        ("acc-002", "cisco_nxos", "nxos.10.2.5.bin", "10.2(5)"),
    ],
)
async def test_an_upgrade_proves_the_image_restarts_and_finds_the_release_and_all_neighbours(
    lab: Bench, tmp_path: Path, host: str, platform: str, image: str, release: str
) -> None:
    data = image.encode() * 1_000
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / image).write_bytes(data)
    sessions = replace(lab.interact._sessions, files=Files(tmp_path / "files"))
    lab = replace(lab, interact=Interact(lab.documents, sessions))
    given: dict[str, JsonValue] = {
        "site": "b1", "platform": platform, "image": image, "sha256": hashlib.sha256(data).hexdigest(),
    }  # fmt: skip
    prepared = await _prepared(lab, "firmware-upgrade", **given, release=release)
    looked = {"look": await lab.fold("look", await call(lab.interact.interact, call_of(prepared, "look", host)))}
    assert (await call(lab.interact.interact, call_of(prepared, "load", host, looked))).status == "succeeded"
    outcome = await call(lab.interact.interact, call_of(prepared, "upgrade", host, looked))
    assert (outcome.status, outcome.changed) == ("succeeded", True)
    assert image in lab.testbed.device(host).startup_config()


async def test_a_switch_that_comes_up_with_another_release_is_pointed_back_at_its_old_image(
    lab: Bench, tmp_path: Path
) -> None:
    image = "cat9k_lite.17.12.1.bin"
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / image).write_bytes(b"image")
    sessions = replace(lab.interact._sessions, files=Files(tmp_path / "files"))
    lab = replace(lab, interact=Interact(lab.documents, sessions), undo=Undo(lab.documents, sessions))
    prepared = await _prepared(
        lab,
        "firmware-upgrade",
        site="b1",
        platform="cisco_iosxe",
        image=image,
        sha256=hashlib.sha256(b"image").hexdigest(),
        release="17.15.1",
    )
    looked = {"look": await lab.fold("look", await call(lab.interact.interact, call_of(prepared, "look", "acc-001")))}
    await call(lab.interact.interact, call_of(prepared, "load", "acc-001", looked))
    asked = call_of(prepared, "upgrade", "acc-001", looked)
    error = await refused(lab.interact.interact, asked)
    assert (error.type, "it came up with 17.12.1" in error.message) == ("check_failed", True)
    assert (await call(lab.undo.undo, asked)).status == "undone"
    assert image not in lab.testbed.device("acc-001").startup_config()
