"""What processes have spent: CPU and memory, as Linux counts them (proc(5))."""

import os
from collections.abc import Mapping
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


class Spent:
    """CPU of several processes between two moments.

    Args:
        processes: Their ids, by name.
    """

    def __init__(self, processes: Mapping[str, int]) -> None:
        self._processes = dict(processes)
        self._before = self._now()

    def _now(self) -> dict[str, float]:
        return {name: cpu_s(pid) for name, pid in self._processes.items()}

    def since(self) -> dict[str, float]:
        """Seconds of CPU since this object was made, by name."""
        return {name: spent - self._before[name] for name, spent in self._now().items()}
