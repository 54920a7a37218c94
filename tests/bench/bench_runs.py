"""What durability costs: a run over 100 devices against a script that does the same and remembers nothing.

Both log in to each device and send three commands, 100 devices at once. The script is asyncio and scrapli, as an
engineer would write it; the run goes through a real server on a SQLite file, a worker, the journal and the record.
"""

import asyncio
import time
from pathlib import Path

from scrapli.driver.core import AsyncEOSDriver

from activities.deviceinteraction.model import Target
from bench_figures import Figure
from bench_sessions import read_targets
from starter.client import Orchestrator
from starter.dev.stack import Stack

DEVICES = 100
ROUNDS = 3
COMMANDS = ("show version", "show vlan", "show interfaces status")
DEFINITION = f"""\
netsaga: 1
name: look
version: 1.0.0
description: Three commands on every device.
inventory: {{source: nautobot, select: device.role == "access", expect: {{min: {DEVICES}}}}}
defaults: {{credential: device_rw, timeout: 60s}}
steps:
  - id: look
    devices: inventory
    concurrency: {DEVICES}
    do:
""" + "".join(f"      - show: {command}\n        as: shown_{number}\n" for number, command in enumerate(COMMANDS))


async def run_figures(folder: Path) -> list[Figure]:
    """Wall time of both, and their ratio; the best of three, taken in turn, after one that warms up."""
    options = ("--platforms", "arista_eos")
    async with Stack.start(state=folder, devices=DEVICES, ui_port=None, testbed_options=options) as stack:
        targets = read_targets(folder / "testbed")
        async with Orchestrator.connect(address=stack.address) as orchestrator:
            await run(orchestrator)
            passes = [(await script(targets), await run(orchestrator)) for _ in range(ROUNDS)]
    bare, durable = (min(pair[side] for pair in passes) for side in (0, 1))
    return [
        Figure(f"script over {DEVICES} devices", bare, "s"),
        Figure(f"run over {DEVICES} devices", durable, "s"),
        Figure(f"run / script, {DEVICES} devices that answer at once", durable / bare, "x", "<= 3"),
    ]


async def run(orchestrator: Orchestrator) -> float:
    """Seconds of a run, from the request to its result."""
    began = time.perf_counter()
    result = await orchestrator.run("look", source=DEFINITION)
    spent = time.perf_counter() - began
    assert result.verdict == "succeeded", result
    assert sum(result.counts.values()) == DEVICES, result.counts
    return spent


async def script(targets: list[Target]) -> float:
    """Seconds of the script."""

    async def visit(target: Target) -> None:
        assert target.credential.password is not None
        driver = AsyncEOSDriver(
            host=target.address,
            port=target.port,
            auth_username=target.credential.username,
            auth_password=target.credential.password.get_secret_value(),
            auth_strict_key=False,  # scrapli finds no key that is listed with a port; this favours the script
            transport="asyncssh",
        )
        async with driver:
            for command in COMMANDS:
                assert not (await driver.send_command(command)).failed

    began = time.perf_counter()
    await asyncio.gather(*(visit(target) for target in targets))
    return time.perf_counter() - began
