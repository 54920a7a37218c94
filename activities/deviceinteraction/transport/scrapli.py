"""The transport over scrapli, with asyncssh or Telnet: the one file of the library that knows scrapli's calls.

scrapli's transports carry the bytes and its channel reads them, strips what terminals add, and answers questions;
prompts, modes and effects stay with us, since our platforms must see every single answer. Three things differ from
scrapli's own ways: the TCP connection is ours (`dial.py`), host keys are verified by asyncssh against
``[address]:port`` entries, and once logged in the prompt is pinned to the device's name, so that no line of a
configuration passes for one.

scrapli logs what it sends and reads; it is silenced, because those logs know nothing of redaction.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from typing import Any

import asyncssh
from scrapli.driver import AsyncGenericDriver
from scrapli.exceptions import ScrapliAuthenticationFailed, ScrapliException

from activities.deviceinteraction.answers import without_log_lines
from activities.deviceinteraction.failures import DeviceFailure, Permanent, Transient, Unreachable
from activities.deviceinteraction.model import HostKeys, PlatformName, Target, Timeouts
from activities.deviceinteraction.redaction import HIDDEN
from activities.deviceinteraction.transcript import Transcript
from activities.deviceinteraction.transport import hostkeys, login, telnet
from activities.deviceinteraction.transport.algorithms import algorithms
from activities.deviceinteraction.transport.echo import after_echo, last_lines, squeezed
from activities.deviceinteraction.transport.keys import offered
from activities.deviceinteraction.transport.manners import (
    ANY_PROMPT,
    MODE_LINES,
    PAGER,
    PREFIX_LINE,
    PROMPT_LINE,
    QUIET,
)
from activities.deviceinteraction.transport.protocol import Answer, LinkFailed, Unanswered

logging.getLogger("scrapli").setLevel(logging.CRITICAL + 1)

_PROMPT = re.compile(ANY_PROMPT.encode(), re.MULTILINE)
_REPLIES_AT_MOST = 3
_SHOWN_WITHIN_S = 2.0


@asynccontextmanager
async def open_transport(
    target: Target, platform: PlatformName, host_keys: HostKeys, timeouts: Timeouts, transcript: Transcript
) -> AsyncIterator["ScrapliTransport"]:
    """Log in, become privileged, turn paging off; log out at the end.

    Raises:
        Unreachable: No session could be opened.
        Permanent: Login, enable or the host key was refused; tried exactly once.
    """
    way = await login.reach(target, host_keys, timeouts)
    transport = await _open(target, platform, host_keys, timeouts, transcript, way)
    try:
        await transport.prepare()
        yield transport
    finally:
        await transport.close()
        await way.close()


async def _open(
    target: Target,
    platform: PlatformName,
    host_keys: HostKeys,
    timeouts: Timeouts,
    transcript: Transcript,
    way: login.Way,
) -> "ScrapliTransport":
    driver: AsyncGenericDriver | None = None
    try:
        if target.transport == "telnet":
            driver = _driver(target, timeouts, {})
            await _enter(driver, target, timeouts, way)
        else:
            trusted = hostkeys.load(host_keys, target, way.peer)
            async with offered(target, timeouts) as keys:
                options = {
                    "known_hosts": trusted.known_hosts,
                    "client_keys": keys,
                    **login.EVERY_LOGIN,
                    **algorithms(target.algorithms, trusted.kinds),
                    **way.options,
                }
                driver = _driver(target, timeouts, options)
                # scrapli's own limit ends with authentication; the shell that follows may hang as well.
                async with asyncio.timeout(timeouts.connect.total_seconds() * 2):
                    await driver.open()
    except BaseException as error:
        if driver is not None:
            driver.transport.close()
        way.abandon()
        if isinstance(error, Exception):
            raise _why_not_opened(error, target, host_keys, timeouts) from error
        raise
    by = ", by Telnet: in clear text" if target.transport == "telnet" else ""
    transcript.note(f"logged in to {target.name} ({hostkeys.entry_name(target)}) as {target.credential.username}{by}")
    return ScrapliTransport(driver, target, platform, timeouts, transcript)


async def _enter(driver: AsyncGenericDriver, target: Target, timeouts: Timeouts, way: login.Way) -> None:
    """Log in by Telnet, and put what it came to below scrapli's channel."""
    reader, writer = await way.stream(target)
    stream = telnet.Stream(reader, writer)
    below: Any = driver.transport  # scrapli's Telnet transport: it reads and writes here what it believes to be streams
    below.stdout = below.stdin = stream
    await telnet.enter(stream, target, timeouts)


def _driver(target: Target, timeouts: Timeouts, asyncssh_options: dict[str, Any]) -> AsyncGenericDriver:
    password = target.credential.password
    return AsyncGenericDriver(
        host=target.address,
        port=target.port,
        auth_username=target.credential.username,
        auth_password="" if password is None else password.get_secret_value(),
        auth_strict_key=False,  # verified by asyncssh through known_hosts, which knows ports
        timeout_socket=timeouts.connect.total_seconds(),
        timeout_transport=0,  # the limit of a whole answer counts, not that of one read
        timeout_ops=timeouts.command.total_seconds(),
        comms_prompt_pattern=ANY_PROMPT,
        transport="asynctelnet" if target.transport == "telnet" else "asyncssh",
        transport_options={"asyncssh": asyncssh_options},
        on_open=_nothing,
    )


async def _nothing(_connection: AsyncGenericDriver) -> None:
    """Stands in for scrapli's opening dialogue, which bypasses the transcript."""


class ScrapliTransport:
    """A command line over scrapli. Made by `open_transport`."""

    def __init__(
        self,
        driver: AsyncGenericDriver,
        target: Target,
        platform: PlatformName,
        timeouts: Timeouts,
        transcript: Transcript,
    ) -> None:
        self._driver = driver
        self._target = target
        self._platform: PlatformName = platform
        self._timeouts = timeouts
        self._transcript = transcript
        self._prompt = ""
        self._home = ""
        self._pinned = b""  # what every prompt begins with, in small letters
        self._waits = ""  # all that stands below an answer: the prompt, and what a platform writes above it

    @property
    def prompt(self) -> str:
        """The prompt that ended the last answer."""
        return self._prompt

    @property
    def home(self) -> str:
        """The prompt after the login."""
        return self._home

    def adopt(self, timeouts: Timeouts, transcript: Transcript) -> None:
        """See `ReusableTransport.adopt`."""
        self._timeouts, self._transcript = timeouts, transcript
        name, username = self._target.name, self._target.credential.username
        transcript.goes_on(f"goes on in a session of {username} on {name} that was open", prompt=self._prompt)

    async def prepare(self) -> None:
        """Learn the prompt, become privileged, turn paging and log messages off."""
        with self._classified("waiting for the first prompt"):
            self._driver.timeout_ops = self._timeouts.connect.total_seconds()
            self._learn(await self._first_prompt())
        self._transcript.received("", prompt=self._prompt)
        if self._prompt.endswith(">") and self._platform != "juniper_junos":
            await self._enable()
        for line in QUIET[self._platform]:
            await self.send(line)  # a platform that does not know one says so, and nothing is lost
        self._home = self._prompt

    async def send(
        self, line: str, *, within: timedelta | None = None, answers: Sequence[Answer] = (), relearn: bool = False
    ) -> str:
        """See `Transport.send`."""
        self._transcript.sent(line)
        if relearn:
            self._pin("")
        self._driver.timeout_ops = (within or self._timeouts.command).total_seconds()
        with self._classified(f"waiting for the answer to {line.partition(' ')[0]!r}"):
            earlier, raw = await self._dialogue(line, answers) if answers else ("", await self._exchange(line))
        answer = self._without_prompt(raw)
        if relearn:
            self._learn(self._prompt)
        self._transcript.received(answer, prompt=self._waits)
        return without_log_lines(self._without_prompt(earlier + raw) if earlier else answer)

    async def close(self) -> None:
        """See `Transport.close`."""
        connection = getattr(self._driver.transport, "session", None)
        with suppress(Exception):
            self._driver.transport.close()
        if connection is not None:
            with suppress(Exception):
                async with asyncio.timeout(2):
                    await connection.wait_closed()
        self._transcript.note("session closed")

    def is_alive(self) -> bool:
        """See `Transport.is_alive`."""
        return bool(self._driver.transport.isalive())

    async def _first_prompt(self) -> str:
        """The prompt that a device shows by itself after the login; a return asks one that shows none.

        Asked at once, as scrapli does it, each session costs the device one answer more.
        """
        channel = self._driver.channel
        if self._target.transport != "telnet":  # there the login has read the prompt already
            shown: bytes = b""
            with suppress(TimeoutError):
                async with asyncio.timeout(min(_SHOWN_WITHIN_S, self._driver.timeout_ops / 2)):
                    while not (found := _PROMPT.search(last_lines(shown))):
                        shown += await channel.read()
                    return found[0].decode()
        asked: str = await channel.get_prompt()
        return asked

    async def _exchange(self, line: str) -> str:
        """Send a line and read to the next prompt; what follows the echo.

        The return goes with its line. scrapli sends it once the echo has come back, which costs every command another
        round trip to the device. As there, all that comes before the echo is passed over.
        """
        channel = self._driver.channel
        typed = squeezed(line.encode())
        answer = b""
        echoed = not typed
        try:
            async with asyncio.timeout(self._driver.timeout_ops):
                channel.write(f"{line}\n")
                while True:
                    answer += await channel.read()
                    if not echoed:
                        after = after_echo(answer, typed)
                        if after is None:
                            continue
                        answer, echoed = after, True
                    if self._ends(answer):
                        return answer.decode(errors="replace")
                    if PAGER.search(answer[-100:]):
                        off = QUIET[self._platform][0]
                        raise Unanswered(
                            f"{self._target.name} pages its answers, although {off!r} was sent: it waits after a page "
                            f"of {line.partition(' ')[0]!r}. Check that this login may turn paging off."
                        )
        except (TimeoutError, Unanswered):
            self._driver.transport.close()  # what comes later would be taken for the answer to the next line
            raise

    async def _dialogue(self, line: str, answers: Sequence[Answer]) -> tuple[str, str]:
        """Send a line and reply to the declared questions until the prompt comes back.

        Returns:
            What was said up to the last reply, which is in the transcript, and what followed it, which is not yet.
        """
        earlier = ""
        following = line
        given = dict.fromkeys(answers, 0)
        turn = 0
        limit_s = self._driver.timeout_ops
        while True:
            raw, _ = await self._driver.channel.send_input_and_read(
                following, expected_outputs=[answer.asks for answer in answers], read_duration=limit_s + 60
            )
            part = bytes(raw).decode(errors="replace")
            last = part.rstrip().rpartition("\n")[2]
            if PROMPT_LINE.match(last):
                return earlier, part
            asking = part.rfind(last)
            self._transcript.received(part[:asking].strip("\n"), prompt=part[asking:].rstrip("\n"))
            mine = [answer for answer in answers if answer.turn in (None, turn)]
            asked = next((answer for answer in mine if re.search(answer.asks, part, re.IGNORECASE)), None)
            if asked is None or given[asked] >= _REPLIES_AT_MOST:
                raise Unanswered(f"{self._target.name}: {line!r} was met by a question that is not expected: {last!r}.")
            given[asked] += 1
            turn += 1
            earlier += part
            self._transcript.sent(asked.reply)
            following = asked.reply

    async def _enable(self) -> None:
        """Become privileged with the credential's enable secret, tried once."""
        secret = self._target.credential.enable_secret
        name = self._target.name
        if secret is None:
            raise Permanent(
                f"{name}: the login ends at {self._prompt!r}, without privilege, and the credential has no enable "
                "secret. Add one, or give the user privilege 15."
            )
        self._transcript.sent("enable")
        with self._classified("waiting for enable"):
            self._driver.timeout_ops = self._timeouts.connect.total_seconds()
            _, asked = await self._driver.channel.send_input_and_read(
                "enable", expected_outputs=["password:"], read_duration=self._driver.timeout_ops + 60
            )
            answer = asked
            if b"password:" in bytes(asked).lower():  # else the secret would be typed, and echoed, as a command
                self._transcript.received("", prompt=bytes(asked).decode(errors="replace").strip() + " ")
                self._transcript.sent(HIDDEN)
                _, answer = await self._driver.channel.send_inputs_interact(
                    [(secret.get_secret_value(), r"^(?:.*password:|[\w.\-@/:]{1,63}[>#])\s*$", True)]
                )
        if not bytes(answer).decode(errors="replace").rstrip().endswith("#"):
            raise Permanent(f"{name}: enable was refused; it is not tried again. Check the enable secret.")
        with self._classified("waiting for the privileged prompt"):
            self._learn(await self._driver.channel.get_prompt())
        self._transcript.received("", prompt=self._prompt)
        self._transcript.note("privileged")

    def _learn(self, prompt: str) -> None:
        """Pin the prompt to the device's name. Only its start counts: IOS cuts long names in configuration mode."""
        line = prompt.strip().rpartition("\n")[2]
        match = PROMPT_LINE.match(line)
        if match is None:
            raise Transient(f"{self._target.name}: the prompt {line!r} is not one of {self._platform}.")
        self._prompt = prompt.strip()
        self._pin(match["host"][:16])

    def _pin(self, start: str) -> None:
        """Take for prompts only what begins so; all that may be one where it is empty."""
        self._pinned = start.lower().encode()
        pinned = rf"^{re.escape(start)}[\w.\-@/:]{{0,50}}(?:\([^)\n]{{1,60}}\)){{0,3}}[>#]\s*$"
        self._driver.comms_prompt_pattern = pinned if start else ANY_PROMPT  # for what scrapli reads by itself

    def _ends(self, answer: bytes) -> bool:
        """Whether a prompt stands at its end. One pattern for all devices: making one costs more than it finds."""
        return any(found[0].lower().startswith(self._pinned) for found in _PROMPT.finditer(last_lines(answer)))

    def _without_prompt(self, raw: str) -> str:
        """The answer alone; the prompt that ended it is kept in `prompt`, and with the lines above it for playback."""
        ended = raw.rstrip()
        body, _, last = ended.rpartition("\n")
        self._prompt = last.strip()
        self._waits = last + raw[len(ended) :].partition("\n")[0]
        lines = [line.rstrip() for line in body.split("\n")]
        modes = MODE_LINES.get(self._platform)
        while lines and (not lines[-1] or (modes or PREFIX_LINE).match(lines[-1])):
            above = lines.pop()
            self._waits = f"{above}\n{self._waits}" if above else self._waits
            told = modes.match(above) if modes is not None and "\n" not in self._prompt else None
            self._prompt = f"{told['mode']}\n{self._prompt}" if told is not None else self._prompt
        return "\n".join(lines).lstrip("\n")

    @contextmanager
    def _classified(self, doing: str) -> Iterator[None]:
        try:
            yield
        except DeviceFailure:
            raise
        except Exception as error:  # scrapli raises its own errors, asyncssh's and bare OSErrors here
            failure = _link_failed(error, self._target, doing)
            self._transcript.note(failure.message)
            raise failure from error


def _link_failed(error: Exception, target: Target, doing: str) -> LinkFailed:
    """A link that failed while a session was up: always transient here; `change/` knows what was under way.

    Raises what was given where it is a bug of ours.
    """
    if not isinstance(error, ScrapliException | asyncssh.Error | OSError | TimeoutError | EOFError):
        raise error
    said = str(error) or type(error).__name__
    if "timed out" in said or isinstance(error, TimeoutError):
        return LinkFailed(f"{target.name}: no answer in time while {doing}; the session was closed.")
    return LinkFailed(f"{target.name}: the session broke off while {doing}: {said}.")


def _why_not_opened(error: Exception, target: Target, host_keys: HostKeys, timeouts: Timeouts) -> DeviceFailure:
    """The failure for a login that did not succeed. The TCP connection was there, so it is not the network."""
    cause: BaseException = error
    if isinstance(error, ScrapliAuthenticationFailed) and error.__cause__ is not None:
        cause = error.__cause__
    if isinstance(cause, ScrapliException):
        where = hostkeys.entry_name(target)
        return Unreachable(f"{target.name}: {where} accepts TCP but ended the SSH login: {cause}.")
    return login.why_not_opened(cause, target, host_keys, timeouts)
