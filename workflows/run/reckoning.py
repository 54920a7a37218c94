"""How long a wave may take, so that its change window is open for the whole of it. Pure.

Before a wave of the step has changed anything, the plan alone says it: each attempt at a device has its limits, and the
limit of a commit counts once, for no effect is made twice. Afterwards what was seen is the better guide: three times
the longest turn so far, and never less than the limit of one action, for a device may still take that long.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Final

from workflows import contracts
from workflows.plan import DevicesStep
from workflows.run import calls
from workflows.run.holding import confirm_seconds, hold_of
from workflows.run.packing import rounds
from workflows.run.seconds import in_words
from workflows.run.state import StepRun, WaveRun

FACTOR: Final = 3.0  # how much slower than the slowest turn of the waves before a turn may be


@dataclass(frozen=True, slots=True)
class Need:
    """What a wave needs, in seconds. Its devices take ``turns`` under ``concurrency``, and as many to be undone."""

    turns: int
    work_s: float  # of one turn
    undo_s: float  # of one turn; none where nothing can be undone
    soak_s: float
    confirm_s: float  # of all turns
    measured: bool  # whether waves before have shown how long a turn takes

    @property
    def total_s(self) -> float:
        """All of it, one after the other."""
        return self.turns * (self.work_s + self.undo_s) + self.soak_s + self.confirm_s

    def __str__(self) -> str:
        return ", ".join(self._parts())

    def _parts(self) -> Iterator[str]:
        turns = "1 turn" if self.turns == 1 else f"{self.turns} turns"
        seen = f", {FACTOR:g} times what was seen" if self.measured else ""
        yield f"{turns} of up to {lasting(self.work_s)} under `concurrency`{seen}"
        if self.soak_s:
            yield f"{lasting(self.soak_s)} of soak"
        if self.confirm_s:
            yield f"{lasting(self.confirm_s)} to confirm"
        if self.undo_s:
            yield f"as many turns of up to {lasting(self.undo_s)} for the undo"


def need_of(run: StepRun, step: DevicesStep, wave: WaveRun, concurrency: int) -> Need:
    """What a wave needs.

    Args:
        run: Its step as it stands: waves that have changed devices have left their turns there.
        step: The same in the plan.
        wave: The one that is to begin.
        concurrency: How many devices may be under way now.
    """
    work = calls.turn_seconds(step)
    undo = calls.attempt_seconds(step) if step.changes and step.undo else 0.0
    longest = max((one.turn_s for one in run.waves), default=0.0)
    if longest:
        seen = max(FACTOR * longest, step.timeout_s)
        work, undo = min(work, seen), min(undo, seen)
    held = hold_of(step) is not None
    return Need(
        turns=rounds(wave.hosts, concurrency, run.caps, step.concurrency_each),
        work_s=work,
        undo_s=undo,
        soak_s=wave.soak_s,
        confirm_s=confirm_seconds(step, len(wave.hosts), concurrency) if held else 0.0,
        measured=bool(longest),
    )


def note_turn(run: StepRun, wave: WaveRun, now: datetime) -> None:
    """Keeps how long a turn of a wave took whose work has ended; one that has changed nothing shows nothing."""
    if wave.turns and wave.began is not None and any(run.letters[host] == contracts.CHANGED for host in wave.hosts):
        wave.turn_s = (now - wave.began).total_seconds() / wave.turns


def lasting(length_s: float) -> str:
    """A length for people, rounded up to minutes where it is longer than two."""
    return in_words(ceil(length_s / 60) * 60 if length_s > 120 else ceil(length_s))
