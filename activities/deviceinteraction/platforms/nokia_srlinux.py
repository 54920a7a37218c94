"""Nokia SR Linux: a named private candidate, committed under the device's own timer; undo by named checkpoints.

Sources: Nokia, "SR Linux Configuration Basics Guide", chapter "Configuration management": a private candidate is a
copy of the running configuration, a named one outlives its session, and of a commit only its own differences are made;
``commit confirmed timeout`` counts seconds and is ended by ``tools system configuration confirmed-accept`` or
``confirmed-reject`` from any session; a checkpoint holds the whole configuration (``generate-checkpoint``,
``checkpoint … revert``, ``load checkpoint``), and ten are kept; ``save startup`` alone makes what runs survive a
restart. While a confirmed commit waits nobody can commit ("Cannot commit transaction (commit confirmed in progress)"),
and which one waits is told by ``info from state system configuration commit``, without a name. ``info`` shows a
configuration in braces.
"""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import ClassVar, Final

from activities.deviceinteraction.answers import refusal
from activities.deviceinteraction.config import braces, flatlines
from activities.deviceinteraction.config.diff import digest
from activities.deviceinteraction.config.footprint import Footprint, Path, between, keyed
from activities.deviceinteraction.failures import CheckFailed, InvalidInput, RejectedByDevice, Transient
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
from activities.deviceinteraction.platforms import rows
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.platforms.protocol import Need, NoTimer, Pending, Running, Staged, Timer
from activities.deviceinteraction.platforms.staging import dropped_if_refused, locked

_LINE = re.compile(r"(?:set|delete) / \S")
_FACT = re.compile(r"^(?P<name>\w[\w ]*?)\s*: (?P<value>.*?)\s*$", re.MULTILINE)
_CANDIDATES: Final = "info flat from state system configuration candidate *"
_CHECKPOINTS: Final = "info flat from state system configuration checkpoint *"
_COMMITS: Final = "info flat from state system configuration commit *"
_CHECKPOINT = re.compile(r" checkpoint (?P<id>\d+) name (?P<name>netsaga-[0-9a-f]+u?)\b")
_UNCONFIRMED = re.compile(r" commit \S+ status unconfirmed\b")
_KEPT_CHECKPOINTS = 5


class NokiaSrlinux:
    """SR Linux. ``native`` reverts to a checkpoint, ``restore`` loads it into a candidate and commits that."""

    name: ClassVar[PlatformName] = "nokia_srlinux"
    confirm: ClassVar[Confirm] = "device"
    timer: ClassVar[Timer | NoTimer] = Timer(unit_s=1, longest_s=86_399)
    undo_methods: ClassVar[tuple[UndoMethod, ...]] = ("native", "inverse", "restore")
    made: ClassVar[Made] = "computed_by_device"
    takes: ClassVar[Takes] = "commands"
    parses_as: ClassVar[str] = "nokia_srl"

    async def facts(self, device: Dialogue) -> Facts:
        """See `Platform.facts`."""
        told = {match["name"]: match["value"] for match in _FACT.finditer(await device.show("show version"))}
        if "Software Version" not in told:
            raise CheckFailed(f"{device.host}: 'show version' was answered, but not in a form that is known.")
        return Facts(
            hostname=told.get("Hostname", ""),
            platform=self.name,
            vendor="Nokia",
            model=told.get("Chassis Type", ""),
            version=told["Software Version"],
            serial=told.get("Serial Number", ""),
        )

    async def running(self, device: Dialogue) -> Running:
        """See `Platform.running`."""
        return _read(device, await device.show("info from running /"))

    async def vlans(self, device: Dialogue) -> Mapping[int, Vlan]:
        """See `Platform.vlans`. What bridges is a network instance, and a VLAN is only how a subinterface is tagged."""
        raise InvalidInput(
            f"{device.host}: SR Linux has network instances and no VLANs; leave `vlans` out of the snapshot."
        )

    async def interfaces(self, device: Dialogue, running: Running) -> Mapping[str, Interface]:
        """See `Platform.interfaces`. A port with bridged subinterfaces is an access, or with tagged ones a trunk."""
        admin = flatlines.by_key(await device.show("info flat from state interface * admin-state"), "interface")
        oper = flatlines.by_key(await device.show("info flat from state interface * oper-state"), "interface")
        if not oper:
            raise CheckFailed(f"{device.host}: no interface could be read from 'info flat from state interface *'.")
        return {
            name: _interface(
                braces.within(running.paths, f"interface {name}{braces.OPENS}"),
                admin=admin.get(name, {}).get("admin-state", ""),
                oper=leaves.get("oper-state", ""),
            )
            for name, leaves in oper.items()
        }

    async def stage(self, device: Dialogue, lines: Sequence[str], before: Running, names: Names) -> Staged:
        """See `Platform.stage`. The candidate stays open in this session."""
        for line in lines:
            if not _LINE.match(line.strip()):
                raise InvalidInput(
                    f"{line.strip()!r} is not a flat line of SR Linux; begin lines with `set /` or `delete /`."
                )
        held = await self._candidates(device, names)
        await self.discard(device, names)
        # A new name each time: an older attempt that wakes up inside its candidate must not find itself in this one.
        await self._enter(device, next(name for name in _candidate_names(names) if name not in held))
        async with dropped_if_refused(partial(self.discard, device, names)):
            await device.lines(lines)
            shown = await device.show_or_nothing("diff /")
            candidate = _read(device, await device.show("info /"))
            words = refusal(await device.step("commit validate")) if shown.strip() else None
            if words is not None:
                raise RejectedByDevice(f"{device.host}: the validation failed: {words} The candidate was dropped.")
        text = braces.as_diff(shown)
        return Staged(between(before.paths, candidate.paths), text, digest(text), tuple(lines))

    async def own_session(self, device: Dialogue) -> str | None:
        """See `Platform.own_session`. No lock is taken: a private candidate is nobody else's."""

    async def end_session(self, device: Dialogue, name: str) -> bool:
        """See `Platform.end_session`."""
        return False

    async def discard(self, device: Dialogue, names: Names) -> None:
        """See `Platform.discard`."""
        if "candidate " in device.prompt:
            await device.step("discard now")
        for name in await self._candidates(device, names):
            await device.effect(f"/tools system configuration candidate {name} clear")

    async def checkpoint(self, device: Dialogue, names: Names) -> None:
        """See `Platform.checkpoint`. Of our own older ones the newest few are kept: others need room too."""
        held = await self._checkpoints(device)
        others = [name for name in held if name != names.tag]
        for name in (*others[_KEPT_CHECKPOINTS:], *([names.tag] if names.tag in held else [])):
            await device.effect(f"/tools system configuration checkpoint {name} clear")
        answer = await device.effect(f"/tools system configuration generate-checkpoint name {names.tag}")
        if refusal(answer) or names.tag not in await self._checkpoints(device):
            raise CheckFailed(
                f"{device.host}: the checkpoint {names.tag} could not be made: {rows.last_line(answer)!r}. "
                "No change starts without it; look at `system configuration max-checkpoints` and the disk."
            )

    async def forget(self, device: Dialogue, names: Names) -> None:
        """See `Platform.forget`."""
        if names.tag in await self._checkpoints(device):
            await device.effect(f"/tools system configuration checkpoint {names.tag} clear")

    async def commit(
        self, device: Dialogue, staged: Staged, before: Running, names: Names, timer_s: int | None = None
    ) -> None:
        """See `Platform.commit`."""
        if (await self.running(device)).fingerprint != before.fingerprint:
            await self.discard(device, names)
            raise Transient(
                f"{device.host}: somebody else committed while the candidate was prepared; it was dropped, and is "
                "prepared again."
            )
        await self._commit(device, names, timer_s)

    async def timer_needs(self, device: Dialogue) -> tuple[Need, ...]:
        """See `Platform.timer_needs`. Every release that has `commit confirmed` counts by itself."""
        return ()

    async def pending(self, device: Dialogue, names: Names) -> Pending:
        """See `Platform.pending`. The device says that one waits, and not whose it is."""
        return "unnamed" if _UNCONFIRMED.search(await device.show_or_nothing(_COMMITS)) else "none"

    async def confirm_commit(self, device: Dialogue, names: Names) -> None:
        """See `Platform.confirm_commit`."""
        await self._end_timer(device, names, "confirmed-accept")

    async def abort_timer(self, device: Dialogue, names: Names) -> None:
        """See `Platform.abort_timer`."""
        await self._end_timer(device, names, "confirmed-reject")

    async def roll_back(self, device: Dialogue, names: Names) -> None:
        """See `Platform.roll_back`."""
        command = f"/tools system configuration checkpoint {names.tag} revert"
        words = refusal(await device.effect(command))
        if words is not None:
            raise CheckFailed(f"{device.host}: {command!r} was refused: {words}")

    async def restore(self, device: Dialogue, names: Names) -> None:
        """See `Platform.restore`."""
        await self.discard(device, names)
        await self._enter(device, names.tag)
        words = refusal(await device.effect(f"load checkpoint name {names.tag}"))
        if words is not None:
            await self.discard(device, names)
            raise CheckFailed(f"{device.host}: the checkpoint {names.tag} could not be loaded: {words}")
        try:
            await self._commit(device, names)
        except RejectedByDevice as refused:
            raise CheckFailed(refused.message) from refused

    def undo_lines(self, footprint: Footprint, present: Collection[Path]) -> tuple[str, ...] | None:
        """See `Platform.undo_lines`."""
        return braces.undoing(footprint, present, set_by="set /", delete_by="delete /")

    async def save(self, device: Dialogue) -> None:
        """See `Platform.save`."""
        words = refusal(await device.effect("save startup"))
        if words is not None:
            raise CheckFailed(f"{device.host}: 'save startup' was refused: {words}")

    async def probe(self, device: Dialogue) -> tuple[Need, ...]:
        """See `Platform.probe`."""
        return (
            await rows.need(device, "sight of the configuration", "info from running /", r"^\s*system \{", "change"),
        )

    async def _candidates(self, device: Dialogue, names: Names) -> list[str]:
        """Our candidates of these names."""
        listing = await device.show_or_nothing(_CANDIDATES)
        return list(dict.fromkeys(re.findall(rf" candidate ({names.tag}(?:-\d)?) ", listing)))

    async def _checkpoints(self, device: Dialogue) -> list[str]:
        """The names of our checkpoints, the newest first."""
        listing = await device.show_or_nothing(_CHECKPOINTS)
        found = sorted(_CHECKPOINT.finditer(listing), key=lambda match: int(match["id"]))
        return list(dict.fromkeys(match["name"] for match in found))

    async def _enter(self, device: Dialogue, name: str) -> None:
        answer = await device.step(f"enter candidate private name {name}")
        if "candidate " in device.prompt:
            return
        if re.search(r"lock|exclusive|in use|maximum", answer, re.IGNORECASE):
            raise locked(device, answer)
        raise RejectedByDevice(f"{device.host}: no candidate could be opened: {rows.last_line(answer)!r}")

    async def _commit(self, device: Dialogue, names: Names, timer_s: int | None = None) -> None:
        how = f'now comment "{_comment(names)}"' if timer_s is None else f"confirmed timeout {timer_s}"
        words = refusal(await device.effect(f"commit {how}"))
        if words is not None:
            await self.discard(device, names)
            raise RejectedByDevice(f"{device.host}: the commit was refused: {words} The candidate was dropped.")
        if "candidate " in device.prompt:
            await device.step("enter running")  # what waits for its confirmation may keep its candidate till then

    async def _end_timer(self, device: Dialogue, names: Names, how: str) -> None:
        if await self.pending(device, names) == "none":
            return
        words = refusal(await device.effect(f"/tools system configuration {how}"))
        if words is not None and await self.pending(device, names) != "none":
            raise CheckFailed(f"{device.host}: {how!r} was refused: {words}")
        await self.discard(device, names)


def _comment(names: Names) -> str:
    return re.sub(r"[^\w .:/@-]", " ", names.comment)[:200].strip()


def _candidate_names(names: Names) -> list[str]:
    """Names for a candidate, in order of preference."""
    return [names.tag, *(f"{names.tag}-{number}" for number in range(2, 10))]


def _read(device: Dialogue, text: str) -> Running:
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    try:
        paths = tuple(keyed(path) for path in braces.read("\n".join(lines)))
    except ValueError as error:
        raise CheckFailed(
            f"{device.host}: the configuration is not whole: {error}. No change starts without it."
        ) from error
    if not any(path[0] == f"system{braces.OPENS}" for path in paths):
        raise CheckFailed(
            f"{device.host}: the configuration has no `system`: the user's role hides parts, or it was cut short. "
            "No change starts without a complete copy; give the role the right to read `/`."
        )
    whole = "\n".join(lines) + "\n"
    return Running(whole, paths, hashlib.sha256(whole.encode()).hexdigest(), frozenset(paths))


def _interface(paths: Sequence[Path], *, admin: str, oper: str) -> Interface:
    settings = {name: value for path in paths if len(path) == 1 for name, _, value in (path[0].partition(" "),)}
    bridged = [path[0] for path in paths if path[1:] == ("type bridged",)]
    tags = [int(path[-1].split()[1]) for path in paths if path[0] in bridged and path[-1].startswith("vlan-id ")]
    routed = any(path[1] in (f"ipv4{braces.OPENS}", f"ipv6{braces.OPENS}") for path in paths if len(path) > 1)
    tagged = settings.get("vlan-tagging") == "true"
    mode = ("trunk" if tagged else "access") if bridged else "routed" if routed else None
    return Interface.model_validate(
        {
            "admin": "up" if admin == "enable" else "down",
            "oper": "up" if oper == "up" else "down",
            "mode": mode,
            "trunk_vlans": tuple(sorted(set(tags))) if mode == "trunk" else (),
            "description": settings.get("description", "").strip('"'),
        }
    )
