"""How long the command line takes to answer."""

import os
import statistics
import subprocess
import sys
from pathlib import Path

from bench_figures import Figure

REPEATS = 9


def start_figures() -> list[Figure]:
    """CPU of `netsaga --help`, user and system; the median."""
    command = [str(Path(sys.executable).with_name("netsaga")), "--help"]
    spent = []
    for _ in range(REPEATS):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        spent.append(usage.ru_utime + usage.ru_stime)
    return [Figure("netsaga --help, CPU", statistics.median(spent) * 1000, "ms", "<= 150")]
