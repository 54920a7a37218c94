"""What surrounds every effect on a device: no cancel cuts it, and a link lost within it is an unknown outcome."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import TypeVar

from activities.deviceinteraction.failures import DeviceFailure, OutcomeUnknown, Transient
from activities.deviceinteraction.transport import LinkFailed

T = TypeVar("T")


@contextmanager
def under_way(host: str, doing: str) -> Iterator[None]:
    """Mark that an effect is under way: failures from here on say that the device may have been touched.

    Args:
        host: The device, for messages.
        doing: What is under way, such as "the commit".

    Raises:
        OutcomeUnknown: Instead of `LinkFailed`.
    """
    try:
        yield
    except LinkFailed as error:
        raise OutcomeUnknown(
            f"{host}: the link failed during {doing}, so its outcome is not known: {error.message} "
            "What comes next, an attempt or an undo, looks at the device first."
        ) from error
    except DeviceFailure as error:
        error.touched = error.touched or not isinstance(error, Transient)  # these say themselves that nothing was done
        raise


async def uncut(effect: Coroutine[object, object, T]) -> T:
    """Run an effect to its end even if the caller is cancelled meanwhile, and honour the cancel then.

    A commit that is cut short only makes an unknown outcome (device-safety rule 14). The wait is bounded by the time
    limits of the effect itself.
    """
    running = asyncio.ensure_future(effect)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            try:
                await asyncio.wait({running})
            except asyncio.CancelledError:
                continue  # asked again; the answer is the same: after the device has spoken
        if not running.cancelled():
            running.exception()  # seen: the journal tells the undo what happened
        raise
