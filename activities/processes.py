"""Runs one program with an input, to its end or to ours: nothing of it is left behind, whatever happens.

The program leads a process group of its own. The group is ended when the program ends, when its time is over, when it
prints too much, and when we are cancelled; first asked (SIGTERM), then killed.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

LARGEST: Final = 10_000_000  # bytes of standard output
LOGGED: Final = 1_000_000  # bytes of standard error; of more, the end is kept
GRACE_S: Final = 3.0
CHUNK: Final = 65_536


class ProcessFailure(RuntimeError):  # noqa: N818  # named after what happened, as failures are
    """A program that cannot be started."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: its status, negative for a signal, or why it was ended."""

    status: int | Literal["timeout", "flood"]
    stdout: str
    stderr: str


async def run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], given: bytes, limit_s: float
) -> Ended:
    """Run a program without a shell.

    Args:
        command: The program and its arguments; one with a slash and not at the root is relative to ``folder``.
        folder: Where it runs.
        environment: All that it sees.
        given: Its standard input.
        limit_s: After this it is ended.

    Raises:
        ProcessFailure: It cannot be started.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env=dict(environment),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise ProcessFailure(
            f"cannot be started: {error.strerror}: {error.filename}. Check `scripts` in the worker's settings"
        ) from None
    assert process.stdin and process.stdout and process.stderr, "three pipes were asked for"
    log = _Tail()
    reading = [
        asyncio.create_task(_read(process.stdout)),
        asyncio.create_task(log.read(process.stderr)),
        asyncio.create_task(_write(process.stdin, given)),
    ]
    stdout = reading[0]
    try:
        status = await _until_ended(process, stdout, limit_s)
    finally:
        _kill(process.pid, signal.SIGKILL)  # what it may have left behind; pipes that nobody holds come to their end
        await asyncio.wait(reading, timeout=GRACE_S)
        for task in reading:
            task.cancel()
    said = stdout.result() if stdout.done() and not stdout.cancelled() and stdout.exception() is None else b""
    return Ended(status, (said or b"").decode(errors="replace"), log.text())
