"""`python -m worker` as a child process, for tests of the worker as people and supervisors see it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

ENDS_WITHIN_S = 60.0


@dataclass
class WorkerProcess:
    """A running child; ``errors`` is what it wrote to stderr so far, ``said`` its lines on stdout."""

    process: asyncio.subprocess.Process
    said: list[str] = field(default_factory=list)
    errors: str = ""

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    async def until_it_says(self, words: str) -> str:
        """The first line on stdout with these words; fails if the process ends before."""
        assert self.process.stdout is not None
        async with asyncio.timeout(ENDS_WITHIN_S):
            while line := (await self.process.stdout.readline()).decode():
                self.said.append(line.rstrip())
                if words in line:
                    return line.rstrip()
        raise AssertionError(f"the worker ended without saying {words!r}; it said {self.said} and {self.errors}")

    async def until_it_logs(self, words: str) -> None:
        """Wait for a line of the log with these words."""
        async with asyncio.timeout(ENDS_WITHIN_S):
            while words not in self.errors:
                await asyncio.sleep(0.02)

    async def ended(self) -> int:
        """Its exit code."""
        async with asyncio.timeout(ENDS_WITHIN_S):
            return await self.process.wait()


@asynccontextmanager
async def worker_process(*arguments: str, folder: Path) -> AsyncIterator[WorkerProcess]:
    """Start a worker's process in a folder; it is killed at the end if it still runs."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NETSAGA_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "worker", *arguments,
        cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    worker = WorkerProcess(process)

    async def collect() -> None:
        assert process.stderr is not None
        while line := await process.stderr.readline():
            worker.errors += line.decode()

    collecting = asyncio.create_task(collect())
    try:
        yield worker
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await collecting
