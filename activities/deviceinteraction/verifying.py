"""The contract of a platform, tried on one device: what `netsaga platform verify` does to a lab device.

A harmless change is proposed, made, made again, taken back in each way that the platform offers, and held under the
device's own timer and confirmed; nothing is saved, and at the end the running configuration must be what it was. Each
part logs in anew, as the steps of a run may. A part that fails does not end the others, but whatever it left is undone
before anything else is tried; where that fails too, the rest is not begun.

The result names neither the device nor its address nor whoever logged in: it is for others to read.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import JsonValue

from activities.deviceinteraction.failures import DeviceFailure
from activities.deviceinteraction.model import (
    Change,
    Facts,
    Hold,
    HostKeys,
    Names,
    Section,
    Target,
    Timeouts,
    UndoMethod,
)
from activities.deviceinteraction.platforms.protocol import NoTimer, Platform
from activities.deviceinteraction.platforms.registry import platform_named
from activities.deviceinteraction.session import Session, open_session
from activities.deviceinteraction.verification import (
    SHOWS,
    VLAN,
    VLAN_LINES,
    Part,
    State,
    Verification,
    anonymous,
    lines_for,
)

WITHIN: Final = timedelta(minutes=2)  # the shortest confirm timers run for whole minutes


class Memory:
    """A write-once journal for as long as the verification lasts."""

    def __init__(self) -> None:
        self._entries: dict[str, dict[str, JsonValue]] = {}

    async def read(self, key: str) -> dict[str, JsonValue] | None:
        """See `Journal.read`."""
        return self._entries.get(key)

    async def write(self, key: str, value: dict[str, JsonValue]) -> None:
        """See `Journal.write`."""
        if self._entries.setdefault(key, value) != value:
            raise ValueError(f"{key} holds another value")


async def verify(
    target: Target, *, host_keys: HostKeys, vlan: int = VLAN, timeouts: Timeouts | None = None
) -> Verification:
    """Try the contract on a device. Never raises for a problem of the device.

    Args:
        target: A lab device.
        host_keys: How its host key is judged.
        vlan: Which VLAN to make and take back; it must not exist.
        timeouts: How long to wait.

    Raises:
        Permanent: The platform is not known.
    """
    return await _Trial(target, platform_named(target.platform), host_keys, timeouts or Timeouts(), vlan).run()


class _Failed(Exception):
    """The device answered, and the contract does not hold."""


class _Skipped(Exception):
    """A part that does not apply, and why."""


class _Trial:
    """One verification. Parts run in the order of `run`."""

    def __init__(self, target: Target, platform: Platform, host_keys: HostKeys, timeouts: Timeouts, vlan: int) -> None:
        self._target = target
        self._platform = platform
        self._host_keys = host_keys
        self._timeouts = timeouts
        self._vlan = vlan
        self._lines = lines_for(platform.name, vlan)
        self._parts: list[Part] = []
        self._facts: Facts | None = None
        self._before: str | None = None  # the fingerprint that must stand at the end
        self._change: Change | None = None
        self._open: tuple[Names, Memory] | None = None  # a change that may stand
        self._dirty = False

    async def run(self) -> Verification:
        await self._part("facts", self._look)
        await self._part("show", self._show)
        await self._part("snapshot", self._snapshot)
        await self._part("propose and discard", self._propose)
        await self._part("apply", self._apply)
        await self._part("apply again", self._again)
        for method in ("native", "inverse"):
            await self._part(f"undo: {method}", self._undoing(method))
        await self._part("confirm under a timer", self._confirm)
        await self._part("nothing is left", self._nothing_left)
        facts = self._facts
        return Verification(
            at=datetime.now(UTC),
            platform=self._platform.name,
            vendor=facts.vendor if facts else "",
            model=facts.model if facts else "",
            version=facts.version if facts else "",
            confirm=self._platform.confirm,
            undo=self._platform.undo_methods,
            lines=self._lines or (),
            parts=tuple(self._parts),
        )

    # The parts; each returns what it found

    async def _look(self) -> str:
        async with self._session() as session:
            self._facts = await session.facts()
        return f"{self._facts.vendor} {self._facts.model}, {self._facts.version}"

    async def _show(self) -> str:
        command = SHOWS.get(self._platform.name)
        if command is None:
            raise _Skipped(f"no command that reads is known for {self._platform.name}")
        async with self._session() as session:
            return f"{command}: {len((await session.show(command)).splitlines())} lines"

    async def _snapshot(self) -> str:
        switch = self._platform.name in VLAN_LINES
        sections: list[Section] = ["config", "vlans", "interfaces"] if switch else ["config"]
        async with self._session() as session:
            state = await session.snapshot(sections)
        self._before = state.config_fingerprint
        if state.vlans is not None and self._vlan in state.vlans:
            self._lines = None
            raise _Failed(f"VLAN {self._vlan} exists; name one that does not with --vlan. Nothing is changed.")
        if not switch and self._lines is not None and self._lines[0] in (state.config or "").splitlines():
            first, self._lines = self._lines[0], None
            raise _Failed(f"`{first}` exists; name another number with --vlan. Nothing is changed.")
        found = {"lines of configuration": len((state.config or "").splitlines())}
        found |= {} if state.vlans is None else {"VLANs": len(state.vlans)}
        found |= {} if state.interfaces is None else {"interfaces": len(state.interfaces)}
        return ", ".join(f"{count} {what}" for what, count in found.items())

    async def _propose(self) -> str:
        lines = self._changing()
        async with self._session() as session:
            change = await session.propose(lines, _names())
            await self._stands_as_before(session)
        if change.empty:
            raise _Failed("the change is said to be there already, and it is not")
        self._change = change
        return (
            f"{len(change.diff.splitlines())} lines of diff, {change.made.replace('_', ' ')}; the device is as before"
        )

    async def _apply(self) -> str:
        change = self._proposed()
        self._open = names, journal = _names(), Memory()
        async with self._session() as session:
            applied = await session.apply(change, names, journal, save=False)
        if not applied.changed:
            raise _Failed("nothing was changed")
        return "the device is as proposed"

    async def _again(self) -> str:
        change = self._proposed()
        if self._open is None:
            raise _Skipped("there is no change to make again")
        async with self._session() as session:
            standing = (await session.snapshot(["config"])).config_fingerprint
            await session.apply(change, *self._open, save=False)
            if not (await session.propose(change.lines, _names())).empty:
                raise _Failed("the change that was made is still proposed")
            if (await session.snapshot(["config"])).config_fingerprint != standing:
                raise _Failed("a second apply changed the device")
        return "no effect is made twice"

    def _undoing(self, method: UndoMethod) -> Callable[[], Awaitable[str]]:
        async def undo() -> str:
            change = self._proposed()
            if method not in self._platform.undo_methods:
                raise _Skipped(f"{self._platform.name} does not offer it")
            if self._open is None:
                await self._apply()
            assert self._open is not None
            async with self._session() as session:
                undone = await session.undo(*self._open, methods=[method])
                self._open = None
                await self._stands_as_before(session)
            return f"{len(change.lines)} lines are taken back; the device is as before ({undone.method})"

        return undo

    async def _confirm(self) -> str:
        change = self._proposed()
        if isinstance(self._platform.timer, NoTimer):
            raise _Skipped(self._platform.timer.reason)
        if self._platform.confirm != "device":
            raise _Skipped("the timer ends with its session, so a fresh login could prove nothing")
        self._open = names, journal = _names(), Memory()
        async with self._session() as session:
            applied = await session.apply(change, names, journal, save=False, hold=Hold(WITHIN))
        if applied.confirm_by is None:
            raise _Failed("no timer of the device runs")
        async with self._session() as session:  # a fresh login: the device is still manageable
            confirmed = await session.confirm(names, journal)
        if not confirmed.was_pending:
            raise _Failed("the timer did not run any more")
        await self._take_back()
        return f"the timer ran, was stopped by the confirm within {WITHIN.total_seconds():.0f} s, and the change undone"

    async def _nothing_left(self) -> str:
        if self._before is None:
            raise _Skipped("the configuration was never read")
        async with self._session() as session:
            await self._stands_as_before(session)
        return "the running configuration is what it was, line by line"

    # How a part goes

    async def _part(self, name: str, part: Callable[[], Awaitable[str]]) -> None:
        began = time.monotonic()
        outcome: State = "ok"
        if self._dirty and part != self._nothing_left:
            outcome, said = "skipped", "the device could not be brought back to where it was"
        else:
            try:
                said = await part()
            except _Skipped as why:
                outcome, said = "skipped", str(why)
            except (_Failed, DeviceFailure) as failure:
                outcome, said = "failed", str(failure)
                await self._clean_up()
            except asyncio.CancelledError:  # Ctrl-C: whoever stops it does not want the change to stay
                await self._clean_up()
                raise
        seconds = round(time.monotonic() - began, 2)
        self._parts.append(
            Part(name=name, state=outcome, seconds=seconds, said=anonymous(said, self._target, self._facts))
        )

    async def _clean_up(self) -> None:
        """After a failure: nothing of ours may stand when the next part begins."""
        try:
            if self._open is not None:
                await self._take_back()
        except (_Failed, DeviceFailure):
            self._dirty = True

    async def _take_back(self) -> None:
        assert self._open is not None
        async with self._session() as session:
            await session.undo(*self._open, methods=self._platform.undo_methods)
            self._open = None
            await self._stands_as_before(session)

    async def _stands_as_before(self, session: Session) -> None:
        found = (await session.snapshot(["config"])).config_fingerprint
        if self._before is not None and found != self._before:
            raise _Failed("the running configuration is not what it was before; look for `netsaga-verify` in it")

    def _changing(self) -> tuple[str, ...]:
        if self._before is None:
            raise _Skipped("the configuration could not be read, and what cannot be read is not changed")
        if self._lines is None:
            raise _Skipped("there is no harmless change to make")
        return self._lines

    def _proposed(self) -> Change:
        self._changing()
        if self._change is None:
            raise _Skipped("the change could not be proposed")
        return self._change

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Session]:
        async with open_session(self._target, host_keys=self._host_keys, timeouts=self._timeouts) as session:
            yield session


def _names() -> Names:
    return Names(token=secrets.token_hex(6), comment="netsaga platform verify")
