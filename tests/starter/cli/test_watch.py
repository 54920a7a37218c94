"""`netsaga watch` on a real terminal: a pseudo terminal, and what is to be seen on it."""

import asyncio
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starter.client import Orchestrator
from terminal_screen import TerminalScreen


@dataclass
class Watched:
    """A command on a terminal."""

    process: asyncio.subprocess.Process
    master: int
    screen: TerminalScreen
    written: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def read(self) -> None:
        """Take what has been written to the terminal."""
        try:
            data = os.read(self.master, 65536)
        except OSError:  # the command has ended, and nobody holds the other end
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self.master)
        self.written += len(data)
        self.screen.feed(data.decode(errors="replace"))
        self.changed.set()

    async def until(self, condition: Callable[[TerminalScreen], bool]) -> None:
        """Wait for a picture; bounded."""
        try:
            async with asyncio.timeout(60):
                while not condition(self.screen):
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            raise AssertionError(f"never seen; what is seen is:\n{self.screen.text}") from None

    def resize(self, width: int, height: int) -> None:
        """As somebody who pulls at the window's corner."""
        self.screen.width, self.screen.height = width, height
        self.screen.rows = ["what a resize left behind"[:width]] * height
        _set_size(self.master, width, height)
        _set_size(self.master, width, height)


def _set_size(terminal: int, width: int, height: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))


@asynccontextmanager
async def watched(*arguments: str, **environment: str) -> AsyncIterator[Watched]:
    """Start `netsaga watch` on a terminal of 100 by 40."""
    master, slave = pty.openpty()
    _set_size(slave, 100, 40)
    kept = {key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "COLUMNS", "LINES"}}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "starter", "watch", *arguments),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**kept, "TERM": "xterm-256color", **environment},
    )
    os.close(slave)
    found = Watched(process, master, TerminalScreen(100, 40))
    asyncio.get_running_loop().add_reader(master, found.read)
    try:
        yield found
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        asyncio.get_running_loop().remove_reader(master)
        os.close(master)


async def test_a_terminal_shows_the_run_and_is_given_back_at_ctrl_c(
    orchestrator: Orchestrator, at: tuple[str, ...]
) -> None:
    handle = await orchestrator.start("campus-vlan", id="seen")
    async with watched("seen", *at) as command:
        await command.until(lambda screen: "come back with netsaga watch seen" in screen.text)
        assert "c acc-001" in command.screen.text
        assert "waits for 1 of netops-leads" in command.screen.text
        assert command.screen.alternate
        assert not command.screen.cursor
        assert command.screen.coloured
        assert "f acc-004" in command.screen.text
        assert "1 ✗  deploy  rejected_by_device: refused" in command.screen.text
        command.resize(60, 20)
        await command.until(lambda screen: "left behind" not in screen.text and "campus-vlan" in screen.text)
        command.process.send_signal(signal.SIGINT)
        await command.until(lambda screen: not screen.alternate and "Come back with" in screen.text)
        assert await asyncio.wait_for(command.process.wait(), 60) == 130
        assert command.screen.cursor
    assert (await handle.status()).phase == "waiting"


async def test_a_terminal_is_given_back_when_the_command_is_told_to_end(
    orchestrator: Orchestrator, at: tuple[str, ...]
) -> None:
    await orchestrator.start("campus-vlan", id="told")
    async with watched("told", *at) as command:
        await command.until(lambda screen: screen.alternate and "campus-vlan" in screen.text)
        command.process.terminate()
        assert await asyncio.wait_for(command.process.wait(), 60) == -signal.SIGTERM
        await command.until(lambda screen: not screen.alternate and screen.cursor)


async def test_a_picture_that_stands_still_costs_nothing_to_draw(
    orchestrator: Orchestrator, at: tuple[str, ...]
) -> None:
    await orchestrator.start("campus-vlan", id="still")
    async with watched("still", *at) as command:
        await command.until(lambda screen: "waits for 1 of netops-leads" in screen.text)
        before, clears = command.written, command.screen.clears
        await asyncio.sleep(1.5)
        assert command.written - before < 1_000  # the clock in the first line, at most
        assert command.screen.clears == clears


async def test_without_colours_the_picture_is_the_same(orchestrator: Orchestrator, at: tuple[str, ...]) -> None:
    handle = await orchestrator.start("campus-vlan", id="grey")
    async with watched("grey", *at, NO_COLOR="1") as command:
        await command.until(lambda screen: "c acc-001" in screen.text)
        assert not command.screen.coloured
        await handle.approve(by="bob")
        await command.until(lambda screen: "Verdict: succeeded" in screen.text)
        assert await asyncio.wait_for(command.process.wait(), 60) == 0
