"""Cisco IOS XR on its command line: an exclusive target configuration, committed as one under a label of ours.

Sources: Cisco, "System Management Configuration Guide for Cisco IOS XR", chapter "Configuration Management":
``configure exclusive`` locks the running configuration, ``show configuration merge`` is what a commit would make of it,
``commit label … comment …`` is atomic by default ("pseudo-atomic": on an error all is reverted, and ``show
configuration failed`` says why), ``rollback configuration last`` takes commits back, and ``show configuration commit
list`` names them. Leaving with uncommitted changes asks; ``abort`` does not ("Configuration Management Commands").

``commit confirmed`` exists, and the session that sent it must confirm it: no fresh login can, which is how netsaga
proves that a device can still be managed. So there is no timer here; the platform `netconf` has one, with ``persist``.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import ClassVar, Final

from activities.deviceinteraction.answers import refusal
from activities.deviceinteraction.config import dialect, hierarchy
from activities.deviceinteraction.config.footprint import Footprint, Path
from activities.deviceinteraction.failures import CheckFailed, InvalidInput, Permanent, RejectedByDevice
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
from activities.deviceinteraction.platforms.staging import dropped_if_refused
from activities.deviceinteraction.platforms.untimed import Untimed

_VOLATILE = re.compile(
    r"Building configuration|\s*!|[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d\.\d+ \w+$|end-(?:policy|set|group)$"
)
_POLICY = re.compile(
    r"(?:no )?(?:route-policy|(?:prefix|community|extcommunity|as-path|rd|tag|etag|ospf-area)-set|group) "
)
_HOSTNAME = re.compile(r"^hostname (?P<name>\S+)", re.MULTILINE)
_ERROR = re.compile(r"^!!% ?(?P<words>.+)$", re.MULTILINE)
_CHANGED = re.compile(r"^[-+]", re.MULTILINE)
_KINDS: Final = {
    "Gi": "GigabitEthernet",
    "Te": "TenGigE",
    "TF": "TwentyFiveGigE",
    "Fo": "FortyGigE",
    "Hu": "HundredGigE",
    "FH": "FourHundredGigE",
    "Mg": "MgmtEth",
    "Lo": "Loopback",
    "BE": "Bundle-Ether",
    "Nu": "Null",
    "BV": "BVI",
}


class CiscoIosxr(Untimed):
    """IOS XR by its command line."""

    name: ClassVar[PlatformName] = "cisco_iosxr"
    confirm: ClassVar[Confirm] = "session"
    timer: ClassVar[Timer | NoTimer] = NoTimer(
        "on the command line only the session that sent `commit confirmed` can confirm; use the platform `netconf`"
    )
    undo_methods: ClassVar[tuple[UndoMethod, ...]] = ("native", "inverse")
    made: ClassVar[Made] = "computed_by_device"
    takes: ClassVar[Takes] = "commands"
    parses_as: ClassVar[str] = "cisco_xr"

    async def facts(self, device: Dialogue) -> Facts:
        """See `Platform.facts`."""
        row = rows.first(parse_rows(self.parses_as, "show version", await device.show("show version")), device.host)
        named = _HOSTNAME.search(await device.show("show running-config hostname"))
        return Facts(
            hostname=named["name"] if named else "",
            platform=self.name,
            vendor="Cisco",
            model=rows.text(row, "hardware"),
            version=rows.text(row, "version"),
        )

    async def running(self, device: Dialogue) -> Running:
        """See `Platform.running`."""
        return _read(device, await device.show("show running-config"))

    def written(self, text: str) -> Running:
        """See `Written.written`. A ``commit replace`` would drop what is not in the target; the difference is typed."""
        return indented.understood(indented.without(text, _VOLATILE))

    async def vlans(self, device: Dialogue) -> Mapping[int, Vlan]:
        """See `Platform.vlans`. A router has bridge domains and subinterfaces instead."""
        raise InvalidInput(f"{device.host}: IOS XR routes and has no VLANs; leave `vlans` out of the snapshot.")

    async def interfaces(self, device: Dialogue, running: Running) -> Mapping[str, Interface]:
        """See `Platform.interfaces`."""
        command = "show interfaces description"
        found = {
            _full(rows.text(row, "interface")): Interface(
                admin="down" if rows.text(row, "status") == "admin-down" else "up",
                oper="up" if rows.text(row, "protocol") == "up" else "down",
                mode="routed",
                description=rows.text(row, "description"),
            )
            for row in await parse_bounded(self.parses_as, command, await device.show(command))
        }
        if not found:
            raise CheckFailed(f"{device.host}: no interface could be read from the answer to {command!r}.")
        return found

    async def stage(self, device: Dialogue, lines: Sequence[str], before: Running, names: Names) -> Staged:
        """See `Platform.stage`. The target configuration stays open in exclusive mode.

        Raises:
            InvalidInput: A line's inverse could not be told.
        """
        _check(lines)
        await self.lock(device)
        async with dropped_if_refused(partial(self.discard, device, names), "The target was dropped"):
            await device.lines(_as_sent(lines))
            await device.step("root")
            shown = await device.show_or_nothing("show commit changes diff")
            candidate = _read(device, await device.show("show configuration merge"))
        staged = indented.from_candidate(lines, before, candidate)
        if staged.footprint.empty and _CHANGED.search(shown):
            await self.discard(device, names)
            raise InvalidInput(
                f"{device.host}: the change only moves lines, and an order cannot be taken back; make it by hand."
            )
        return staged

    async def lock(self, device: Dialogue) -> None:
        """See `Locking.lock`."""
        await indented.enter(device, "configure exclusive", "(config")

    async def own_session(self, device: Dialogue) -> str | None:
        """See `Platform.own_session`. A line (``vty0``) is the next login's as well, so no session is told by it."""

    async def end_session(self, device: Dialogue, name: str) -> bool:
        """See `Platform.end_session`."""
        return False

    async def discard(self, device: Dialogue, names: Names) -> None:
        """See `Platform.discard`. A target of a session that died went with it."""
        if "(config" in device.prompt:
            await device.step("abort")

    async def checkpoint(self, device: Dialogue, names: Names) -> None:
        """See `Platform.checkpoint`. Every commit keeps what it changed."""

    async def forget(self, device: Dialogue, names: Names) -> None:
        """See `Platform.forget`. The device ages its commits by itself."""

    async def commit(
        self, device: Dialogue, staged: Staged, before: Running, names: Names, timer_s: int | None = None
    ) -> None:
        """See `Platform.commit`."""
        if timer_s is not None:
            raise Permanent(f"{device.host}: a confirm timer of IOS XR ends with its session.")
        comment = re.sub(r"[^\w .:/@-]", " ", names.comment)[:60].strip()
        answer = await device.effect(f"commit label {names.tag} comment {comment}")
        words = refusal(answer)
        if words is None:
            await self.discard(device, names)
            return
        failed = await device.step("show configuration failed")
        why = "; ".join(match["words"].strip() for match in _ERROR.finditer(failed))
        await self.discard(device, names)
        raise RejectedByDevice(f"{device.host}: the commit was refused: {why or words} Nothing is applied.")

    async def roll_back(self, device: Dialogue, names: Names) -> None:
        """See `Platform.roll_back`: the commit that carries our label, and those after it."""
        command = "show configuration commit list"
        listed = await parse_bounded(self.parses_as, command, await device.show(command))
        ours = [int(rows.text(row, "number")) for row in listed if rows.text(row, "commit") == names.tag]
        if not ours:
            raise CheckFailed(f"{device.host}: {command!r} has no commit with the label {names.tag}.")
        answer = await device.effect(f"rollback configuration last {max(ours)}")
        if refusal(answer) or "successfully rolled back" not in answer:
            raise CheckFailed(f"{device.host}: the rollback was refused: {rows.last_line(answer)!r}.")

    async def restore(self, device: Dialogue, names: Names) -> None:
        """See `Platform.restore`."""
        raise CheckFailed(f"{device.host}: IOS XR has no copy of 'before' other than the one that a rollback loads.")

    def undo_lines(self, footprint: Footprint, present: Collection[Path]) -> tuple[str, ...] | None:
        """See `Platform.undo_lines`."""
        return indented.undo_lines(footprint, present)

    async def save(self, device: Dialogue) -> None:
        """See `Platform.save`. A commit is persistent."""

    async def probe(self, device: Dialogue) -> tuple[Need, ...]:
        """See `Platform.probe`."""
        commits = "show configuration commit list"
        return (await rows.need(device, "list of commits", commits, r"(?i)label|no commits?", "change", "native"),)


def _read(device: Dialogue, text: str) -> Running:
    indented.demand_end(device.host, text)
    return indented.understood(indented.without(text, _VOLATILE))


def _check(lines: Sequence[str]) -> None:
    indented.check_lines(lines)
    for line in lines:
        if _POLICY.match(line.strip()):
            raise InvalidInput(
                f"{line.strip()!r}: policies, sets and groups are blocks of their own language whose order counts, and "
                "their inverse cannot be told; make this change over NETCONF or by hand."
            )


def _as_sent(lines: Sequence[str]) -> tuple[str, ...]:
    """The lines as they are typed; ``root`` leads back to the top after each block, however deep it was."""
    sent: list[str] = []
    for typed in hierarchy.structure(lines):
        sent += _typed_out(typed)
        if typed.inside or dialect.opens_block(typed.line):
            sent.append("root")
    return tuple(sent)


def _typed_out(typed: hierarchy.Typed) -> list[str]:
    inside = [text for child in typed.inside for text in (*_typed_out(child), *(["exit"] if child.inside else []))]
    return [typed.line, *inside]


def _full(name: str) -> str:
    kind = re.match(r"[A-Za-z-]+", name)
    short = kind[0] if kind else ""
    return f"{_KINDS.get(short, short)}{name[len(short) :]}"
