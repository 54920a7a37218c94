"""What platforms share that fill a candidate: of what is refused nothing stays, and who holds the lock is named."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from activities.deviceinteraction.failures import CheckFailed, ConfigLocked, RejectedByDevice
from activities.deviceinteraction.platforms.dialogue import Dialogue, LineRefused


@asynccontextmanager
async def dropped_if_refused(
    drop: Callable[[], Awaitable[object]], gone: str = "The candidate was dropped"
) -> AsyncIterator[None]:
    """Fill a candidate and read it back; where the device refuses any of it, nothing stays behind.

    Args:
        drop: Takes the candidate away.
        gone: How a message says so.

    Raises:
        RejectedByDevice: The device refused a line, or what the block says it refused.
        CheckFailed: What the block has read is not what it must be.
    """
    try:
        yield
    except LineRefused as refused:
        await drop()
        said = refused.message if refused.message.endswith(".") else f"{refused.message}."
        raise RejectedByDevice(f"{said} {gone}; nothing is applied.") from refused
    except (CheckFailed, RejectedByDevice):
        await drop()
        raise


def locked(device: Dialogue, answer: str, holder: str | None = None) -> ConfigLocked:
    """The failure of a device whose configuration somebody else holds.

    Args:
        device: It.
        answer: What it said.
        holder: Whose session it is, where the device names one alone.
    """
    return ConfigLocked(
        f"{device.host}: config locked: {' '.join(answer.split())!r}. Nothing was changed; "
        "it is tried again once that person or program is done.",
        holder=holder,
    )
