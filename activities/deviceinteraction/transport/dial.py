"""The TCP connection, opened before any SSH: it tells an absent device from one that refuses to talk.

scrapli and asyncssh report a refused port, a time-out and a rejected login in ways that overlap; a socket that we
connected ourselves leaves no doubt, and the same socket then carries the session.
"""

import asyncio
import socket
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from activities.deviceinteraction.failures import Unreachable
from activities.deviceinteraction.model import Target

_SERVICES: Final = {"ssh": "SSH", "telnet": "Telnet"}


async def connect_tcp(target: Target, limit: timedelta) -> socket.socket:
    """A connected, non-blocking socket to the device.

    Raises:
        Unreachable: The name does not resolve, nothing listens, no route, or no answer within ``limit``.
    """
    where = f"{target.name} ({target.address} port {target.port})"
    sock: socket.socket | None = None
    try:
        async with asyncio.timeout(limit.total_seconds()):
            family, address = await _resolved(target)
            sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # said, asyncio turns Nagle off
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, address)
            return sock
    except TimeoutError as error:
        _close(sock)
        raise Unreachable(
            f"{where}: no TCP connection within {limit.total_seconds():g} s. Check the address, routes and filters."
        ) from error
    except ConnectionRefusedError as error:
        _close(sock)
        what = _SERVICES.get(target.transport, "the API")
        raise Unreachable(
            f"{where}: the connection was refused. Is {what} enabled there, and is it this port?"
        ) from error
    except OSError as error:
        _close(sock)
        raise Unreachable(f"{where}: no TCP connection: {error.strerror or error}.") from error
    except BaseException:
        _close(sock)
        raise


async def _resolved(target: Target) -> tuple[int, Any]:
    """The family and the socket address of a device. An IP address asks nobody, and so needs no thread."""
    for family, rest in ((socket.AF_INET, ()), (socket.AF_INET6, (0, 0))):
        with suppress(OSError):
            socket.inet_pton(family, target.address)
            return family, (target.address, target.port, *rest)
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(target.address, target.port, type=socket.SOCK_STREAM)
    resolved, _, _, _, address = found[0]
    return resolved, address


def _close(sock: socket.socket | None) -> None:
    if sock is not None:
        sock.close()
