"""BIRD 2: a change is a whole configuration file, checked and loaded by BIRD, under its own undo timer if asked for.

Sources: BIRD User's Guide, "Remote control" (``configure check``; ``configure timeout``: "if the new configuration is
not confirmed, BIRD switches back"; ``configure confirm``, ``configure undo``), birdc(8). The lines of a change are the
whole file. What runs and what is loaded at the next start are two things here, as on a router: a change is loaded from
a file beside BIRD's own, which only `save` overwrites. How it is told what runs is in `birdfiles.py`.

Files that the configuration includes are not looked at. A timer that somebody else started with ``birdc configure
timeout`` is shown by nothing that BIRD says.
"""

import asyncio
import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from activities.deviceinteraction.config.footprint import Footprint, Path
from activities.deviceinteraction.failures import CheckFailed, InvalidInput, OutcomeUnknown, RejectedByDevice
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
from activities.deviceinteraction.platforms import birdfiles, wholefile
from activities.deviceinteraction.platforms.birdfiles import Bird
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.platforms.protocol import Ability, Need, NoTimer, Pending, Running, Staged, Timer
from activities.deviceinteraction.transport import Ended

_INTERFACE = re.compile(r"^(?P<name>\S+) (?P<link>up|down) \(index=\d+[^)]*\)$\n\s+(?P<flags>[^\n]*)", re.MULTILINE)
_LOADED = re.compile(r"^(?:Reconfigured|Reconfiguration in progress)", re.MULTILINE)
_GREETING = re.compile(r"^(?:BIRD \S+ ready\.|Reading configuration from \S+)\s*$", re.MULTILINE)
_PATIENCE = 60
_PAUSE_S = 0.5


class BirdDaemon:
    """BIRD 2. ``native`` is ``configure undo``, ``restore`` loads the copy of what ran before."""

    name: ClassVar[PlatformName] = "bird"
    confirm: ClassVar[Confirm] = "device"
    timer: ClassVar[Timer | NoTimer] = Timer(unit_s=1, longest_s=86_400)
    undo_methods: ClassVar[tuple[UndoMethod, ...]] = ("native", "restore")
    made: ClassVar[Made] = "modelled"
    takes: ClassVar[Takes] = "file"
    parses_as: ClassVar[str] = "bird"  # ntc-templates has none

    async def facts(self, device: Dialogue) -> Facts:
        """See `Platform.facts`."""
        bird = await birdfiles.look(device)
        ended = await device.command(bird.birdc("show status"))
        named = re.search(r"^Hostname is (\S+)$", ended.output, re.MULTILINE)
        return Facts(
            hostname=named[1] if named else "", platform=self.name, vendor="CZ.NIC", model="BIRD", version=bird.version
        )

    async def running(self, device: Dialogue) -> Running:
        """See `Platform.running`: the file that BIRD has loaded, without those that it includes."""
        return wholefile.understood(await birdfiles.running_text(device, await birdfiles.look(device)))

    async def vlans(self, device: Dialogue) -> Mapping[int, Vlan]:
        """See `Platform.vlans`. A routing daemon has none."""
        raise InvalidInput(f"{device.host}: BIRD routes and has no VLANs; leave `vlans` out of the snapshot.")

    async def interfaces(self, device: Dialogue, running: Running) -> Mapping[str, Interface]:
        """See `Platform.interfaces`: those that the kernel has told BIRD about."""
        bird = await birdfiles.look(device)
        ended = await device.command(bird.birdc("show interfaces"))
        return {
            match["name"]: Interface(
                admin="up" if "AdminUp" in match["flags"] else "down",
                oper="up" if "LinkUp" in match["flags"] else "down",
                mode="routed",
            )
            for match in _INTERFACE.finditer(ended.output)
        }

    async def stage(self, device: Dialogue, lines: Sequence[str], before: Running, names: Names) -> Staged:
        """See `Platform.stage`. BIRD reads the file and says whether it is right."""
        text = "\n".join(lines) + "\n"
        staged = wholefile.replaced(before, text)
        if staged.footprint.empty:
            return staged
        bird = await birdfiles.look(device)
        if bird.runs(names):
            raise CheckFailed(f"{device.host}: {names.tag} runs already; this must not be asked again.")
        await birdfiles.put(device, bird, bird.file(names, "new"), text)
        await self._prepare(device, bird, names, timer_s=None)
        ended = await device.command(bird.birdc(f'configure check "{bird.file(names, "load")}"'))
        if ended.status or "Configuration OK" not in ended.output:
            await self.discard(device, names)
            raise RejectedByDevice(f"{device.host}: the check of the configuration failed: {_words(ended)}")
        return staged

    async def own_session(self, device: Dialogue) -> str | None:
        """See `Platform.own_session`. No lock is taken."""

    async def end_session(self, device: Dialogue, name: str) -> bool:
        """See `Platform.end_session`."""
        return False

    async def discard(self, device: Dialogue, names: Names) -> None:
        """See `Platform.discard`: drop what was asked for, unless it runs."""
        bird = await birdfiles.look(device)
        if not bird.runs(names):
            await self._remove(device, bird, names, "new", "load")

    async def checkpoint(self, device: Dialogue, names: Names) -> None:
        """See `Platform.checkpoint`. Of the files of older changes the newest few are kept."""
        bird = await birdfiles.look(device)
        await birdfiles.put(device, bird, bird.file(names, "old"), await birdfiles.running_text(device, bird))
        await birdfiles.put(device, bird, bird.file(names, "loaded"), f"{bird.loaded}\n")
        await self._thin_out(device, bird, names)

    async def forget(self, device: Dialogue, names: Names) -> None:
        """See `Platform.forget`. What BIRD still runs is kept."""
        bird = await birdfiles.look(device)
        if bird.token != names.token:
            await self._remove(device, bird, names, "new", "old", "loaded", "load", "reload", "confirmed")

    async def commit(
        self, device: Dialogue, staged: Staged, before: Running, names: Names, timer_s: int | None = None
    ) -> None:
        """See `Platform.commit`."""
        bird = await birdfiles.look(device)
        await self._remove(device, bird, names, "confirmed")
        await self._prepare(device, bird, names, timer_s=timer_s)
        timed = "" if timer_s is None else f" timeout {timer_s}"
        await self._configure(device, bird, f'configure "{bird.file(names, "load")}"{timed}', RejectedByDevice)

    async def timer_needs(self, device: Dialogue) -> tuple[Need, ...]:
        """See `Platform.timer_needs`."""
        return (await _rights(device, "confirm"),)

    async def pending(self, device: Dialogue, names: Names) -> Pending:
        """See `Platform.pending`: of the changes that netsaga made, as BIRD shows no timer."""
        bird = await birdfiles.look(device)
        if bird.token is None or await birdfiles.until(device, bird) <= bird.now_s:
            return "none"
        token = Names(token=bird.token, comment="")
        there = await device.command(f"test -e {shlex.quote(bird.file(token, 'confirmed'))}")
        if there.status == 0:
            return "none"
        return "ours" if bird.token == names.token else "others"

    async def confirm_commit(self, device: Dialogue, names: Names) -> None:
        """See `Platform.confirm_commit`."""
        bird = await birdfiles.look(device)
        ended = await device.command(bird.birdc("configure confirm"), effect=True)
        if ended.status or not re.search("Reconfiguration confirmed|Nothing to do", ended.output):
            raise CheckFailed(f"{device.host}: 'configure confirm' was refused: {_words(ended)}")
        await birdfiles.put(device, bird, bird.file(names, "confirmed"), "")

    async def abort_timer(self, device: Dialogue, names: Names) -> None:
        """See `Platform.abort_timer`."""
        await self.roll_back(device, names)

    async def roll_back(self, device: Dialogue, names: Names) -> None:
        """See `Platform.roll_back`: BIRD keeps what ran before in memory, and goes back to it once."""
        bird = await birdfiles.look(device)
        if not bird.runs(names):
            raise CheckFailed(
                f"{device.host}: what BIRD runs is not {names.tag}, so its undo would undo another change."
            )
        await self._configure(device, bird, "configure undo", CheckFailed)

    async def restore(self, device: Dialogue, names: Names) -> None:
        """See `Platform.restore`."""
        bird = await birdfiles.look(device)
        wrapper = f'include "{names.tag}.old";\ndefine {birdfiles.mark(names, old=True)} = 0;\n'
        await birdfiles.put(device, bird, bird.file(names, "reload"), wrapper)
        await self._configure(device, bird, f'configure "{bird.file(names, "reload")}"', CheckFailed)

    def undo_lines(self, footprint: Footprint, present: Collection[Path]) -> tuple[str, ...] | None:
        """See `Platform.undo_lines`. A file is not put together from lines that differ."""
        return None

    async def save(self, device: Dialogue) -> None:
        """See `Platform.save`: BIRD's own file becomes what runs, in one step, and is older than the load.

        By a second: asked twice when it was loaded, BIRD may tell times that differ by a millisecond.
        """
        bird = await birdfiles.look(device)
        beside = f"{bird.main}.netsaga"
        await birdfiles.put(device, bird, beside, await birdfiles.running_text(device, bird))
        moved = shlex.join(["mv", beside, bird.main])
        touched = shlex.join(["touch", "-d", f"{bird.loaded} 1 second ago", beside])
        ended = await device.command(f"{touched} && {moved}", effect=True)
        if ended.status:
            raise CheckFailed(f"{device.host}: {bird.main} could not be saved: {_words(ended)}")

    async def probe(self, device: Dialogue) -> tuple[Need, ...]:
        """See `Platform.probe`."""
        return (await _rights(device, "change", "native", "restore", "confirm"),)

    async def _prepare(self, device: Dialogue, bird: Bird, names: Names, *, timer_s: int | None) -> None:
        """Write the file that is to be loaded: it names the real one, and until when the timer will run."""
        until = 0 if timer_s is None else bird.now_s + timer_s
        text = f'include "{names.tag}.new";\ndefine {birdfiles.mark(names)} = {until};\n'
        await birdfiles.put(device, bird, bird.file(names, "load"), text)

    async def _configure(
        self, device: Dialogue, bird: Bird, command: str, refused: type[RejectedByDevice | CheckFailed]
    ) -> None:
        ended = await device.command(bird.birdc(command), effect=True)
        if ended.status or not _LOADED.search(ended.output):
            raise refused(f"{device.host}: {command.split(' ', 1)[0]!r} was refused: {_words(ended)}")
        for _ in range(_PATIENCE):  # protocols may be going down yet
            status = await device.command(bird.birdc("show status"))
            if "Reconfiguration in progress" not in status.output:
                return
            await asyncio.sleep(_PAUSE_S)
        raise OutcomeUnknown(f"{device.host}: BIRD is still reconfiguring after {_PATIENCE * _PAUSE_S:g} s.")

    async def _remove(self, device: Dialogue, bird: Bird, names: Names, *kinds: str) -> None:
        await device.command(shlex.join(["rm", "-f", "--", *(bird.file(names, kind) for kind in kinds)]), effect=True)

    async def _thin_out(self, device: Dialogue, bird: Bird, names: Names) -> None:
        folder = shlex.quote(bird.main.rpartition("/")[0])
        listed = await device.command(f"cd {folder} && ls -t netsaga-*.old")
        tokens = [name.removeprefix("netsaga-").removesuffix(".old") for name in listed.output.split()]
        for token in tokens[birdfiles.KEPT :]:
            if token not in (names.token, bird.token):
                await self.forget(device, Names(token=token, comment=""))


async def _rights(device: Dialogue, *serves: Ability) -> Need:
    name = "BIRD's socket and files"
    try:
        bird = await birdfiles.look(device)
    except CheckFailed as error:
        return Need(name, met=False, reason=error.message, serves=serves)
    folder = bird.main.rpartition("/")[0]
    may = await device.command(f"test -w {shlex.quote(folder)} && test -w {shlex.quote(bird.main)}")
    said = f"BIRD {bird.version} runs {bird.main}" if may.status == 0 else f"{folder} and {bird.main} cannot be written"
    return Need(name, met=may.status == 0, reason=said, serves=serves)


def _words(ended: Ended) -> str:
    said = _GREETING.sub("", f"{ended.errors}\n{ended.output}")
    return " ".join(said.split()) or "(no words)"
