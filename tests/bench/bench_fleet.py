"""What durability costs: a run over 800 devices against a script that does the same and remembers nothing.

Both log in to each device, turn paging off, and send three commands, 100 devices at a time, with the same library, the
same algorithms and the same lines. The script is asyncio and scrapli, as an engineer would write it;
the run goes through a real server on a SQLite file, a worker, the artifact store and the record. Devices, server and
worker are processes of their own, all on the same CPUs. Of several pairs, one after the other, the middle one is shown.
"""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from scrapli.driver.core import AsyncEOSDriver

from activities.deviceinteraction.model import Target
from bench_figures import Figure
from bench_peers import Peer
from bench_processes import Pass, measured
from bench_sessions import read_targets
from starter.client import Orchestrator, Request
from starter.dev.stack import Stack

DEVICES: Final = 800
CONCURRENCY: Final = 100
PAIRS: Final = 5  # over devices that answer at once: a neighbour on the same host moves one pair by a third
CLOSED_S: Final = 12.0  # by then the worker has closed what it kept open for a next step; that is paid for as well
SLOW_S: Final = 0.4  # a command on a device of every day
COMMANDS: Final = ("show version", "show vlan", "show interfaces status")
ALGORITHMS: Final = {  # as the device library prefers
    "kex_algs": "^curve25519-sha256,curve25519-sha256@libssh.org",
    "encryption_algs": "^aes128-gcm@openssh.com,aes256-gcm@openssh.com",
}
DEFINITION: Final = f"""\
netsaga: 1
name: look
version: 1.0.0
description: Three commands on every device.
inventory: {{source: nautobot, select: device.role == "access", expect: {{min: {DEVICES}}}}}
defaults: {{credential: device_rw, timeout: 60s}}
steps:
  - id: look
    devices: inventory
    concurrency: {CONCURRENCY}
    do:
""" + "".join(f"      - show: {command}\n        as: shown_{number}\n" for number, command in enumerate(COMMANDS))


async def fleet_figures(folder: Path, peers: Sequence[Peer]) -> list[Figure]:
    """Ratios for devices that answer at once, and for those that take their time.

    Args:
        folder: For the state of all.
        peers: Other tools to be measured in the same run; none, as a rule, for they must be installed first.
    """
    figures = await _fleet(folder / "at-once", 0.0, "devices that answer at once", "<= 1.8", PAIRS, ())
    return figures + await _fleet(
        folder / "slow", SLOW_S, f"devices that take {SLOW_S:g} s a command", "<= 1.2", 1, peers
    )


async def _fleet(
    folder: Path, latency_s: float, which: str, goal: str, rounds: int, peers: Sequence[Peer]
) -> list[Figure]:
    options = ("--platforms", "arista_eos")
    async with Stack.start(
        state=folder, devices=DEVICES, ui_port=None, testbed_options=options, latency_s=latency_s
    ) as stack:
        targets = read_targets(folder / "testbed")
        processes = {
            "script": os.getpid(),
            "devices": stack.testbed.pid,
            "server": stack.server.pid,
            "worker": stack.worker.pid,
        }
        async with Orchestrator.connect(address=stack.address) as orchestrator:
            await run(orchestrator, limit=[target.name for target in targets[:CONCURRENCY]])  # warms up
            await asyncio.sleep(CLOSED_S)
            passes = [
                (
                    await measured(processes, lambda: script(targets), rest_s=CLOSED_S),
                    await measured(processes, lambda: run(orchestrator), rest_s=CLOSED_S),
                )
                for _ in range(rounds)
            ]
        beside = [figure for peer in peers for figure in await peer.figures(targets, passes[-1][1].wall_s)]
    bare, durable = sorted(passes, key=_ratio)[len(passes) // 2]
    return [
        Figure(f"script, {DEVICES} {which}", bare.wall_s, "s"),
        Figure(f"run, {DEVICES} {which}", durable.wall_s, "s"),
        Figure(f"run / script, {DEVICES} {which}", _ratio((bare, durable)), "x", goal),
        Figure(f"CPU of all processes, run / script, {which}", durable.all_cpu_s / bare.all_cpu_s, "x"),
        *(
            Figure(f"CPU of {name} for each device of the {'script' if one is bare else 'run'}, {which}", spent, "ms")
            for one, names in ((bare, ("script", "devices")), (durable, ("worker", "server", "devices")))
            for name, spent in ((name, one.cpu_s[name] / DEVICES * 1000) for name in names)
        ),
        *beside,
    ]


def _ratio(pair: tuple[Pass, Pass]) -> float:
    """What is measured, of a script and the run after it: both met the same moment of the machine."""
    bare, durable = pair
    return durable.wall_s / bare.wall_s


async def run(orchestrator: Orchestrator, limit: Sequence[str] = ()) -> None:
    """A run, from the request to its result, over all devices or a few."""
    request: Request = {"source": DEFINITION.replace(f"min: {DEVICES}", f"min: {len(limit) or DEVICES}")}
    if limit:
        request["limit"] = limit
    result = await orchestrator.run("look", **request)
    assert result.verdict == "succeeded", result
    assert sum(result.counts.values()) == (len(limit) or DEVICES), result.counts


async def script(targets: Sequence[Target]) -> None:
    """The script."""
    slots = asyncio.Semaphore(CONCURRENCY)

    async def visit(target: Target) -> None:
        assert target.credential.password is not None
        driver = AsyncEOSDriver(
            host=target.address,
            port=target.port,
            auth_username=target.credential.username,
            auth_password=target.credential.password.get_secret_value(),
            auth_strict_key=False,  # scrapli finds no key that is listed with a port; this favours the script
            transport="asyncssh",
            transport_options={"asyncssh": ALGORITHMS},
        )
        async with slots, driver:
            for command in COMMANDS:
                assert not (await driver.send_command(command)).failed

    await asyncio.gather(*(visit(target) for target in targets))
