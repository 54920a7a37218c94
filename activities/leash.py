"""Ties a program to the life of the worker that starts it: ``python leash.py PID PROGRAM ARGUMENT…``.

A worker that is killed cannot end what it has begun, and its successor must not find it still at work. On Linux the
kernel sends SIGTERM when the parent dies (PR_SET_PDEATHSIG, prctl(2)); elsewhere nothing is tied. What the program
prints goes where its errors go, so that a log has both in their order. This file imports nothing of ours, and Python
starts it without a single package.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from typing import Final

PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
ORPHANED: Final = 128 + signal.SIGTERM
CANNOT_START: Final = 127  # as a shell has it


def main(arguments: Sequence[str]) -> int:
    """Become the program; returns only where it cannot be started, or where the parent is gone already."""
    parent, *command = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
    if os.getppid() != int(parent):  # it died before the kernel was asked
        return ORPHANED
    os.dup2(2, 1)
    try:
        os.execvp(command[0], command)  # noqa: S606  # no shell is wanted
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be started: {error.strerror}\n")
    return CANNOT_START


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
