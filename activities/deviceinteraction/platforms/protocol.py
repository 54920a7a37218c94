"""What every platform does, in its own words. One file implements it per platform; `registry.py` lists them.

A platform knows commands, answers and file names of its device. It keeps no journal and decides neither order nor
undo: that is `change/`. It never imports a transport.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Literal, Protocol, runtime_checkable

from activities.deviceinteraction.config.footprint import Footprint, Path
from activities.deviceinteraction.model import (
    Confirm,
    Facts,
    Interface,
    Made,
    Names,
    PlatformName,
    Takes,
    UndoMethod,
    Vlan,
)
from activities.deviceinteraction.platforms.dialogue import Dialogue

Ability = Literal["change", "native", "inverse", "restore", "confirm"]
Pending = Literal["none", "ours", "others", "unnamed"]  # unnamed: the device does not say whose commit it is


@dataclass(frozen=True, slots=True)
class Timer:
    """A device's own confirm timer: it runs for whole units, and not longer than so many seconds."""

    unit_s: int
    longest_s: int

    def seconds(self, within: timedelta) -> int | None:
        """How long it runs so that at least this time is covered; ``None`` where it cannot run that long."""
        units = -(-within // timedelta(seconds=self.unit_s))
        return units * self.unit_s if 0 < units * self.unit_s <= self.longest_s else None


@dataclass(frozen=True, slots=True)
class NoTimer:
    """That a platform has no confirm timer, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Running:
    """A complete running configuration, unredacted: never leaves the library.

    ``text`` has its volatile lines removed; ``paths`` are keyed (`footprint.keyed`), in order.
    """

    text: str
    paths: tuple[Path, ...]
    fingerprint: str  # hex SHA-256 of text
    present: frozenset[Path] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Staged:
    """A change that is worked out but not made; on platforms with a candidate it is pending on the device."""

    footprint: Footprint
    diff: str  # unredacted
    digest: str
    lines: tuple[str, ...]  # as they will be sent
    stages: tuple[Footprint, ...] = ()  # what each line does to the one before; empty where a commit is atomic


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a probe looked for: whether it is there, and the device's own words."""

    name: str
    met: bool
    reason: str
    serves: tuple[Ability, ...] = ()  # what does not work without it


class Platform(Protocol):
    """One network operating system."""

    name: ClassVar[PlatformName]
    confirm: ClassVar[Confirm]
    timer: ClassVar[Timer | NoTimer]
    undo_methods: ClassVar[tuple[UndoMethod, ...]]
    made: ClassVar[Made]
    takes: ClassVar[Takes]
    parses_as: ClassVar[str]  # the platform's name in ntc-templates

    async def facts(self, device: Dialogue) -> Facts:
        """What the device says of itself."""
        ...

    async def running(self, device: Dialogue) -> Running:
        """The running configuration. Raises `CheckFailed` where it is not complete (privilege, end marker)."""
        ...

    async def vlans(self, device: Dialogue) -> Mapping[int, Vlan]:
        """The VLANs that carry Ethernet, by id."""
        ...

    async def interfaces(self, device: Dialogue, running: Running) -> Mapping[str, Interface]:
        """The interfaces whose state the device reports, by name."""
        ...

    async def stage(self, device: Dialogue, lines: Sequence[str], before: Running, names: Names) -> Staged:
        """Work out a change without any effect. A candidate stays pending until `commit` or `discard`.

        Raises:
            RejectedByDevice: The device refused a line; the candidate is gone.
            ConfigLocked: Another session holds the configuration.
        """
        ...

    async def own_session(self, device: Dialogue) -> str | None:
        """What the device calls this very session where it names who holds its lock; ``None`` where it has no lock."""
        ...

    async def end_session(self, device: Dialogue, name: str) -> bool:
        """End another session of ours, named as by `own_session`, with its candidate; whether the device agreed."""
        ...

    async def discard(self, device: Dialogue, names: Names) -> None:
        """Drop a candidate of ours, of this session or of an attempt that crashed; harmless where there is none."""
        ...

    async def checkpoint(self, device: Dialogue, names: Names) -> None:
        """Keep the running configuration on the device under our name, replacing an older one of that name."""
        ...

    async def forget(self, device: Dialogue, names: Names) -> None:
        """Remove our checkpoint; harmless where there is none."""
        ...

    async def commit(
        self, device: Dialogue, staged: Staged, before: Running, names: Names, timer_s: int | None = None
    ) -> None:
        """Make the staged change effective; with ``timer_s`` until the device's timer runs out or is confirmed.

        Raises:
            LineRefused: A line was refused; what came before it may hold.
            RejectedByDevice: The commit was refused as a whole; nothing is applied.
        """
        ...

    async def timer_needs(self, device: Dialogue) -> tuple[Need, ...]:
        """What the confirm timer needs on this very device; asked before it is relied on."""
        ...

    async def pending(self, device: Dialogue, names: Names) -> Pending:
        """Whether a commit waits for its confirmation, and whose."""
        ...

    async def confirm_commit(self, device: Dialogue, names: Names) -> None:
        """Stop the timer and keep what is there; harmless where none runs any more.

        Raises:
            CheckFailed: The device refused.
            ConfigLocked: Another session holds the configuration.
        """
        ...

    async def abort_timer(self, device: Dialogue, names: Names) -> None:
        """Take a commit that is still pending back at once, as its timer would. Raises as `roll_back`."""
        ...

    async def roll_back(self, device: Dialogue, names: Names) -> None:
        """Undo natively: bring back the configuration before our commit. Raises `CheckFailed` where that failed."""
        ...

    async def restore(self, device: Dialogue, names: Names) -> None:
        """Load the device's own complete copy by another way than `roll_back`. Raises as `roll_back`."""
        ...

    def undo_lines(self, footprint: Footprint, present: Collection[Path]) -> tuple[str, ...] | None:
        """Lines that take back what a configuration shows of a change; ``None`` where they cannot be told."""
        ...

    async def save(self, device: Dialogue) -> None:
        """Make the running configuration survive a restart. Raises `CheckFailed` where the device says otherwise."""
        ...

    async def probe(self, device: Dialogue) -> tuple[Need, ...]:
        """What this platform's safe change needs, looked up without changing anything."""
        ...


@runtime_checkable
class Locking(Protocol):
    """A platform on which nobody commits while another session holds its lock, as ours does until it has committed.

    So whoever gets the lock knows that no commit of a session that died is under way any more.
    """

    async def lock(self, device: Dialogue) -> None:
        """Take the lock; `Platform.discard` gives it back. Raises `ConfigLocked` where another session holds it."""
        ...
