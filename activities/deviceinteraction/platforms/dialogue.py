"""A judged conversation with one device: what the platforms speak through.

Every answer is judged here and nowhere else, and every line that can change a device first asks the fence whether
this attempt may still write. It knows no platform.
"""

from collections.abc import Sequence
from typing import Literal

from activities.deviceinteraction.answers import refusal, refused_show
from activities.deviceinteraction.failures import CheckFailed, Permanent, RejectedByDevice
from activities.deviceinteraction.model import Fence, Target, Timeouts
from activities.deviceinteraction.transport import (
    Answer,
    CommandTransport,
    DataTransport,
    Ended,
    Refusal,
    RpcTransport,
    Transport,
    TypingTransport,
)


class LineRefused(RejectedByDevice):
    """The device refused a line. ``number`` counts from 1; whether lines before it hold is not said."""

    def __init__(self, host: str, line: str, number: int, words: str) -> None:
        super().__init__(f"{host}: line {number}, {line.strip()!r}, was refused: {words}")
        self.number = number


class Dialogue:
    """Lines to a device, answers judged.

    Args:
        transport: The live connection.
        target: The device, for messages.
        timeouts: How long to wait.
        fence: Asked before each line that may change the device.
    """

    def __init__(self, transport: Transport, target: Target, timeouts: Timeouts, fence: Fence | None = None) -> None:
        self.transport = transport
        self.host = target.name
        self._timeouts = timeouts
        self._fence = fence
        self._proven: set[str] = set()
        self.known_as: str | None = None  # what the device calls this session, once a platform has found out

    @property
    def prompt(self) -> str:
        """The prompt that ended the last answer."""
        return self.transport.prompt

    def is_alive(self) -> bool:
        """Whether the session is still up as far as this side can see."""
        return self.transport.is_alive()

    async def show(self, command: str) -> str:
        """The answer to a show command.

        Raises:
            RejectedByDevice: The device does not know the command or does not allow it.
            CheckFailed: The answer is empty.
        """
        answer = await self.transport.send(command)
        words = refused_show(answer)
        if words is not None:
            raise RejectedByDevice(f"{self.host}: {command!r} was refused: {words}")
        if not answer.strip():
            raise CheckFailed(
                f"{self.host}: {command!r} was answered with nothing, where output was expected. "
                "An empty answer is never read as 'no rows'; check the command and the user's rights."
            )
        return answer

    async def demand(self, command: str, words: str) -> None:
        """Insist that a show command says something; asked once a session.

        Raises:
            CheckFailed: It says something else.
        """
        if command in self._proven:
            return
        answer = await self.show(command)
        if words not in answer:
            raise CheckFailed(
                f"{self.host}: {command!r} should say {words!r} and says {' '.join(answer.split())!r}. "
                "No change starts where parts of the configuration may be hidden; log in with full rights."
            )
        self._proven.add(command)

    async def show_or_nothing(self, command: str) -> str:
        """The answer to a command whose empty answer means something, such as a diff.

        Raises:
            RejectedByDevice: The device refused the command.
        """
        answer = await self.transport.send(command)
        words = refused_show(answer)
        if words is not None:
            raise RejectedByDevice(f"{self.host}: {command!r} was refused: {words}")
        return answer

    async def step(self, line: str) -> str:
        """Send a line that changes modes only; the answer is returned unjudged."""
        return await self.transport.send(line)

    async def lines(self, lines: Sequence[str]) -> None:
        """Send configuration lines one at a time; the first refusal stops (device-safety rule 7).

        Raises:
            LineRefused: With the number of the line; the mode is left as it is then.
        """
        if isinstance(self.transport, TypingTransport):
            await self._together(self.transport, lines)
            return
        for number, line in enumerate(lines, start=1):
            self._may_write()
            named = line.strip().startswith(("hostname ", "no hostname", "switchname "))
            words = refusal(await self.transport.send(line.strip(), relearn=named))
            if words is not None:
                raise LineRefused(self.host, line, number, words)

    async def _together(self, transport: TypingTransport, lines: Sequence[str]) -> None:
        """Send lines in one go, of which the device itself does none after the first that it refuses."""
        self._may_write()
        said = await transport.type([line.strip() for line in lines], within=self._timeouts.commit)
        for number, (line, answer) in enumerate(zip(lines, said, strict=False), start=1):
            words = refusal(answer)
            if words is not None:
                raise LineRefused(self.host, line, number, words)

    async def effect(self, line: str, *, answers: Sequence[Answer] = ()) -> str:
        """Send a line that has an effect by itself (commit, rollback, save) and wait as long as commits may take.

        The answer is returned unjudged, as each platform reports success in its own words.
        """
        self._may_write()
        return await self.transport.send(line, within=self._timeouts.commit, answers=answers, relearn=True)

    async def command(self, command: str, *, stdin: str = "", effect: bool = False) -> Ended:
        """Run a command on a Linux machine; how it ended is returned unjudged.

        Args:
            command: For its shell, values quoted.
            stdin: What it reads.
            effect: Whether it may change the machine: then the fence is asked, and the wait is as long as for commits.

        Raises:
            Permanent: The device is reached by a command line that is not a shell.
        """
        transport = self.demand_commands()
        if effect:
            self._may_write()
        return await transport.execute(command, stdin=stdin, within=self._timeouts.commit if effect else None)

    def demand_commands(self) -> CommandTransport:
        """The transport, if it runs commands. Raises `Permanent` where it is a command line of its own."""
        if not isinstance(self.transport, CommandTransport):
            raise Permanent(
                f"{self.host}: commands are run on Linux machines (`linux`, `bird`, `openvswitch`), and this device "
                "has a command line of its own: use `show`, `configure` or `interact`."
            )
        return self.transport

    async def ask(self, line: str, *, answers: Sequence[Answer]) -> str:
        """Send a line that has an effect and asks back, within the limit of a command; the answer is unjudged."""
        self._may_write()
        return await self.transport.send(line, answers=answers, relearn=True)

    @property
    def netconf(self) -> RpcTransport:
        """The session as one that takes NETCONF operations. Raises `Permanent` where it is none."""
        if not isinstance(self.transport, RpcTransport):
            raise Permanent(
                f"{self.host}: operations are for devices of the platform `netconf`, and for those of `restconf`."
            )
        return self.transport

    @property
    def restconf(self) -> DataTransport:
        """The session as one that reads and changes resources. Raises `Permanent` where it is none."""
        if not isinstance(self.transport, DataTransport):
            raise Permanent(f"{self.host}: resources are read and changed on devices of the platform `restconf`.")
        return self.transport

    def demand_operations(self) -> RpcTransport | DataTransport:
        """The transport, if it takes operations of data models. Raises `Permanent` where it is a command line."""
        return self.transport if isinstance(self.transport, DataTransport) else self.netconf

    async def rpc(self, operation: str, *, effect: bool = False) -> str:
        """Carry out a NETCONF operation; the reply is returned unjudged.

        Args:
            operation: XML, without ``rpc`` around it.
            effect: Whether it may change the device: then the fence is asked, and the wait is as long as for commits.
        """
        if effect:
            self._may_write()
        transport, within = self.demand_operations(), self._timeouts.commit if effect else None
        if isinstance(transport, DataTransport):
            return await transport.invoke(operation, within=within)
        return await transport.exchange(operation, within=within)

    async def edit(
        self, method: Literal["PUT", "PATCH", "DELETE"], path: str, body: str, *, tag: str | None = None
    ) -> Refusal | None:
        """Change a resource; why not, where the device refuses. See `DataTransport.edit`."""
        self._may_write()
        return await self.restconf.edit(method, path, body, tag=tag, within=self._timeouts.commit)

    def demand_turn(self) -> None:
        """Insist that this attempt may still write, before what is done by no line. Raises `StaleAttempt`."""
        self._may_write()

    def _may_write(self) -> None:
        if self._fence is not None:
            self._fence.check()
