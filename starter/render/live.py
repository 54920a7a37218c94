"""Progress on a terminal: steps with wave bars, gates, failures by cause, and a cell a device; drawn in place.

What is shown and when it is drawn are apart: a frame is drawn at most `FRAMES` times a second, whatever is learned, and
also while nothing is, so that clocks go on and a resize is seen.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final, Self, TypeAlias

from rich.box import ROUNDED
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from starter.render.causes import causes_table
from starter.render.cells import grid, legend, named
from starter.render.diffs import gate_lines
from starter.render.screen import Screen
from starter.render.status import asks, header, steps_table
from starter.render.words import clean, style
from starter.told import told, told_in
from workflows.contracts import Gate, RunStatus

FRAMES: Final = 4  # a second, at most
NAMED: Final = 48  # devices that are shown by name; more are cells
Handler: TypeAlias = Callable[[int, FrameType | None], Any] | int | signal.Handlers
LEAVE: Final = "Ctrl-C leaves the run alone; come back with {command}"


class LiveView:
    """The picture of a run that lives. Entered inside an event loop, which draws it."""

    names = NAMED

    def __init__(self, console: Console, *, url: str | None = None) -> None:
        self._console = console
        self._screen = Screen(console)
        self._url = url
        self._status: RunStatus | None = None
        self._names: tuple[str, ...] = ()
        self._note = ""
        self._drawing: asyncio.Task[None] | None = None
        self._before: Handler | None = None  # what a SIGTERM did before

    def __enter__(self) -> Self:
        """Begin to draw."""
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._ended)
        self._screen.open()
        self._drawing = asyncio.create_task(self._draw(), name="frames")
        return self

    def __exit__(self, *_: object) -> None:
        """Take the drawing away; what stays is for the caller to print."""
        if self._drawing is not None:
            self._drawing.cancel()
        self._screen.close()
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)

    def _ended(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a handler's signature
        """Told to end, by `timeout` say: the terminal is given back first."""
        self._screen.close()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def show(self, status: RunStatus, names: tuple[str, ...]) -> None:
        """What the next frame shows."""
        self._status, self._names, self._note = status, names, ""
        if self._drawing is not None and self._drawing.done():
            self._drawing.result()  # a defect in the drawing is told, not frozen on the screen

    def note(self, text: str) -> None:
        """What the next frames say below the headline."""
        self._note = text

    @contextmanager
    def held(self) -> Iterator[None]:
        """Stop drawing for a while."""
        self._screen.close()
        try:
            yield
        finally:
            self._screen.open()

    def frame(self) -> RenderableType:
        """The picture as it stands: what somebody may have to act on first, cells last."""
        status = self._status
        if status is None:
            return Text(self._note or "waiting for the run …", style="dim")
        parts: list[RenderableType] = [header(status)]
        if status.message:
            parts.append(Text(clean(told_in(status.message)), style=style(status.verdict or "")))
        if self._note:
            parts.append(Text(self._note, style="yellow"))
        parts += [Text(), steps_table(status, width=self._console.size.width)]
        parts += [_panel(gate, status) for gate in status.gates]
        parts += asks(status)
        if status.causes:
            parts += [Text(), causes_table(status.causes)]
        if status.cells.letters:
            width = self._console.size.width - 1
            few = 0 < len(self._names) == len(status.cells.letters)
            cells = named(status.cells, self._names) if few else grid(status.cells, width)
            parts += [Text(), cells, legend(status.cells)]
        parts += [Text(), Text(LEAVE.format(command=told(f"netsaga watch {status.id}")), style="dim")]
        if self._url:
            parts.append(Text(f"Web UI  {self._url}", style="dim"))
        return Group(*parts)

    async def _draw(self) -> None:
        while True:
            self._screen.draw(self.frame())
            await asyncio.sleep(1 / FRAMES)


def _panel(gate: Gate, status: RunStatus) -> Panel:
    """The question of a gate, in a frame that is seen."""
    text = gate_lines(gate, status.id)
    if gate.diffs:
        devices = sum(gate.made.values()) or sum(group.devices for group in gate.diffs)
        number = len(gate.diffs) + gate.diffs_omitted
        changes = "1 change" if number == 1 else f"{number} different changes"
        text.append(f"\n  {changes} on {devices} devices; ")
        text.append(f"{told(f'netsaga status {status.id} --diffs')} shows them", style="dim")
    return Panel(text, box=ROUNDED, border_style=style("waiting"), padding=(0, 1), expand=False)
