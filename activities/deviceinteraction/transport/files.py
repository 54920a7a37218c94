"""A file to a device, by SCP over a connection of its own: a command line cannot carry it.

Nobody else of ours is connected meanwhile: whoever has a session leaves it first (`session.py`), so that a device is
never asked for a second line. A second channel in the connection that is there would need no second login, and too few
devices take one: IOS drops the connection (paramiko issue 55) or says "Resource shortage" (robotframework-sshlibrary
issue 288), an NCS 5500 ends the first channel with the second (issue 257 there), and Nokia, "SR OS System Management
Guide", has five channels "not supported for SFTP or SCP". Nor would the command line live that long: it is idle while
an image is copied, and devices end idle sessions (netmiko issue 2897).
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh

from activities.deviceinteraction.failures import Permanent, RejectedByDevice
from activities.deviceinteraction.model import HostKeys, Target, Timeouts
from activities.deviceinteraction.transcript import Transcript
from activities.deviceinteraction.transport import hostkeys
from activities.deviceinteraction.transport.login import closed, connect, reach
from activities.deviceinteraction.transport.protocol import LinkFailed


def demand_ssh(target: Target) -> None:
    """Raise `Permanent` where a device is reached by an API or by Telnet, which carry no files."""
    if target.transport != "ssh":
        raise Permanent(
            f"{target.name}: files are copied by SSH, and the device is reached by {target.transport}. Remove "
            "`data.transport` (and its port) from the inventory for steps that copy files."
        )


@asynccontextmanager
async def open_files(
    target: Target, host_keys: HostKeys, timeouts: Timeouts, transcript: Transcript
) -> AsyncIterator["FileLink"]:
    """Log in to a device to copy files, and for nothing else; log out at the end.

    Args:
        target: The device.
        host_keys: How its key is judged.
        timeouts: ``connect`` bounds the login; a transfer has no limit of its own.
        transcript: Told of the login, and of what is copied; never of what a file holds.

    Raises:
        Permanent: The device is reached by something else than SSH, or refused the login; tried exactly once.
        Unreachable: No connection could be opened.
    """
    demand_ssh(target)
    way = await reach(target, host_keys, timeouts)
    connection = await connect(target, host_keys, timeouts, way)
    transcript.note(f"logged in to {target.name} ({hostkeys.entry_name(target)}) to copy a file")
    try:
        yield FileLink(connection, target, transcript)
    finally:
        await closed(connection)
        await way.close()
        transcript.note("session for the file closed")


class FileLink:
    """A connection that carries files. Made by `open_files`."""

    def __init__(self, connection: asyncssh.SSHClientConnection, target: Target, transcript: Transcript) -> None:
        self._connection = connection
        self._target = target
        self._transcript = transcript

    async def send(self, source: Path, to: str) -> None:
        """Copy a file. What is there under that name is replaced; a transfer that breaks off leaves a part of it.

        Args:
            source: The file here.
            to: Its path there, as the device's SCP server knows it.

        Raises:
            RejectedByDevice: The device does not take the file, or has no SCP server.
            LinkFailed: The link died.
        """
        name = self._target.name
        self._transcript.note(f"{source.name} is copied as {to}")
        try:
            await asyncssh.scp(str(source), (self._connection, to))
        except (asyncssh.SFTPConnectionLost, asyncssh.ConnectionLost, asyncssh.DisconnectError, OSError) as error:
            raise LinkFailed(f"{name}: the link failed while {source.name} was copied: {error}.") from error
        except asyncssh.Error as error:
            hint = "Is its SCP server on, and may the user write there?"
            if re.search(r"no (?:more )?(?:space|room)|\bfull\b|not enough|insufficient", error.reason, re.IGNORECASE):
                hint = "Make room there, also by removing what arrived of the file, and try again."
            raise RejectedByDevice(f"{name} did not take {source.name} as {to}: {error.reason}. {hint}") from error
