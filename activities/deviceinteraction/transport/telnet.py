"""Telnet (RFC 854) for labs whose devices have nothing else: options declined, prompts answered, each once.

All of it, the password too, travels in clear text. Whether a device may be reached so is decided before a target is
made; here it is only done. It knows neither scrapli nor asyncssh: `scrapli.py` puts a `Stream` below its channel, which
by itself would try a wrong password twice, misread options that arrive in two pieces, and spin on a closed connection.
"""

import asyncio
import re
from typing import Final, Protocol

from activities.deviceinteraction.failures import Permanent, Unreachable
from activities.deviceinteraction.model import Target, Timeouts
from activities.deviceinteraction.transport.manners import PROMPT_LINE

_IAC, _DONT, _DO, _WONT, _WILL, _SB, _SE = 255, 254, 253, 252, 251, 250, 240
_ECHO, _SUPPRESS_GO_AHEAD = 1, 3
_UNREADABLE: Final = "\N{REPLACEMENT CHARACTER}".encode()
_RETURN: Final = b"\r\0"  # what the clients of BSD and Linux send for the key; CR LF is two keys to some devices
_SETTLED_S: Final = 0.05  # a prompt is the last thing that is said; what goes on is a banner
_READ_AT_MOST: Final = 65_536

_ASKS_NAME: Final = re.compile(r"(?:^|[\s\-.])(?:user ?name|(?<!last )login):\s*$", re.IGNORECASE)
_ASKS_PASSWORD: Final = re.compile(r"\bpassword:\s*$", re.IGNORECASE)


class Reader(Protocol):
    """What bytes come from: a socket's stream, or a channel through a jump host."""

    async def read(self, n: int = -1, /) -> bytes:
        """Some bytes; none where the other side has ended."""
        ...

    def at_eof(self) -> bool:
        """Whether nothing will come any more."""
        ...


class Writer(Protocol):
    """What bytes go to."""

    def write(self, data: bytes, /) -> None:
        """Send bytes."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class Stream:
    """The text of a Telnet connection, its options answered as they come.

    The device may echo and go ahead, as all do; whatever else it offers or asks for is declined (RFC 854, "DO",
    "WILL"). An option is answered where its state changes, so that no two sides agree for ever.
    """

    def __init__(self, reader: Reader, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer
        self._command = b""  # of which the rest is still to come
        self._theirs: set[int] = set()
        self._ours: set[int] = set()

    async def read(self, most: int = _READ_AT_MOST) -> bytes:
        """The next text; never empty.

        Raises:
            EOFError: The device has ended the connection.
            OSError: The connection died.
        """
        while True:
            data = await self._reader.read(most)
            if not data:
                raise EOFError("the device closed the connection")
            text = self._text(data)
            if text:
                return text

    def at_eof(self) -> bool:
        """Whether the device has ended the connection."""
        return self._reader.at_eof()

    def write(self, data: bytes) -> None:
        """Send text; a line feed is the return key."""
        self._writer.write(data.replace(b"\xff", b"\xff\xff").replace(b"\n", _RETURN))

    def close(self) -> None:
        """End the connection."""
        self._writer.close()

    def _text(self, data: bytes) -> bytes:
        """What is left without commands, which may begin in one piece and end in the next."""
        text = bytearray()
        for byte in data:
            if not self._command:
                if byte == _IAC:
                    self._command = bytes([byte])
                elif byte:
                    text.append(byte)
                continue
            self._command += bytes([byte])
            if self._is_whole():
                text += self._obeyed(self._command)
                self._command = b""
        return bytes(text)

    def _is_whole(self) -> bool:
        match self._command[1]:
            case verb if verb in (_DONT, _DO, _WONT, _WILL):
                return len(self._command) == 3
            case verb if verb == _SB:  # nothing was agreed to that has parameters: they are passed over
                return self._command[-2:] == bytes([_IAC, _SE])
            case _:
                return True

    def _obeyed(self, command: bytes) -> bytes:
        """Answer an option; what a command is as text."""
        verb, option = command[1], command[-1]
        match verb:
            case found if found == _IAC:
                return _UNREADABLE  # a byte that no UTF-8 text has
            case found if found == _WILL:
                self._agree(self._theirs, option, option in (_ECHO, _SUPPRESS_GO_AHEAD), _DO, _DONT)
            case found if found == _DO:
                self._agree(self._ours, option, option == _SUPPRESS_GO_AHEAD, _WILL, _WONT)
            case found if found == _WONT and option in self._theirs:
                self._theirs.discard(option)
                self._writer.write(bytes([_IAC, _DONT, option]))
            case found if found == _DONT and option in self._ours:
                self._ours.discard(option)
                self._writer.write(bytes([_IAC, _WONT, option]))
            case _:
                pass
        return b""

    def _agree(self, agreed: set[int], option: int, welcome: bool, yes: int, no: int) -> None:
        if option in agreed:
            return
        if welcome:
            agreed.add(option)
        self._writer.write(bytes([_IAC, yes if welcome else no, option]))


async def enter(stream: Stream, target: Target, timeouts: Timeouts) -> None:
    """Answer the prompts of a login, each once, up to the first prompt of the command line.

    Raises:
        Unreachable: The device ended the connection, or no prompt came within ``connect``.
        Permanent: It refused the login, or asks for a password that the credential does not have.
    """
    where = f"{target.address} port {target.port}"
    told: set[str] = set()
    try:
        async with asyncio.timeout(timeouts.connect.total_seconds()):
            while (asked := await _question(stream)) != "prompt":
                if asked in told or "password" in told:
                    raise _refused(target, where)
                told.add(asked)
                stream.write(_answer(asked, target).encode() + b"\n")
    except TimeoutError as error:
        limit_s = timeouts.connect.total_seconds()
        raise Unreachable(
            f"{target.name}: {where} accepts TCP but did not finish the Telnet login within {limit_s:g} s."
        ) from error
    except (EOFError, OSError) as error:
        if "password" in told:
            raise _refused(target, where) from error
        said = str(error) or type(error).__name__
        raise Unreachable(f"{target.name}: {where} accepts TCP but ended the Telnet login: {said}.") from error


def _refused(target: Target, where: str) -> Permanent:
    return Permanent(
        f"{target.name}: the Telnet login as {target.credential.username!r} was refused at {where}. It was tried once "
        "and is not repeated, as accounts get locked. Check the credential."
    )


def _answer(asked: str, target: Target) -> str:
    if asked == "name":
        return target.credential.username
    password = target.credential.password
    if password is None:
        raise Permanent(
            f"{target.name} asks for a password, and the credential has none: keys, certificates and agents are SSH's."
        )
    return password.get_secret_value()


async def _question(stream: Stream) -> str:
    """What the device waits for: ``name``, ``password``, or with its ``prompt`` for a command."""
    said = b""
    while True:
        said += await stream.read()
        kind = _kind(said)
        while kind is not None:
            try:
                async with asyncio.timeout(_SETTLED_S):
                    said += await stream.read()
            except TimeoutError:
                return kind
            kind = _kind(said)


def _kind(said: bytes) -> str | None:
    last = said.replace(b"\r", b"").decode(errors="replace").rpartition("\n")[2]
    if _ASKS_PASSWORD.search(last):
        return "password"
    if _ASKS_NAME.search(last):
        return "name"
    return "prompt" if PROMPT_LINE.match(last) else None
