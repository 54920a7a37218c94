"""Ports on loopback: free ones, and a clear word where one is taken."""

import secrets
import socket
from typing import Final

from starter.errors import StackError

LOOPBACK: Final = "127.0.0.1"
QUIET: Final = range(20_000, 32_000)
DRAWS: Final = 1_000
TAKEN: Final[set[int]] = set()  # what this process was given: two stacks that start at once get different ports


def free_port() -> int:
    """A port that nobody listens on, not given to anyone in this process before.

    It lies below those that systems take for outgoing connections (32768 and above on Linux, 49152 on macOS): one of
    those may have taken it before a server that is just starting gets to it.

    Raises:
        StackError: None was found.
    """
    for _ in range(DRAWS):
        port = secrets.choice(QUIET)
        if port not in TAKEN and _is_free(port):
            TAKEN.add(port)
            return port
    raise StackError(f"Of {DRAWS} ports tried from {QUIET.start} on {LOOPBACK} none was free. Name one with --port.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def claim(port: int, what: str, option: str) -> int:
    """The port itself if it is free, a free one for 0.

    Args:
        port: 0 to 65535.
        what: Who wants it, for people.
        option: The option that names another one, for people.

    Raises:
        StackError: Somebody listens there.
    """
    if port == 0:
        return free_port()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free enough
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise StackError(
                f"Port {port} for the {what} cannot be used on {LOOPBACK}: {(error.strerror or str(error)).lower()}. "
                f"Another netsaga may be running there; choose a port with {option}, or {option} 0 for a free one."
            ) from error
    return port
