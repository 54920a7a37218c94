"""Restarting a device and waiting until it answers again, however often that is called.

What proves a restart is the device's own word: it is up for no longer than it is since it was told. So an attempt
after a crash finds out whether its predecessor's command arrived, and gives it again only where it did not.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from activities.deviceinteraction.answers import refusal
from activities.deviceinteraction.failures import CheckFailed, OutcomeUnknown, RejectedByDevice, Transient
from activities.deviceinteraction.model import Journal
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.platforms.operations import Restart, uptime
from activities.deviceinteraction.transport import LinkFailed
from activities.deviceinteraction.transport.protocol import Unanswered

OUTCOME: Final = "outcome"
PAUSE_S: Final = 0.2  # between two looks at first; doubled up to the longest
LONGEST_PAUSE_S: Final = 10.0
T = TypeVar("T")
Renew = Callable[[], Awaitable[Dialogue]]


async def reboot(device: Dialogue, restart: Restart, journal: Journal, *, within: timedelta, renew: Renew) -> None:
    """Restart a device once and wait until it can be logged in to.

    Args:
        device: The session that is up.
        restart: How its platform does it.
        journal: What earlier attempts did.
        within: How long it may take, from when the device was told.
        renew: Logs in anew, and gives the session that is up from then on.

    Raises:
        RejectedByDevice: The device refused.
        CheckFailed: It was told to restart and did not.
        OutcomeUnknown: It was told to restart and does not answer.
    """
    if await journal.read(OUTCOME) is not None:
        return
    told = await _told(journal)
    if told and await _restarted(device, restart, told[-1]):
        await journal.write(OUTCOME, {})
        return
    await journal.write(f"sent-{len(told) + 1}", {"at": (at := datetime.now(UTC)).isoformat()})
    try:
        words = refusal(await device.effect(restart.command, answers=restart.answers))
    except Unanswered as error:
        raise RejectedByDevice(f"{device.host}: it was not restarted: {error.message}") from error
    except LinkFailed:
        words = None  # this is how it goes
    if words is not None:
        raise RejectedByDevice(f"{device.host}: {restart.command!r} was refused: {words}")
    await _come_back(device.host, restart, at, within, renew)
    await journal.write(OUTCOME, {})


async def reach(host: str, *, within: timedelta, renew: Callable[[], Awaitable[T]]) -> T:
    """Wait until a device answers a fresh login; asked once at least.

    Args:
        host: Its name, for messages.
        within: How long.
        renew: Logs in; what it returns is returned.

    Raises:
        Transient: It did not in that time; `Unreachable` where no session could be opened at the end.
        Permanent: The login was refused; it is not tried again.
    """
    pause_s = PAUSE_S
    ends = asyncio.get_running_loop().time() + within.total_seconds()
    while True:
        try:
            return await renew()
        except Transient as error:
            left_s = ends - asyncio.get_running_loop().time()
            if left_s <= 0:
                if within:
                    error.message = f"{host} gave no fresh login within {within.total_seconds():g} s: {error.message}"
                raise
        await asyncio.sleep(min(pause_s, left_s))
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


async def _come_back(host: str, restart: Restart, at: datetime, within: timedelta, renew: Renew) -> None:
    pause_s = PAUSE_S
    while True:
        left = at + within - datetime.now(UTC)
        try:
            device = await reach(host, within=max(left, timedelta()), renew=renew)
            if await _restarted(device, restart, at):
                return
        except Transient as error:
            if left <= timedelta():
                raise OutcomeUnknown(
                    f"{host} was told to restart and is not back after {within.total_seconds():g} s: look at its "
                    f"console. {error.message}"
                ) from error
        if left <= timedelta():
            raise CheckFailed(f"{host} was told to restart, and {within.total_seconds():g} s later it has not.")
        await asyncio.sleep(pause_s)  # it is still going down, or fell over between the login and the answer
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


async def _restarted(device: Dialogue, restart: Restart, at: datetime) -> bool:
    return await uptime(device, restart) <= datetime.now(UTC) - at


async def _told(journal: Journal) -> list[datetime]:
    found: list[datetime] = []
    while (entry := await journal.read(f"sent-{len(found) + 1}")) is not None:
        found.append(datetime.fromisoformat(str(entry["at"])))
    return found
