"""Files on a device, in each platform's own words: how much room there is, and what proves that a file is whole.

Sources: Cisco, "Configuration Fundamentals Command Reference, IOS XE 17" (``verify /sha512``, ``dir``); Cisco, "Nexus
9000 Series NX-OS Fundamentals Configuration Guide, Release 9.3(x)" (``show file … sha256sum``, ``dir``); Arista, "EOS
User Manual" (``verify /sha512``, ``dir``, ``/mnt/flash`` for ``flash:``); Juniper, "CLI Reference" (``file checksum
sha-256``, ``show system storage``).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from activities.deviceinteraction.failures import CheckFailed, InvalidInput, Permanent
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.platforms.rows import last_line

Hash = Literal["sha256", "sha512"]

_PATH: Final = re.compile(r"[\w.:/+~-]+")
_UNITS: Final = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_MOUNT: Final = re.compile(
    r"^\S+\s+[\d.]+[BKMGT]?\s+[\d.]+[BKMGT]?\s+(?P<free>[\d.]+)(?P<unit>[BKMGT]?)\s+\d+%\s+(?P<mount>/\S*)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class FileSystem:
    """How a platform shows files.

    Args:
        hash: Which checksum it can tell.
        checksum: The command for it; ``{path}`` is the file.
        listing: The command that tells how much room there is; ``{volume}`` is the path's part up to its colon.
        free: Reads the bytes from that answer.
        remote: The path as its SCP server knows it.
    """

    hash: Hash
    checksum: str
    listing: str
    free: Callable[[str, str], int | None]
    remote: Callable[[str], str] = str


def _dir_free(answer: str, _path: str) -> int | None:
    match = re.search(r"(\d+) bytes free", answer)
    return None if match is None else int(match[1])


def _mount_free(answer: str, path: str) -> int | None:
    """The room of the mount that holds a path; mounts stand below ``/.mount``."""
    best: tuple[int, int] | None = None
    for match in _MOUNT.finditer(answer):
        mount = match["mount"].removeprefix("/.mount").rstrip("/")
        if path.startswith(f"{mount}/") and (best is None or len(mount) > best[0]):
            best = len(mount), int(float(match["free"]) * _UNITS[match["unit"].replace("B", "")])
    return None if best is None else best[1]


def _mnt(path: str) -> str:
    volume, _, rest = path.partition(":")
    return f"/mnt/{volume}/{rest.lstrip('/')}"


FILESYSTEMS: Final[Mapping[str, FileSystem]] = {
    "cisco_iosxe": FileSystem("sha512", "verify /sha512 {path}", "dir {volume}", _dir_free),
    "cisco_nxos": FileSystem("sha256", "show file {path} sha256sum", "dir {volume}", _dir_free),
    "arista_eos": FileSystem("sha512", "verify /sha512 {path}", "dir {volume}", _dir_free, _mnt),
    "juniper_junos": FileSystem("sha256", "file checksum sha-256 {path}", "show system storage", _mount_free),
}


def filesystem_of(platform: str) -> FileSystem:
    """How a platform shows files. Raises `Permanent` where netsaga does not know."""
    found = FILESYSTEMS.get(platform)
    if found is None:
        raise Permanent(f"netsaga cannot copy files to the platform {platform}; to {', '.join(FILESYSTEMS)} it can.")
    return found


def checked_path(platform: str, path: str) -> str:
    """A path on a device that means what it says.

    Raises:
        InvalidInput: It has other characters than paths need, or no file system in front where the platform has some.
    """
    if not _PATH.fullmatch(path) or path.endswith(("/", ":")):
        raise InvalidInput(f"{path!r} is no path of a file: letters, digits and any of `. : / + ~ - _`.")
    if platform == "juniper_junos":
        if not path.startswith("/"):
            raise InvalidInput(f"{path!r}: write the whole path, as `/var/tmp/FILE`.")
    elif ":" not in path:
        raise InvalidInput(f"{path!r}: write the file system in front, as `flash:FILE`.")
    return path


async def checksum(device: Dialogue, files: FileSystem, path: str) -> str | None:
    """The checksum of a file by the device's own word; ``None`` where there is no such file.

    Raises:
        CheckFailed: The answer is neither.
    """
    command = files.checksum.format(path=path)
    answer = await device.step(command)
    digits = {"sha256": 64, "sha512": 128}[files.hash]
    match = re.search(rf"\b[0-9a-fA-F]{{{digits}}}\b", answer)
    if match is not None:
        return match.group().lower()
    if re.search(r"no such file|not found|does not exist", answer, re.IGNORECASE):
        return None
    raise CheckFailed(f"{device.host}: {command!r} told no checksum: {last_line(answer)!r}")


def volume(path: str) -> str:
    """The file system that a path begins with, as ``flash:``."""
    return f"{path.partition(':')[0]}:"


async def room(device: Dialogue, files: FileSystem, path: str) -> int:
    """The bytes that are free where a file is to go. Raises `CheckFailed` where the device does not tell."""
    command = files.listing.format(volume=volume(path))
    found = files.free(await device.show(command), path)
    if found is None:
        raise CheckFailed(f"{device.host}: how much room there is for {path} could not be read from {command!r}.")
    return found
