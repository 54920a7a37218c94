"""Commands that a device is given by an API instead of a shell: the same lines, the same log, the same faults.

A request has a command line of its own, which forgets its modes at the end of the request. How an answer travels is
`apis.py`'s; a fault that an answer cannot show is raised as a `Broken`, which `https.py` shows.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from activities.deviceinteraction.testbed.cli import Reply
from activities.deviceinteraction.testbed.device import Device
from activities.deviceinteraction.testbed.grammar import Refused
from activities.deviceinteraction.testbed.model import Fault, FaultKind, Result

_FAULTS: Final[tuple[FaultKind, ...]] = ("hang", "drop", "reject", "garbage", "empty", "no_space", "locked")


class Broken(Exception):
    """The request is not answered as it should be: never, by a cut connection, or with noise."""

    def __init__(self, how: Literal["hang", "drop", "garbage"]) -> None:
        super().__init__(how)
        self.how = how


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed, and whether it was refused."""

    text: str
    refused: bool = False


class Commands:
    """The command line of one request.

    Args:
        device: Whose.
        session: The login's number in the log.
        user: Who.
    """

    def __init__(self, device: Device, session: int, user: str) -> None:
        self._device = device
        self._session = session
        self._user = user
        self._cli = device.cli(session, user)
        self._cli.page_length = 0

    def close(self) -> None:
        """The request is over."""
        self._cli.closed()

    async def run(self, line: str, answers: Iterator[str]) -> Said:
        """Do a command.

        Args:
            line: As it was given.
            answers: To what it asks, in turn.

        Raises:
            Broken: A fault says so.
        """
        mode = self._cli.mode
        slow = self._device.faults.take("slow", line=line)
        if slow is not None:
            await asyncio.sleep(slow.seconds)
        fault = self._device.faults.take(*_FAULTS, line=line)
        if fault is not None:
            return self._faulty(line, mode, fault)
        reply = self._do(line, mode)
        text = reply.text
        while reply.question is not None:
            question = reply.question
            text += ("\n" if text else "") + question.prompt
            answer = next(answers, None)
            if answer is None:
                return Said(f"{text}\n% Error: this command asks, and there is no input for it", refused=True)
            self._device.take_effect()
            reply = question.answer(answer)
            shown = f"{question.prompt.strip()} {'<hidden>' if question.by == 'hidden' else answer}".strip()
            self._log("answer", shown, reply.result)
            text += f"\n{reply.text}" if reply.text else ""
        return Said(text, reply.result == "rejected")

    def _do(self, line: str, mode: str, result: Result | None = None) -> Reply:
        self._device.take_effect()
        reply = self._cli.execute(line)
        self._log(mode, line, result or reply.result)
        return reply

    def _log(self, mode: str, line: str, result: Result) -> None:
        self._device.log.command(self._session, self._user, mode, line, result, self._device.take_effect())

    def _faulty(self, line: str, mode: str, fault: Fault) -> Said:
        """Show a fault."""
        match fault.kind:
            case "reject":
                return self._refused(line, mode, self._cli.refusal(Refused("invalid", 0), line))
            case "no_space":
                return self._refused(line, mode, self._cli.no_space())
            case "locked":
                return self._refused(line, mode, self._cli.locked())
            case "hang" | "drop":
                result: Result = "hung" if fault.kind == "hang" else "dropped"
                if fault.phase == "before":
                    self._log(mode, line, result)
                else:
                    self._do(line, mode, result)
                raise Broken(fault.kind)
            case _:
                if fault.phase == "before":
                    self._log(mode, line, "ok")
                else:
                    self._do(line, mode)
                if fault.kind == "garbage":
                    raise Broken("garbage")
                return Said("")

    def _refused(self, line: str, mode: str, reply: Reply) -> Said:
        self._log(mode, line, "rejected")
        return Said(reply.text, refused=True)
