"""A command on a Linux machine that a definition names: one that reads, or one that has an effect and is run once.

No shell sees it: the line is split into words, and a ``;`` or ``$(…)`` in a value that was put into it is a word like
any other (device-safety rule 13). What needs a shell says so, as ``sh -c '…'``. What a command did cannot be seen
afterwards, so what an attempt leaves in doubt stays in doubt: it is never run a second time.
"""

import shlex
from typing import Final

from activities.deviceinteraction.change.effect import under_way
from activities.deviceinteraction.failures import CheckFailed, InvalidInput, OutcomeUnknown
from activities.deviceinteraction.model import Journal
from activities.deviceinteraction.platforms.dialogue import Dialogue
from activities.deviceinteraction.redaction import Redactor

INTENT: Final = "begun"
OUTCOME: Final = "outcome"


async def read(device: Dialogue, line: str) -> str:
    """What a command writes that changes nothing; secrets not hidden.

    Raises:
        InvalidInput: It cannot be split into words.
        Permanent: The device is no machine that runs commands.
        CheckFailed: It ended with another status than 0.
    """
    return await _ended(device, line, effect=False)


async def run(device: Dialogue, line: str, journal: Journal, redact: Redactor) -> str:
    """Run a command that has an effect, once; what it wrote, secrets redacted.

    Args:
        device: Where.
        line: The command and its arguments.
        journal: What earlier attempts did.
        redact: Hides secrets in what is kept and returned.

    Raises:
        InvalidInput: It cannot be split into words.
        Permanent: The device is no machine that runs commands.
        CheckFailed: It ended with another status than 0; what it did until then is done.
        OutcomeUnknown: The link died meanwhile, in this attempt or in an earlier one.
    """
    done = await journal.read(OUTCOME)
    if done is not None:
        return str(done["answer"])
    if await journal.read(INTENT) is not None:
        raise OutcomeUnknown(
            f"{device.host}: an earlier attempt has started {_program(line)!r} and did not see its end. It is not run "
            "again; look at the machine."
        )
    device.demand_commands()
    await journal.write(INTENT, {"command": redact(line)})
    with under_way(device.host, repr(_program(line))):
        said = redact(await _ended(device, line, effect=True))
    await journal.write(OUTCOME, {"answer": said})
    return said


async def _ended(device: Dialogue, line: str, *, effect: bool) -> str:
    ended = await device.command(shlex.join(_words(line)), effect=effect)
    if ended.status:
        said = " ".join((ended.errors or ended.output).split())[-500:] or "(no words)"
        raise CheckFailed(f"{device.host}: {_program(line)!r} ended with status {ended.status}: {said}")
    return ended.output


def _words(line: str) -> list[str]:
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise InvalidInput(f"{line!r} cannot be split into words: {error}.") from error
    if not words:
        raise InvalidInput("the command is empty.")
    return words


def _program(line: str) -> str:
    return _words(line)[0]
