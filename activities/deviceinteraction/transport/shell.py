"""The transport for Linux machines: one SSH connection, and each command in an exec channel of its own (RFC 4254, 6.5).

Nothing is echoed, paged or prompted there, and a command's end and exit status are told by the protocol instead of
being guessed from a prompt. What a platform's own command line is (``birdc``, ``ovs-vsctl``) is told from outside.
"""

import asyncio
import shlex
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta

import asyncssh

from activities.deviceinteraction.failures import CheckFailed, DeviceFailure, Transient, Unreachable
from activities.deviceinteraction.model import HostKeys, Target, Timeouts
from activities.deviceinteraction.transcript import Transcript
from activities.deviceinteraction.transport import hostkeys, login
from activities.deviceinteraction.transport.protocol import Answer, Ended, LinkFailed

_LONGEST_OUTPUT = 32_000_000  # characters; a full routing table is smaller
_SIGNALLED = 128
_PAUSES_S = (0.02, 0.05, 0.1, 0.2, 0.4)
# An exec channel reads no profile: daemons' tools are where only a login shell would look, and answers must be English.
_AROUND = 'LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"'


@asynccontextmanager
async def open_shell(
    target: Target,
    host_keys: HostKeys,
    timeouts: Timeouts,
    transcript: Transcript,
    spoken: Callable[[str], str],
) -> AsyncIterator["ShellTransport"]:
    """Log in and see whether commands need ``sudo``; log out at the end.

    Args:
        target: The machine.
        host_keys: How its key is judged.
        timeouts: How long to wait.
        transcript: Where what is said is kept.
        spoken: The command for a line that is `sent`: the platform's own command line with the line as its words.

    Raises:
        Unreachable: No session could be opened.
        Permanent: Login or the host key was refused; tried exactly once.
    """
    way = await login.reach(target, host_keys, timeouts)
    connection = await login.connect(target, host_keys, timeouts, way)
    transcript.note(f"logged in to {target.name} ({hostkeys.entry_name(target)}) as {target.credential.username}")
    transport = ShellTransport(connection, target, timeouts, transcript, spoken)
    try:
        await transport.prepare()
        yield transport
    finally:
        await transport.close()
        await way.close()


class ShellTransport:
    """Commands on a Linux machine. Made by `open_shell`."""

    def __init__(
        self,
        connection: asyncssh.SSHClientConnection,
        target: Target,
        timeouts: Timeouts,
        transcript: Transcript,
        spoken: Callable[[str], str],
    ) -> None:
        self._connection = connection
        self._target = target
        self._timeouts = timeouts
        self._transcript = transcript
        self._spoken = spoken
        self._sudo = ""
        self._prompt = ""
        self._gave_up = False

    @property
    def prompt(self) -> str:
        """There is none; who is logged in where, as a prompt would say it."""
        return self._prompt

    @property
    def home(self) -> str:
        """See `ReusableTransport.home`. A command leaves nothing open."""
        return self._prompt

    def adopt(self, timeouts: Timeouts, transcript: Transcript) -> None:
        """See `ReusableTransport.adopt`."""
        self._timeouts = timeouts
        self._transcript = transcript

    async def prepare(self) -> None:
        """Learn the machine's name, and whether ``sudo`` is needed and to be had without a password."""
        asked = await self._exchange("id -u; uname -n; sudo -n true 2>&- && echo sudo; true", "", None)
        user, name, *sudo = (*asked.output.split(), "")
        if asked.status or not user.isdigit():
            raise Transient(
                f"{self._target.name}: the login does not lead to a shell: 'id -u' was answered with "
                f"{(asked.output or asked.errors).strip()[:200]!r}. Give the user /bin/sh or another POSIX shell."
            )
        self._sudo = "sudo -n " if user != "0" and "sudo" in sudo else ""
        mark = "#" if user == "0" or self._sudo else "$"
        self._prompt = f"{self._target.credential.username}@{name}{mark}"

    async def send(
        self, line: str, *, within: timedelta | None = None, answers: Sequence[Answer] = (), relearn: bool = False
    ) -> str:
        """See `Transport.send`. A command that fails is answered with ``error:`` and its own words."""
        ended = await self.execute(self._spoken(line) if line else "true", within=within)
        if ended.status == 0:
            return ended.output
        said = " ".join((ended.errors or ended.output).split()) or "(no words)"
        return f"error: {said} (exit status {ended.status})"

    async def execute(self, command: str, *, stdin: str = "", within: timedelta | None = None) -> Ended:
        """See `CommandTransport.execute`."""
        self._transcript.sent(f"{command}\n{stdin}" if stdin else command)
        ended = await self._exchange(f"{self._sudo}env {_AROUND} sh -c {shlex.quote(command)}", stdin, within)
        failed = f"\n(exit status {ended.status}) {ended.errors}" if ended.status else ""
        self._transcript.received(ended.output + failed)
        return ended

    async def close(self) -> None:
        """See `Transport.close`."""
        await login.closed(self._connection)
        self._transcript.note("session closed")

    def is_alive(self) -> bool:
        """See `Transport.is_alive`."""
        return not self._gave_up and not self._connection.is_closed()

    async def _exchange(self, command: str, stdin: str, within: timedelta | None) -> Ended:
        limit_s = (within or self._timeouts.command).total_seconds()
        with self._classified(command):
            async with asyncio.timeout(limit_s):
                # No pseudo-terminal: what runs is told to end (SIGHUP, or a closed pipe) when the channel closes.
                process = await self._opened(command)
                if stdin:
                    process.stdin.write(stdin)
                process.stdin.write_eof()
                output, errors = await asyncio.gather(_all(process.stdout), _all(process.stderr))
                await process.wait_closed()
            if process.returncode is None:  # the channel closed, and no exit status had come
                raise LinkFailed(f"{self._target.name}: the session broke off during {_first(command)!r}.")
            status = process.returncode if process.returncode >= 0 else _SIGNALLED - process.returncode
            return Ended(status, output, errors)

    async def _opened(self, command: str) -> asyncssh.SSHClientProcess[str]:
        """Start a command. Where the server allows few sessions, it needs a moment to clear the one before."""
        for pause_s in _PAUSES_S:
            try:
                return await self._connection.create_process(command, encoding="utf-8", errors="replace")
            except asyncssh.ChannelOpenError:
                if self._connection.is_closed():
                    raise
                await asyncio.sleep(pause_s)
        return await self._connection.create_process(command, encoding="utf-8", errors="replace")

    @contextmanager
    def _classified(self, command: str) -> Iterator[None]:
        name = self._target.name
        try:
            yield
        except DeviceFailure:
            raise
        except asyncssh.ChannelOpenError as error:  # the command was never taken
            if self._connection.is_closed():
                raise LinkFailed(
                    f"{name}: the session broke off before {_first(command)!r}: {error.reason}."
                ) from error
            raise Unreachable(
                f"{name}: the connection stands, and the server opens no session on it: {error.reason}. Other sessions "
                "may be in use (`MaxSessions` in sshd_config), or the user may run no commands."
            ) from error
        except TimeoutError as error:
            self._gave_up = True
            self._connection.abort()  # whatever it still says must not be taken for an answer to the next command
            raise LinkFailed(f"{name}: no end of {_first(command)!r} in time; the session was closed.") from error
        except (asyncssh.Error, OSError) as error:
            said = str(error) or type(error).__name__
            raise LinkFailed(f"{name}: the session broke off during {_first(command)!r}: {said}.") from error


async def _all(stream: asyncssh.SSHReader[str]) -> str:
    """All that a command writes, up to a limit that guards our memory."""
    parts: list[str] = []
    size = 0
    while part := await stream.read(65_536):
        size += len(part)
        if size > _LONGEST_OUTPUT:
            raise CheckFailed(f"a command wrote more than {_LONGEST_OUTPUT} characters; ask for less.")
        parts.append(part)
    return "".join(parts)


def _first(command: str) -> str:
    """The beginning of what was really asked, for messages."""
    asked = command.partition("sh -c ")[2] or command
    return asked.strip("'").split("\n", 1)[0][:60]
