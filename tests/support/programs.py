"""The real programs, as their users call them: no terminal, bounded, pointed at one server."""

import asyncio
import json
import os
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

SCRIPTS: Final = Path(sysconfig.get_path("scripts"))


@dataclass(frozen=True)
class Finished:
    """A program that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its output, as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Programs:
    """The real programs, pointed at the stack."""

    address: str

    async def temporal(self, *arguments: str) -> Finished:
        """The Temporal CLI, as its users call it."""
        return await run(SCRIPTS / "temporal", *arguments, "--address", self.address)

    async def netsaga(self, *arguments: str) -> Finished:
        """Our own."""
        return await run(SCRIPTS / "netsaga", *arguments, environment={"NETSAGA_ADDRESS": self.address})


async def run(program: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Finished:
    """A program without a terminal; bounded."""
    process = await asyncio.create_subprocess_exec(
        str(program),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "160", **(environment or {})},
    )
    out, err = await asyncio.wait_for(process.communicate(), 120)
    return Finished(process.returncode or 0, out.decode(), err.decode())
