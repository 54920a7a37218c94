"""Cisco NX-OS: no candidate on the CLI for programs, so changes are modelled and typed; undo by checkpoint rollback.

Sources: Cisco, "Configuring Rollback" (Nexus 9000 Series NX-OS System Management Configuration Guide): names of user
checkpoints are unique and there are ten at most; `atomic` rolls back only if no error occurs, `best-effort` skips
errors. That is `native` and `restore` here. "Configuring Replace" (same guide): `commit-timeout` and `configure replace
commit` belong to the replacement of the whole configuration by a file.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from activities.deviceinteraction.answers import refusal
from activities.deviceinteraction.config.footprint import Footprint, Path
from activities.deviceinteraction.failures import CheckFailed, RejectedByDevice
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
from activities.deviceinteraction.platforms.protocol import Need, NoTimer, Running, Staged, Timer
from activities.deviceinteraction.platforms.untimed import Untimed
from activities.deviceinteraction.transport import Answer

_VOLATILE = re.compile(r"!(?:Command|Time|Running configuration last done at|No configuration change)")
_CHECKPOINT = re.compile(r"\b(netsaga-[0-9a-f]+)\b")
_KEPT_CHECKPOINTS = 4


class CiscoNxos(Untimed):
    """NX-OS. Its confirm timer needs a whole-file replace, and changes here are merged line by line."""

    name: ClassVar[PlatformName] = "cisco_nxos"
    confirm: ClassVar[Confirm] = "none"
    timer: ClassVar[Timer | NoTimer] = NoTimer(
        "its timer, `configure replace … commit-timeout`, is for whole files, and changes are merged line by line"
    )
    undo_methods: ClassVar[tuple[UndoMethod, ...]] = ("native", "inverse", "restore")
    made: ClassVar[Made] = "modelled"
    takes: ClassVar[Takes] = "commands"
    parses_as: ClassVar[str] = "cisco_nxos"

    async def facts(self, device: Dialogue) -> Facts:
        """See `Platform.facts`."""
        row = rows.first(parse_rows(self.parses_as, "show version", await device.show("show version")), device.host)
        return Facts(
            hostname=rows.text(row, "hostname") or rows.hostname(device.prompt),
            platform=self.name,
            vendor="Cisco",
            model=rows.text(row, "platform"),
            version=rows.text(row, "os"),
            serial=rows.text(row, "serial"),
        )

    async def running(self, device: Dialogue) -> Running:
        """See `Platform.running`. NX-OS has no end marker; the header and the version line say that it is whole."""
        text = await device.show("show running-config")
        if "!Command: show running-config" not in text or not re.search(r"^version \S", text, re.MULTILINE):
            raise CheckFailed(
                f"{device.host}: the running configuration has neither its header nor its version line: it was cut "
                "short, or the user's role hides parts of it. No change starts without a complete copy."
            )
        return self.written(text)

    def written(self, text: str) -> Running:
        """See `Written.written`."""
        return indented.understood(indented.without(text, _VOLATILE))

    async def vlans(self, device: Dialogue) -> Mapping[int, Vlan]:
        """See `Platform.vlans`."""
        return rows.vlans(await parse_bounded(self.parses_as, "show vlan", await device.show("show vlan")), device.host)

    async def interfaces(self, device: Dialogue, running: Running) -> Mapping[str, Interface]:
        """See `Platform.interfaces`."""
        command = "show interface status"
        parsed = await parse_bounded(self.parses_as, command, await device.show(command))
        return indented.interfaces(running, {rows.text(row, "port"): row["status"] == "connected" for row in parsed})

    async def stage(self, device: Dialogue, lines: Sequence[str], before: Running, names: Names) -> Staged:
        """See `Platform.stage`. Nothing is sent."""
        return indented.modelled(lines, before)

    async def own_session(self, device: Dialogue) -> str | None:
        """See `Platform.own_session`. No lock is taken."""

    async def end_session(self, device: Dialogue, name: str) -> bool:
        """See `Platform.end_session`."""
        return False

    async def discard(self, device: Dialogue, names: Names) -> None:
        """See `Platform.discard`. There is no candidate."""

    async def checkpoint(self, device: Dialogue, names: Names) -> None:
        """See `Platform.checkpoint`. Of our own older checkpoints the newest few are kept, as ten is the limit."""
        held = list(dict.fromkeys(_CHECKPOINT.findall(await device.show_or_nothing("show checkpoint summary"))))
        others = [name for name in held if name != names.tag]
        doomed = others[: max(0, len(others) - _KEPT_CHECKPOINTS)]
        for name in (*doomed, *([names.tag] if names.tag in held else [])):
            await device.effect(f"no checkpoint {name}")
        answer = await device.effect(f"checkpoint {names.tag}")
        if refusal(answer) or names.tag not in await device.show_or_nothing("show checkpoint summary"):
            raise CheckFailed(
                f"{device.host}: the checkpoint {names.tag} could not be made: {rows.last_line(answer)!r}. "
                "No change starts without it; NX-OS keeps ten, so remove one that nobody needs."
            )

    async def forget(self, device: Dialogue, names: Names) -> None:
        """See `Platform.forget`."""
        await device.effect(f"no checkpoint {names.tag}")

    async def commit(
        self, device: Dialogue, staged: Staged, before: Running, names: Names, timer_s: int | None = None
    ) -> None:
        """See `Platform.commit`."""
        if timer_s is not None:
            raise self._no_timer(device)
        await indented.type_lines(device, staged.lines)

    async def roll_back(self, device: Dialogue, names: Names) -> None:
        """See `Platform.roll_back`."""
        await self._to_checkpoint(device, names, "atomic")

    async def restore(self, device: Dialogue, names: Names) -> None:
        """See `Platform.restore`."""
        await self._to_checkpoint(device, names, "best-effort")

    def undo_lines(self, footprint: Footprint, present: Collection[Path]) -> tuple[str, ...] | None:
        """See `Platform.undo_lines`."""
        return indented.undo_lines(footprint, present)

    async def save(self, device: Dialogue) -> None:
        """See `Platform.save`."""
        answer = await device.effect(
            "copy running-config startup-config", answers=(Answer(r"\(y/n\)\?\s*(?:\[[ny]\])?\s*$", "y"),)
        )
        if "Copy complete" not in answer:
            raise CheckFailed(f"{device.host}: saving did not end in 'Copy complete': {rows.last_line(answer)!r}.")

    async def probe(self, device: Dialogue) -> tuple[Need, ...]:
        """See `Platform.probe`."""
        return (
            await rows.need(
                device, "bootflash file system", "dir bootflash:", r"bytes (?:free|total)", "native", "restore"
            ),
            await _checkpoints(device),
        )

    async def _to_checkpoint(self, device: Dialogue, names: Names, how: str) -> None:
        answer = await device.effect(f"rollback running-config checkpoint {names.tag} {how}")
        if refusal(answer) or "completed successfully" not in answer.lower():
            raise CheckFailed(
                f"{device.host}: the {how} rollback to {names.tag} did not finish: {rows.last_line(answer)!r}."
            )


async def _checkpoints(device: Dialogue) -> Need:
    """Whether checkpoints are offered. A device without any answers with nothing, which is fine."""
    try:
        answer = await device.show_or_nothing("show checkpoint summary")
    except RejectedByDevice as error:
        return Need("checkpoints", met=False, reason=error.message, serves=("native", "restore"))
    held = len(set(_CHECKPOINT.findall(answer)))
    return Need("checkpoints", met=True, reason=f"{held} of ours are held", serves=("native", "restore"))
