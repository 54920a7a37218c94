"""A file to a device: only if it is not there, only if there is room, and proven by the device's own checksum.

Interrupted at any point, the next attempt looks: what is whole stays, what is not is sent again.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from activities.deviceinteraction.failures import CheckFailed, InvalidInput
from activities.deviceinteraction.model import Journal
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.platforms.filesystems import FileSystem, checksum, room, volume

OUTCOME: Final = "outcome"
_PIECE: Final = 1_048_576


async def copy(
    session: Callable[[], Dialogue],
    files: FileSystem,
    source: Path,
    to: str,
    sha256: str | None,
    journal: Journal,
    send: Callable[[Path, str], Awaitable[None]],
) -> bool:
    """Copy a file to a device once; whether it was sent.

    Args:
        session: The session that is up; another one once a file was sent, since the device is left meanwhile.
        files: How its platform shows files.
        source: The file here.
        to: Its path there.
        sha256: What the file here must have; ``None``: whatever it has.
        journal: What earlier attempts did.
        send: Carries it there.

    Raises:
        InvalidInput: The file here is not the one that was meant.
        CheckFailed: There is no room, or what arrived is not what was sent.
        DeviceFailure: As ``send``.
    """
    if await journal.read(OUTCOME) is not None:
        return False
    size, own, wanted = await asyncio.to_thread(_measured, source, files.hash)
    if sha256 is not None and own != sha256.lower():
        raise InvalidInput(f"{source.name} has the SHA-256 {own}, and not {sha256}: it is another file, or damaged.")
    device = session()
    sent = await checksum(device, files, to) != wanted
    if sent:
        free = await room(device, files, to)
        if free < size:
            where = files.listing.format(volume=volume(to))
            raise CheckFailed(
                f"{device.host} has no room for {source.name}: it needs {size} bytes, and {free} are free. Nothing was "
                f"sent. Remove what is not used any more (`{where}` lists it), and try again."
            )
        device.demand_turn()
        await send(source, files.remote(to))
        device = session()
        found = await checksum(device, files, to)
        if found != wanted:
            said = "is not there" if found is None else f"has the {files.hash} {found[:12]}… instead of {wanted[:12]}…"
            raise CheckFailed(f"{device.host}: {to} {said} after the copy; it must not be used.")
    await journal.write(OUTCOME, {})
    return sent


def _measured(path: Path, kind: str) -> tuple[int, str, str]:
    """The size of a file, its SHA-256, and the hash that the device can tell."""
    own, other = hashlib.sha256(), hashlib.new(kind)
    size = 0
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                size += len(piece)
                own.update(piece)
                other.update(piece)
    except OSError as error:
        raise InvalidInput(f"{path.name} cannot be read on this worker: {error.strerror}.") from error
    return size, own.hexdigest(), other.hexdigest()
