"""Progress where there is no terminal: a line for each change, with its time, for logs that are read later."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Self

from rich.console import Console
from rich.text import Text

from starter.render.causes import of_others, such_as, why
from starter.render.diffs import gate_lines
from starter.render.status import asks, waited
from starter.render.words import clean, counts, iso, number, one_line, style, utc
from starter.told import told_in
from workflows import awaited
from workflows.contracts import Cause, RunStatus, StepStatus, WaveStatus
from workflows.wording import confirm_by

QUARTERS_FROM = 40  # devices; of smaller waves, the beginning and the end are enough
SLOW_S = 60.0  # a device that is under way for so long is told of
MOVING = ("running", "waiting", "undoing")


class PlainView:
    """A line for each change of a step, a wave or a cause of failures."""

    names = 0

    def __init__(self, console: Console, *, gates: bool = True) -> None:
        self._console = console
        self._gates = gates
        self._said: dict[str, str] = {}
        self._told: dict[tuple[str, str, str], int] = {}  # of each cause, how many devices when it was last printed

    def __enter__(self) -> Self:
        """Nothing to prepare."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to tidy."""

    def show(self, status: RunStatus, names: tuple[str, ...]) -> None:  # noqa: ARG002 - a View's signature
        """Print what is new since the last call."""
        for step in status.steps:
            begun, moving = step.state != "pending", step.state in MOVING
            if begun and moving:
                self._step(step)
            for wave in step.waves:
                if wave.state != "pending" and (len(step.waves) > 1 or wave.confirm_until is not None):
                    self._wave(step, wave)
            self._waits(step)
            if begun and not moving:
                self._step(step)
        final = status.result is not None
        for cause in status.causes:
            self._cause(cause, final=final)
        for gate in status.gates if self._gates else ():
            if self._new(f"gate {gate.step}", "open"):
                self._console.print(gate_lines(gate, status.id), soft_wrap=True)
        if status.phase == "paused":
            for line in asks(status):
                if self._new(line.plain, "said"):
                    self._console.print(line, soft_wrap=True)

    def note(self, text: str) -> None:
        """Print it once."""
        if self._new("note", text):
            self._console.print(Text(f"{iso(datetime.now(UTC))}  {text}", style="yellow"), soft_wrap=True)

    @contextmanager
    def held(self) -> Iterator[None]:
        """The terminal is always free."""
        yield

    def _step(self, step: StepStatus) -> None:
        said = Text() if step.state in MOVING else counts(step.counts)
        if step.message:
            said.append(f"{'  ' if said else ''}{one_line(told_in(step.message))}")
        # What it waits for may change while it waits; its messages at work are for those who watch live.
        key = f"{step.state} {step.message}" if step.state == "waiting" else step.state
        if self._new(step.id, key):
            self._say(step.id, step.state, said)

    def _wave(self, step: StepStatus, wave: WaveStatus) -> None:
        name, said, key = f"{step.id}/{wave.name}", counts(wave.counts), str(wave.state)
        if wave.state == "running":
            done = wave.size - wave.counts.get("pending", 0) - wave.counts.get("running", 0)
            quarter = done * 4 // wave.size if wave.size >= QUARTERS_FROM else 0
            whole = number(wave.size, "device")
            said = Text(f"{done} of {whole}" if quarter else whole)
            key = f"{wave.state} {quarter}"
        if held := confirm_by(wave, utc):
            said.append(f"{'; ' if said else ''}{held}")
        if self._new(name, key):
            self._say(name, wave.state, said)

    def _waits(self, step: StepStatus) -> None:
        """A run that it waits for; and a device that it has waited for a minute, for two, for four and so on."""
        for what, said in awaited.others(step, utc):
            if what == step.id and self._new(f"waits {step.id}", said):  # waves have lines of their own
                self._say(step.id, "waits", Text(one_line(said.removeprefix("waits "))))
        now = datetime.now(UTC)
        for one in step.under_way:
            doublings = int(max(0.0, (now - one.since).total_seconds()) // SLOW_S).bit_length()
            if self._new(f"waits {step.id} {one.host} {one.doing}", str(doublings)) and doublings:
                self._say(step.id, "waits", Text(f"for {waited(one, now)}"))

    def _cause(self, cause: Cause, *, final: bool) -> None:
        """A cause when it is new, when its devices have doubled, and with its last number at the end."""
        key = (cause.step, cause.what, cause.examples[0])
        told = self._told.get(key, 0)
        if cause.devices >= 2 * max(told, 0.5) or (final and cause.devices != told):
            self._told[key] = cause.devices
            label = "device" if cause.devices == 1 else "devices"
            said = f"{why(cause)} ({such_as(cause)})"
            if of_others(cause):
                self._say(cause.step, "affected", Text(f"{cause.devices} {label}: {said}"))
            else:  # the devices, and not the step: that may go on, and succeed
                self._say(cause.step, label, Text(f"{cause.devices} failed, {said}"))

    def _new(self, subject: str, state: str) -> bool:
        before = self._said.get(subject)
        self._said[subject] = state
        return before != state

    def _say(self, subject: str, state: str, rest: Text) -> None:
        line = Text(f"{iso(datetime.now(UTC))}  {clean(subject):<18} ")
        line.append_text(Text(f"{state.replace('_', ' '):<10} ", style=style(state)))
        line.append_text(rest)
        self._console.print(line, soft_wrap=True)
