"""Ten thousand devices in one run, on devices that are none (`null_worker.py`): what the engine and its server carry.

The server is measured in the same run in the same shape, with activities that do nothing in workflows that do nothing
else, before and after each run. Of several runs the middle one is shown.
"""

import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml
from temporalio.client import Client

from bench_figures import Figure
from bench_processes import Pass, largest_mb, measured
from starter.client import Orchestrator
from starter.dev.processes import Child
from starter.dev.stack import Stack
from workflows.contracts import TASK_QUEUE

MANY: Final = 10_000
FEW: Final = 800
EMPTY: Final = 5_000  # activities of each measuring of the server
ROUNDS: Final = 5  # of them the middle one is shown: a neighbour on the same host moves each by a tenth
CONCURRENCY: Final = 200
NULL_WORKER: Final = Path(__file__).with_name("null_worker.py")
DEFINITION: Final = """\
netsaga: 1
name: look
version: 1.0.0
description: Three commands on every device.
inventory: {source: nautobot, select: device.site == "%(site)s", expect: {min: %(devices)d}}
defaults: {credential: device_rw, timeout: 60s}
steps:
  - id: look
    devices: inventory
    concurrency: %(concurrency)d
    do:
      - {show: show version, as: shown_0}
      - {show: show vlan, as: shown_1}
      - {show: show interfaces status, as: shown_2}
"""


async def scale_figures(folder: Path) -> list[Figure]:
    """Rates, cost per device, memory and the largest history."""
    async with Stack.start(state=folder, devices=1, ui_port=None, worker=False) as stack:
        _describe_devices(stack)
        command = [sys.executable, str(NULL_WORKER), str(stack.settings)]
        worker = await Child.start("worker", command, log=stack.state / "logs" / "null-worker.log")
        try:
            await worker.printed("worker ready", within_s=60)
            async with Orchestrator.connect(address=stack.address) as orchestrator:
                return await _measured(stack, worker, orchestrator)
        finally:
            await worker.kill()


def _describe_devices(stack: Stack) -> None:
    inventory = stack.state / "fleet.csv"
    sites = [("few", FEW), ("many", MANY)]
    rows = [
        f"{site}-{number:05},arista_eos,127.0.0.1,{site},access\n" for site, size in sites for number in range(size)
    ]
    inventory.write_text("name,platform,address,site,role\n" + "".join(rows))
    settings = yaml.safe_load(stack.settings.read_text())
    settings["inventories"] = {"nautobot": {"kind": "csv", "path": inventory.name}}
    stack.settings.write_text(yaml.safe_dump(settings))


@dataclass(frozen=True)
class Round:
    """A run over many devices between two measurings of its server: all three met the same moment of the machine."""

    before: Pass
    run: Pass
    after: Pass

    @property
    def plain(self) -> float:
        """Empty activities a second."""
        return 2 * EMPTY / (self.before.wall_s + self.after.wall_s)

    @property
    def rate(self) -> float:
        """Devices a second."""
        return MANY / self.run.wall_s

    @property
    def ratio(self) -> float:
        """What is measured."""
        return self.rate / self.plain


async def _measured(stack: Stack, worker: Child, orchestrator: Orchestrator) -> list[Figure]:
    client = orchestrator.client
    await _run(orchestrator, "few", FEW)  # warms up
    processes = {"worker": worker.pid, "server": stack.server.pid}
    few = await measured(processes, lambda: _run(orchestrator, "few", FEW))
    empty = [await measured(processes, lambda: _empty(client))]
    runs: list[Pass] = []
    for _ in range(ROUNDS):
        runs.append(await measured(processes, lambda: _run(orchestrator, "many", MANY)))
        empty.append(await measured(processes, lambda: _empty(client)))
    rounds = [Round(*passes) for passes in zip(empty[:-1], runs, empty[1:], strict=True)]
    middle = sorted(rounds, key=lambda one: one.ratio)[ROUNDS // 2]
    longest = 0
    async for execution in client.list_workflows("WorkflowType != 'EmptyRun' AND WorkflowType != 'EmptyBatch'"):
        longest = max(longest, execution.history_length)
    for_each = middle.run.all_cpu_s / MANY
    for_nothing = (middle.before.all_cpu_s + middle.after.all_cpu_s) / 2 / EMPTY
    return [
        Figure("empty activities, this server", middle.plain, "1/s"),
        Figure(f"devices of a run over {MANY:,}", middle.rate, "1/s", ">= 250"),
        Figure(f"run over {MANY:,} / empty activities", middle.ratio, "x", ">= 0.8"),
        Figure("CPU for an empty activity / for a device", for_nothing / for_each, "x"),
        Figure(
            f"CPU for each device, run over {MANY:,} / run over {FEW}",
            for_each / (few.all_cpu_s / FEW),
            "x",
            "<= 1.25",
        ),
        Figure(f"CPU of worker for each device, {MANY:,} null devices", middle.run.cpu_s["worker"] / MANY * 1000, "ms"),
        Figure(f"CPU of server for each device, {MANY:,} null devices", middle.run.cpu_s["server"] / MANY * 1000, "ms"),
        Figure(f"memory of the worker at its largest, {MANY:,} devices", largest_mb(worker.pid), "MB", "<= 400"),
        Figure(f"largest history, {MANY:,} devices", longest, "events", "<= 4096"),
    ]


async def _run(orchestrator: Orchestrator, site: str, devices: int) -> None:
    """A run, from the request to its result."""
    source = DEFINITION % {"site": site, "devices": devices, "concurrency": CONCURRENCY}
    result = await orchestrator.run("look", source=source)
    assert result.verdict == "succeeded", result
    assert sum(result.counts.values()) == devices, result.counts


async def _empty(client: Client) -> None:
    """Activities that do nothing."""
    id_ = f"empty-{uuid.uuid4().hex[:8]}"
    await client.execute_workflow("EmptyRun", args=[EMPTY, CONCURRENCY], id=id_, task_queue=TASK_QUEUE)
