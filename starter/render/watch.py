"""Follows a run to its end: live on a terminal, in calm lines elsewhere.

It only asks; a run does not notice whether anybody watches. Ctrl-C therefore leaves the run alone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Final, Protocol, Self

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from starter.errors import NoWorkerError, StarterError
from starter.handle import RunHandle
from starter.render.diffs import gate_lines
from starter.render.status import failures, header, steps_table
from starter.render.words import clean, clock, counts, one_line, style
from workflows.contracts import DevicePage, Gate, RunResult, RunStatus

FRAMES: Final = 4  # a second, at most
EVERY_S: Final = 0.5  # between two questions to the run
CELLS: Final = 200  # devices that are shown one by one

OnGate = Callable[[Gate], Awaitable[None]]


class View(Protocol):
    """Something that shows progress. Entered while the run is followed."""

    cells: int  # up to how many devices it shows one by one

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(self, *_: object) -> None:
        """Stop showing."""

    def show(self, status: RunStatus, devices: DevicePage | None) -> None:
        """Show the run as it stands."""

    def note(self, text: str) -> None:
        """Show that something keeps the run's state from being seen."""

    def held(self) -> AbstractContextManager[None]:
        """While entered, the terminal is free for a question."""
        ...


class PlainView:
    """A line for each change of a step, a wave or a failed device."""

    cells = 0

    def __init__(self, console: Console, *, gates: bool = True) -> None:
        self._console = console
        self._gates = gates
        self._said: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Nothing to prepare."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to tidy."""

    def show(self, status: RunStatus, devices: DevicePage | None) -> None:  # noqa: ARG002 - a View's signature
        """Print what is new since the last call."""
        for step in status.steps:
            if step.state != "pending":
                final = step.state not in ("running", "waiting", "undoing")
                said = counts(step.counts) if final else Text()
                if step.message:
                    said.append(f"{'  ' if said else ''}{one_line(step.message)}")
                self._say(step.id, step.state, said)
            for wave in step.waves if len(step.waves) > 1 else ():
                if wave.state != "pending":
                    said = Text(f"{wave.size} devices") if wave.state == "running" else counts(wave.counts)
                    self._say(f"{step.id}/{wave.name}", wave.state, said)
        for failed in status.failures:
            self._say(failed.host, failed.status, Text(f"{failed.failure.type}: {one_line(failed.failure.message)}"))
        for gate in status.gates if self._gates else ():
            if f"gate {gate.step}" not in self._said:
                self._said[f"gate {gate.step}"] = "open"
                self._console.print(gate_lines(gate, status.id), soft_wrap=True)

    def note(self, text: str) -> None:
        """Print it once."""
        if self._said.get("note") != text:
            self._said["note"] = text
            self._console.print(Text(text, style="yellow"))

    @contextmanager
    def held(self) -> Iterator[None]:
        """The terminal is always free."""
        yield

    def _say(self, subject: str, state: str, rest: Text) -> None:
        if self._said.get(subject) == state:
            return
        self._said[subject] = state
        line = Text(f"{clock(datetime.now(UTC))}  {clean(subject):<18} ")
        line.append_text(Text(f"{state.replace('_', ' '):<10} ", style=style(state)))
        line.append_text(rest)
        self._console.print(line, soft_wrap=True)


class LiveView:
    """Steps with wave bars, a cell a device, failures and gates; drawn in place."""

    cells = CELLS

    def __init__(self, console: Console, *, url: str | None = None) -> None:
        self._url = url
        self._status: RunStatus | None = None
        self._devices: DevicePage | None = None
        self._note = ""
        self._live = Live(
            console=console, refresh_per_second=FRAMES, get_renderable=self._frame, transient=True, screen=False
        )

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the drawing away; what stays is for the caller to print."""
        self._live.stop()

    def show(self, status: RunStatus, devices: DevicePage | None) -> None:
        """What the next frame shows."""
        self._status, self._devices, self._note = status, devices or self._devices, ""

    def note(self, text: str) -> None:
        """What the next frames say at the bottom."""
        self._note = text

    @contextmanager
    def held(self) -> Iterator[None]:
        """Stop drawing for a while."""
        self._live.stop()
        try:
            yield
        finally:
            self._live.start()

    def _frame(self) -> RenderableType:
        if self._status is None:
            return Text(self._note or "waiting for the run …", style="dim")
        parts: list[RenderableType] = [header(self._status), steps_table(self._status)]
        if self._devices is not None:
            parts += [Text(), Columns(self._cells(self._status, self._devices), padding=(0, 2)), Text()]
        parts += [gate_lines(gate, self._status.id) for gate in self._status.gates]
        if self._status.failures:
            parts.append(failures(self._status))
        if self._note:
            parts.append(Text(self._note, style="yellow"))
        if self._url:
            parts.append(Text(f"Web UI  {self._url}", style="dim"))
        return Group(*parts)

    @staticmethod
    def _cells(status: RunStatus, devices: DevicePage) -> list[Text]:
        """A device's name in the colour of its status; dim while the step under way has not come to it."""
        under_way = {
            step.id for step in status.steps if step.kind == "devices" and step.state in ("running", "undoing")
        }
        fresh = [not under_way or line.step in under_way for line in devices.devices]
        return [
            Text(clean(line.host), style=style(line.status) if is_fresh else "dim")
            for line, is_fresh in zip(devices.devices, fresh, strict=True)
        ]


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
        StarterError: As `RunHandle.result`.
    """
    end = asyncio.create_task(handle.result(), name=f"end of {handle.id}")
    asked: set[str] = set()
    try:
        with view:
            while not end.done():
                status = await _look(handle, view, end)
                for gate in () if status is None else status.gates:
                    if on_gate is not None and gate.step not in asked:
                        asked.add(gate.step)
                        with view.held():
                            await on_gate(gate)
                await asyncio.wait({end}, timeout=EVERY_S)
            if end.exception() is None:
                await _look(handle, view, None)
        return await end
    finally:
        end.cancel()


async def _look(handle: RunHandle, view: View, end: asyncio.Task[RunResult] | None) -> RunStatus | None:
    """Ask and show once; given up when the run ends meanwhile."""
    look = asyncio.create_task(_ask(handle, view.cells), name=f"status of {handle.id}")
    try:
        await asyncio.wait({look} if end is None else {look, end}, return_when=asyncio.FIRST_COMPLETED)
        if not look.done():
            return None
        status, devices = look.result()
    except NoWorkerError:
        view.note("No worker answers. The run is kept and goes on when one is up.")
        return None
    except StarterError:  # a server that restarts, a run that was refused: its end tells which
        return None
    finally:
        look.cancel()
    view.show(status, devices)
    return status


async def _ask(handle: RunHandle, cells: int) -> tuple[RunStatus, DevicePage | None]:
    status = await handle.status()
    return status, await handle.devices(0, cells) if 0 < status.devices <= cells else None
