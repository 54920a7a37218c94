"""A session with one device: the library's front door. What leaves it is redacted here, results and errors alike.

It opens the transport, picks the platform, and hands over to `platforms/` (what the device says) and `change/` (what
is done to it). It decides nothing about retries or order between devices.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from activities.deviceinteraction.acts import command as command_of
from activities.deviceinteraction.acts import operation as operation_of
from activities.deviceinteraction.acts.copy import copy
from activities.deviceinteraction.acts.exchange import exchange
from activities.deviceinteraction.acts.reboot import reach, reboot
from activities.deviceinteraction.change import confirm as confirming
from activities.deviceinteraction.change import undo as undoing
from activities.deviceinteraction.change.apply import apply as apply_change
from activities.deviceinteraction.change.effect import uncut
from activities.deviceinteraction.change.lock import Turn
from activities.deviceinteraction.change.propose import propose as propose_change
from activities.deviceinteraction.change.work import Work
from activities.deviceinteraction.failures import CheckFailed, DeviceFailure, InvalidInput
from activities.deviceinteraction.lines import checked, checked_command
from activities.deviceinteraction.model import (
    Applied,
    Change,
    Confirmed,
    Facts,
    Fence,
    Hold,
    HostKeys,
    Interface,
    Journal,
    Mode,
    Names,
    Section,
    State,
    Target,
    Timeouts,
    UndoMethod,
    Undone,
    Vlan,
)
from activities.deviceinteraction.parse.bounded import parse_bounded
from activities.deviceinteraction.platforms import replacing
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.platforms.filesystems import checked_path, filesystem_of
from activities.deviceinteraction.platforms.operations import restart_of
from activities.deviceinteraction.platforms.protocol import Platform
from activities.deviceinteraction.platforms.registry import platform_named
from activities.deviceinteraction.redaction import Redactor
from activities.deviceinteraction.state import read_state
from activities.deviceinteraction.transcript import Transcript
from activities.deviceinteraction.transport import Transport
from activities.deviceinteraction.transport.files import FileLink, demand_ssh, open_files
from activities.deviceinteraction.transport.opening import Link, open_link
from activities.deviceinteraction.transport.pool import Pool

_READS = re.compile(r"(?:/?(?:admin )?sh(?:ow?)?|dir|more|ping|traceroute|info)\b", re.IGNORECASE)
_WRITES_A_FILE = re.compile(r"\|\s*(?:redirect|tee|append|save)\b|>", re.IGNORECASE)
_LINE_FREED: Final = timedelta(seconds=5)  # a device needs a moment to clear the line of a session that has ended


@asynccontextmanager
async def open_session(
    target: Target,
    *,
    host_keys: HostKeys,
    timeouts: Timeouts | None = None,
    fence: Fence | None = None,
    transcript: Transcript | None = None,
    attempts: Journal | None = None,
    patience: timedelta = timedelta(0),
    pool: Pool | None = None,
) -> AsyncIterator["Session"]:
    """Log in to a device; log out at the end.

    Args:
        target: The device and its credential.
        host_keys: How its host key is judged.
        timeouts: How long to wait for a connection, an answer, a commit.
        fence: Asked before each write whether this attempt may still go on.
        transcript: Where to keep what is said; a new one where ``None``.
        attempts: A journal that all attempts at the same piece of work share, so that one gets past the lock of an
            older one that stands still; ``None`` where there is only one attempt.
        patience: For how long a device that does not answer is tried again; not at all by default.
        pool: Where a link may be taken from, and left; a fresh login where ``None``.

    Raises:
        Unreachable: No session could be opened; nothing was changed.
        Permanent: The platform is unknown, or login, enable or the host key was refused; tried once.
    """
    platform = platform_named(target.platform)
    limits = timeouts or Timeouts()
    redact = Redactor.of(target.credential, *([target.proxy.credential] if target.proxy else []))
    record = transcript or Transcript()
    record.bind(redact, host=target.name, platform=platform.name)
    async with AsyncExitStack() as links:

        async def linked(way: Link = open_link) -> Turn:
            await links.aclose()
            transport = await links.enter_async_context(way(target, platform.name, host_keys, limits, record))
            return Turn(Dialogue(transport, target, limits, fence), platform, attempts)

        with _redacted(redact):
            first = linked if pool is None else partial(linked, pool.link)
            turn = await reach(target.name, within=patience, renew=first)
            files = partial(open_files, target, host_keys, limits, record)
            yield Session(target, platform, record, turn, redact, linked, files)


class Session:
    """A live session. Calls do not overlap: a device reads one line at a time. Made by `open_session`."""

    def __init__(
        self,
        target: Target,
        platform: Platform,
        transcript: Transcript,
        turn: Turn,
        redact: Redactor,
        linked: Callable[[], Awaitable[Turn]],
        files: Callable[[], AbstractAsyncContextManager[FileLink]],
    ) -> None:
        self.target = target
        self.platform = platform
        self.transcript = transcript
        self._turn = turn
        self._redact = redact
        self._linked = linked
        self._files = files

    @property
    def transport(self) -> Transport:
        """The live connection."""
        return self._turn.device.transport

    @property
    def _device(self) -> Dialogue:
        return self._turn.device

    async def facts(self) -> Facts:
        """What the device says of itself."""
        with _redacted(self._redact):
            return await self.platform.facts(self._device)

    async def show(self, command: str) -> str:
        """The answer to a command that reads, secrets redacted; never empty.

        Raises:
            InvalidInput: The command does not only read, or contains a control character.
            RejectedByDevice: The device refused it.
            CheckFailed: It was answered with nothing.
        """
        text = checked_command(command)
        if not _READS.match(text) or _WRITES_A_FILE.search(text):
            raise InvalidInput(
                f"{text!r} does not only read. Use show, info, dir, more, ping or traceroute, without redirects."
            )
        with _redacted(self._redact):
            return self._redact(await self._device.show(text))

    async def parse(self, command: str, output: str, *, min_rows: int = 0) -> tuple[dict[str, JsonValue], ...]:
        """Rows of an output, by ntc-templates; column names in lower case.

        Raises:
            CheckFailed: No template fits, parsing took too long, or there are fewer rows than ``min_rows``.
        """
        rows = await parse_bounded(self.platform.parses_as, checked_command(command), output)
        self.demand_rows(command, rows, min_rows)
        return rows

    def demand_rows(self, command: str, rows: Sequence[object], least: int) -> None:
        """Raise `CheckFailed` where an answer has fewer rows than there must be."""
        if len(rows) < least:
            raise CheckFailed(
                f"{self.target.name}: {command!r} gave {len(rows)} rows where at least {least} were expected."
            )

    async def snapshot(self, sections: Collection[Section]) -> State:
        """Normalised state, in one shape on all platforms. Sections that are not named are ``None``.

        Raises:
            CheckFailed: The configuration is not complete, or an answer was empty or not understood.
        """
        with _redacted(self._redact):
            running = await self.platform.running(self._device) if {"config", "interfaces"} & set(sections) else None
            vlans: Mapping[int, Vlan] | None = None
            interfaces: Mapping[str, Interface] | None = None
            if "vlans" in sections:
                vlans = await self.platform.vlans(self._device)
            if "interfaces" in sections and running is not None:
                interfaces = await self.platform.interfaces(self._device, running)
            keeps_config = running is not None and "config" in sections
            others = await read_state(self._device, self.platform, sections)
            return State(
                config=self._redact(running.text) if running is not None and keeps_config else None,
                config_fingerprint=running.fingerprint if running is not None and keeps_config else None,
                vlans=vlans,
                interfaces=interfaces,
                **others,
            )

    async def propose(self, lines: Sequence[str], names: Names, mode: Mode = "merge") -> Change:
        """The change that these lines would make. Alters nothing; a candidate is dropped again.

        Args:
            lines: What is typed, or the whole configuration.
            names: Of a candidate.
            mode: ``replace`` where the lines are the whole configuration. On a platform without a candidate that can be
                emptied the result is a change like any other: the lines between what is there and what is wanted.

        Raises:
            InvalidInput: A line cannot be sent or predicted, or this platform replaces nothing.
            RejectedByDevice: The candidate refused a line.
            Permanent: The change cannot be made safely on this device, as VLANs under VTP.
            Transient: Somebody else holds the configuration.
        """
        given = replacing.whole(lines) if mode == "replace" else lines
        with _redacted(self._redact):
            return await propose_change(self._turn, self.platform, given, names, mode, self._redact)

    async def apply(
        self,
        change: Change,
        names: Names,
        journal: Journal,
        *,
        save: bool,
        bound: bool = True,
        hold: Hold | None = None,
    ) -> Applied:
        """Make a change once, however often it is called with the same journal. See `change.apply.apply`."""
        if change.lines:  # a replacement that changes nothing has none
            checked(change.lines, self.platform.takes)
        with _redacted(self._redact):
            return await apply_change(self._work(names, journal), change, save=save, bound=bound, hold=hold)

    async def recall(self, names: Names, journal: Journal) -> Applied:
        """What was applied, if the device has not taken it back meanwhile. See `change.confirm.recall`."""
        with _redacted(self._redact):
            return await confirming.recall(self._work(names, journal))

    async def confirm(self, names: Names, journal: Journal) -> Confirmed:
        """Let a change stay that the device would take back by itself. See `change.confirm.confirm`."""
        with _redacted(self._redact):
            return await confirming.confirm(self._work(names, journal))

    async def undo(
        self, names: Names, journal: Journal, *, methods: Sequence[UndoMethod], saved: bool = False
    ) -> Undone:
        """Take a change back and prove it, however often it is called. See `change.undo.undo`."""
        with _redacted(self._redact):
            return await undoing.undo(self._work(names, journal), methods=methods, saved=saved)

    async def save(self) -> None:
        """Save the running configuration. Raises `CheckFailed` where the device says that it did not."""
        with _redacted(self._redact):
            await uncut(self.platform.save(self._device))

    async def reach(self, within: timedelta) -> None:
        """Wait until the device answers a fresh login, which this session is from then on. See `acts.reboot.reach`."""
        with _redacted(self._redact):
            await reach(self.target.name, within=within, renew=self._renew)

    async def reboot(self, journal: Journal, within: timedelta) -> None:
        """Restart the device once, and wait until it answers in a new session. See `acts.reboot.reboot`."""
        restart = restart_of(self.platform.name)
        with _redacted(self._redact):
            await uncut(reboot(self._device, restart, journal, within=within, renew=self._renew))

    async def copy(self, source: Path, to: str, sha256: str | None, journal: Journal) -> bool:
        """Copy a file to the device once, proven by its checksum; whether it was sent. See `acts.copy.copy`."""
        demand_ssh(self.target)
        files, path = filesystem_of(self.platform.name), checked_path(self.platform.name, to)
        with _redacted(self._redact):
            return await copy(lambda: self._device, files, source, path, sha256, journal, self._carry)

    async def exchange(self, command: str, answers: Sequence[tuple[str, str]], journal: Journal) -> str:
        """Send a command that asks back, once, and answer it as declared. See `acts.exchange.exchange`."""
        with _redacted(self._redact):
            return await exchange(self._device, checked_command(command), answers, journal, self._redact)

    async def run(self, command: str, journal: Journal | None = None) -> str:
        """What a command on a Linux machine writes; with a journal it has an effect. See `acts.command`."""
        line = checked_command(command)
        with _redacted(self._redact):
            if journal is None:
                return self._redact(await command_of.read(self._device, line))
            return await uncut(command_of.run(self._device, line, journal, self._redact))

    async def rpc(self, operation: str, journal: Journal | None = None) -> str:
        """What a NETCONF operation answers with, as XML; with a journal it has an effect. See `acts.operation`."""
        with _redacted(self._redact):
            if journal is None:
                return self._redact(await operation_of.read(self._device, operation))
            return await uncut(operation_of.carry_out(self._device, operation, journal, self._redact))

    async def _carry(self, source: Path, to: str) -> None:
        """Send a file while nobody is logged in, and log in again: the device never has two sessions of ours."""
        await self.transport.close()  # a link that is given up is nothing for a pool
        try:
            async with AsyncExitStack() as links:

                async def files() -> FileLink:
                    return await links.enter_async_context(self._files())

                link = await reach(self.target.name, within=_LINE_FREED, renew=files)
                await link.send(source, to)
        except BaseException:
            with suppress(DeviceFailure):  # what is left to do here needs a session; why it failed comes first
                await reach(self.target.name, within=_LINE_FREED, renew=self._return)
            raise
        await reach(self.target.name, within=_LINE_FREED, renew=self._return)

    async def _renew(self) -> Dialogue:
        await self.transport.close()  # a link that is given up is nothing for a pool
        return await self._return()

    async def _return(self) -> Dialogue:
        self._turn = await self._linked()
        return self._turn.device

    def _work(self, names: Names, journal: Journal) -> Work:
        return Work(self._device, self.platform, names, journal, self._turn)


@contextmanager
def _redacted(redact: Redactor) -> Iterator[None]:
    """Take secrets out of failures that pass."""
    try:
        yield
    except DeviceFailure as error:
        error.message = redact(error.message)
        error.args = (error.message,)
        raise
