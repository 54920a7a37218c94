"""The line discipline of one SSH session: echo, editing, questions, paging, faults and the command log.

It is the same on all platforms: what a line means is the `Cli`'s. Nothing is echoed before it is read, as on real
devices, so what is typed ahead appears behind the prompt that reads it.
"""

import asyncio
import contextlib
from collections import deque

import asyncssh

from activities.deviceinteraction.testbed.cli import Question, Reply
from activities.deviceinteraction.testbed.device import Device
from activities.deviceinteraction.testbed.grammar import Refused
from activities.deviceinteraction.testbed.model import Fault, Result
from activities.deviceinteraction.testbed.scp import Sink, received_path

_GARBAGE = "\x00\x1b[7m#@!~ \ufffd\ufffd0x%/]}{\x07 q_-^^\r\n\ufffd" * 4
_BANNER = "*** Authorised use only. Everything is recorded. ### Call 0800 > 7 first: it's #1! ***\n" * 12_000
_INTERRUPT, _END, _KILL = "\x03", "\x1a", "\x15"


class _Dropped(Exception):
    """The session is to be cut now."""


class _Keys:
    """Characters that were typed and not read yet."""

    def __init__(self) -> None:
        self._typed: deque[str] = deque()
        self._wake = asyncio.Event()
        self._ended = False
        self._after_return = False

    def feed(self, data: str) -> None:
        self._typed.extend(data)
        self._wake.set()

    def end(self) -> None:
        self._ended = True
        self._wake.set()

    @property
    def waiting(self) -> bool:
        """Whether something was typed that nobody has read."""
        return bool(self._typed)

    async def get(self) -> str:
        """The next character; each of CR, LF and CR LF is one line feed.

        Raises:
            EOFError: The other side has closed its end.
        """
        while True:
            while not self._typed:
                if self._ended:
                    raise EOFError
                self._wake.clear()
                await self._wake.wait()
            key = self._typed.popleft()
            second_half = key == "\n" and self._after_return
            self._after_return = key == "\r"
            if not second_half:
                return "\n" if key == "\r" else key


class Shell(asyncssh.SSHServerSession[str]):
    """One session on one device.

    Args:
        device: The device.
        session: Its number in the device's log.
        user: Who logged in.
        latency_s: How long every command takes at least, in seconds.
    """

    def __init__(self, device: Device, session: int, user: str, latency_s: float) -> None:
        self._device = device
        self._session = session
        self._user = user
        self._latency_s = latency_s
        self._cli = device.cli(session, user)
        self._keys = _Keys()
        self._exec: str | None = None
        self._sink: Sink | None = None
        self._worker: asyncio.Task[None] | None = None

    # asyncssh's side

    def connection_made(self, chan: asyncssh.SSHServerChannel[str]) -> None:
        """Keep the channel."""
        self._chan = chan

    def pty_requested(self, term_type: str, term_size: object, term_modes: object) -> bool:  # noqa: ARG002
        """Every terminal is welcome."""
        return True

    def shell_requested(self) -> bool:
        """An interactive session."""
        return True

    def exec_requested(self, command: str) -> bool:
        """One command, no prompt, as ``ssh device "show version"``."""
        path = received_path(command)
        if path is not None:
            self._chan.set_encoding(None)
            self._sink = Sink(self._chan.write, lambda data: self._device.receive(path, data))
            return True
        self._exec = command
        return True

    def session_started(self) -> None:
        """Begin to read."""
        if self._sink is not None:
            return
        self._device.terminals[self._session] = self._hang_up
        self._worker = asyncio.get_running_loop().create_task(self._run())

    def data_received(self, data: str, datatype: int | None) -> None:  # noqa: ARG002
        """Something was typed."""
        if self._sink is not None:
            self._sink.feed(data)  # type: ignore[arg-type]  # bytes, once the channel has no encoding
            return
        self._keys.feed(data)

    def eof_received(self) -> bool:
        """The client will type no more; what it typed is still worked through."""
        if self._sink is not None:
            self._chan.exit(0)
            return False
        self._keys.end()
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """The session is over."""
        self._device.terminals.pop(self._session, None)
        self._keys.end()
        if self._worker is not None:
            self._worker.cancel()
        self._cli.closed()

    def _hang_up(self) -> None:
        """The device ends the session: another one asked it to."""
        self._cli.closed()
        self._chan.get_connection().abort()

    # The session

    async def _run(self) -> None:
        try:
            if self._exec is not None:
                self._cli.page_length = 0
                await self._command(self._exec)
            else:
                await self._interact()
        except (EOFError, BrokenPipeError):
            pass  # the client went away; `connection_lost` cleans up
        except _Dropped:
            self._device.log.event(self._session, self._user, "dropped")
            self._chan.get_connection().abort()
            return
        with contextlib.suppress(OSError):
            self._chan.exit(0)

    async def _interact(self) -> None:
        if self._device.faults.take("banner") is not None:
            self._write(_BANNER)
        if self._device.faults.take("no_prompt") is not None:
            await asyncio.Event().wait()  # until the client gives up and `connection_lost` cancels this
        while True:
            prompt = self._cli.prompt
            self._write(prompt)
            line = await self._line(prompt)
            if line is None:
                continue
            if line.strip() and await self._command(line):
                return

    async def _line(self, prompt: str, *, hidden: bool = False) -> str | None:
        """Read one line; ``None`` where it was given up with Ctrl-C or Ctrl-Z.

        What is typed in one piece is echoed in one piece: a packet a character would double a session's cost.
        """
        typed: list[str] = []
        echo = ""
        while True:
            if echo and not self._keys.waiting:
                self._chan.write(echo)
                echo = ""
            key = await self._keys.get()
            if key == "\n":
                self._chan.write(echo + "\r\n")
                return "".join(typed)
            if key in (_INTERRUPT, _END):
                self._write(f"{echo}{'^Z' if key == _END else '^C'}\n")
                if key == _END:
                    self._cli.interrupt()
                return None
            if key in ("\x7f", "\x08"):
                echo += "\b \b" if typed and not hidden else ""
                del typed[-1:]
            elif key == _KILL:
                typed.clear()
                self._write(f"{echo}\n{prompt}")
                echo = ""
            elif key.isprintable():
                typed.append(key)
                echo += "" if hidden else key

    async def _command(self, line: str) -> bool:
        """Do one line with its faults; whether the session is over."""
        if self._latency_s:
            await asyncio.sleep(self._latency_s)
        mode = self._cli.mode
        slow = self._device.faults.take("slow", line=line)
        if slow is not None:
            await asyncio.sleep(slow.seconds)
        fault = self._device.faults.take("hang", "drop", "reject", "garbage", "empty", "no_space", "locked", line=line)
        reply = await self._faulty(line, mode, fault) if fault else self._do(line, mode)
        await self._print(reply.text)
        question = reply.question
        while question is not None:
            reply = await self._ask(question)
            await self._print(reply.text)
            question = reply.question
        return reply.close

    def _do(self, line: str, mode: str, result: Result | None = None) -> Reply:
        self._device.take_effect()
        reply = self._cli.execute(line)
        self._log(mode, line, result or reply.result)
        return reply

    def _log(self, mode: str, line: str, result: Result) -> None:
        self._device.log.command(self._session, self._user, mode, line, result, self._device.take_effect())

    async def _faulty(self, line: str, mode: str, fault: Fault) -> Reply:
        """Show a fault; the reply is what is still to be printed."""
        match fault.kind:
            case "reject":
                self._log(mode, line, "rejected")
                return self._cli.refusal(Refused("invalid", 0), line)
            case "no_space":
                self._log(mode, line, "rejected")
                return self._cli.no_space()
            case "locked":
                self._log(mode, line, "rejected")
                return self._cli.locked()
            case "hang" | "drop":
                result: Result = "hung" if fault.kind == "hang" else "dropped"
                reply = Reply()
                if fault.phase == "before":
                    self._log(mode, line, result)
                else:
                    reply = self._do(line, mode, result)
                return await self._stop_answering(fault, reply.text)
            case _:
                if fault.phase == "before":
                    self._log(mode, line, "ok")
                else:
                    self._do(line, mode)
                return Reply(_GARBAGE if fault.kind == "garbage" else "")

    async def _ask(self, question: Question) -> Reply:
        self._write(question.prompt)
        if question.by == "key":
            key = await self._keys.get()
            self._write(key if key == "\n" else f"{key}\n")
            answer = "" if key == "\n" else key
        else:
            answer = await self._line(question.prompt, hidden=question.by == "hidden") or ""
        shown = f"{question.prompt.strip()} {'<hidden>' if question.by == 'hidden' else answer}".strip()
        fault = self._device.faults.take("hang", "drop", line=shown)
        if fault is not None and fault.phase == "before":
            return await self._cut(fault, shown)
        self._device.take_effect()
        reply = question.answer(answer)
        if fault is not None:
            return await self._cut(fault, shown, reply.text)
        self._log("answer", shown, reply.result)
        return reply

    async def _cut(self, fault: Fault, shown: str, text: str = "") -> Reply:
        """Hang or drop at the answer to a question."""
        self._log("answer", shown, "hung" if fault.kind == "hang" else "dropped")
        return await self._stop_answering(fault, text)

    async def _stop_answering(self, fault: Fault, text: str) -> Reply:
        """Print nothing, or half of an answer, and then nothing ever; with ``drop`` cut the connection."""
        if fault.phase == "middle":
            self._write(text[: len(text) // 2])
        if fault.kind == "drop":
            raise _Dropped
        await asyncio.Event().wait()  # until the client gives up and `connection_lost` cancels this
        return Reply()

    # Output

    async def _print(self, text: str) -> None:
        """Print with paging: a page a key, a line for Return, nothing more for ``q``."""
        if not text:
            return
        text = text if text.endswith("\n") else text + "\n"
        length = self._cli.page_length
        lines = text.splitlines(keepends=True)
        if not length or len(lines) < length:
            self._write(text)
            return
        shown = length - 1
        self._write("".join(lines[:shown]))
        while shown < len(lines):
            more = self._cli.more
            self._write(more)
            key = await self._keys.get()
            self._chan.write("\b" * len(more) + " " * len(more) + "\b" * len(more))
            if key in ("q", "Q", _INTERRUPT):
                self._write("\n")
                return
            step = 1 if key == "\n" else length - 1
            self._write("".join(lines[shown : shown + step]))
            shown += step

    def _write(self, text: str) -> None:
        self._chan.write(text.replace("\r\n", "\n").replace("\n", "\r\n"))
