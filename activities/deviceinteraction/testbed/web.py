"""The HTTPS port of one device: connections, logins and the faults that a client meets before an answer.

What is answered is the business of `apis.py` and `restconf.py`. It speaks as much of HTTP/1.1 (RFC 9112) as clients of
these APIs need: bodies with a length, and connections that stay open.
"""

import asyncio
import base64
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

from activities.deviceinteraction.testbed.commands import Broken
from activities.deviceinteraction.testbed.device import Device
from activities.deviceinteraction.testbed.model import Phase

_LONGEST: Final = 10_000_000  # bytes of a body
_NOISE: Final = b"\x00\x1b[7m#@!~ \xff\xfd 0x%/]}{\x07 q_-^^\r\n" * 8


@dataclass(frozen=True, slots=True)
class Request:
    """A request; the path is decoded only where it is read, names of headers are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: str
    session: int = 0
    user: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer."""

    status: int
    body: str = ""
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Awaitable[Response]]


class WebServer:
    """One device's HTTPS port.

    Args:
        device: The device.
        handler: Answers whoever is logged in.
        context: The certificate.
        login: Counts a login; gives its number in the log.
    """

    def __init__(self, device: Device, handler: Handler, context: ssl.SSLContext, login: Callable[[str], int]) -> None:
        self._device = device
        self._handler = handler
        self._context = context
        self._login = login
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Future[None]] = set()

    async def start(self, sock: socket.socket) -> None:
        """Listen on a socket that is bound."""
        self._server = await asyncio.start_server(self._connected, sock=sock, ssl=self._context)

    def close(self) -> None:
        """Close the port; connections live on."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def cut(self) -> None:
        """End every connection at once."""
        for writer in list(self._connections):
            writer.transport.abort()
        for serving in self._serving:
            serving.cancel()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None:  # the device went down while the connection was being made
            writer.transport.abort()
            return
        serving = asyncio.current_task()
        assert serving is not None
        self._connections.add(writer)
        self._serving.add(serving)
        session, user = 0, ""
        try:
            if self._device.faults.take("refuse_connection") is not None:
                self._device.log.event(0, "", "refused")
                writer.transport.abort()
                return
            while (request := await _read(reader)) is not None:
                asking = await self._let_in(request)
                if not asking:
                    await _write(writer, request, Response(401, "", "text/plain", _CHALLENGE), closes=True)
                    return
                if not session:
                    user, session = asking, self._login(asking)
                asked = Request(
                    request.method, request.path, request.query, request.headers, request.body, session, user
                )
                self._cut("middle", asked)
                answer = await self._handler(asked)
                self._cut("after", asked)
                await _write(writer, request, answer)
                self._cut("before", asked)
        except Broken as broken:
            await self._break(broken, reader, writer, session, user)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            pass  # the other side has gone, or the device goes down
        finally:
            self._connections.discard(writer)
            self._serving.discard(serving)
            if session:
                self._device.users.pop(session, None)
                self._device.log.event(session, user, "logout")
            writer.transport.abort()

    def _cut(self, phase: Phase, asked: Request) -> None:
        """Raise `Broken` where the connection shall end here."""
        if self._device.faults.take("cut", line=f"{asked.method} {asked.path} {asked.body}", phase=phase) is not None:
            raise Broken("drop")

    async def _let_in(self, request: Request) -> str:
        """Who asks, if the password is right (RFC 7617); empty otherwise."""
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            user, _, password = base64.b64decode(encoded).decode().partition(":")
        except ValueError:
            user = password = ""
        if self._device.faults.take("hang_login", line=user) is not None:
            self._device.log.event(0, user, "login_hung")
            await asyncio.Event().wait()  # until the client gives up
        right = scheme.lower() == "basic" and (user, password) == (
            self._device.login.username,
            self._device.login.password,
        )
        if right and self._device.faults.take("refuse_login", line=user) is None:
            return user
        self._device.log.event(0, user, "login_refused")
        return ""

    async def _break(
        self, broken: Broken, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, session: int, user: str
    ) -> None:
        match broken.how:
            case "hang":
                with contextlib.suppress(ConnectionError, asyncio.CancelledError, ssl.SSLError):
                    await reader.read()  # until the client gives up
            case "drop":
                self._device.log.event(session, user, "dropped")
            case "garbage":
                head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(_NOISE)}\r\n\r\n"
                with contextlib.suppress(ConnectionError, ssl.SSLError):
                    writer.write(head.encode() + _NOISE)
                    await writer.drain()


_CHALLENGE: Final[Mapping[str, str]] = {"WWW-Authenticate": 'Basic realm="device"'}


async def _read(reader: asyncio.StreamReader) -> Request | None:
    """The next request of a connection; ``None`` at its end, or where it is none."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return None
    words = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
    length = int(headers.get("content-length", "0"))
    if len(words) != 3 or length > _LONGEST:
        return None
    body = await reader.readexactly(length)
    path, _, query = words[1].partition("?")
    return Request(words[0], path, unquote(query), headers, body.decode(errors="replace"))


async def _write(writer: asyncio.StreamWriter, request: Request, response: Response, *, closes: bool = False) -> None:
    body = response.body.encode()
    status = HTTPStatus(response.status)
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", f"Content-Length: {len(body)}"]
    lines += [f"Content-Type: {response.media_type}"] if body else []
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    lines += ["Connection: close"] if closes else []
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + (b"" if request.method == "HEAD" else body))
    await writer.drain()
