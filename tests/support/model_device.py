"""Devices of the model: a running config, a saved one, a journal that outlives workers, and a log of all that happens.

They are as honest as the product's own activities over real sessions (`activities/interact.py`, `activities/undo.py`):
an intent is written before the first line is sent, a second attempt looks before it sends, an undo takes back what the
journal says and nothing else. What they lack is a wire.
"""

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from activities.deviceinteraction.model import Change

LINES = 2  # of one change: so a device can be caught in the middle

Deed = Literal["do", "check", "confirm", "undo", "leave", "plan", "call"]
What = Literal["begin", "line", "back", "end", "kept", "reverts", "done", "enter", "leave"]


class Part(NamedTuple):
    """One run's step on one device: what is changed entirely or not at all. A system that is called is no host."""

    run: str
    step: str
    host: str


class Call(NamedTuple):
    """What the journal is kept under."""

    part: Part
    generation: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened: ``begin`` and ``end`` are of an attempt, the others of the device itself."""

    place: int
    deed: Deed
    what: What
    call: Call
    batch: str = ""  # the workflow id of the batch that asked
    attempt: int = 1
    said: str = ""
    at: datetime | None = None  # by the clock of that batch

    def __str__(self) -> str:
        part, generation = self.call
        again = f" generation {generation}" if generation > 1 else ""
        where = self.batch.partition("/")[2]
        said = f": {self.said}" if self.said else ""
        return f"{self.place:3} {self.deed} {self.what} {part.step} {part.host}{again} #{self.attempt} {where}{said}"


@dataclass(slots=True)
class Intent:
    """What the journal knows of one call."""

    lines: tuple[str, ...]  # that were missing, and are added
    failed: set[int] = field(default_factory=set)  # attempts that failed by themselves
    undone: bool | None = None  # whether an undo has ended, and had something to take back
    until: datetime | None = None  # when the device reverts by itself; None where nothing is unconfirmed
    reverted: bool = False  # whether it did


@dataclass(slots=True)
class Lab:
    """All devices, their journal, and the one log over all of them."""

    hosts: tuple[str, ...]
    planned: bool = False  # what is planned and what is carried out are the same lines, whatever run it is
    running: dict[str, set[str]] = field(default_factory=dict)
    journal: dict[Call, Intent] = field(default_factory=dict)
    failed: dict[Call, set[int]] = field(default_factory=dict)
    log: list[Entry] = field(default_factory=list)
    done: set[tuple[str, str]] = field(default_factory=set)  # the run and the step of calls that were carried out
    shown: dict[Part, str] = field(default_factory=dict)  # digests, as steps that propose have found them last
    applied: list[tuple[Call, str]] = field(default_factory=list)  # digests of proposed changes that were made
    moved: list[tuple[Call, str]] = field(default_factory=list)  # and of what was found where one was refused
    maintenance: dict[tuple[Call, str], Literal["begun", "in", "out"]] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)  # the run, the gate, and what a system said
    foreign: Counter[str] = field(default_factory=Counter)  # how often a colleague has been at a device
    _counter: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.running = {host: {"hostname " + host} for host in self.hosts}

    def note(
        self, deed: Deed, what: What, call: Call, batch: str, attempt: int, said: str = "", at: datetime | None = None
    ) -> None:
        """Writes the log."""
        self.log.append(Entry(next(self._counter), deed, what, call, batch, attempt, said, at))

    def holds(self, part: Part) -> Literal["all", "none", "some"]:
        """How much of a step's change a device has."""
        there = sum(line in self.running[part.host] for line in self.lines_of(part))
        return "all" if there == LINES else "none" if there == 0 else "some"

    def lines_of(self, part: Part) -> tuple[str, ...]:
        """The lines of a step's change; each run has its own, so that runs over one device can be told apart."""
        run = "planned" if self.planned else part.run
        return tuple(f"{run} {part.step} line{number}" for number in range(1, LINES + 1))

    def proposed(self, part: Part) -> Change:
        """What a step would change on a device as it is now; what a colleague has done there is a part of it."""
        missing = [line for line in self.lines_of(part) if line not in self.running[part.host]]
        diff = "\n".join(
            [*(f"+{line}" for line in missing), *[f" by others: {self.foreign[part.host]}"] * bool(missing)]
        )
        digest = hashlib.sha256(diff.encode()).hexdigest()
        return Change(lines=(), diff=diff, digest=digest, made="modelled", empty=not missing)

    def intend(self, call: Call) -> Intent | None:
        """Writes an intent before the first line; ``None`` where the change is empty and none is written."""
        missing = tuple(line for line in self.lines_of(call.part) if line not in self.running[call.part.host])
        return self.journal.setdefault(call, Intent(missing)) if missing else None

    def send(self, call: Call, batch: str, attempt: int, most: int = LINES, until: datetime | None = None) -> None:
        """Makes the effect: the lines of the intent that are not there yet, up to so many of them.

        Args:
            call: Whose.
            batch: Who asks.
            attempt: Which one.
            most: Lines.
            until: When the device takes all of it back, unless somebody confirms it first.
        """
        self.journal[call].until = until
        config = self.running[call.part.host]
        for line in self.journal[call].lines[:most]:
            if line not in config:
                config.add(line)
                self.note("do", "line", call, batch, attempt, line.rpartition(" ")[2])

    def take_back(self, call: Call, batch: str, attempt: int) -> bool:
        """Removes what the intent added. Whether there was anything; asked again, the same answer."""
        intent = self.journal[call]
        if intent.undone is not None:
            return intent.undone
        intent.until = None
        config = self.running[call.part.host]
        there = [line for line in intent.lines if line in config]
        for line in there:
            config.discard(line)
            self.note("undo", "back", call, batch, attempt, line.rpartition(" ")[2])
        intent.undone = bool(there)
        return intent.undone

    # ------------------------------------------------------------------------------------------------ confirming

    def keep(self, call: Call, batch: str, attempt: int) -> None:
        """Confirms: the device's timer stops."""
        if self.journal[call].until is not None:
            self.journal[call].until = None
            self.note("confirm", "kept", call, batch, attempt)

    def revert(self, call: Call) -> None:
        """The device takes an unconfirmed change back by itself."""
        intent = self.journal[call]
        if intent.until is not None:
            self.note("do", "reverts", call, "", 0)
            self.running[call.part.host].difference_update(intent.lines)
            intent.until, intent.reverted = None, True

    def pass_time(self, run: str, at: datetime) -> None:
        """Timers of a run's changes that end by then fire. Each batch has a clock of its own; the latest one counts."""
        for call, intent in list(self.journal.items()):
            if call.part.run == run and intent.until is not None and intent.until <= at:
                self.revert(call)

    def settle(self) -> None:
        """Nobody will come any more: whatever is unconfirmed reverts."""
        for call in list(self.journal):
            self.revert(call)
