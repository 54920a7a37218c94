"""A TCP relay on loopback that can be cut, or go silent, at a moment that the test chooses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

from activities.deviceinteraction.model import Target


@dataclass
class Relay:
    """What stands between us and a device. ``silent``: bytes are taken and go nowhere."""

    port: int = 0
    silent: bool = False
    links: list[asyncio.StreamWriter] = field(default_factory=list)

    def cut(self) -> None:
        """Break every connection off, as a dead line does; new ones are relayed again."""
        for link in self.links:
            link.transport.abort()
        self.links.clear()

    def before(self, target: Target) -> Target:
        """The same device, through the relay."""
        return replace(target, address="127.0.0.1", port=self.port)


@dataclass
class CutsAfter:
    """A fence that breaks the line once so many writes were allowed."""

    relay: Relay
    passes: int

    def check(self) -> None:
        self.passes -= 1
        if self.passes < 0:
            self.relay.cut()


@asynccontextmanager
async def relay_to(target: Target) -> AsyncIterator[Relay]:
    """A relay to a device."""
    made = Relay()
    running: set[asyncio.Task[None]] = set()

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(target.address, target.port)
        made.links += [writer, far_writer]
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(_pump(made, source, sink))
            running.add(task)
            task.add_done_callback(running.discard)

    server = await asyncio.start_server(accepted, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        made.cut()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _pump(relay: Relay, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65_536):
            if not relay.silent:
                sink.write(data)
                await sink.drain()
    sink.close()
