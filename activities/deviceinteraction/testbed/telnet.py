"""The Telnet server of one device: the options that real ones open with, their login prompts, and then the same shell.

Options are sent and the client's answers passed over (RFC 854); what is typed comes without them. The words of the
logins are those of the platforms: Cisco's "Configuration Fundamentals" shows IOS asking under "User Access
Verification"; NX-OS, EOS and Junos have the login(1) of their Unix. Nothing that is typed as a password is echoed.
"""

import asyncio
import codecs
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

import asyncssh

from activities.deviceinteraction.testbed.device import Device
from activities.deviceinteraction.testbed.model import SimulatedName
from activities.deviceinteraction.testbed.shell import Shell

_IAC, _SB, _SE, _WILL, _DONT = 255, 250, 240, 251, 254
# What IOS opens with: WILL ECHO, WILL SUPPRESS-GO-AHEAD, DO TERMINAL-TYPE, DO NAWS.
_OPENING: Final = bytes([255, 251, 1, 255, 251, 3, 255, 253, 24, 255, 253, 31])
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class _Words:
    """How a platform asks who is there, and what it says to somebody it does not know."""

    greeting: str
    name: str
    password: str
    refusal: str


_CISCO: Final = _Words("\nUser Access Verification\n\n", "Username: ", "Password: ", "% Authentication failed\n\n")


def _words(platform: SimulatedName, host: str) -> _Words:
    match platform:
        case "cisco_iosxe" | "cisco_iosxr":
            return _CISCO
        case "juniper_junos":
            return _Words(f"{host} (ttyp0)\n\n", "login: ", "Password:", "Login incorrect\n")
        case "cisco_nxos":
            return _Words("User Access Verification\n", f"{host} login: ", "Password: ", "Login incorrect\n\n")
        case _:
            return _Words("", f"{host} login: ", "Password: ", "\nLogin incorrect\n\n")


class TelnetConnection:
    """One connection, from its first byte to its last; to a `Shell` it is the channel.

    Args:
        device: The device.
        reader: What comes.
        writer: What goes.
        begun: Told of a login, with its user: the login's number and its shell.
    """

    def __init__(
        self,
        device: Device,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        begun: Callable[[str], tuple[int, Shell]],
    ) -> None:
        self._device = device
        self._reader = reader
        self._writer = writer
        self._begun = begun
        self._command = b""
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._typed = ""

    # What a shell wants of its channel

    def write(self, text: str) -> None:
        """Say something."""
        if self._writer.is_closing():
            raise BrokenPipeError
        self._writer.write(text.encode().replace(b"\xff", b"\xff\xff"))

    def exit(self, _status: int) -> None:
        """The shell has ended; so does the connection."""
        self._writer.close()

    def get_connection(self) -> "TelnetConnection":
        """What is cut where the device hangs up."""
        return self

    def abort(self) -> None:
        """Cut it off."""
        self._writer.transport.abort()

    # The session

    async def serve(self) -> tuple[int, str]:
        """Ask who is there, and serve him until the connection ends; his login's number and name, 0 for nobody's."""
        self._writer.write(_OPENING)
        if self._device.faults.take("refuse_connection") is not None:
            self._device.log.event(0, "", "refused")
            self.abort()
            return 0, ""
        user = await self._login()
        if user is None:
            self._writer.close()
            return 0, ""
        session, shell = self._begun(user)
        shell.connection_made(cast("asyncssh.SSHServerChannel[str]", self))  # without a file, it wants no more of one
        shell.session_started()
        try:
            if self._typed:
                shell.data_received(self._typed, None)
            while text := await self._read():
                shell.data_received(text, None)
            shell.eof_received()
        except OSError:
            pass  # the client went away
        finally:
            shell.connection_lost(None)
            self._writer.close()
        return session, user

    async def _login(self) -> str | None:
        words = _words(self._device.spec.platform, self._device.spec.name)
        self._say(words.greeting)
        for _ in range(_TRIES):
            user = await self._line(words.name, shown=True)
            if user is None:
                return None
            if self._device.faults.take("hang_login", line=user) is not None:
                self._device.log.event(0, user, "login_hung")
                await self._reader.read()  # until the client gives up
                return None
            password = await self._line(words.password, shown=False)
            login = self._device.login
            right = (user, password) == (login.username, login.password)
            if right and self._device.faults.take("refuse_login", line=user) is None:
                return user
            self._device.log.event(0, user, "login_refused")
            self._say(words.refusal)
        return None

    async def _line(self, prompt: str, *, shown: bool) -> str | None:
        """One line of the login; ``None`` where the client has gone."""
        self._say(prompt)
        while "\r" not in self._typed:
            text = await self._read()
            if not text:
                return None
            self._typed += text
        line, _, rest = self._typed.partition("\r")
        self._typed = rest.removeprefix("\n")
        self._say(f"{line}\n" if shown else "\n")
        return line

    def _say(self, text: str) -> None:
        self._writer.write(text.replace("\n", "\r\n").encode())

    async def _read(self) -> str:
        """What was typed, without commands and the NUL of a return; nothing where the client has ended."""
        while data := await self._reader.read(65_536):
            text = self._decoder.decode(self._plain(data))
            if text:
                return text
        return ""

    def _plain(self, data: bytes) -> bytes:
        text = bytearray()
        for byte in data:
            if not self._command:
                if byte == _IAC:
                    self._command = bytes([byte])
                elif byte:
                    text.append(byte)
                continue
            self._command += bytes([byte])
            verb = self._command[1]
            if verb == _SB:
                whole = self._command[-2:] == bytes([_IAC, _SE])
            else:
                whole = len(self._command) == (3 if _WILL <= verb <= _DONT else 2)
            if whole:
                self._command = b""
        return bytes(text)


class TelnetServer:
    """Listens for one device. It is closed as asyncssh's acceptor is.

    Args:
        device: The device.
        opened: Told of each connection that begins.
        begun: Told of each login, with its user: the login's number and its shell.
        closed: Told of each connection that ends, with its login.
    """

    def __init__(
        self,
        device: Device,
        opened: Callable[[TelnetConnection], None],
        begun: Callable[[str], tuple[int, Shell]],
        closed: Callable[[TelnetConnection, int, str], None],
    ) -> None:
        self._device = device
        self._opened = opened
        self._begun = begun
        self._closed = closed
        self._server: asyncio.Server | None = None

    async def start(self, sock: socket.socket) -> "TelnetServer":
        """Listen on a socket that is bound already."""
        self._server = await asyncio.start_server(self._serve, sock=sock)
        return self

    def close(self) -> None:
        """Close the port; connections stay."""
        if self._server is not None:
            self._server.close()

    async def wait_closed(self) -> None:
        """Nothing is left to wait for: connections are cut by whoever was told of them."""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = TelnetConnection(self._device, reader, writer, self._begun)
        self._opened(connection)
        session, user = 0, ""
        try:
            session, user = await connection.serve()
        except OSError:
            pass  # the client went away before it had logged in
        finally:
            self._closed(connection, session, user)
