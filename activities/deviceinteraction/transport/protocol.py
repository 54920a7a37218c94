"""The one view that the library has of a live connection: lines in, answers out.

It knows no platform and judges no answer: refusals are judged in `answers.py`, and what a lost link means for an
effect is decided in `change/`. Nothing here imports an SSH library.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol, runtime_checkable

from activities.deviceinteraction.config.xmltree import Element
from activities.deviceinteraction.failures import Transient
from activities.deviceinteraction.model import Timeouts
from activities.deviceinteraction.transcript import Transcript


class LinkFailed(Transient):
    """The session broke off or an answer did not come in time; what an effect under way became is not known."""


class Unanswered(LinkFailed):
    """The device asks something that nobody has declared an answer to; it waits, and the session is of no more use."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A question that a device may ask after a line, and what it is told.

    Only declared questions are answered; any other one ends in the time limit of the call.
    ``asks`` is a regular expression, searched without regard to case in what the device wrote last. With a ``turn`` it
    is answered as that question alone, counted from 0.
    """

    asks: str
    reply: str
    turn: int | None = None


class Transport(Protocol):
    """A logged-in, paged-off command line. Calls do not overlap: one line at a time."""

    @property
    def prompt(self) -> str:
        """The prompt that ended the last answer, such as ``acc-01(config)#``."""
        ...

    async def send(
        self, line: str, *, within: timedelta | None = None, answers: Sequence[Answer] = (), relearn: bool = False
    ) -> str:
        r"""Send one line and return what came before the next prompt, without echo and prompt.

        Args:
            line: One line, no control characters.
            within: For the whole answer; the command time limit of the session where ``None``.
            answers: Questions that may come, each answered at most three times.
            relearn: Whether the line may change the hostname, and the prompt with it.

        Raises:
            LinkFailed: The device did not answer in time or the link died. What that means for an effect that was
                under way is for the caller to say.
        """
        ...

    async def close(self) -> None:
        """End the session. Never raises for a link that is already dead."""
        ...

    def is_alive(self) -> bool:
        """Whether the connection is still up as far as this side can see."""
        ...


class ReusableTransport(Transport, Protocol):
    """A transport that another piece of work may use when the one before has ended."""

    @property
    def home(self) -> str:
        """The prompt after the login; where the link stands elsewhere, something is still open on the device."""
        ...

    def adopt(self, timeouts: Timeouts, transcript: Transcript) -> None:
        """From now on these limits hold, and what is said goes there."""
        ...


@runtime_checkable
class TypingTransport(Transport, Protocol):
    """A transport that takes lines of configuration together, since what one of them opens is forgotten after it."""

    async def type(self, lines: Sequence[str], *, within: timedelta) -> tuple[str, ...]:
        """Send lines where the link stands, up to the first that the device refuses; their answers, one a line.

        Args:
            lines: No control characters.
            within: For all of them.

        Raises:
            LinkFailed: No answer came; some of the lines may hold.
        """
        ...


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command on a Linux machine ended; a signal that killed it counts from 128 on, as in a shell."""

    status: int
    output: str
    errors: str


@runtime_checkable
class CommandTransport(Transport, Protocol):
    """A transport to a machine that runs commands, each with an end and an exit status of its own."""

    async def execute(self, command: str, *, stdin: str = "", within: timedelta | None = None) -> Ended:
        """Run a command of the shell, as root where the login may do that.

        Args:
            command: For ``sh``; values in it must be quoted by whoever wrote it.
            stdin: What it reads.
            within: For all of it; the command time limit of the session where ``None``.

        Raises:
            Unreachable: No channel could be opened; nothing was run.
            LinkFailed: It did not end in time, or the link died; it may have run, or still run.
        """
        ...


@runtime_checkable
class RpcTransport(Transport, Protocol):
    """A NETCONF session: operations and replies instead of lines."""

    capabilities: frozenset[str]
    """What the device said that it can, as URIs (RFC 6241, 8)."""
    session_id: str
    """What the device calls this session."""
    locked: set[str]
    """The datastores that this session holds the lock of; kept by the platform."""

    async def exchange(self, operation: str, *, within: timedelta | None = None) -> str:
        """Send an operation and return the whole ``rpc-reply``, unjudged.

        Args:
            operation: XML, without the ``rpc`` element around it; the base namespace is the default one.
            within: For the reply; the command time limit of the session where ``None``.

        Raises:
            LinkFailed: No reply came in time, or the link died; the operation may have been carried out.
        """
        ...


@dataclass(frozen=True, slots=True)
class Resource:
    """A data resource: its element, or what stands in the datastore; ``tag`` changes whenever it does."""

    elements: tuple[Element, ...]
    tag: str | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a device did not do what was asked over HTTP: its status, the error's tag (RFC 8040, 7) and words."""

    status: int
    tag: str
    words: str


@runtime_checkable
class DataTransport(Transport, Protocol):
    """A RESTCONF link: resources instead of lines. Paths begin below ``data``; the empty one is all of it."""

    root: str
    """The resource that counts as the device's configuration; empty for the whole datastore."""
    staged: tuple[str | None, tuple[object, ...]] | None
    """The tag that a prepared change is bound to, and its edits; kept by the platform."""

    async def modules(self) -> Mapping[str, str]:
        """The names of the device's data models by their namespaces. Raises `CheckFailed` where it lists none."""
        ...

    async def read(self, path: str, *, query: str = "") -> Resource | Refusal:
        """Read a resource. Raises as `Https.request`."""
        ...

    async def tag(self, path: str) -> str | None:
        """The tag of a resource; ``None`` where there is none. Raises as `Https.request`."""
        ...

    async def edit(
        self,
        method: Literal["PUT", "PATCH", "DELETE"],
        path: str,
        body: str,
        *,
        tag: str | None,
        within: timedelta | None,
    ) -> Refusal | None:
        """Change a resource, once; why not, where the device refuses.

        Args:
            method: ``PATCH`` merges, ``PUT`` replaces (RFC 8040, 4).
            path: Of the resource.
            body: Its element; empty for ``DELETE``.
            tag: What the resource must still be (RFC 8040, 3.4.1.2); it may be anything where ``None``.
            within: For the answer.

        Raises:
            LinkFailed: No answer came; it may have been changed.
        """
        ...

    async def invoke(self, operation: str, *, within: timedelta | None = None) -> str:
        """Invoke an operation of a data model, given as for NETCONF; its ``rpc-reply``, unjudged.

        Raises:
            InvalidInput: It belongs to no data model of the device.
            LinkFailed: No answer came; it may have been carried out.
        """
        ...
