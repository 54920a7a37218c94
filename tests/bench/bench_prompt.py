"""How soon a run reaches its devices: from the request to the first command, and after the only worker was killed.

The witness is the device's own command log.
"""

import asyncio
import json
import statistics
import time
from datetime import datetime
from pathlib import Path
from typing import Final

from bench_figures import Figure
from starter.client import Orchestrator
from starter.dev.stack import Stack

DEVICES: Final = 6
REPEATS: Final = 15
KILLS: Final = 2
LATENCY_S: Final = 0.5  # so that the run lasts while its worker is killed
PATIENCE_S: Final = 60.0
DEFINITION: Final = """\
netsaga: 1
name: look
version: 1.0.0
description: A command on a device or all of them.
inventory: {source: nautobot, select: device.role == "access"}
defaults: {credential: device_rw, timeout: 60s}
steps:
  - id: look
    devices: inventory
    concurrency: %d
    do:
      - {show: show version, as: version}
"""


async def prompt_figures(folder: Path) -> list[Figure]:
    """Milliseconds to the first command, and seconds from a SIGKILL to the next one."""
    async with (
        Stack.start(state=folder / "warm", devices=1, ui_port=None) as stack,
        Orchestrator.connect(address=stack.address) as orchestrator,
    ):
        await _to_first_command(stack, orchestrator)  # warms up
        waits = [await _to_first_command(stack, orchestrator) for _ in range(REPEATS)]
    async with (
        Stack.start(state=folder / "killed", devices=DEVICES, ui_port=None, latency_s=LATENCY_S) as stack,
        Orchestrator.connect(address=stack.address) as orchestrator,
    ):
        pauses = [await _after_a_kill(stack, orchestrator) for _ in range(KILLS)]
    return [
        Figure("start to first device command, median", statistics.median(waits) * 1000, "ms", "<= 150"),
        Figure(f"SIGKILL of the only worker to the next device command, worst of {KILLS}", max(pauses), "s", "<= 10"),
    ]


async def _to_first_command(stack: Stack, orchestrator: Orchestrator) -> float:
    """Seconds from the request to the first line that the device was given, on a server that has nothing else to do."""
    await asyncio.sleep(1)
    began = time.time()
    result = await orchestrator.run("look", source=DEFINITION % 1)
    assert result.verdict == "succeeded", result
    return min(at for at in commands(stack) if at >= began) - began


async def _after_a_kill(stack: Stack, orchestrator: Orchestrator) -> float:
    """Seconds from the SIGKILL, the start of the next worker included, to the next line that any device was given."""
    began = time.time()
    handle = await orchestrator.start("look", source=DEFINITION % 2)
    await _until_commands(stack, began, 3)
    killed = time.time()
    await stack.worker.kill()
    await stack.start_worker()
    await _until_commands(stack, killed + 0.1, 1)  # what was under way may still arrive
    pause = min(at for at in commands(stack) if at >= killed + 0.1) - killed
    assert (await handle.result()).verdict == "succeeded"
    return pause


async def _until_commands(stack: Stack, since: float, number: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while sum(at >= since for at in commands(stack)) < number:
            await asyncio.sleep(0.05)


def commands(stack: Stack) -> list[float]:
    """When the devices were given lines, in seconds since the epoch."""
    return [
        datetime.fromisoformat(entry["t"]).timestamp()
        for log in stack.device_logs.glob("*.jsonl")
        for entry in map(json.loads, log.read_text().splitlines())
        if "line" in entry
    ]
