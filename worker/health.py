"""Answers two questions over HTTP: does the process live (`/healthz`), and does it take work (`/readyz`)?

A few lines of HTTP/1.1 (RFC 9112) on asyncio, for probes of systemd, containers and load balancers; loopback unless the
settings say otherwise. It tells nothing but the two words, so it needs no authentication.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

_log = logging.getLogger(__name__)

REQUEST_TIMEOUT_S: Final = 5.0
MAX_HEADERS: Final = 100


@asynccontextmanager
async def serve_health(address: str, port: int, ready: Callable[[], bool]) -> AsyncIterator[int | None]:
    """Serve while the context is open; yields the port, or ``None`` where ``port`` is 0 (off).

    Args:
        address: Where to listen.
        port: TCP port; 0 turns the endpoint off.
        ready: Whether the worker takes new work just now.

    Raises:
        OSError: The port is taken or the address is not of this machine; the message names the setting.
    """
    if port == 0:
        yield None
        return

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                writer.write(_answer(await _request_line(reader), ready=ready()))
                await writer.drain()
        except (TimeoutError, OSError, ValueError):  # a client that is slow, gone or no HTTP client
            _log.debug("a health probe was not answered", exc_info=True)
        finally:
            writer.close()

    try:
        server = await asyncio.start_server(handle, address, port)
    except OSError as error:
        raise OSError(
            f"`health`: nothing can be served at {address}:{port}: {error.strerror or error}. "
            "Each worker of a machine needs a port of its own; 0 turns it off."
        ) from error
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _request_line(reader: asyncio.StreamReader) -> str:
    """Read a request up to its empty line; a body is never expected."""
    first = (await reader.readline()).decode("latin-1").strip()
    for _ in range(MAX_HEADERS):
        if (await reader.readline()).strip() == b"":
            return first
    raise ValueError("too many header lines")


def _answer(request_line: str, *, ready: bool) -> bytes:
    method, _, rest = request_line.partition(" ")
    path = rest.partition(" ")[0].partition("?")[0]
    if method not in {"GET", "HEAD"}:
        status, body = "405 Method Not Allowed", "only GET and HEAD\n"
    elif path == "/healthz":
        status, body = "200 OK", "alive\n"
    elif path == "/readyz":
        status, body = ("200 OK", "ready\n") if ready else ("503 Service Unavailable", "not ready\n")
    else:
        status, body = "404 Not Found", "/healthz or /readyz\n"
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return (head + ("" if method == "HEAD" else body)).encode()
