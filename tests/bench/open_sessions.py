"""Opens a session to every device of a testbed, all at a time, in a process that holds what a worker holds.

A program of its own, for memory is counted by process: prints how many are open and the most memory, in MB, as JSON.
"""

import asyncio
import json
import os
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import worker.build  # noqa: F401  # what a worker has in memory
from activities.deviceinteraction.model import HostKeys, Target
from activities.deviceinteraction.session import open_session
from bench_processes import largest_mb
from bench_sessions import read_targets

AT_ONCE: Final = 50  # logins
COMMAND: Final = "show version"


async def main(folder: Path) -> None:
    """Open them, send a command on each, and say what that took."""
    keys = HostKeys(known_hosts=str(folder / "known_hosts"))
    slots = asyncio.Semaphore(AT_ONCE)
    targets = read_targets(folder)
    async with AsyncExitStack() as stack:

        async def one(target: Target) -> bool:
            async with slots:
                session = await stack.enter_async_context(open_session(target, host_keys=keys))
                return bool(await session.show(COMMAND)) and session.transport.is_alive()

        opened = await asyncio.gather(*(one(target) for target in targets))
        print(json.dumps({"open": sum(opened), "mb": largest_mb(os.getpid())}), flush=True)
        os._exit(0)  # a thousand orderly logouts would measure nothing


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
