"""The transport for NETCONF: one SSH connection and its subsystem, operations in and replies out (RFC 6241, RFC 6242).

It knows frames, hellos and message ids, and nothing of what an operation means: that is `platforms/netconf.py`. An
answer that is late or not well framed ends the session, so that it is never taken for the answer to the next operation.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from typing import Final
from xml.sax.saxutils import unescape

import asyncssh
from asyncssh.constants import OPEN_REQUEST_SESSION_FAILED

from activities.deviceinteraction.failures import DeviceFailure, InvalidInput, Permanent, Unreachable
from activities.deviceinteraction.model import HostKeys, Target, Timeouts
from activities.deviceinteraction.transcript import Transcript
from activities.deviceinteraction.transport import hostkeys, login
from activities.deviceinteraction.transport.framing import BadFrame, Frames
from activities.deviceinteraction.transport.protocol import Answer, LinkFailed

BASE: Final = "urn:ietf:params:xml:ns:netconf:base:1.0"
_VERSION: Final = "urn:ietf:params:netconf:base:"
_HELLO: Final = (
    f'<hello xmlns="{BASE}"><capabilities><capability>{_VERSION}1.0</capability><capability>{_VERSION}1.1</capability>'
    "</capabilities></hello>"
)
_LONGEST_REPLY: Final = 64_000_000  # bytes: a whole configuration
_CAPABILITY: Final = re.compile(r"<(?:\w+:)?capability\b[^>]*>\s*([^<]*?)\s*<")
_SESSION: Final = re.compile(r"<(?:\w+:)?session-id\b[^>]*>\s*(\d+)\s*<")
_REPLY: Final = re.compile(
    r"\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?:\w+:)?(?P<name>[\w-]+)\b(?P<rest>[^>]*)>", re.DOTALL
)
_ID: Final = re.compile(r"""\bmessage-id\s*=\s*["']([^"']*)["']""")
_OPERATION: Final = re.compile(r"\s*<(?:\w+:)?([\w.-]+)")
_NOTHING: Final = '<get><filter type="subtree"/></get>'  # an empty filter selects nothing (RFC 6241, 6.4.2)
_NUDGE: Final = "nudge"
_NUDGE_AFTER_S: Final = 1.0
_GOODBYE_S: Final = 1.0


@asynccontextmanager
async def open_netconf(
    target: Target, host_keys: HostKeys, timeouts: Timeouts, transcript: Transcript
) -> AsyncIterator["NetconfTransport"]:
    """Log in, open the subsystem and exchange hellos; close the session at the end.

    Raises:
        Unreachable: No session could be opened.
        Permanent: Login, the host key or the subsystem was refused, or no version is shared; tried exactly once.
    """
    way = await login.reach(target, host_keys, timeouts)
    connection = await login.connect(target, host_keys, timeouts, way)
    try:
        process = await _subsystem(connection, target, timeouts)
        transport = NetconfTransport(connection, process, target, timeouts, transcript)
        await transport.greet()
        transcript.note(
            f"logged in to {target.name} ({hostkeys.entry_name(target)}) as {target.credential.username}, "
            f"NETCONF session {transport.session_id}"
        )
        try:
            yield transport
        finally:
            await transport.close()
    finally:
        await login.closed(connection)
        await way.close()


async def _subsystem(
    connection: asyncssh.SSHClientConnection, target: Target, timeouts: Timeouts
) -> asyncssh.SSHClientProcess[bytes]:
    where = hostkeys.entry_name(target)
    try:
        async with asyncio.timeout(timeouts.connect.total_seconds()):
            return await connection.create_process(subsystem="netconf", encoding=None, stderr=asyncssh.DEVNULL)
    except asyncssh.ChannelOpenError as error:
        if error.code == OPEN_REQUEST_SESSION_FAILED:
            raise Permanent(
                f"{target.name}: {where} lets us in and offers no NETCONF. Enable it there, or correct the device's "
                "port (830 is usual)."
            ) from error
        raise Unreachable(f"{target.name}: {where} opens no session: {error.reason}.") from error
    except TimeoutError as error:
        raise Unreachable(f"{target.name}: {where} accepted the login and did not open NETCONF in time.") from error
    except (asyncssh.Error, OSError) as error:
        said = str(error) or type(error).__name__
        raise Unreachable(f"{target.name}: {where} ended the session before NETCONF began: {said}.") from error


class NetconfTransport:
    """A NETCONF session. Made by `open_netconf`."""

    def __init__(
        self,
        connection: asyncssh.SSHClientConnection,
        process: asyncssh.SSHClientProcess[bytes],
        target: Target,
        timeouts: Timeouts,
        transcript: Transcript,
    ) -> None:
        self._connection = connection
        self._process = process
        self._target = target
        self._timeouts = timeouts
        self._transcript = transcript
        self._frames = Frames(_LONGEST_REPLY)
        self._sent = 0
        self.capabilities: frozenset[str] = frozenset()
        self.session_id = ""
        self.locked: set[str] = set()

    @property
    def prompt(self) -> str:
        """There is none; who is logged in where, in which session, and which locks it holds."""
        return " ".join([self.home, *(f"({store} locked)" for store in sorted(self.locked))])

    @property
    def home(self) -> str:
        """See `ReusableTransport.home`."""
        return f"{self._target.credential.username}@{self._target.name} session {self.session_id}"

    def adopt(self, timeouts: Timeouts, transcript: Transcript) -> None:
        """See `ReusableTransport.adopt`."""
        self._timeouts, self._transcript = timeouts, transcript
        transcript.note(f"goes on in a session on {self._target.name} that was open: {self.home}")

    async def greet(self) -> None:
        """Exchange hellos and agree on a version (RFC 6241, 8.1).

        Raises:
            Unreachable: No hello came.
            Permanent: What came is no hello, or no version is shared.
        """
        name = self._target.name
        try:
            self._process.stdin.write(self._frames.wrap(_HELLO.encode()))
            hello = await self._message("the hello", self._timeouts.connect)
        except LinkFailed as error:
            raise Unreachable(f"{name}: NETCONF did not begin: {error.message}") from error
        except OSError as error:
            raise Unreachable(f"{name}: NETCONF ended before its hello: {error}.") from error
        found = _REPLY.match(hello)
        session = _SESSION.search(hello)
        if found is None or found["name"] != "hello" or session is None:
            raise Permanent(f"{name}: a NETCONF hello was expected, and this came: {hello[:200]!r}.")
        self.session_id = session[1]
        self.capabilities = frozenset(unescape(match) for match in _CAPABILITY.findall(hello))
        versions = {uri.removeprefix(_VERSION) for uri in self.capabilities if uri.startswith(_VERSION)}
        if not versions & {"1.0", "1.1"}:
            raise Permanent(f"{name}: the device speaks NETCONF {sorted(versions)}, and 1.0 and 1.1 are spoken here.")
        self._frames.chunked = "1.1" in versions

    async def exchange(self, operation: str, *, within: timedelta | None = None) -> str:
        """See `RpcTransport.exchange`."""
        self._sent += 1
        number = str(self._sent)
        named = _OPERATION.match(operation)
        what = f"the answer to <{named[1] if named else '?'}>"
        self._transcript.sent(operation)
        with self._classified(what), self._nudging():
            self._write(operation, number)
            reply = await self._reply(what, within or self._timeouts.command)
        self._transcript.received(reply)
        found = _REPLY.match(reply)
        said = _ID.search(found["rest"]) if found else None
        if found is None or found["name"] != "rpc-reply" or (said is not None and said[1] != number):
            self._connection.abort()
            raise LinkFailed(f"{self._target.name}: {what} was expected, and this came: {reply[:200]!r}.")
        return reply

    async def send(
        self, line: str, *, within: timedelta | None = None, answers: Sequence[Answer] = (), relearn: bool = False
    ) -> str:
        """See `Transport.send`. NETCONF has no lines; an empty one asks for a sign of life.

        Raises:
            InvalidInput: The line is not empty.
        """
        if not line:
            await self.exchange(_NOTHING, within=within)
            return ""
        raise InvalidInput(
            f"{self._target.name}: {line!r} is a line of a command line, and this device is reached by NETCONF, which "
            "has none. Use `rpc`."
        )

    async def close(self) -> None:
        """See `Transport.close`."""
        if self.is_alive():
            with suppress(Exception):
                await self.exchange("<close-session/>", within=timedelta(seconds=_GOODBYE_S))
        self._process.close()
        self._transcript.note("session closed")

    def is_alive(self) -> bool:
        """See `Transport.is_alive`."""
        return not self._connection.is_closed() and not self._process.stdin.is_closing()

    def _write(self, operation: str, number: str) -> None:
        message = f'<rpc xmlns="{BASE}" message-id="{number}">{operation}</rpc>'
        self._process.stdin.write(self._frames.wrap(message.encode()))

    @contextmanager
    def _nudging(self) -> Iterator[None]:
        """Send something harmless after the first operation if that is not answered.

        netconfd 2.13 overlooks an operation that arrives together with our hello until more arrives.
        """
        if self._sent > 1:
            yield
            return
        later = asyncio.get_running_loop().call_later(_NUDGE_AFTER_S, self._nudge)
        try:
            yield
        finally:
            later.cancel()

    def _nudge(self) -> None:
        with suppress(OSError, asyncssh.Error):
            self._write(_NOTHING, _NUDGE)

    async def _reply(self, what: str, limit: timedelta) -> str:
        while True:
            reply = await self._message(what, limit)
            said = _ID.search(reply)
            if said is None or said[1] != _NUDGE:
                return reply

    async def _message(self, what: str, limit: timedelta) -> str:
        """The next message, or an end of the session."""
        with self._classified(what):
            async with asyncio.timeout(limit.total_seconds()):
                while (message := self._frames.take()) is None:
                    data = await self._process.stdout.read(65_536)
                    if not data:
                        raise LinkFailed(f"{self._target.name}: the session broke off before {what}.")
                    self._frames.feed(data)
        return message.decode(errors="replace")

    @contextmanager
    def _classified(self, what: str) -> Iterator[None]:
        name = self._target.name
        try:
            yield
        except DeviceFailure:
            raise
        except TimeoutError as error:
            self._connection.abort()  # what comes later would be taken for the answer to the next operation
            raise LinkFailed(f"{name}: {what} did not come in time; the session was closed.") from error
        except BadFrame as error:
            self._connection.abort()
            raise LinkFailed(f"{name}: {what} is not framed as RFC 6242 says: {error}.") from error
        except (asyncssh.Error, OSError) as error:
            said = str(error) or type(error).__name__
            raise LinkFailed(f"{name}: the session broke off before {what}: {said}.") from error
