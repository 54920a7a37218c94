"""What processes have spent: time, CPU and memory, as Linux counts them (proc(5))."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TICKS: Final = os.sysconf("SC_CLK_TCK")  # a second


def cpu_s(pid: int) -> float:
    """Seconds of CPU that a process has spent in all its threads, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def largest_mb(pid: int) -> float:
    """The most memory that a process has had in use at any time, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise ValueError(f"process {pid} tells nothing of its memory; has it ended?")


@dataclass(frozen=True)
class Pass:
    """Something done once: seconds of wall time, and of CPU by process."""

    wall_s: float
    cpu_s: dict[str, float]

    @property
    def all_cpu_s(self) -> float:
        """Of all processes."""
        return sum(self.cpu_s.values())


async def measured(processes: Mapping[str, int], act: Callable[[], Awaitable[None]], *, rest_s: float = 0.0) -> Pass:
    """Do something and measure it.

    Args:
        processes: Whose CPU is counted: their ids, by name.
        act: Does it.
        rest_s: How long processes go on to tidy up after it: CPU that is counted, time that is not.
    """
    before, began = {name: cpu_s(pid) for name, pid in processes.items()}, time.perf_counter()
    await act()
    wall_s = time.perf_counter() - began
    await asyncio.sleep(rest_s)
    return Pass(wall_s, {name: cpu_s(pid) - before[name] for name, pid in processes.items()})
