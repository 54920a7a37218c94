"""A file to a device, by SCP over a connection of its own: a command line cannot carry it."""

from pathlib import Path

import asyncssh

from activities.deviceinteraction.failures import Permanent, RejectedByDevice
from activities.deviceinteraction.model import HostKeys, Target, Timeouts
from activities.deviceinteraction.transport.login import closed, connect, reach
from activities.deviceinteraction.transport.protocol import LinkFailed


async def send_file(target: Target, host_keys: HostKeys, timeouts: Timeouts, source: Path, to: str) -> None:
    """Copy a file. What is there under that name is replaced; a transfer that breaks off leaves a part of it.

    Args:
        target: The device.
        host_keys: How its key is judged.
        timeouts: ``connect`` bounds the login; the transfer has no limit of its own.
        source: The file here.
        to: Its path there, as the device's SCP server knows it.

    Raises:
        Permanent: The device is reached by an API or by Telnet, which carry no files.
        RejectedByDevice: The device does not take the file, or has no SCP server.
        LinkFailed: The link died.
        DeviceFailure: The login failed; see `login.connect`.
    """
    if target.transport != "ssh":
        raise Permanent(
            f"{target.name}: files are copied by SSH, and the device is reached by {target.transport}. Remove "
            "`data.transport` (and its port) from the inventory for steps that copy files."
        )
    way = await reach(target, host_keys, timeouts)
    connection = await connect(target, host_keys, timeouts, way)
    try:
        await asyncssh.scp(str(source), (connection, to))
    except (asyncssh.SFTPConnectionLost, asyncssh.ConnectionLost, asyncssh.DisconnectError, OSError) as error:
        raise LinkFailed(f"{target.name}: the link failed while {source.name} was copied: {error}.") from error
    except asyncssh.Error as error:
        raise RejectedByDevice(
            f"{target.name} did not take {source.name} as {to}: {error.reason}. Is its SCP server on, and may the user "
            "write there?"
        ) from error
    finally:
        await closed(connection)
        await way.close()
