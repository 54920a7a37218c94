"""A command line over an HTTP API: the same lines and answers as in a shell, so that platforms need not know.

Each vendor's API is an `Api`, which runs commands one after the other up to the first that is refused (`eapi.py`,
`nxapi.py`). What a refused command says is given back as text, as a shell would print it, and judged where all answers
are. A prompt is made up for whoever asks where a line is typed; `modes.py` keeps account.
"""

import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Protocol

from activities.deviceinteraction.answers import refusal
from activities.deviceinteraction.failures import Permanent
from activities.deviceinteraction.model import HostKeys, Target, Timeouts
from activities.deviceinteraction.transcript import Transcript
from activities.deviceinteraction.transport.https import Https, Reply, entered, open_https
from activities.deviceinteraction.transport.modes import Mode
from activities.deviceinteraction.transport.protocol import Answer, LinkFailed

_RENAMES: Final = re.compile(r"(?:no )?(?:host|switch)name\b")


@dataclass(frozen=True, slots=True)
class Ran:
    """What commands said, each in turn; where one was refused it is the last."""

    answers: tuple[str, ...]
    refused: bool = False


class Api(Protocol):
    """A vendor's way to run commands."""

    hostname: str
    """The command that tells the device's name."""

    def named(self, answer: str) -> str:
        """The name in that answer; empty where it holds none."""
        ...

    async def run(self, commands: Sequence[str], *, within: timedelta | None, answers: Sequence[Answer] = ()) -> Ran:
        """Run commands, privileged, up to the first that is refused.

        Args:
            commands: One after the other; a mode that one opens holds for those behind it.
            within: For all of them; the command time limit where ``None``.
            answers: What the last of them may ask.

        Raises:
            Permanent: The API cannot do it: no such API, no privilege, or a question that it cannot answer.
            Unreachable: Nothing was sent.
            LinkFailed: No answer that can be read; what was sent may have been run.
        """
        ...


@asynccontextmanager
async def open_commands(
    target: Target,
    host_keys: HostKeys,
    timeouts: Timeouts,
    transcript: Transcript,
    api: Callable[[Https, Target], Api],
) -> AsyncIterator["ApiTransport"]:
    """Prove that a device lets us in, privileged; close its connections at the end.

    Raises:
        Unreachable: No answer came.
        Permanent: The login or the certificate was refused, or there is no such API; tried exactly once.
    """
    async with open_https(target, host_keys, timeouts) as https:
        transport = ApiTransport(api(https, target), https, target, transcript)
        async with entered(transport.login, transport.close):
            yield transport


class ApiTransport:
    """A `ReusableTransport` and `TypingTransport` over an API. Made by `open_commands`."""

    def __init__(self, api: Api, https: Https, target: Target, transcript: Transcript) -> None:
        self._api = api
        self._https = https
        self._target = target
        self._transcript = transcript
        self._mode = Mode()
        self._name = ""
        self._renamed = False

    @property
    def prompt(self) -> str:
        """What a shell would show: the device's name and the mode."""
        return f"{self._name}{self._mode.label}#"

    @property
    def home(self) -> str:
        """See `ReusableTransport.home`."""
        return f"{self._name}#"

    def adopt(self, timeouts: Timeouts, transcript: Transcript) -> None:
        """See `ReusableTransport.adopt`."""
        self._https.timeouts, self._transcript = timeouts, transcript
        name, username = self._target.name, self._target.credential.username
        transcript.goes_on(
            f"goes on as {username} on {name} over {self._target.transport}, where it was", prompt=self.prompt
        )

    async def login(self) -> None:
        """Prove that the device lets us in, and learn its name.

        Raises:
            DeviceFailure: As `Api.run`.
        """
        await self._learn(self._https.timeouts.connect)
        where = f"{self._target.address} port {self._target.port}"
        said = f"logged in to {self._target.name} ({where}) as {self._target.credential.username}"
        self._transcript.note(f"{said}, over {self._target.transport}")
        self._transcript.received("", prompt=self.prompt)

    async def send(
        self, line: str, *, within: timedelta | None = None, answers: Sequence[Answer] = (), relearn: bool = False
    ) -> str:
        """See `Transport.send`. A line that only leaves a mode is not sent: the end of each request leaves it."""
        text = line.strip()
        self._transcript.sent(text)
        if not text:
            await self._learn(within)
            answer = ""
        elif self._mode.only_leaves(text):
            self._mode, answer = self._mode.after(text), ""
        else:
            await self._catch_up()
            ran = await self._api.run(self._mode.sent(text), within=within, answers=answers)
            answer = ran.answers[-1].strip("\n") if ran.answers else ""
            if not ran.refused:
                self._mode = self._mode.after(text)
            self._renamed = self._renamed or relearn
        self._transcript.received(answer, prompt=self.prompt)
        return "\n".join(part.rstrip() for part in answer.split("\n"))

    async def type(self, lines: Sequence[str], *, within: timedelta) -> tuple[str, ...]:
        """See `TypingTransport.type`."""
        await self._catch_up()
        preamble = self._mode.preamble
        for line in lines:
            self._transcript.sent(line)
        ran = await self._api.run((*preamble, *lines), within=within)
        said = ran.answers[len(preamble) :] or ran.answers[-1:]  # the mode itself may be refused
        self._transcript.received("\n".join(filter(None, said)), prompt=self.prompt)
        self._renamed = self._renamed or any(_RENAMES.match(line) for line in lines)
        return tuple(said)

    async def close(self) -> None:
        """See `Transport.close`. There is no session on the device; connections end with the link."""
        self._https.give_up()
        self._transcript.note("session closed")

    def is_alive(self) -> bool:
        """See `Transport.is_alive`."""
        return self._https.alive

    async def _catch_up(self) -> None:
        if self._renamed:
            await self._learn(None)

    async def _learn(self, within: timedelta | None) -> None:
        """Ask for the device's name, which is also a sign of life."""
        ran = await self._api.run((self._api.hostname,), within=within)
        self._name = (self._api.named(ran.answers[0]) if ran.answers else "") or self._target.name
        self._renamed = False


def refused(said: str) -> str:
    """The words with which an API says that a command was refused, so that they read as in a shell."""
    text = said.strip("\n") or "the command was refused without a word"
    return text if refusal(text) else f"% {re.sub(r'^[%! ]+', '', text)}"


def understood(reply: Reply, target: Target, https: Https, api: str) -> Any:  # noqa: ANN401  # JSON of any shape
    """The JSON of a reply of an API that runs commands.

    Raises:
        Permanent: There is no such API, or the user may not use it.
        LinkFailed: It is no JSON; what was asked may have been done.
    """
    match reply.status:
        case 404 | 405:
            raise Permanent(
                f"{target.name}: {target.address} port {target.port} offers no {api}. Turn it on there, or correct the "
                "device's port or `data.transport`."
            )
        case 403:
            raise Permanent(
                f"{target.name}: the user {target.credential.username!r} may not use {api}. Give it the right, or name "
                "another credential."
            )
        case _:
            pass
    try:
        return json.loads(reply.text)
    except ValueError as error:
        begins = " ".join(reply.text[:120].split())
        raise given_up(
            https, f"{target.name}: HTTP {reply.status} with something that is no JSON: {begins!r}."
        ) from error


def given_up(https: Https, message: str) -> LinkFailed:
    """The failure for an answer that cannot be understood: what was asked may have been done."""
    https.give_up()
    return LinkFailed(message)
