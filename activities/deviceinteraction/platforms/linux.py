"""Linux machines: a change is a set of network configuration files and what makes them effective, with a timed revert.

The lines of a change name files beneath `linuxfiles.ROOTS`, each content line behind a ``|``, and the commands that
load them::

    file /etc/sysctl.d/60-routing.conf
    |net.ipv4.ip_forward = 1
    gone /etc/sysctl.d/50-old.conf
    reload sysctl --system

On the machine each change has a folder with the files as they were and a script that brings them back. The confirm
timer is that script, started by ``systemd-run --on-active`` (systemd-run(1)) where systemd runs, else by a sleeper in a
session of its own; either looks first whether the change is still armed. After the files are back, the same commands
make them effective: give such as read whatever is there (``sysctl --system``, ``networkctl reload``). A restart of the
machine ends the timer: what was not confirmed then stays, and the next attempt sees it.
"""

import json
import shlex
from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from activities.deviceinteraction.config.footprint import Footprint, Path
from activities.deviceinteraction.failures import CheckFailed, InvalidInput
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
from activities.deviceinteraction.platforms import linuxfiles
from activities.deviceinteraction.platforms.dialogue import Dialogue, LineRefused
from activities.deviceinteraction.platforms.protocol import Need, NoTimer, Pending, Running, Staged, Timer
from activities.deviceinteraction.transport import Ended

_FACTS = '. /etc/os-release; echo "$NAME"; echo "$VERSION_ID"; uname -n; uname -r'
_PENDING = f"""
now=$(date +%s)
for file in {linuxfiles.HOME}/netsaga-*/armed; do
  test -e "$file" && test "$(cat "$file")" -gt $now && echo "$file"
done; true
"""


class Linux:
    """A Linux machine. ``native`` runs the change's own script that brings the files back."""

    name: ClassVar[PlatformName] = "linux"
    confirm: ClassVar[Confirm] = "device"
    timer: ClassVar[Timer | NoTimer] = Timer(unit_s=1, longest_s=86_400)
    undo_methods: ClassVar[tuple[UndoMethod, ...]] = ("native",)
    made: ClassVar[Made] = "modelled"
    takes: ClassVar[Takes] = "file"
    parses_as: ClassVar[str] = "linux"

    async def facts(self, device: Dialogue) -> Facts:
        """See `Platform.facts`."""
        ended = await device.command(_FACTS)
        said = ended.output.splitlines()
        if ended.status or len(said) != 4:
            raise CheckFailed(f"{device.host}: the machine does not say what it is: {_words(ended)}")
        vendor, version, hostname, kernel = said
        return Facts(hostname=hostname, platform=self.name, vendor=vendor, model=f"Linux {kernel}", version=version)

    async def running(self, device: Dialogue) -> Running:
        """See `Platform.running`: the files of network configuration, every one of them readable."""
        ended = await device.command(linuxfiles.LISTED)
        if ended.status:
            raise CheckFailed(
                f"{device.host}: not every file of the configuration can be read: {_words(ended)} No change starts "
                "without a complete copy; log in as root, or give the user sudo."
            )
        return linuxfiles.understood(linuxfiles.read(ended.output.splitlines()))

    async def vlans(self, device: Dialogue) -> Mapping[int, Vlan]:
        """See `Platform.vlans`. A machine has interfaces with tags, and no VLANs of its own."""
        raise InvalidInput(f"{device.host}: a Linux machine has no table of VLANs; leave `vlans` out of the snapshot.")

    async def interfaces(self, device: Dialogue, running: Running) -> Mapping[str, Interface]:
        """See `Platform.interfaces`."""
        ended = await device.command("ip -json link show")
        if ended.status:
            raise CheckFailed(f"{device.host}: the interfaces cannot be read: {_words(ended)}")
        return {
            link["ifname"]: Interface(
                admin="up" if "UP" in link["flags"] else "down",
                oper="up" if "LOWER_UP" in link["flags"] else "down",
                mode="routed",
                description=link.get("ifalias", ""),
            )
            for link in json.loads(ended.output)
        }

    async def stage(self, device: Dialogue, lines: Sequence[str], before: Running, names: Names) -> Staged:
        """See `Platform.stage`. Nothing is sent."""
        return linuxfiles.staged(lines, before)

    async def own_session(self, device: Dialogue) -> str | None:
        """See `Platform.own_session`. No lock is taken."""

    async def end_session(self, device: Dialogue, name: str) -> bool:
        """See `Platform.end_session`."""
        return False

    async def discard(self, device: Dialogue, names: Names) -> None:
        """See `Platform.discard`. There is no candidate."""

    async def checkpoint(self, device: Dialogue, names: Names) -> None:
        """See `Platform.checkpoint`. Of the folders of older changes the newest few are kept."""
        ended = await device.command(linuxfiles.thinned(names), effect=True)
        if ended.status:
            raise CheckFailed(
                f"{device.host}: {linuxfiles.HOME} cannot be written: {_words(ended)} No change starts without it."
            )

    async def forget(self, device: Dialogue, names: Names) -> None:
        """See `Platform.forget`."""
        await device.command(shlex.join(["rm", "-rf", linuxfiles.folder(names)]), effect=True)

    async def commit(
        self, device: Dialogue, staged: Staged, before: Running, names: Names, timer_s: int | None = None
    ) -> None:
        """See `Platform.commit`. The copies and the script are there, and the timer runs, before the first file."""
        change = linuxfiles.change_of(staged.lines)
        ended = await device.command(
            linuxfiles.kept(change, names), stdin=linuxfiles.undo_script(change, names), effect=True
        )
        if ended.status:
            raise CheckFailed(f"{device.host}: the files could not be copied: {_words(ended)} Nothing is applied.")
        for number, (_, content) in enumerate(change.files):
            if content is not None:
                where = shlex.quote(f"{linuxfiles.folder(names)}/new-{number}")
                ended = await device.command(f"cat > {where}", stdin=content, effect=True)
                if ended.status:
                    raise CheckFailed(f"{device.host}: {_words(ended)} Nothing is applied.")
        ended = await device.command(linuxfiles.made(change, names, timer_s), effect=True)
        if ended.status:
            raise LineRefused(device.host, "reload", len(staged.lines), _words(ended))

    async def timer_needs(self, device: Dialogue) -> tuple[Need, ...]:
        """See `Platform.timer_needs`: systemd, or a sleeper that outlives the session."""
        ended = await device.command(
            "if test -d /run/systemd/system; then echo systemd-run; else command -v setsid; fi"
        )
        said = ended.output.strip() or "neither systemd nor setsid is there"
        return (Need("timed revert", met=ended.status == 0, reason=said, serves=("confirm",)),)

    async def pending(self, device: Dialogue, names: Names) -> Pending:
        """See `Platform.pending`."""
        found = (await device.command(_PENDING)).output.split()
        if f"{linuxfiles.folder(names)}/armed" in found:
            return "ours"
        return "others" if found else "none"

    async def confirm_commit(self, device: Dialogue, names: Names) -> None:
        """See `Platform.confirm_commit`."""
        ended = await device.command(linuxfiles.disarmed(names), effect=True)
        if ended.status:
            raise CheckFailed(f"{device.host}: the timed revert could not be stopped: {_words(ended)}")

    async def abort_timer(self, device: Dialogue, names: Names) -> None:
        """See `Platform.abort_timer`."""
        await self.roll_back(device, names)

    async def roll_back(self, device: Dialogue, names: Names) -> None:
        """See `Platform.roll_back`."""
        ended = await device.command(f"{linuxfiles.disarmed(names)}; sh {linuxfiles.folder(names)}/undo", effect=True)
        if ended.status:
            raise CheckFailed(f"{device.host}: the files could not be brought back: {_words(ended)}")

    async def restore(self, device: Dialogue, names: Names) -> None:
        """See `Platform.restore`."""
        raise CheckFailed(f"{device.host}: there is no copy of 'before' other than the one that `native` brings back.")

    def undo_lines(self, footprint: Footprint, present: Collection[Path]) -> tuple[str, ...] | None:
        """See `Platform.undo_lines`. A file is not put together from lines that differ."""
        return None

    async def save(self, device: Dialogue) -> None:
        """See `Platform.save`. Files are on the disk."""

    async def probe(self, device: Dialogue) -> tuple[Need, ...]:
        """See `Platform.probe`."""
        ended = await device.command("test -w /etc && test -w /var/lib && echo writable")
        said = "/etc and /var/lib can be written" if ended.status == 0 else "the user is not root and has no sudo"
        return (
            Need("root", met=ended.status == 0, reason=said, serves=("change", "native")),
            *await self.timer_needs(device),
        )


def _words(ended: Ended) -> str:
    return " ".join((ended.errors or ended.output).split()) or "(no words)"
