"""Child processes: started with a log of their own, waited for until ready, ended in order, never left behind.

Every child leads a process group, so that a Ctrl-C at the terminal reaches only the parent, which then ends the
children in its own order; and every child is bound to its parent's life by `lifeline.py`.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from starter.errors import StackError

LIFELINE: Final = Path(__file__).with_name("lifeline.py")
POLL_S: Final = 0.03
TAIL_LINES: Final = 15


class Child:
    """One running child process.

    Attributes:
        name: What people call it: ``server``, ``testbed``, ``worker``.
        log: The file with all that it prints.
    """

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path, begin: int, lifeline: int) -> None:
        self.name = name
        self.log = log
        self._process = process
        self._begin = begin  # where this start's output begins in the log
        self._lifeline = lifeline
        self._ended = asyncio.create_task(self._wait(), name=f"{name} ended")
        self._expected = False

    @classmethod
    async def start(
        cls, name: str, command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None
    ) -> Self:
        """Start ``command``; its output is appended to ``log``.

        Args:
            name: What people call it.
            command: The program and its arguments; no shell.
            log: A file in an existing folder.
            environment: Variables on top of this process's own.
        """
        reading, writing = os.pipe()
        try:
            with log.open("ab") as output:
                begin = output.tell()
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-E", "-S", str(LIFELINE), str(reading), *command),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=(reading,),
                    start_new_session=True,
                    env={**os.environ, **(environment or {})},
                )
        except BaseException:
            os.close(writing)
            raise
        finally:
            os.close(reading)
        return cls(name, process, log, begin, writing)

    @property
    def pid(self) -> int:
        """The process id of the command itself."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return not self._ended.done()

    @property
    def expected(self) -> bool:
        """Whether its end was asked for (`stop`, `kill`)."""
        return self._expected

    async def ended(self) -> int:
        """Wait for its end and return its code; a signal's number is negative."""
        return await asyncio.shield(self._ended)

    async def printed(self, marker: str, *, within_s: float) -> str:
        """Wait until a line of its output begins with ``marker``, and return that line.

        Raises:
            StackError: It ended first, or the line did not come in time; with the end of its log.
        """
        deadline = asyncio.get_running_loop().time() + within_s
        while True:
            alive = self.alive  # asked before the log is read: a last line is still seen
            for line in self.output().splitlines():
                if line.startswith(marker):
                    return line
            if not alive:
                raise StackError(self.obituary())
            if asyncio.get_running_loop().time() > deadline:
                raise StackError(f"The {self.name} was not ready within {within_s:.0f} s.\n{self.tail()}")
            await asyncio.sleep(POLL_S)

    def output(self) -> str:
        """All that it printed since this start."""
        with self.log.open("rb") as file:
            file.seek(self._begin)
            return file.read().decode(errors="replace")

    def tail(self) -> str:
        """The last lines of its output, indented, with the log's path above."""
        lines = self.output().splitlines()[-TAIL_LINES:] or ["(it printed nothing)"]
        return "\n".join([f"The end of {self.log}:", *(f"    {line}" for line in lines)])

    def obituary(self) -> str:
        """Which process died, how, and the end of its log."""
        code = self._ended.result()
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return f"The {self.name} {how}.\n{self.tail()}"

    async def stop(self, *, within_s: float = 40.0) -> None:
        """End it with SIGTERM, and with SIGKILL if it has not gone ``within_s`` seconds later."""
        self._expected = True
        if self.alive:
            self._process.terminate()
            try:
                async with asyncio.timeout(within_s):
                    await self.ended()
            except TimeoutError:
                await self.kill()

    async def kill(self) -> None:
        """SIGKILL to it and to the processes that it started, as a crash of the machine would."""
        self._expected = True
        if self.alive:
            os.killpg(self.pid, signal.SIGKILL)
            await self.ended()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the command, ``SIGSTOP`` and ``SIGCONT`` for instance."""
        self._process.send_signal(number)

    async def _wait(self) -> int:
        try:
            return await self._process.wait()
        finally:
            os.close(self._lifeline)
