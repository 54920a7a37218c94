"""The shipped definitions on simulated devices of four platforms: what each finds, keeps and puts right."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from pydantic import JsonValue

from activities.values import VALUE, seen
from activity_bench import SCOPE, Bench, bench, call, call_of, refused
from workflows.contracts import ArtifactRef, DeviceOutcome, Prepared, PrepareInput, RunRequest


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path) as found:
        yield found


async def _prepared(lab: Bench, name: str, **inputs: JsonValue) -> Prepared:
    request = RunRequest(definition=name, inputs=inputs)
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
