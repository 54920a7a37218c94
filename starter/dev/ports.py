"""Ports on loopback: free ones, and a clear word where one is taken."""

import socket
from typing import Final

from starter.errors import StackError

LOOPBACK: Final = "127.0.0.1"
TAKEN: Final[set[int]] = set()  # what this process was given: two stacks that start at once get different ports


def free_port() -> int:
    """A port that nobody listens on, not given to anyone in this process before."""
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port = int(probe.getsockname()[1])
        if port not in TAKEN:
            TAKEN.add(port)
            return port


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
