"""Follows a run to its end: live on a terminal, in calm lines elsewhere.

It only asks; a run does not notice whether anybody watches. Ctrl-C therefore leaves the run alone.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Final, Protocol, Self

from rich.console import Console

from starter.errors import NoWorkerError, ServerUnreachableError, StarterError
from starter.handle import RunHandle
from starter.render.live import LiveView
from starter.render.plain import PlainView
from workflows.contracts import Gate, RunResult, RunStatus

EVERY_S: Final = 0.5  # between two questions to the run, at least
SHARE: Final = 5  # and so many times as long as the last answer took: asking never keeps a worker busy
PATIENCE_S: Final = 60.0  # how long a server may be away, as while it is started again
AGAIN_S: Final = 1.0

OnGate = Callable[[Gate], Awaitable[None]]


class View(Protocol):
    """Something that shows progress. Entered while the run is followed."""

    names: int  # up to how many devices it shows by name

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(self, *_: object) -> None:
        """Stop showing."""

    def show(self, status: RunStatus, names: tuple[str, ...]) -> None:
        """Show the run as it stands; ``names`` are its devices' in order, empty where they are too many."""

    def note(self, text: str) -> None:
        """Show that something keeps the run's state from being seen."""

    def held(self) -> AbstractContextManager[None]:
        """While entered, the terminal is free for a question."""
        ...


def view_for(console: Console, *, url: str | None = None, gates: bool = True) -> View:
    """Live on a terminal, calm lines elsewhere; without ``gates`` the lines leave them to who asks about them."""
    live = console.is_terminal and not console.is_dumb_terminal
    return LiveView(console, url=url) if live else PlainView(console, gates=gates)


async def follow(handle: RunHandle, view: View, *, on_gate: OnGate | None = None) -> RunResult:
    """Show a run until its end, and return its result.

    Args:
        handle: The run.
        view: Where it is shown.
        on_gate: Called once for each gate that opens, while the terminal is free.

    Raises:
        ServerUnreachableError: The server stayed away for `PATIENCE_S`; the run is kept by it, and goes on with it.
        StarterError: As `RunHandle.result`.
    """
    end = asyncio.create_task(_end(handle, view), name=f"end of {handle.id}")
    looking = _Looking(handle, view)
    asked: set[str] = set()
    try:
        with view:
            while not end.done():
                status = await looking.once(end)
                for gate in () if status is None else status.gates:
                    if on_gate is not None and gate.step not in asked:
                        asked.add(gate.step)
                        with view.held():
                            await on_gate(gate)
                await asyncio.wait({end}, timeout=looking.pause_s)
            if end.exception() is None:
                await looking.once(None)
        return await end
    finally:
        end.cancel()


async def _end(handle: RunHandle, view: View) -> RunResult:
    """The run's result, also where the server is away for a while."""
    clock = asyncio.get_running_loop().time
    away_since: float | None = None
    while True:
        asked = clock()
        try:
            return await handle.result()
        except ServerUnreachableError:
            now = clock()
            if away_since is None or now - asked > PATIENCE_S / 2:  # so long an answer is waited for by a server alone
                away_since = now
            if now - away_since >= PATIENCE_S:
                raise
            view.note("No Temporal server answers. The run is kept and goes on when it is up again.")
        await asyncio.sleep(AGAIN_S)


class _Looking:
    """Asks a run how it stands and shows the answer.

    The devices' names never change once there are any, so they are asked for once.
    """

    def __init__(self, handle: RunHandle, view: View) -> None:
        self._handle = handle
        self._view = view
        self._names: tuple[str, ...] = ()
        self.pause_s = EVERY_S

    async def once(self, end: asyncio.Task[RunResult] | None) -> RunStatus | None:
        """Ask and show once; given up when the run ends meanwhile."""
        look = asyncio.create_task(self._ask(), name=f"status of {self._handle.id}")
        try:
            await asyncio.wait({look} if end is None else {look, end}, return_when=asyncio.FIRST_COMPLETED)
            if not look.done():
                return None
            status = look.result()
        except NoWorkerError:
            self._view.note("No worker answers. The run is kept and goes on when one is up.")
            return None
        except StarterError:  # a server that restarts, a run that was refused: its end tells which
            return None
        finally:
            look.cancel()
        self._view.show(status, self._names)
        return status

    async def _ask(self) -> RunStatus:
        clock = asyncio.get_running_loop().time
        began = clock()
        status = await self._handle.status()
        if len(self._names) != status.devices and status.devices <= self._view.names:
            page = await self._handle.devices(0, self._view.names)
            self._names = tuple(line.host for line in page.devices)
        self.pause_s = max(EVERY_S, SHARE * (clock() - began))
        return status
