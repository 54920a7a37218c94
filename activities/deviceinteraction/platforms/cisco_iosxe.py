"""Cisco IOS-XE: no candidate, so changes are modelled, typed line by line and read back; undo by configure replace.

Sources: Cisco, "Configuration Replace and Configuration Rollback" (Configuration Fundamentals Configuration Guide,
IOS XE 17), for `configure replace` and its output; "VLAN Configuration Guide", for VTP and where VLANs are kept;
"Configuration Rollback Confirmed Change" (same guide), for `configure terminal revert timer` (1 to 120 minutes, needs
`archive` with a `path`), `configure confirm`, `configure revert now` and `show archive config rollback timer`. The
timer runs from before the first line, there is one for the whole device, and it is not said for which change it runs.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from activities.deviceinteraction.answers import refusal
from activities.deviceinteraction.config.footprint import Footprint, Path
from activities.deviceinteraction.failures import CheckFailed, Permanent
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
from activities.deviceinteraction.transport import Answer

_VOLATILE = re.compile(
    r"Building configuration|Current configuration\s*:|ntp clock-period"
    r"|! (?:Last configuration change|NVRAM config last updated|No configuration change)"
)
_TOUCHES_VLANS = re.compile(r"\s*(?:no )?vlan \d")
_VTP_MODE = re.compile(r"VTP Operating Mode\s*:\s*(?P<mode>[\w ]+?)\s*$", re.MULTILINE | re.IGNORECASE)
_FILE = re.compile(r"(?P<name>netsaga-[0-9a-f]+)\s*$", re.MULTILINE)
_KEPT_FILES = 5
_NONE_PENDING = "No Rollback Confirmed Change pending"


class CiscoIosxe:
    """IOS-XE. ``restore`` types the difference to the saved copy, for where a replace is aborted."""

    name: ClassVar[PlatformName] = "cisco_iosxe"
    confirm: ClassVar[Confirm] = "device"
    timer: ClassVar[Timer | NoTimer] = Timer(unit_s=60, longest_s=7_200)
    undo_methods: ClassVar[tuple[UndoMethod, ...]] = ("native", "inverse", "restore")
    made: ClassVar[Made] = "modelled"
    takes: ClassVar[Takes] = "commands"
    parses_as: ClassVar[str] = "cisco_ios"

    async def facts(self, device: Dialogue) -> Facts:
        """See `Platform.facts`."""
        row = rows.first(parse_rows(self.parses_as, "show version", await device.show("show version")), device.host)
        return Facts(
            hostname=rows.text(row, "hostname") or rows.hostname(device.prompt),
            platform=self.name,
            vendor="Cisco",
            model=rows.text(row, "hardware"),
            version=rows.text(row, "version"),
            serial=rows.text(row, "serial"),
        )

    async def running(self, device: Dialogue) -> Running:
        """See `Platform.running`. A lower privilege would see less, and still an end marker."""
        await device.demand("show privilege", "privilege level is 15")
        text = await device.show("show running-config")
        indented.demand_end(device.host, text)
        return self.written(text)

    def written(self, text: str) -> Running:
        """See `Written.written`."""
        return indented.understood(indented.without(text, _VOLATILE))

    async def vlans(self, device: Dialogue) -> Mapping[int, Vlan]:
        """See `Platform.vlans`. The FDDI and Token Ring VLANs 1002 to 1005 carry no Ethernet and are left out."""
        parsed = await parse_bounded(self.parses_as, "show vlan", await device.show("show vlan brief"))
        return rows.vlans(parsed, device.host, reserved=range(1002, 1006))

    async def interfaces(self, device: Dialogue, running: Running) -> Mapping[str, Interface]:
        """See `Platform.interfaces`."""
        command = "show interfaces description"
        parsed = await parse_bounded(self.parses_as, command, await device.show(command))
        return indented.interfaces(running, {rows.text(row, "port"): row["protocol"] == "up" for row in parsed})

    async def stage(self, device: Dialogue, lines: Sequence[str], before: Running, names: Names) -> Staged:
        """See `Platform.stage`. Nothing is sent but a question about VTP where VLANs are touched."""
        if any(_TOUCHES_VLANS.match(line) for line in lines):
            await self._demand_local_vlans(device)
        return indented.modelled(lines, before)

    async def own_session(self, device: Dialogue) -> str | None:
        """See `Platform.own_session`. No lock is taken."""

    async def end_session(self, device: Dialogue, name: str) -> bool:
        """See `Platform.end_session`."""
        return False

    async def discard(self, device: Dialogue, names: Names) -> None:
        """See `Platform.discard`. There is no candidate."""

    async def checkpoint(self, device: Dialogue, names: Names) -> None:
        """See `Platform.checkpoint`. Of our own older copies the newest few are kept."""
        await self._thin_out(device, names)
        answer = await device.effect(
            f"copy running-config flash:{names.tag}",
            answers=(
                Answer(r"destination filename \[[^\]]*\]\?\s*$", ""),
                Answer(r"over ?write.*\[confirm\]\s*$", ""),
            ),
        )
        if refusal(answer) or "bytes copied" not in answer:
            raise CheckFailed(
                f"{device.host}: the running configuration could not be copied to flash:{names.tag}: "
                f"{rows.last_line(answer)!r}. No change starts without it; make room or check the file system."
            )

    async def forget(self, device: Dialogue, names: Names) -> None:
        """See `Platform.forget`."""
        await device.effect(f"delete /force flash:{names.tag}")

    async def commit(
        self, device: Dialogue, staged: Staged, before: Running, names: Names, timer_s: int | None = None
    ) -> None:
        """See `Platform.commit`. The lines are typed under the timer, which begins before the first of them."""
        timed = "" if timer_s is None else f" revert timer {timer_s // 60}"
        await indented.type_lines(device, staged.lines, f"configure terminal{timed}")

    async def timer_needs(self, device: Dialogue) -> tuple[Need, ...]:
        """See `Platform.timer_needs`: an archive with a path, where the device puts the copy that it goes back to."""
        wanted = r"(?i)archive file will be named"
        return (await rows.need(device, "archive (for confirm timers)", "show archive", wanted, "confirm"),)

    async def pending(self, device: Dialogue, names: Names) -> Pending:
        """See `Platform.pending`."""
        answer = await device.step("show archive config rollback timer")
        if _NONE_PENDING in answer:
            return "none"
        if re.search(r"^\s*Timer (?:type|value):", answer, re.MULTILINE):
            return "unnamed"
        raise CheckFailed(
            f"{device.host}: whether a revert timer runs could not be read: 'show archive config rollback timer' was "
            f"answered with {rows.last_line(answer)!r}."
        )

    async def confirm_commit(self, device: Dialogue, names: Names) -> None:
        """See `Platform.confirm_commit`."""
        answer = await device.effect("configure confirm")
        words = refusal(answer)
        if words is not None and _NONE_PENDING not in answer:
            raise CheckFailed(f"{device.host}: 'configure confirm' was refused: {words}")

    async def abort_timer(self, device: Dialogue, names: Names) -> None:
        """See `Platform.abort_timer`."""
        answer = await device.effect("configure revert now")
        if "Rollback Done" not in answer or "aborted" in answer.lower():
            raise CheckFailed(f"{device.host}: 'configure revert now' did not finish: {rows.last_line(answer)!r}.")

    async def roll_back(self, device: Dialogue, names: Names) -> None:
        """See `Platform.roll_back`."""
        answer = await device.effect(f"configure replace flash:{names.tag} force")
        if "Rollback Done" not in answer or "aborted" in answer.lower():
            raise CheckFailed(
                f"{device.host}: configure replace from flash:{names.tag} did not finish: {rows.last_line(answer)!r}."
            )

    async def restore(self, device: Dialogue, names: Names) -> None:
        """See `Platform.restore`."""
        text = await device.show(f"more flash:{names.tag}")
        indented.demand_end(device.host, text)
        wanted = indented.understood(indented.without(text, _VOLATILE))
        lines = indented.lines_towards(await self.running(device), wanted)
        if lines is None:
            raise CheckFailed(f"{device.host}: the copy differs in secrets, which are not typed; restore it by hand.")
        await indented.type_lines(device, lines)

    def undo_lines(self, footprint: Footprint, present: Collection[Path]) -> tuple[str, ...] | None:
        """See `Platform.undo_lines`."""
        return indented.undo_lines(footprint, present)

    async def save(self, device: Dialogue) -> None:
        """See `Platform.save`."""
        answer = await device.effect("write memory", answers=(Answer(r"\[confirm\]\s*$", ""),))
        if "[OK]" not in answer:
            raise CheckFailed(f"{device.host}: 'write memory' did not answer [OK]: {rows.last_line(answer)!r}.")

    async def probe(self, device: Dialogue) -> tuple[Need, ...]:
        """See `Platform.probe`."""
        return (
            await rows.need(device, "privilege 15", "show privilege", r"privilege level is 15", "change"),
            await rows.need(device, "flash file system", "dir flash:", r"bytes (?:free|total)", "native", "restore"),
            *await self.timer_needs(device),
        )

    async def _demand_local_vlans(self, device: Dialogue) -> None:
        """Refuse where VLANs are VTP's: outside of the running configuration, and shared with other switches."""
        match = _VTP_MODE.search(await device.show("show vtp status"))
        mode = "unknown" if match is None else match["mode"].lower()
        if mode not in ("transparent", "off"):
            raise Permanent(
                f"{device.host}: VTP mode is {mode}. VLANs then spread to other switches and stand outside of the "
                "running configuration, so the change could neither be kept to this device nor undone. "
                "Set 'vtp mode transparent' or 'off' first."
            )

    async def _thin_out(self, device: Dialogue, names: Names) -> None:
        listing = await device.show("dir flash:")
        ours = [name for name in _FILE.findall(listing) if name != names.tag]
        for name in ours[: max(0, len(ours) - _KEPT_FILES)]:
            await device.effect(f"delete /force flash:{name}")
