"""A person at a terminal: types lines over SSH and reads what a simulated device answers. No scrapli in it."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncssh

from activities.deviceinteraction.testbed import Login, TestbedDevice

PROMPT = re.compile(r"(?:^|\n)[\w.@/:-]+(?:\([\w./-]+\))?[>#] ?$")
_PATIENCE_S = 10.0


class Terminal:
    """One interactive session."""

    def __init__(self, process: "asyncssh.SSHClientProcess[str]") -> None:
        self._process = process

    async def read(self, until: str | re.Pattern[str] = PROMPT) -> str:
        """Read until a text or pattern stands at the end; carriage returns are dropped."""
        pattern = re.compile(re.escape(until) + "$") if isinstance(until, str) else until
        seen = ""
        async with asyncio.timeout(_PATIENCE_S):
            while pattern.search(seen) is None:
                part = await self._process.stdout.read(4096)
                if not part:
                    raise EOFError(seen)
                seen += part.replace("\r", "")
        return seen

    def press(self, keys: str) -> None:
        """Type without Return."""
        self._process.stdin.write(keys)

    async def send(self, line: str, until: str | re.Pattern[str] = PROMPT) -> str:
        """Type a line and read its answer: the echo, the output and the next prompt or question."""
        self.press(line + "\n")
        return await self.read(until)

    async def output(self, line: str) -> str:
        """Type a line and return only what was printed between its echo and the next prompt."""
        seen = await self.send(line)
        assert seen.startswith(line), f"the echo of {line!r} was expected first: {seen!r}"
        return "\n".join(seen.split("\n")[1:-1])

    async def lines(self, *lines: str) -> str:
        """Type several lines; all that was printed."""
        return "".join([await self.send(line) for line in lines])


@asynccontextmanager
async def connection(
    device: TestbedDevice, *, username: str = "netsaga", password: str = Login().password
) -> AsyncIterator[asyncssh.SSHClientConnection]:
    """An SSH connection with nothing in it."""
    async with asyncssh.connect(
        device.address,
        device.port,
        username=username,
        password=password,
        known_hosts=None,
        client_keys=None,
        agent_path=None,
        config=None,
    ) as ssh:
        yield ssh


@asynccontextmanager
async def terminal(device: TestbedDevice, *, paging: bool = False, enable: bool = True) -> AsyncIterator[Terminal]:
    """Log in, become privileged and switch paging off, unless told otherwise."""
    async with connection(device) as ssh, ssh.create_process(term_type="vt100") as process:
        typed = Terminal(process)
        greeting = await typed.read()
        if enable and greeting.endswith(">"):
            await typed.send("enable", "Password: ")
            await typed.send(Login().enable_secret)
        if not paging:
            junos = device.platform == "juniper_junos"
            await typed.send("set cli screen-length 0" if junos else "terminal length 0")
        yield typed
