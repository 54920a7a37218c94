"""Kill any process at any moment: the run goes on, and no device is left in between.

The devices' own command logs and configurations are the witnesses.
"""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from lab import INPUTS, Lab, lab, waves
from starter.handle import RunHandle
from workflows.contracts import RunResult, RunStatus
from workflows.plan import StepId
from workflows.run import calls

pytestmark = pytest.mark.timeout(180)

# Answers slow enough that a wave is surely under way when something is killed.
SLOW_S = 0.12


def in_the_rest(status: RunStatus) -> bool:
    found = waves(status, "deploy")
    return bool(found) and found[-1].state == "running"


async def begun(found: Lab, **inputs: str) -> RunHandle:
    """A run whose last wave has touched some devices, and not all."""
    run = await found.client.start("campus-vlan", {**INPUTS, **inputs}, by="rita", reason="durability")
    status = await found.until(run, in_the_rest)
    earlier = len(found.names) - waves(status, "deploy")[-1].size
    touched = await found.until_changed(earlier + 1)
    assert len(touched) < len(found.names)
    return run


async def ended(run: RunHandle) -> RunResult:
    return await asyncio.wait_for(run.result(), 120)


def troubles(result: RunResult) -> str:
    return "\n".join([result.message, *(f"{device.name}: {device.message}" for device in result.devices)])


def assert_whole(found: Lab, result: RunResult) -> None:
    """Each device is entirely changed or entirely as before, and the run says which."""
    for device in result.devices:
        expected = "changed" if device.status == "changed" else "as before"
        assert found.whole(device.name) == expected, f"{device}\n{found.difference(device.name)}"


async def test_a_killed_worker_is_replaced_and_no_effect_is_made_twice(tmp_path: Path) -> None:
    async with lab(tmp_path, latency_s=SLOW_S) as found:
        run = await begun(found)
        await found.stack.worker.kill()
        await found.stack.start_worker()
        result = await ended(run)
        assert result.verdict == "succeeded", troubles(result)
        assert result.counts == {"changed": 12}
        assert_whole(found, result)
        assert found.twice() == {}


async def test_a_killed_server_comes_back_on_its_file_and_the_run_goes_on(tmp_path: Path) -> None:
    async with lab(tmp_path, latency_s=SLOW_S) as found:
        run = await begun(found)
        await found.stack.server.kill()
        await asyncio.sleep(1)
        await found.stack.start_server()
        result = await ended(run)
        assert result.verdict == "succeeded", troubles(result)
        assert_whole(found, result)
        assert found.twice() == {}


async def test_a_cancel_in_the_middle_of_a_wave_leaves_each_device_whole(tmp_path: Path) -> None:
    async with lab(tmp_path, latency_s=SLOW_S) as found:
        run = await begun(found)
        await run.cancel("the window closes")
        result = await ended(run)
        assert result.verdict == "cancelled"
        assert "the window closes" in result.message
        assert result.counts["changed"] >= 1  # the waves that had passed
        assert result.counts["undone"] >= 1  # what the cancelled wave had touched
        assert_whole(found, result)
        states = {step.id: step.state for step in result.steps}
        assert states[StepId("report")] == "succeeded"


async def test_a_frozen_worker_wakes_up_behind_its_successor_and_writes_nothing(tmp_path: Path) -> None:
    async with lab(tmp_path, latency_s=SLOW_S) as found:
        run = await begun(found)
        frozen = found.stack.worker
        os.kill(frozen.pid, signal.SIGSTOP)
        try:
            await found.stack.start_worker()
            result = await ended(run)
        finally:
            os.kill(frozen.pid, signal.SIGCONT)
        await asyncio.sleep(2)  # what the frozen one would write, it writes now
        assert result.verdict == "succeeded", troubles(result)
        assert_whole(found, result)
        assert found.twice() == {}
        await frozen.kill()


def somebody_reads(pipe: Path) -> bool:
    """Whether a process has opened a named pipe to read it."""
    try:
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


async def test_a_worker_that_is_killed_while_it_prepares_a_run_is_noticed_long_before_that_may_end(
    tmp_path: Path,
) -> None:
    async with lab(tmp_path, devices=1) as found:
        inventory, aside = found.stack.inventory, tmp_path / "inventory.yaml"
        inventory.rename(aside)
        os.mkfifo(inventory)  # a source of truth that does not answer
        run = await found.client.start("config-backup", {}, by="rita", reason="durability")
        async with asyncio.timeout(30):
            while not somebody_reads(inventory):
                await asyncio.sleep(0.01)
        await found.stack.worker.kill()
        aside.rename(inventory)
        await found.stack.start_worker()
        result = await asyncio.wait_for(run.result(), calls.PREPARE_TIMEOUT.total_seconds() / 5)
        assert result.verdict == "succeeded", troubles(result)
