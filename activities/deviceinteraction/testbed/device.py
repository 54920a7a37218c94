"""A simulated device: who it is, its configuration, its log and its faults. Knows no sockets.

Each platform extends `Device` under ``platforms/``. `shell.py` drives its CLIs, `testbed.py` owns it.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from activities.deviceinteraction.model import Vlan
from activities.deviceinteraction.testbed.cli import Cli
from activities.deviceinteraction.testbed.commandlog import CommandLog
from activities.deviceinteraction.testbed.faults import FaultBox
from activities.deviceinteraction.testbed.model import DeviceSpec, Effect, Login
from activities.deviceinteraction.testbed.surroundings import Peer

DISK_FREE: Final = 1_205_714_944  # bytes, files that were copied not counted


class Timer(Protocol):
    """A call that is due later."""

    def cancel(self) -> None:
        """Forget it."""


class Clock(Protocol):
    """Time as devices know it, so that a test can move it."""

    def now(self) -> datetime:
        """Aware, in UTC."""
        ...

    def call_later(self, delay_s: float, call: Callable[[], None]) -> Timer:
        """Have something called after so many seconds."""
        ...


class SystemClock:
    """The machine's clock and the running event loop's timers."""

    def now(self) -> datetime:
        """Aware, in UTC."""
        return datetime.now(UTC)

    def call_later(self, delay_s: float, call: Callable[[], None]) -> Timer:
        """Have something called by the event loop."""
        return asyncio.get_running_loop().call_later(delay_s, call)


@dataclass(frozen=True, slots=True)
class Revert:
    """A commit that waits for its confirmation, and how it is taken back."""

    timer: Timer
    began: datetime
    due: datetime
    user: str
    restore: Callable[[], None]


class Device(ABC):
    """One simulated device; all its sessions share it.

    Args:
        spec: Who it is.
        login: Who may log in.
        log: Where its commands are written.
        clock: Its time.
    """

    def __init__(self, spec: DeviceSpec, login: Login, log: Path, clock: Clock) -> None:
        self.spec = spec
        self.login = login
        self.log = CommandLog(log)
        self.clock = clock
        self.booted_at = clock.now() - timedelta(days=41, hours=3, minutes=17)
        self.faults = FaultBox()
        self.users: dict[int, str] = {}  # live sessions
        self.terminals: dict[int, Callable[[], None]] = {}  # by session: how to hang up on it
        self.power_cycle: Callable[[], None] | None = None  # cuts all connections and closes the port for a while
        self.files: dict[str, bytes] = {}
        self.disk_free = DISK_FREE
        self.peers: tuple[Peer, ...] = ()  # none: BGP is not configured
        self._effect: Effect | None = None
        self._revert: Revert | None = None

    # What the world sees

    @abstractmethod
    def running_config(self) -> str:
        """The running configuration without volatile lines: what a copy of it to a file would hold."""

    @abstractmethod
    def startup_config(self) -> str:
        """What the device would come up with after a reboot."""

    @abstractmethod
    def vlans(self) -> Mapping[int, Vlan]:
        """The VLANs by id, in the shape that all platforms share."""

    @abstractmethod
    def cli(self, session: int, user: str) -> Cli:
        """A new login's view."""

    @abstractmethod
    def change(self, lines: Sequence[str], *, user: str = "console", commit: bool = True) -> None:
        """Somebody else changes the device, out of band.

        Args:
            lines: Configuration lines of the platform.
            user: Who.
            commit: On a platform with a candidate, whether the lines are committed or left in it.

        Raises:
            ValueError: The device refuses a line.
        """

    @abstractmethod
    def reset(self) -> None:
        """Back to the state in which it was delivered, without its log."""

    def restart(self) -> None:  # noqa: B027  # most forget nothing
        """What a restart does to the configuration: what was not saved is gone."""

    def reboot(self, user: str) -> None:
        """Restart: every session ends, the port is closed for a while, and what was saved is what runs."""
        self.log.event(0, user, "rebooted")
        if self.power_cycle is not None:
            self.power_cycle()

    def boot(self) -> None:
        """Come up with what was saved; nobody is logged in."""
        self.confirm()
        self.restart()
        self.booted_at = self.clock.now()

    # Files that were copied to it

    def receive(self, path: str, data: bytes) -> str | None:
        """Keep a file that came by SCP; why not, where there is no room."""
        full = self.faults.take("no_space", line=f"scp {path}") is not None  # whatever it told of its room
        if full or len(data) > self.disk_free - sum(map(len, self.files.values())):
            return f"{path}: No space left on device"
        damaged = self.faults.take("garbage", line=f"scp {path}") is not None
        self.files[self.file_path(path)] = data[: len(data) // 2] if damaged else data
        self.log.command(0, "scp", "exec", f"scp {path}", "ok", "checkpoint")
        return None

    def file_path(self, path: str) -> str:
        """A path, as the SCP server or the command line has it, in the form in which files are kept."""
        return path

    # Effects

    def mark(self, effect: Effect) -> None:
        """Note that the line under way changed something; ``running`` outranks the rest."""
        if self._effect != "running":
            self._effect = effect

    def take_effect(self) -> Effect | None:
        """What the last line changed, and forget it."""
        effect, self._effect = self._effect, None
        return effect

    # Commit-confirm

    @property
    def revert_due(self) -> datetime | None:
        """When the device will go back by itself, if it will."""
        return self._revert.due if self._revert else None

    @property
    def unconfirmed(self) -> Revert | None:
        """The commit that waits for its confirmation, if one does."""
        return self._revert

    def revert_later(self, delay_s: float, restore: Callable[[], None], user: str = "") -> None:
        """Start the timer of an unconfirmed commit; one that runs already is forgotten."""
        self.confirm()
        now, timer = self.clock.now(), self.clock.call_later(delay_s, self.run_out)
        self._revert = Revert(timer, now, now + timedelta(seconds=delay_s), user, restore)

    def run_out(self) -> None:
        """Take an unconfirmed commit back as its timer does; nothing happens where there is none."""
        if not self.revert_now():
            return
        effect = self.take_effect()
        self.log.event(0, "timer", "reverted")
        self.log.command(0, "timer", "revert", "confirm timer ran out", "ok", effect)

    def confirm(self) -> bool:
        """Stop the timer of an unconfirmed commit; whether one ran."""
        revert, self._revert = self._revert, None
        if revert is not None:
            revert.timer.cancel()
        return revert is not None

    def revert_now(self) -> bool:
        """Take an unconfirmed commit back before its time; whether there was one."""
        revert = self._revert
        if revert is not None:
            self.confirm()
            revert.restore()
        return revert is not None

    def uptime(self) -> timedelta:
        """How long it is up."""
        return self.clock.now() - self.booted_at
