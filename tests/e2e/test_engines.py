"""Playbooks and templates as steps of whole runs: their results go on, their failures end runs, cancels end them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from activities.artifacts.local import LocalArtifactStore
from awx_system import AwxSystem
from engines import alive, artifacts_in
from lab import Lab
from playbooks import real_ansible
from programs import Programs
from workflows.contracts import RunResult

pytestmark = pytest.mark.asyncio(loop_scope="session")

HEAD = """\
netsaga: 1
name: around
version: 1.0.0
inventory: {source: nautobot, select: device.site == "hq"}
"""
GOES_ON = """
steps:
  - id: save
    ansible: save
    with: {limit: [acc-001, acc-002]}
    check: {both devices are met: result.totals.hosts == 2}
    on_failure: stop
  - id: patch
    when: (steps.save.result.set_stats.saved | length) == 2
    awx: patch
    with: {saved: "${{ steps.save.result.set_stats.saved | sort }}", limit: acc-001}
    on_failure: stop
  - id: told
    set: {patched: "${{ steps.patch.result.set_stats.patched if steps.patch.result is not none else 0 }}"}
outputs: {patched: "${{ steps.told.patched }}"}
"""
FAILS = """
steps:
  - id: save
    ansible: refuse
    with: {where: flash, limit: [acc-001, acc-002]}
    on_failure: continue
  - id: patch
    awx: patch
    on_failure: stop
  - id: never
    set: {reached: true}
"""
HANGS = """
inputs: {folder: {type: string}}
steps:
  - id: save
    ansible: hang
    with: {folder: "${{ inputs.folder }}", limit: acc-001}
    needs: []
    timeout: 10m
    on_failure: stop
  - id: patch
    awx: patch
    needs: []
    timeout: 10m
    on_failure: stop
finally:
  - id: told
    set: {reached: true}
"""


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def _fresh(awx: AwxSystem) -> AsyncIterator[None]:
    """The real program is there, and AWX knows of nothing."""
    real_ansible()
    yield
    awx.jobs.clear()
    awx.course, awx.becomes = ("pending", "running", "successful"), {}


def said(result: RunResult, step: str) -> str:
    return next(one.message for one in result.steps if one.id == step)


def states(result: RunResult) -> dict[str, str]:
    return {step.id: step.state for step in result.steps}


async def test_what_a_playbook_and_a_template_yield_is_seen_by_the_steps_after_them(found: Lab, awx: AwxSystem) -> None:
    awx.course, awx.becomes = ("successful",), {"artifacts": {"patched": 4}}
    result = await found.client.run("around", source=HEAD + GOES_ON, by="rita")
    assert (result.verdict, result.message) == ("succeeded", "")
    assert result.outputs == {"patched": 4}
    (job,) = awx.jobs
    assert job.limit == "acc-001"
    assert job.extra_vars["saved"] == ["acc-001 at hq as netsaga", "acc-002 at hq as netsaga"]


async def test_a_run_whose_playbook_or_template_fails_names_the_host_the_reason_and_the_log(
    found: Lab, awx: AwxSystem, programs: Programs, tmp_path: Path
) -> None:
    failed = {"ok": 1, "changed": 0, "dark": 0, "failures": 1, "skipped": 0, "rescued": 0, "ignored": 0}
    awx.course = ("failed",)
    awx.becomes = {"hosts": [{"host_name": "sw9", **failed}], "stdout": "fatal: [sw9]: FAILED!\n"}
    definition = tmp_path / "around.yaml"
    definition.write_text(HEAD + FAILS)
    ran = await programs.netsaga("run", str(definition), "--by", "rita", "--id", "engines-fail", "--wait")
    assert ran.code == 1, ran.out + ran.err
    address = f"{awx.http.url}/api/v2/jobs/41/"
    assert f"step patch: awx `patch`: job 41 failed on 1 of 1 hosts (sw9); {address} (what it printed: " in ran.out
    status = await found.client.handle("engines-fail").status()
    assert status.result is not None
    assert states(status.result) == {"save": "failed", "patch": "failed", "never": "skipped"}
    assert said(status.result, "save").startswith(
        "ansible `refuse` failed on 1 of 2 hosts (acc-002); acc-002 in save the configuration: "
    )
    store = LocalArtifactStore(found.stack.state / "artifacts")
    (log,) = artifacts_in(said(status.result, "save"))
    assert b"no space left on flash" in await store.get(log)
    (log,) = artifacts_in(said(status.result, "patch"))
    assert await store.get(log) == b"fatal: [sw9]: FAILED!\n"


async def test_a_cancel_ends_a_playbook_and_a_job_of_awx_and_their_logs_are_named(
    found: Lab, awx: AwxSystem, programs: Programs, tmp_path: Path
) -> None:
    awx.course, awx.becomes = ("running",), {"stdout": "TASK [reload]\n"}
    run = await found.client.start("around", {"folder": str(tmp_path)}, source=HEAD + HANGS, by="rita")
    pid = tmp_path / "pid"
    async with asyncio.timeout(60):
        while not (pid.exists() and awx.launches()):
            await asyncio.sleep(0.05)
    cancelled = await programs.netsaga("cancel", run.id, "--reason", "wrong window", "--by", "olga")
    assert cancelled.code == 0, cancelled.err
    result = await asyncio.wait_for(run.result(), 60)
    assert result.verdict == "cancelled"
    assert states(result) == {"save": "cancelled", "patch": "cancelled", "told": "succeeded"}
    assert not alive(int(pid.read_text()))
    assert (awx.jobs[0].status, awx.cancels()) == ("canceled", ["/api/v2/jobs/41/cancel/"])

    store = LocalArtifactStore(found.stack.state / "artifacts")
    assert said(result, "save").startswith("ansible `hang` was ended by a cancel while it ran; look at its hosts (")
    (log,) = artifacts_in(said(result, "save"))
    assert b"acc-001 is saved" in await store.get(log)
    assert said(result, "patch").startswith("awx `patch`: job 41 was cancelled, too; ")
    (log,) = artifacts_in(said(result, "patch"))
    assert await store.get(log) == b"TASK [reload]\n"
    assert result.report is not None
    assert log in Path(result.report).read_text()
