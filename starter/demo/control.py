"""The testbed's control socket, from outside: one JSON object a line in, one out."""

import asyncio
import json
import os
from pathlib import Path

from starter.errors import StackError

ANSWER_S = 10.0


async def inject(socket: Path, device: str, **fault: str | float) -> None:
    """Have a simulated device misbehave from now on.

    Args:
        socket: The control socket.
        device: Its name.
        **fault: As the testbed describes a fault: ``kind``, ``match``, ``times``, ``phase``, ``seconds``.

    Raises:
        StackError: The testbed did not take it.
    """
    path = os.path.realpath(socket)  # a long path is a link to a short one  # noqa: ASYNC240 - a look at one link
    request = {"op": "fault", "device": device, "fault": fault}
    try:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(json.dumps(request).encode() + b"\n")
            await writer.drain()
            answer = json.loads(await reader.readline())
            writer.close()
    except (OSError, TimeoutError, ValueError) as error:
        raise StackError(f"The testbed did not answer at {socket}: {error}") from error
    if not answer.get("ok"):
        raise StackError(f"The testbed refused a fault for {device}: {answer.get('error', answer)}")
