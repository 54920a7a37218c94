"""Nokia SR OS by its MD-CLI: an exclusive candidate, validated and committed with a comment; undo by its saved files.

Sources: Nokia, "7x50 SR OS MD-CLI User Guide", chapter "Editing configuration": ``edit-config exclusive`` keeps others
out and drops what is not committed when it is left; ``compare`` and ``validate`` look at the candidate; with
``auto-config-save`` a commit is saved as ``config.cfg`` and what stood there becomes ``config.cfg.1``, of which
``rollback`` loads one by its number; ``show system management-interface commit-history`` tells for each commit its
comment and where it is saved. Refusals begin with ``MINOR:`` or ``MAJOR:``. Classic CLI and mixed mode are not driven.

``commit confirmed`` exists, and goes back not only when its time is over but also when its session ends (same
chapter): no fresh login can confirm it, which is how netsaga proves that a device can still be managed. So there is no
timer here; the platform `netconf` has one, with ``persist``.
"""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import ClassVar, Final

from activities.deviceinteraction.answers import refusal
from activities.deviceinteraction.config import braces
from activities.deviceinteraction.config.diff import digest
from activities.deviceinteraction.config.footprint import Footprint, Path, between, keyed
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
from activities.deviceinteraction.parse.bounded import parse_bounded
from activities.deviceinteraction.platforms import rows
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.platforms.protocol import Need, NoTimer, Running, Staged, Timer
from activities.deviceinteraction.platforms.staging import dropped_if_refused, locked
from activities.deviceinteraction.platforms.untimed import Untimed

_LINE = re.compile(r"(?P<delete>delete )?/configure (?P<path>\S.*)")
_FACT = re.compile(r"^\s*(?P<name>[A-Z][\w ]*?)\s*: (?P<value>.*?)\s*$", re.MULTILINE)
_COMMIT = re.compile(r"^\s*(?P<id>\d+)\s+Committed \S.*(?P<rest>(?:\n\s+(?:Comment|Location)\s.*)*)", re.MULTILINE)
_SAVED_AS = re.compile(r'Location\s+"[^"\n]*config\.cfg(?:\.(?P<number>\d+))?"')
_HISTORY: Final = "show system management-interface commit-history"
_ROOT: Final = f"configure{braces.OPENS}"


class NokiaSros(Untimed):
    """SR OS in model-driven mode. It has one copy of `before`, its saved files."""

    name: ClassVar[PlatformName] = "nokia_sros"
    confirm: ClassVar[Confirm] = "session"
    timer: ClassVar[Timer | NoTimer] = NoTimer(
        "on the command line `commit confirmed` goes back when its session ends; use the platform `netconf`"
    )
    undo_methods: ClassVar[tuple[UndoMethod, ...]] = ("native", "inverse")
    made: ClassVar[Made] = "computed_by_device"
    takes: ClassVar[Takes] = "commands"
    parses_as: ClassVar[str] = "alcatel_sros"

    async def facts(self, device: Dialogue) -> Facts:
        """See `Platform.facts`."""
        system = _facts(await device.show("show system information"))
        if "System Version" not in system:
            raise CheckFailed(f"{device.host}: 'show system information' does not tell the version.")
        return Facts(
            hostname=system.get("System Name", ""),
            platform=self.name,
            vendor="Nokia",
            model=system.get("System Type", ""),
            version=system["System Version"],
            serial=_facts(await device.show("show chassis")).get("Serial number", ""),
        )

    async def running(self, device: Dialogue) -> Running:
        """See `Platform.running`: the router's part, which is all that is changed here."""
        text = await device.show("/admin show configuration")
        if "# Finished" not in text.rpartition("}")[2]:
            raise CheckFailed(
                f"{device.host}: '/admin show configuration' does not end with '# Finished': it was cut short, or this "
                "is not the MD-CLI. No change starts without a complete copy."
            )
        return _read(device, text)

    async def vlans(self, device: Dialogue) -> Mapping[int, Vlan]:
        """See `Platform.vlans`. A router has services, and a VLAN is how their access points are tagged."""
        raise InvalidInput(f"{device.host}: SR OS has services and no VLANs; leave `vlans` out of the snapshot.")

    async def interfaces(self, device: Dialogue, running: Running) -> Mapping[str, Interface]:
        """See `Platform.interfaces`: the ports. Those of network mode route; the others carry services."""
        found = await parse_bounded(self.parses_as, "show port", await device.show("show port"))
        parsed = [row for row in found if row["link"]]
        if not parsed:
            raise CheckFailed(f"{device.host}: no port could be read from the answer to 'show port'.")
        return {
            name: Interface(
                admin="up" if rows.text(row, "admin_state") == "Up" else "down",
                oper="up" if rows.text(row, "port_state") == "Up" else "down",
                mode="routed" if rows.text(row, "port_mode") == "netw" else None,
                description=_description(running.paths, name),
            )
            for row in parsed
            for name in (rows.text(row, "port_id"),)
        }

    async def stage(self, device: Dialogue, lines: Sequence[str], before: Running, names: Names) -> Staged:
        """See `Platform.stage`. The candidate stays open in exclusive mode."""
        typed = [text for line in lines for text in _as_sent(line.strip())]
        await self.lock(device)
        async with dropped_if_refused(partial(self.discard, device, names)):
            await device.lines(typed)
            await device.step("/configure")
            shown = await device.show_or_nothing("compare")
            candidate = _read(device, f"{_ROOT}\n{await device.show('info')}\n}}")
            words = refusal(await device.step("validate")) if shown.strip() else None
            if words is not None:
                raise RejectedByDevice(f"{device.host}: the validation failed: {words} The candidate was dropped.")
        text = braces.as_diff(shown)
        return Staged(between(before.paths, candidate.paths), text, digest(text), tuple(typed))

    async def own_session(self, device: Dialogue) -> str | None:
        """See `Platform.own_session`. The refusal of a lock names nobody."""

    async def end_session(self, device: Dialogue, name: str) -> bool:
        """See `Platform.end_session`."""
        return False

    async def discard(self, device: Dialogue, names: Names) -> None:
        """See `Platform.discard`. A candidate of a session that died went with its lock."""
        if "(ex)" in device.prompt:
            await device.step("/configure")
            await device.step("discard")  # so that leaving asks nothing
            await self._leave(device)

    async def checkpoint(self, device: Dialogue, names: Names) -> None:
        """See `Platform.checkpoint`. Every commit that is saved keeps the configuration before it."""

    async def forget(self, device: Dialogue, names: Names) -> None:
        """See `Platform.forget`. The device ages its files by itself."""

    async def commit(
        self, device: Dialogue, staged: Staged, before: Running, names: Names, timer_s: int | None = None
    ) -> None:
        """See `Platform.commit`."""
        if timer_s is not None:
            raise Permanent(f"{device.host}: a confirmed commit of the MD-CLI ends with its session.")
        await self._commit(device, names, _comment(names))

    async def roll_back(self, device: Dialogue, names: Names) -> None:
        """See `Platform.roll_back`: to the file that was saved before the commit that carries our comment."""
        saved = [place for comment, place in await self._history(device) if names.tag in comment]
        if not saved or saved[0] is None:
            raise CheckFailed(
                f"{device.host}: no file is kept of the commit with {names.tag} in its comment; it needs "
                "`system management-interface cli md-cli auto-config-save`, which is on unless it was switched off."
            )
        await self.lock(device)
        await device.step("/configure")
        words = refusal(await device.effect(f"rollback {saved[0] + 1}"))
        if words is not None:
            await self.discard(device, names)
            raise CheckFailed(f"{device.host}: rollback {saved[0] + 1} was refused: {words}")
        try:
            await self._commit(device, names, "netsaga undo")
        except RejectedByDevice as refused:
            raise CheckFailed(refused.message) from refused

    async def restore(self, device: Dialogue, names: Names) -> None:
        """See `Platform.restore`."""
        raise CheckFailed(f"{device.host}: SR OS has no copy of 'before' other than the one that a rollback loads.")

    def undo_lines(self, footprint: Footprint, present: Collection[Path]) -> tuple[str, ...] | None:
        """See `Platform.undo_lines`."""
        lines = braces.undoing(footprint, present, set_by="/", delete_by="delete /")
        return None if lines is None else tuple(line.replace("/ configure", "/configure", 1) for line in lines)

    async def save(self, device: Dialogue) -> None:
        """See `Platform.save`. A commit that saved itself is not saved again: that would move the files on."""
        newest = next(iter(await self._history(device)), None)
        if newest is not None and newest[1] == 0:
            return
        words = refusal(await device.effect("/admin save"))
        if words is not None:
            raise CheckFailed(f"{device.host}: '/admin save' was refused: {words}")

    async def probe(self, device: Dialogue) -> tuple[Need, ...]:
        """See `Platform.probe`."""
        mode = "Configuration Mode Oper"
        return (
            await rows.need(
                device, "model-driven mode", "show system information", rf"{mode}\s*: model-driven", "change"
            ),
            await rows.need(device, "commit history", _HISTORY, r"Total Commits|Committed", "native"),
        )

    async def _history(self, device: Dialogue) -> list[tuple[str, int | None]]:
        """The comment of each commit, the newest first, and the number of the file that it is saved in."""
        return list(_commits(await device.show(_HISTORY)))

    async def lock(self, device: Dialogue) -> None:
        """See `Locking.lock`."""
        answer = await device.step("edit-config exclusive")
        if "(ex)" not in device.prompt:
            if "unavailable" in answer or "lock" in answer:
                raise locked(device, answer)
            raise RejectedByDevice(f"{device.host}: 'edit-config exclusive' was refused: {rows.last_line(answer)!r}")

    async def _commit(self, device: Dialogue, names: Names, comment: str) -> None:
        words = refusal(await device.effect(f'commit comment "{comment}"'))
        if words is not None:
            await self.discard(device, names)
            raise RejectedByDevice(f"{device.host}: the commit was refused: {words} Nothing is applied.")
        await self._leave(device)

    async def _leave(self, device: Dialogue) -> None:
        await device.step("exit all")
        await device.step("quit-config")


def _as_sent(line: str) -> tuple[str, ...]:
    """A line as it is typed: what is deleted is named from where one stands.

    Raises:
        InvalidInput: It is not the whole path of what it changes.
    """
    match = _LINE.fullmatch(line)
    if match is None:
        raise InvalidInput(
            f"{line!r} is not a flat line of SR OS; begin lines with `/configure` or `delete /configure`."
        )
    return ("/configure", f"delete {match['path']}") if match["delete"] else (line,)


def _comment(names: Names) -> str:
    words = re.sub(r"[^\w .:/@-]", " ", names.comment)[:200].strip()
    return words if names.tag in words else f"{words} {names.tag}"


def _facts(answer: str) -> Mapping[str, str]:
    return {match["name"]: match["value"] for match in _FACT.finditer(answer)}


def _commits(history: str) -> Iterator[tuple[str, int | None]]:
    for match in _COMMIT.finditer(history):
        saved = _SAVED_AS.search(match["rest"])
        yield match["rest"], None if saved is None else int(saved["number"] or 0)


def _description(paths: Sequence[Path], port: str) -> str:
    inside = braces.within(paths, _ROOT, f"port {port}{braces.OPENS}")
    found = (path[0].partition(" ")[2] for path in inside if path[0].startswith("description "))
    return next(found, "").strip('"')


def _read(device: Dialogue, text: str) -> Running:
    """The block ``configure`` of a configuration; its comments, which hold times, are no part of it."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    try:
        paths = tuple(keyed(path) for path in braces.read("\n".join(lines)) if path[0] == _ROOT)
    except ValueError as error:
        raise CheckFailed(
            f"{device.host}: the configuration is not whole: {error}. No change starts without it."
        ) from error
    if len(paths) < 2:
        raise CheckFailed(f"{device.host}: the configuration has no block `configure`; check the user's profile.")
    end = next((number for number, line in enumerate(lines) if line == "}"), len(lines))
    whole = "\n".join(lines[: end + 1]) + "\n"
    return Running(whole, paths, hashlib.sha256(whole.encode()).hexdigest(), frozenset(paths))
