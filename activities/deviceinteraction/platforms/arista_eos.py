"""Arista EOS: named configuration sessions as candidates; undo by configuration checkpoints.

Source: Arista, "EOS User Manual", section "Configuration Sessions and Checkpoints": a session starts as a copy of the
running configuration, stays pending when it is left, and a commit puts the *session's* configuration in place, with
whatever changed elsewhere since lost. Hence the running configuration is compared once more right before the commit.
``commit timer hh:mm:ss`` takes the commit back unless the same session is committed a second time; aborting it before
takes it back at once (same manual, and "Config Session Commit Timer", EOS 4.18.1F TOI). ``rollback clean-config`` takes
the session back to the factory's configuration, and nothing else: so the whole of it is replaced.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import ClassVar

from activities.deviceinteraction.answers import refusal
from activities.deviceinteraction.config import hierarchy
from activities.deviceinteraction.config.footprint import Footprint, Path
from activities.deviceinteraction.failures import CheckFailed, ConfigLocked, RejectedByDevice, Transient
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
from activities.deviceinteraction.parse import parse_rows
from activities.deviceinteraction.parse.bounded import parse_bounded
from activities.deviceinteraction.platforms import indented, rows
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.platforms.protocol import Need, NoTimer, Pending, Running, Staged, Timer
from activities.deviceinteraction.platforms.staging import dropped_if_refused

_VOLATILE = re.compile(r"! (?:Command|Time|Last configuration change|Startup-config|device|boot)\b")
_CHECKPOINT = re.compile(r"\b(netsaga-[0-9a-f]+)\b")
_KEPT_CHECKPOINTS = 5
_EMPTY = "rollback clean-config"
_STAGED = "pending"  # states of sessions, in lower case
_ON_TIMER = "pendingcommittimer"


class AristaEos:
    """EOS. ``native`` restores a checkpoint, ``restore`` replaces the configuration from it."""

    name: ClassVar[PlatformName] = "arista_eos"
    confirm: ClassVar[Confirm] = "device"
    timer: ClassVar[Timer | NoTimer] = Timer(unit_s=1, longest_s=86_399)  # hh:mm:ss, below a day
    undo_methods: ClassVar[tuple[UndoMethod, ...]] = ("native", "inverse", "restore")
    made: ClassVar[Made] = "computed_by_device"
    takes: ClassVar[Takes] = "commands"
    parses_as: ClassVar[str] = "arista_eos"

    async def facts(self, device: Dialogue) -> Facts:
        """See `Platform.facts`."""
        row = rows.first(parse_rows(self.parses_as, "show version", await device.show("show version")), device.host)
        return Facts(
            hostname=rows.hostname(device.prompt),
            platform=self.name,
            vendor="Arista",
            model=rows.text(row, "model"),
            version=rows.text(row, "image"),
            serial=rows.text(row, "serial_number"),
        )

    async def running(self, device: Dialogue) -> Running:
        """See `Platform.running`. A lower privilege would see less, and still an end marker."""
        await device.demand("show privilege", "privilege level is 15")
        return self._read(device, await device.show("show running-config"))

    async def vlans(self, device: Dialogue) -> Mapping[int, Vlan]:
        """See `Platform.vlans`."""
        return rows.vlans(await parse_bounded(self.parses_as, "show vlan", await device.show("show vlan")), device.host)

    async def interfaces(self, device: Dialogue, running: Running) -> Mapping[str, Interface]:
        """See `Platform.interfaces`."""
        command = "show interfaces description"
        parsed = await parse_bounded(self.parses_as, command, await device.show(command))
        return indented.interfaces(running, {rows.text(row, "port"): row["protocol"] == "up" for row in parsed})

    async def stage(self, device: Dialogue, lines: Sequence[str], before: Running, names: Names) -> Staged:
        """See `Platform.stage`. The session is left pending, in exec mode."""
        return await self._stage(device, lines, before, names, emptied=False)

    async def stage_whole(self, device: Dialogue, lines: Sequence[str], before: Running, names: Names) -> Staged:
        """See `Replacing.stage_whole`: the session goes back to the factory's configuration first."""
        return await self._stage(device, lines, before, names, emptied=True)

    async def _stage(
        self, device: Dialogue, lines: Sequence[str], before: Running, names: Names, *, emptied: bool
    ) -> Staged:
        indented.check_lines(lines)
        held = await self._sessions(device, names)
        await self.discard(device, names)
        # A new name each time: an older attempt that wakes up inside its session must not find itself in this one.
        name = next(name for name in _session_names(names) if name not in held)
        await self._open(device, name)
        async with dropped_if_refused(partial(device.step, "abort"), "The session was aborted"):
            await device.lines((*((_EMPTY,) if emptied else ()), *hierarchy.as_sent(lines)))
            candidate = await device.show("show session-config")
        await device.step("end")
        return indented.from_candidate(lines, before, self._read(device, candidate))

    async def own_session(self, device: Dialogue) -> str | None:
        """See `Platform.own_session`. No lock is taken."""

    async def end_session(self, device: Dialogue, name: str) -> bool:
        """See `Platform.end_session`."""
        return False

    async def discard(self, device: Dialogue, names: Names) -> None:
        """See `Platform.discard`."""
        for name, state in (await self._sessions(device, names)).items():
            if state == _STAGED:
                await device.effect(f"configure session {name} abort")

    async def checkpoint(self, device: Dialogue, names: Names) -> None:
        """See `Platform.checkpoint`. Of our own older checkpoints the newest few are kept."""
        held = list(dict.fromkeys(_CHECKPOINT.findall(await device.show_or_nothing("show configuration checkpoints"))))
        others = [name for name in held if name != names.tag]
        doomed = others[: max(0, len(others) - _KEPT_CHECKPOINTS)]
        for name in (*doomed, *([names.tag] if names.tag in held else [])):
            await device.effect(f"delete checkpoint:{name}")
        answer = await device.effect(f"configure checkpoint save {names.tag}")
        if refusal(answer) or names.tag not in await device.show_or_nothing("show configuration checkpoints"):
            raise CheckFailed(
                f"{device.host}: the checkpoint {names.tag} could not be saved: {rows.last_line(answer)!r}. "
                "No change starts without it; make room on flash: or check the file system."
            )

    async def forget(self, device: Dialogue, names: Names) -> None:
        """See `Platform.forget`."""
        await device.effect(f"delete checkpoint:{names.tag}")

    async def commit(
        self, device: Dialogue, staged: Staged, before: Running, names: Names, timer_s: int | None = None
    ) -> None:
        """See `Platform.commit`."""
        if (await self.running(device)).fingerprint != before.fingerprint:
            await self.discard(device, names)
            raise Transient(
                f"{device.host}: somebody else changed the configuration while the session was prepared; a commit "
                "would take that change away. The session was aborted."
            )
        held = await self._sessions(device, names)
        name = next((name for name, state in held.items() if state == _STAGED), None)
        if name is None:
            raise Transient(f"{device.host}: the prepared session is gone, as after a restart; it is prepared again.")
        await indented.enter(device, f"configure session {name}", "(config-s-")
        words = refusal(await device.effect("commit" if timer_s is None else f"commit timer {_clock(timer_s)}"))
        if words is not None:
            await device.step("abort")
            raise RejectedByDevice(f"{device.host}: the commit was refused: {words} The session was aborted.")

    async def timer_needs(self, device: Dialogue) -> tuple[Need, ...]:
        """See `Platform.timer_needs`."""
        listing = "show configuration sessions"
        wanted = r"(?i)maximum|pending|name"
        return (await rows.need(device, "configuration sessions", listing, wanted, "change", "confirm"),)

    async def pending(self, device: Dialogue, names: Names) -> Pending:
        """See `Platform.pending`."""
        if await self._waiting(device, names) is not None:
            return "ours"
        listing = await device.show_or_nothing("show configuration sessions")
        return "others" if re.search(rf"\b{_ON_TIMER}\b", listing, re.IGNORECASE) else "none"

    async def confirm_commit(self, device: Dialogue, names: Names) -> None:
        """See `Platform.confirm_commit`: a second commit of the session."""
        await self._end_timer(device, names, "commit")

    async def abort_timer(self, device: Dialogue, names: Names) -> None:
        """See `Platform.abort_timer`."""
        await self._end_timer(device, names, "abort")

    async def roll_back(self, device: Dialogue, names: Names) -> None:
        """See `Platform.roll_back`."""
        await self._load(device, f"configure checkpoint restore {names.tag}")

    async def restore(self, device: Dialogue, names: Names) -> None:
        """See `Platform.restore`."""
        await self._load(device, f"configure replace checkpoint:{names.tag}")

    def undo_lines(self, footprint: Footprint, present: Collection[Path]) -> tuple[str, ...] | None:
        """See `Platform.undo_lines`."""
        return indented.undo_lines(footprint, present)

    async def save(self, device: Dialogue) -> None:
        """See `Platform.save`."""
        words = refusal(await device.effect("write memory"))
        if words is not None:
            raise CheckFailed(f"{device.host}: 'write memory' was refused: {words}")

    async def probe(self, device: Dialogue) -> tuple[Need, ...]:
        """See `Platform.probe`."""
        checkpoints = "show configuration checkpoints"
        return (
            await rows.need(device, "privilege 15", "show privilege", r"privilege level is 15", "change"),
            *await self.timer_needs(device),
            await rows.need(device, "checkpoints", checkpoints, r"(?i)maximum|file", "native", "restore"),
        )

    def _read(self, device: Dialogue, text: str) -> Running:
        indented.demand_end(device.host, text)
        return indented.understood(indented.without(text, _VOLATILE))

    async def _sessions(self, device: Dialogue, names: Names) -> Mapping[str, str]:
        """Our sessions of these names and their states; the device remembers committed ones as completed."""
        listing = await device.show_or_nothing("show configuration sessions")
        found = re.findall(rf"^\W*({names.tag}(?:-\d)?)\s+(\w+)", listing, re.MULTILINE)
        return {name: state.lower() for name, state in found}

    async def _open(self, device: Dialogue, name: str) -> None:
        """Open a session. Where no more may be pending, those that our own lost links left behind are dropped first.

        One run at a time works on a device (its lease), so that other sessions of our naming are nobody's any more.

        Raises:
            ConfigLocked: Sessions of others are all that may be pending.
        """
        try:
            await indented.enter(device, f"configure session {name}", "(config-s-")
        except RejectedByDevice as refused:
            if "maximum number of pending" not in refused.message.lower():
                raise
            listing = await device.show_or_nothing("show configuration sessions")
            left = re.findall(rf"^\W*(netsaga-[0-9a-f]+(?:-\d)?)\s+{_STAGED}\s", listing, re.MULTILINE)
            if not left:
                raise ConfigLocked(
                    f"{device.host}: config locked: as many configuration sessions of others are pending as the device "
                    "allows. Nothing was changed; commit or abort one of `show configuration sessions`."
                ) from refused
            for old in left:
                await device.effect(f"configure session {old} abort")
            await indented.enter(device, f"configure session {name}", "(config-s-")

    async def _waiting(self, device: Dialogue, names: Names) -> str | None:
        """Our session whose commit timer runs."""
        held = await self._sessions(device, names)
        return next((name for name, state in held.items() if state == _ON_TIMER), None)

    async def _end_timer(self, device: Dialogue, names: Names, how: str) -> None:
        name = await self._waiting(device, names)
        if name is None:
            return
        words = refusal(await device.effect(f"configure session {name} {how}"))
        if words is not None and await self._waiting(device, names) is not None:
            raise CheckFailed(f"{device.host}: 'configure session {name} {how}' was refused: {words}")

    async def _load(self, device: Dialogue, command: str) -> None:
        words = refusal(await device.effect(command))
        if words is not None:
            raise CheckFailed(f"{device.host}: {command!r} was refused: {words}")


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _session_names(names: Names) -> list[str]:
    """Names for a session, in order of preference."""
    return [names.tag, *(f"{names.tag}-{number}" for number in range(2, 10))]
