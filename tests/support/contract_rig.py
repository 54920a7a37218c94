"""A device under the contract of `session.Session`: what is changed on it, and how the truth is read past the library.

`contract_simulated.py` makes rigs of the testbed's devices and `contract_real.py` of real software; the cases, which
`contract_cases.py` lists, know neither. What a platform cannot do it declares, and `why_not` says so.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Literal, assert_never

from activities.deviceinteraction.model import (
    Applied,
    Change,
    Confirmed,
    Fence,
    Hold,
    HostKeys,
    Journal,
    Names,
    Target,
    UndoMethod,
    Undone,
)
from activities.deviceinteraction.platforms.protocol import NoTimer, Platform
from activities.deviceinteraction.platforms.registry import platform_named
from activities.deviceinteraction.proofs import Capability, known
from activities.deviceinteraction.session import Session, open_session
from devicelab import LIMITS, NAMES, MemoryJournal

EVERY: tuple[UndoMethod, ...] = ("native", "inverse", "restore")
#: What a case may need, beyond what each platform does.
Need = Capability | Literal["no timer", "startup", "native later", "lines"]


@dataclass(frozen=True)
class Rig:
    """One device.

    Args:
        target: How it is reached.
        host_keys: That are its.
        ours: The change that is made again and again, harmless.
        both: A change that makes ours, and what the colleague makes.
        theirs: What a colleague gives the device elsewhere in its configuration, in the device's own words.
        has: Whether ours is there, and what the colleague makes, by the device's own word.
        truth: What it runs, by its own word.
        kept: What it would start with.
        witness: Something that differs after every effect on it.
        colleague: Types what the colleague does.
        hold: How long a timer shall run that a case confirms or aborts.
        brief: How long one runs that is left to run out.
        run_out: Waits until such a one has.
        hostname: As it calls itself.
        shows: A command that reads.
    """

    target: Target
    host_keys: HostKeys
    ours: tuple[str, ...]
    both: tuple[str, ...]
    theirs: tuple[str, ...]
    has: Callable[[], tuple[bool, bool]]
    truth: Callable[[], str]
    kept: Callable[[], str]
    witness: Callable[[], object]
    colleague: Callable[[Sequence[str]], None]
    run_out: Callable[[], Awaitable[None]]
    hostname: str
    shows: str
    hold: Hold
    brief: Hold

    @property
    def platform(self) -> Platform:
        """Its platform."""
        return platform_named(self.target.platform)

    def offers(self, capability: Capability) -> bool:
        """Whether the platform declares a capability."""
        return known(self.platform, capability) is not None

    def behind(self, port: int) -> "Rig":
        """The same device through a relay on a loopback port; the relay shows the device's host key."""
        there = replace(self.target, address="127.0.0.1", port=port)
        return replace(self, target=there, host_keys=HostKeys("accept_any"))

    @asynccontextmanager
    async def session(self, fence: Fence | None = None) -> AsyncIterator[Session]:
        """A fresh login."""
        async with open_session(self.target, host_keys=self.host_keys, timeouts=LIMITS, fence=fence) as opened:
            yield opened

    # Each as an activity does it: in a session of its own

    async def proposed(self, lines: Sequence[str] = ()) -> Change:
        """A proposal; of ours where nothing else is said."""
        async with self.session() as session:
            return await session.propose(lines or self.ours, NAMES)

    async def applied(
        self,
        change: Change,
        journal: Journal,
        *,
        save: bool = False,
        hold: Hold | None = None,
        fence: Fence | None = None,
        names: Names = NAMES,
    ) -> Applied:
        """A change that is made."""
        async with self.session(fence) as session:
            return await session.apply(change, names, journal, save=save, hold=hold)

    async def made(self, *, save: bool = False, hold: Hold | None = None) -> MemoryJournal:
        """Ours, proposed and made; what was written down."""
        journal = MemoryJournal()
        assert (await self.applied(await self.proposed(), journal, save=save, hold=hold)).changed
        return journal

    async def confirmed(self, journal: Journal) -> Confirmed:
        """A change that may stay."""
        async with self.session() as session:
            return await session.confirm(NAMES, journal)

    async def undone(self, journal: Journal, *methods: UndoMethod, fence: Fence | None = None) -> Undone:
        """A change that is taken back."""
        async with self.session(fence) as session:
            return await session.undo(NAMES, journal, methods=methods or EVERY)


def why_not(platform: Platform, need: Need) -> str | None:
    """Why a platform cannot do a case, by what it declares; ``None`` where it can."""
    match need:
        case "no timer":
            return None if isinstance(platform.timer, NoTimer) else f"{platform.name} declares a confirm timer"
        case "startup":
            persistent = platform.name in PERSISTENT
            return f"what {platform.name} runs is what it starts with" if persistent else None
        case "native later":
            waits = platform.name == "netconf"
            return "NETCONF's native undo is the cancelling of a commit that waits" if waits else None
        case "lines":
            whole = platform.name == "bird"
            return "a change of BIRD's is the whole file, so whoever changes it changes the same" if whole else None
        case _:
            level = known(platform, need)
            if level == "unproven":
                return f"`{need}` of {platform.name} is declared to be unproven"
            return None if level else f"{platform.name} declares no `{need}`{_reason(platform, need)}"
    assert_never(need)


#: Platforms whose commits are on the disk at once, so that `save` has nothing to do.
PERSISTENT = ("cisco_iosxr", "juniper_junos", "nokia_sros", "openvswitch", "linux", "netconf")


def _reason(platform: Platform, need: Capability) -> str:
    timer = platform.timer
    return f": {timer.reason}" if need == "confirm" and isinstance(timer, NoTimer) else ""
