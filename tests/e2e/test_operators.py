"""Operators with our command line: pause, resume, another concurrency, and what makes no sense is said."""

import asyncio

import pytest
from pydantic import JsonValue

from lab import INPUTS, Lab
from programs import Programs

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_run_is_paused_and_resumed(found: Lab, programs: Programs) -> None:
    inputs = {**INPUTS, "vlan_id": 310, "vlan_name": "v310", "building": "hq"}
    run = await found.client.start("campus-vlan", inputs, by="rita", reason="operators")
    await found.until(run, lambda status: bool(status.gates))
    paused = await programs.netsaga("pause", run.id, "--by", "olga", "--reason", "lunch")
    assert (paused.code, "paused" in paused.out) == (0, True), paused.err
    again = await programs.netsaga("pause", run.id, "--by", "olga")
    assert again.code == 1
    assert "paused already" in again.err + again.out
    senseless = await programs.netsaga("retry", run.id, "--by", "olga")
    assert "no single step waits for an answer" in senseless.err + senseless.out
    await run.approve(by="ann")
    await asyncio.sleep(1)
    status = await run.status()
    assert status.phase == "paused"
    assert not any(found.control.vlans(host).get(310) for host in found.names)
    resumed = await programs.netsaga("resume", run.id, "--by", "olga")
    assert resumed.code == 0, resumed.err
    result = await asyncio.wait_for(run.result(), 60)
    assert result.verdict == "succeeded"


async def test_two_runs_never_change_one_device_at_once(found: Lab) -> None:
    def inputs(vlan: int) -> dict[str, JsonValue]:
        return {**INPUTS, "vlan_id": vlan, "vlan_name": f"v{vlan}", "building": "hq", "canary_soak": "3s"}

    first = await found.client.start("campus-vlan", inputs(311), by="rita")
    second = await found.client.start("campus-vlan", inputs(312), by="rita")
    for run in (first, second):
        await found.until(run, lambda status: bool(status.gates))
        await run.approve(by="ann")
    waiting = asyncio.create_task(
        found.until(second, lambda status: any(first.id in step.message for step in status.steps))
    )
    results = await asyncio.wait_for(asyncio.gather(first.result(), second.result()), 90)
    assert [result.verdict for result in results] == ["succeeded", "succeeded"]
    await waiting
