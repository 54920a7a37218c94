"""Juniper Junos: an exclusive candidate, checked and committed with a comment; undo by rolling back our own commit.

Sources: Juniper, "CLI User Guide": "Commit the Configuration", "Roll Back Junos OS Configuration" (the device keeps
the last configurations as rollback 0 to 49) and "configure exclusive", whose uncommitted changes are discarded when it
is left. A candidate that is not empty belongs to a colleague and is never committed along (device-safety rule 2).
Who edits is named by user, terminal, process and time of login, by ``status`` and by the refusal of a lock alike
("Entering and Exiting Configuration Mode"); ``request system logout pid`` logs such a session out "of the router and
the configuration database", and its exclusive lock is cleared ("request system logout").
``commit confirmed`` counts minutes (1 to 65535); any later commit is its confirmation ("Commit the Configuration"), and
its entry in ``show system commit`` says ``rollback in``. It is aborted by rolling back and committing that.
"""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar

from activities.deviceinteraction.answers import refusal
from activities.deviceinteraction.config import setlines
from activities.deviceinteraction.config.diff import digest
from activities.deviceinteraction.config.footprint import Footprint, Path, between, keyed
from activities.deviceinteraction.failures import CheckFailed, ConfigLocked, InvalidInput, RejectedByDevice
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
from activities.deviceinteraction.platforms import rows
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.platforms.protocol import Need, NoTimer, Pending, Running, Staged, Timer
from activities.deviceinteraction.platforms.staging import dropped_if_refused, locked
from activities.deviceinteraction.transport import Answer

_LINE = re.compile(r"(?:set|delete|activate|deactivate|rename|insert|annotate)\s")
_COMMIT = re.compile(
    r"^\s*(?P<number>\d+)\s+\d{4}-\d\d-\d\d .*?(?=^\s*\d+\s+\d{4}-\d\d-\d\d |\Z)", re.MULTILINE | re.DOTALL
)
_EDITOR = re.compile(
    r"(?P<user>\S+) terminal (?P<terminal>\S+) \(pid (?P<pid>\d+)\) on since \d{4}-\d\d-\d\d [\d:]+(?: [\w+:-]+)?"
)
_STAMP = r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)"
_TIMED = re.compile(rf"^\s*\d+\s+{_STAMP} .*\brollback in (?P<minutes>\d+)\s?min")
_CLOCK = re.compile(rf"^Current time: {_STAMP}", re.MULTILINE)
_VERSION = re.compile(r"^set version \S+", re.MULTILINE)
_DELETE = Answer(r"delete everything under this level\?.*$", "yes")
_LEAVE = Answer(r"exit with uncommitted changes\?.*$", "yes")


class JuniperJunos:
    """Junos. It has one copy of `before`, its rollback archive, so there is no ``restore`` beside ``native``."""

    name: ClassVar[PlatformName] = "juniper_junos"
    confirm: ClassVar[Confirm] = "device"
    timer: ClassVar[Timer | NoTimer] = Timer(unit_s=60, longest_s=65_535 * 60)
    undo_methods: ClassVar[tuple[UndoMethod, ...]] = ("native", "inverse")
    made: ClassVar[Made] = "computed_by_device"
    takes: ClassVar[Takes] = "commands"
    parses_as: ClassVar[str] = "juniper_junos"

    async def facts(self, device: Dialogue) -> Facts:
        """See `Platform.facts`."""
        row = rows.first(parse_rows(self.parses_as, "show version", await device.show("show version")), device.host)
        return Facts(
            hostname=rows.text(row, "hostname"),
            platform=self.name,
            vendor="Juniper",
            model=rows.text(row, "model"),
            version=rows.text(row, "junos_version"),
            serial=rows.text(row, "serial_number"),
        )

    async def running(self, device: Dialogue) -> Running:
        """See `Platform.running`: the committed configuration as set lines."""
        return _read(device, await device.show("show configuration | display set"))

    async def vlans(self, device: Dialogue) -> Mapping[int, Vlan]:
        """See `Platform.vlans`."""
        parsed = await parse_bounded(self.parses_as, "show vlans", await device.show("show vlans"))
        found = {
            int(rows.text(row, "tag")): Vlan(name=rows.text(row, "vlan_name"), status="active")
            for row in parsed
            if rows.text(row, "tag")
        }
        if not found:
            raise CheckFailed(f"{device.host}: no VLAN could be read from the answer to 'show vlans'.")
        return dict(sorted(found.items()))

    async def interfaces(self, device: Dialogue, running: Running) -> Mapping[str, Interface]:
        """See `Platform.interfaces`."""
        return setlines.interfaces(running.text.splitlines(), await device.show("show interfaces terse"))

    async def stage(self, device: Dialogue, lines: Sequence[str], before: Running, names: Names) -> Staged:
        """See `Platform.stage`. The candidate stays open in exclusive mode."""
        return await self._stage(device, lines, before, names, emptied=False)

    async def stage_whole(self, device: Dialogue, lines: Sequence[str], before: Running, names: Names) -> Staged:
        """See `Replacing.stage_whole`: all of the candidate is deleted first ("delete", CLI Reference)."""
        return await self._stage(device, lines, before, names, emptied=True)

    async def _stage(
        self, device: Dialogue, lines: Sequence[str], before: Running, names: Names, *, emptied: bool
    ) -> Staged:
        for line in lines:
            if not _LINE.match(line.strip()):
                raise InvalidInput(f"{line.strip()!r} is not a Junos set line; begin lines with set or delete.")
        # Deleted as all else, and none of it: the device writes it anew with each commit.
        version = _VERSION.findall(await device.show("show configuration | display set")) if emptied else []
        await self.lock(device)
        async with dropped_if_refused(partial(self.discard, device, names)):
            if emptied:
                await self._empty(device, names)
            await device.lines((*lines, *version))
            shown = await device.show_or_nothing("show | compare")
            candidate = _read(device, await device.show("show | display set"))
            words = refusal(await device.step("commit check")) if shown.strip() else None
            if words is not None:
                raise RejectedByDevice(f"{device.host}: the commit check failed: {words} The candidate was dropped.")
        text = setlines.as_diff(shown)
        return Staged(between(before.paths, candidate.paths), text, digest(text), tuple(lines))

    async def own_session(self, device: Dialogue) -> str | None:
        """See `Platform.own_session`: the editor that ``status`` names and that was not there before us."""
        if device.known_as is None:
            others = _editors(await device.step("configure"))
            if not device.prompt.endswith("#"):
                return None
            own = [editor for editor in _editors(await device.step("status")) if editor not in others]
            await device.effect("exit configuration-mode", answers=(_LEAVE,))
            device.known_as = own[0] if len(own) == 1 else None  # somebody else may have come at the same moment
        return device.known_as

    async def end_session(self, device: Dialogue, name: str) -> bool:
        """See `Platform.end_session`."""
        found = _EDITOR.search(name)
        return found is not None and refusal(await device.effect(f"request system logout pid {found['pid']}")) is None

    async def discard(self, device: Dialogue, names: Names) -> None:
        """See `Platform.discard`. A candidate of a session that died went with its exclusive lock."""
        if device.prompt.endswith("#"):
            await device.step("rollback 0")
            await device.effect("exit configuration-mode", answers=(_LEAVE,))

    async def checkpoint(self, device: Dialogue, names: Names) -> None:
        """See `Platform.checkpoint`. Every commit keeps the configuration before it."""

    async def forget(self, device: Dialogue, names: Names) -> None:
        """See `Platform.forget`. The device ages its archive by itself."""

    async def commit(
        self, device: Dialogue, staged: Staged, before: Running, names: Names, timer_s: int | None = None
    ) -> None:
        """See `Platform.commit`."""
        await self._commit(device, names, _comment(names), timer_s)

    async def timer_needs(self, device: Dialogue) -> tuple[Need, ...]:
        """See `Platform.timer_needs`: the history of commits says whether one waits for its confirmation."""
        name, command = "commit history for rollback", "show system commit"
        return (await rows.need(device, name, command, r"^\s*\d+\s", "native", "confirm"),)

    async def pending(self, device: Dialogue, names: Names) -> Pending:
        """See `Platform.pending`: of the last commit alone, and while its minutes last, as a check confirms too."""
        last = _COMMIT.search(await device.show("show system commit"))
        timed = None if last is None else _TIMED.search(last.group(0))
        if last is None or timed is None:
            return "none"
        now = _CLOCK.search(await device.show("show system uptime"))
        if now is None:
            raise CheckFailed(f"{device.host}: 'show system uptime' does not tell the current time.")
        age = datetime.fromisoformat(now["time"]) - datetime.fromisoformat(timed["time"])
        if age > timedelta(minutes=int(timed["minutes"])):
            return "none"
        return "ours" if names.tag in last.group(0) else "others"

    async def confirm_commit(self, device: Dialogue, names: Names) -> None:
        """See `Platform.confirm_commit`: an empty commit, of which nobody else's changes can be a part."""
        await self.lock(device)
        try:
            await self._commit(device, names, f"{_comment(names)} confirmed")
        except RejectedByDevice as refused:
            raise CheckFailed(refused.message) from refused

    async def abort_timer(self, device: Dialogue, names: Names) -> None:
        """See `Platform.abort_timer`."""
        await self.roll_back(device, names)

    async def roll_back(self, device: Dialogue, names: Names) -> None:
        """See `Platform.roll_back`: to the configuration before the commit that carries our comment."""
        history = await device.show("show system commit")
        ours = [int(match["number"]) for match in _COMMIT.finditer(history) if names.tag in match.group(0)]
        if not ours:
            raise CheckFailed(f"{device.host}: 'show system commit' has no commit with {names.tag} in its comment.")
        await self.lock(device)
        words = refusal(await device.step(f"rollback {max(ours) + 1}"))
        if words is not None:
            await self.discard(device, names)
            raise CheckFailed(f"{device.host}: rollback {max(ours) + 1} was refused: {words}")
        await self._commit(device, names, "netsaga undo")

    async def restore(self, device: Dialogue, names: Names) -> None:
        """See `Platform.restore`."""
        raise CheckFailed(f"{device.host}: Junos has no copy of 'before' other than the one that a rollback loads.")

    def undo_lines(self, footprint: Footprint, present: Collection[Path]) -> tuple[str, ...] | None:
        """See `Platform.undo_lines`."""
        return setlines.undoing(footprint, present)

    async def save(self, device: Dialogue) -> None:
        """See `Platform.save`. A commit is persistent."""

    async def probe(self, device: Dialogue) -> tuple[Need, ...]:
        """See `Platform.probe`."""
        return (
            await rows.need(
                device, "sight of the configuration", "show configuration | display set", r"^set ", "change"
            ),
            *await self.timer_needs(device),
        )

    async def lock(self, device: Dialogue) -> None:
        """See `Locking.lock`."""
        answer = await device.step("configure exclusive")
        if not device.prompt.endswith("#"):
            holders = _editors(answer)
            raise locked(device, answer, holders[0] if len(holders) == 1 else None)
        pending = await device.show_or_nothing("show | compare")
        if pending.strip():
            await device.effect("exit configuration-mode", answers=(_LEAVE,))
            said = "the candidate holds changes of somebody else, left alone"
            raise ConfigLocked(f"{device.host}: config locked: {said}.")

    async def _empty(self, device: Dialogue, names: Names) -> None:
        words = refusal(await device.effect("delete", answers=(_DELETE,)))
        if words is not None:
            raise RejectedByDevice(f"{device.host}: the candidate could not be emptied: {words} It was dropped.")

    async def _commit(self, device: Dialogue, names: Names, comment: str, timer_s: int | None = None) -> None:
        confirmed = "" if timer_s is None else f"confirmed {timer_s // 60} "
        answer = await device.effect(f'commit {confirmed}comment "{comment}"')
        words = refusal(answer)
        if words is not None or "commit complete" not in answer:
            await self.discard(device, names)
            raise RejectedByDevice(f"{device.host}: the commit was refused: {words or rows.last_line(answer)}")
        await device.effect("exit configuration-mode", answers=(_LEAVE,))


def _editors(answer: str) -> list[str]:
    """Who edits the configuration, in the device's words."""
    return [found.group(0) for found in _EDITOR.finditer(answer)]


def _comment(names: Names) -> str:
    words = re.sub(r"[^\w .:/@-]", " ", names.comment)[:200]
    return words if names.tag in words else f"{words} {names.tag}"


def _read(device: Dialogue, text: str) -> Running:
    """The set lines of a configuration; the version line and comments are not part of it."""
    if "ACCESS-DENIED" in text or not re.search(r"^set ", text, re.MULTILINE):
        raise CheckFailed(
            f"{device.host}: the configuration is not whole: the user's class hides parts of it. No change starts "
            "without a complete copy; give the class 'view-configuration' and 'secret' permissions."
        )
    lines = [line.rstrip() for line in text.splitlines() if line.startswith(("set ", "deactivate ", "protect "))]
    lines = [line for line in lines if not line.startswith("set version ")]
    paths = tuple(keyed((line,)) for line in lines)
    whole = "\n".join(lines) + "\n"
    return Running(whole, paths, hashlib.sha256(whole.encode()).hexdigest(), frozenset(paths))
