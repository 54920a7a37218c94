"""Runs a command that must not outlive its parent. Executed as a script: ``python lifeline.py FD COMMAND ARG…``.

The parent keeps the writing end of a pipe open; FD is the reading end. The process becomes COMMAND (its id stays the
same), and a watcher forked before that waits for the pipe to close: when the parent goes, however it goes, the watcher
ends the command. A signal at the parent's death (``PR_SET_PDEATHSIG``) would be Linux only and tied to a thread.

It uses nothing but the standard library and starts no thread: it must be small and fast.
"""

import os
import signal
import sys
import time

GRACE_S = 45.0  # between SIGTERM and SIGKILL; a worker drains within 30 s
STEP_S = 0.2


def watch(pipe: int, command: int) -> None:
    """Wait for the end of the pipe, then end the process ``command``, which is the parent of this one.

    A parent id that changed means that the command is gone already; its number may belong to somebody else by now.
    """
    while os.read(pipe, 1):
        pass
    if os.getppid() != command:
        return
    os.kill(command, signal.SIGTERM)
    until = time.monotonic() + GRACE_S
    while time.monotonic() < until and os.getppid() == command:
        time.sleep(STEP_S)
    if os.getppid() == command:
        os.kill(command, signal.SIGKILL)


def main(arguments: list[str]) -> None:
    """Fork the watcher, then become the command."""
    pipe, command = int(arguments[0]), arguments[1:]
    own = os.getpid()
    if os.fork() == 0:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # signals to the group are for the command, not for its watcher
        quiet = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):  # its log and its pipes are the command's alone
            os.dup2(quiet, standard)
        watch(pipe, own)
        os._exit(0)
    os.close(pipe)
    os.execvp(command[0], command)  # noqa: S606 - a list of arguments, no shell


if __name__ == "__main__":
    main(sys.argv[1:])
