"""A command that asks back: each question is answered as declared, in its turn, and any other one ends it.

A device does not show afterwards that it was asked. So what an attempt leaves in doubt stays in doubt: it is never
typed a second time.
"""

import re
from collections.abc import Sequence
from typing import Final

from activities.deviceinteraction.answers import refusal
from activities.deviceinteraction.change.effect import under_way
from activities.deviceinteraction.failures import CheckFailed, OutcomeUnknown, RejectedByDevice
from activities.deviceinteraction.model import Journal
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.redaction import Redactor
from activities.deviceinteraction.transport import Answer

INTENT: Final = "begun"
OUTCOME: Final = "outcome"


async def exchange(
    device: Dialogue, command: str, answers: Sequence[tuple[str, str]], journal: Journal, redact: Redactor
) -> str:
    """Send a command, answer what it asks, and return all that was said, secrets redacted.

    Args:
        device: Whom.
        command: What.
        answers: In their order, a regular expression for each question and what is answered.
        journal: What earlier attempts did.
        redact: Hides secrets in what is kept and returned.

    Raises:
        RejectedByDevice: The command was refused.
        CheckFailed: A question did not come.
        OutcomeUnknown: Another question came or the link died, in this attempt or in an earlier one.
    """
    done = await journal.read(OUTCOME)
    if done is not None:
        return str(done["answer"])
    if await journal.read(INTENT) is not None:
        raise OutcomeUnknown(
            f"{device.host}: an earlier attempt has sent {command!r} and did not see its end. It is not sent again; "
            "look at the device."
        )
    await journal.write(INTENT, {"command": redact(command)})
    turns = [Answer(asks, reply, turn) for turn, (asks, reply) in enumerate(answers)]
    with under_way(device.host, repr(command)):
        answer = await device.ask(command, answers=turns)
    asked = _asked(answer, [asks for asks, _ in answers])
    words = refusal(answer)
    if words is not None and asked < len(answers):
        raise RejectedByDevice(f"{device.host}: {command!r} was refused: {words}")
    if asked < len(answers):
        raise CheckFailed(
            f"{device.host}: {command!r} should ask {answers[asked][0]!r} and ended without that question: "
            f"{' '.join(answer.split())[-200:]!r}"
        )
    said = redact(answer)
    await journal.write(OUTCOME, {"answer": said})
    return said


def _asked(answer: str, questions: Sequence[str]) -> int:
    """How many of the questions stand in an answer, one after the other."""
    start = 0
    for number, question in enumerate(questions):
        match = re.compile(question, re.IGNORECASE | re.MULTILINE).search(answer, start)
        if match is None:
            return number
        start = match.end()
    return len(questions)
