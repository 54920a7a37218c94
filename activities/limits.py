"""The limit that a definition sets for one action on one device."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from activities.deviceinteraction.failures import Transient


@asynccontextmanager
async def limited(what: str, timeout_s: float) -> AsyncIterator[None]:
    """Bound what a block does; never a commit or a save, for a cut one makes an unknown outcome.

    Args:
        what: What is done, for the message.
        timeout_s: The step's limit, in seconds.

    Raises:
        Transient: It was not done in time.
    """
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError:
        limit = f"the step's timeout of {timeout_s:g} s"
        raise Transient(f"{what} was not done within {limit}. Is the device slow, or the time too short?") from None
