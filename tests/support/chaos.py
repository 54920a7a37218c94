"""Rounds of chaos: a run over faulty links, and a process that dies or freezes at a random moment of it.

Every choice follows from a seed, which is printed; the moment itself is the machine's. What must hold whatever happens:
each device is entirely changed or entirely as before (or is named as neither), the run's result says which, and no line
of the change took effect twice.
"""

import asyncio
import contextlib
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab import INPUTS, Lab, lab, lines_of
from starter.dev.processes import Child
from workflows.contracts import RunResult

WORKERS: Final = 3
LATENCY_S: Final = 0.05
FIRST_VLAN: Final = 2000  # Cisco keeps 1002 to 1005 for itself
FAULTS: Final = ("drop@before", "drop@after", "drop@middle", "slow*3", "reject")
LINES: Final = (r"^vlan \d+$", r"^name ", r"^set vlans", r"^commit", r"^show vlan", r"^write|^copy run")


@dataclass(frozen=True)
class Round:
    """What one round did and came to."""

    number: int
    seed: int
    victim: str
    deed: str
    faults: tuple[str, ...]
    verdict: str
    message: str

    def __str__(self) -> str:
        faults = ", ".join(self.faults) or "no faults"
        what = f"{self.deed} {self.victim}; {faults}; {self.verdict} {self.message}"
        return f"round {self.number} (seed {self.seed}): {what}"


async def rounds(state: Path, seed: int, number: int) -> AsyncIterator[Round]:
    """Carries them out on one stack, one after the other; each has a VLAN of its own.

    Raises:
        AssertionError: Something did not hold; the message has the round's seed.
    """
    async with lab(state, devices=8, latency_s=LATENCY_S) as found:
        workers = [found.stack.worker] + [await found.stack.start_worker() for _ in range(WORKERS - 1)]
        for index in range(number):
            chance = random.Random(seed + index)  # a test's dice
            yield await _round(found, workers, index, seed + index, chance)


async def _round(found: Lab, workers: list[Child], index: int, seed: int, chance: random.Random) -> Round:
    vlan = FIRST_VLAN + index
    before = {host: found.control.config(host) for host in found.names}
    logged = {host: len(found.control.log(host)) for host in found.names}
    faults = _arm(found, chance)
    inputs = {**INPUTS, "vlan_id": vlan, "vlan_name": f"chaos{vlan}"}
    run = await found.client.start("campus-vlan", inputs, by="rita", reason=f"chaos {seed}")
    await asyncio.sleep(chance.uniform(0.2, 3.0))
    victim, deed = await _strike(found, workers, chance)
    result = await asyncio.wait_for(run.result(), 180)
    found.control.clear()
    told = Round(index, seed, victim, deed, faults, result.verdict, result.message)
    _judge(found, result, before, vlan, told)
    for host in found.names:
        log = found.control.log(host)[logged[host] :]
        made = Counter(entry.get("line", "") for entry in log if entry.get("effect") == "running")
        doubled = [line for line, times in made.items() if times > 1 and str(vlan) in line]
        assert not doubled, f"{told}: {host} was told twice: {doubled}"
    return told


def _arm(found: Lab, chance: random.Random) -> tuple[str, ...]:
    armed = []
    for host in chance.sample(found.names, chance.choice((0, 1, 1, 2))):
        fault = f"{chance.choice(FAULTS)}:{chance.choice(LINES)}"
        found.control.fault(host, fault)
        armed.append(f"{host} {fault}")
    return tuple(armed)


async def _strike(found: Lab, workers: list[Child], chance: random.Random) -> tuple[str, str]:
    """Kills or freezes one of the processes, and has it back before the round ends."""
    place = chance.randrange(WORKERS + 1)
    if place == WORKERS:
        await found.stack.server.kill()
        await asyncio.sleep(chance.uniform(0.1, 2.0))
        await found.stack.start_server()
        return "the server", "killed"
    if chance.random() < 0.5:
        await workers[place].kill()
        workers[place] = await found.stack.start_worker()
        return f"worker {place}", "killed"
    frozen = workers[place]
    frozen.signal(signal.SIGSTOP)
    try:
        await asyncio.sleep(chance.uniform(1.0, 8.0))
    finally:
        with contextlib.suppress(ProcessLookupError):
            frozen.signal(signal.SIGCONT)
    return f"worker {place}", "froze"


def _judge(found: Lab, result: RunResult, before: dict[str, str], vlan: int, told: Round) -> None:
    for device in result.devices:
        now, then = lines_of(found.control.config(device.name)), lines_of(before[device.name])
        named = found.control.vlans(device.name).get(vlan, {}).get("name") == f"chaos{vlan}"
        gone, fresh = Counter(then) - Counter(now), Counter(now) - Counter(then)
        where = f"{told}: {device}\n+{sorted(fresh)}\n-{sorted(gone)}"
        match device.status:
            case "undo_failed" | "unknown":
                continue  # named as neither: an operator looks
            case "changed":
                assert named, where
                assert not gone, where
                assert all(str(vlan) in line for line in fresh), where
            case _:
                assert now == then, where
