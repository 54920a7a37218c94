"""Runs one program with an input, to its end or to ours: nothing of it is left behind, whatever happens.

The program leads a process group of its own. The group is ended when the program ends, when its time is over, when it
prints too much, and when we are cancelled: first asked (SIGTERM), then killed.
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
GRACE_S: Final = 3.0  # between being asked to end and being killed
LOOK_S: Final = 0.25
CHUNK: Final = 65_536


class ProcessFailure(RuntimeError):  # named after what happened, as failures are
    """A program that cannot be started."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: its status, negative for a signal, or why it was ended."""

    status: int | Literal["timeout", "flood"]
    stdout: str
    stderr: str


class CutOff(asyncio.CancelledError):
    """The cancel that ended a program, with what it had printed by then.

    A cancel in every respect but one: an `asyncio.timeout` around `run` would not take it for its own. Give a limit.
    """

    def __init__(self, stdout: str, stderr: str) -> None:
        super().__init__("cancelled while a program ran")
        self.stdout = stdout
        self.stderr = stderr


class _Kept:
    """What comes out of a pipe: all of it up to a limit, or of more only the end."""

    def __init__(self, limit: int) -> None:
        self.data = bytearray()
        self.total = 0
        self.full = asyncio.Event()
        self._limit = limit

    async def read(self, pipe: asyncio.StreamReader) -> None:
        while chunk := await pipe.read(CHUNK):
            self.total += len(chunk)
            self.data += chunk
            if len(self.data) > self._limit:
                self.full.set()
                del self.data[: -self._limit]

    def text(self) -> str:
        return self.data.decode(errors="replace")


async def run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], given: bytes, limit_s: float
) -> Ended:
    """Run a program without a shell.

    Args:
        command: The program and its arguments; a path that is not absolute is relative to ``folder``.
        folder: Where it runs.
        environment: All that it sees.
        given: Its standard input.
        limit_s: After this it is ended.

    Raises:
        ProcessFailure: It cannot be started.
        CutOff: We are cancelled while it runs; nothing of it is left.
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
    except (OSError, ValueError) as error:  # the second: a zero byte in an argument
        why = f"{error.strerror}: {error.filename}" if isinstance(error, OSError) else str(error)
        raise ProcessFailure(f"cannot be started: {why}. Check what the worker's settings say of it") from None
    assert process.stdin is not None, "three pipes were asked for"
    assert process.stdout is not None, "three pipes were asked for"
    assert process.stderr is not None, "three pipes were asked for"
    output, log = _Kept(LARGEST), _Kept(LOGGED)
    pipes = {
        asyncio.create_task(output.read(process.stdout)),
        asyncio.create_task(log.read(process.stderr)),
        asyncio.create_task(_write(process.stdin, given)),
    }
    try:
        try:
            status = await _status(process, output, limit_s)
        finally:
            # Waiting for it, rather than awaiting it, lets it go on where we are cancelled a second time.
            await asyncio.wait({asyncio.create_task(_end(process, pipes))})
    except asyncio.CancelledError:
        raise CutOff(output.text(), log.text()) from None
    return Ended(status, output.text(), log.text())


async def _write(pipe: asyncio.StreamWriter, given: bytes) -> None:
    with contextlib.suppress(ConnectionError):  # it need not read
        pipe.write(given)
        await pipe.drain()
        pipe.close()


async def _status(
    process: asyncio.subprocess.Process, output: _Kept, limit_s: float
) -> int | Literal["timeout", "flood"]:
    """Wait for its end. A child that it leaves behind may hold the pipes, for which asyncio would wait too."""
    ending = {asyncio.create_task(process.wait()), asyncio.create_task(output.full.wait())}
    try:
        async with asyncio.timeout(limit_s):
            while process.returncode is None and not output.full.is_set():
                await asyncio.wait(ending, timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
    except TimeoutError:
        return "timeout"
    finally:
        for one in ending:
            one.cancel()
    return "flood" if process.returncode is None else process.returncode


async def _end(process: asyncio.subprocess.Process, pipes: set[asyncio.Task[None]]) -> None:
    """End the whole group, and read what is left in the pipes."""
    if process.returncode is None:
        _signal(process, signal.SIGTERM)
        await _gone(process)
    _signal(process, signal.SIGKILL)  # also what the program has left behind
    await asyncio.wait(pipes, timeout=GRACE_S)
    for pipe in pipes:
        pipe.cancel()
    await _gone(process)


async def _gone(process: asyncio.subprocess.Process) -> None:
    """Wait for a while; what left the group and holds the pipes must not hold us."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(GRACE_S):
            await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
