"""What may be sent to a device as configuration: one command a line, and nothing that leaves the caller's hands.

Checks text only; whether a device takes a line is for the device to say (`answers.py`).
"""

import re
from collections.abc import Sequence

from activities.deviceinteraction.failures import InvalidInput
from activities.deviceinteraction.model import Takes

_LONGEST = 500
_LEAVES = re.compile(
    r"^\s*(?:do(?:-exec)?\s|end$|commit\b|abort$|rollback\b|configure\b|conf\s+t|write\b|copy\s|reload\b|run\s|"
    r"exit\s+configuration-mode|quit$|top$|up\b|edit\s|load\s|save\s|banner\s)",
    re.IGNORECASE,
)


def checked(lines: Sequence[str], takes: Takes = "commands") -> tuple[str, ...]:
    r"""The lines to send: trailing blanks, empty lines and comments (``!``, ``#``) are left out.

    Args:
        lines: As they were given or rendered.
        takes: Whether they are commands to be typed, or the lines of a whole file, which keeps its comments.

    Raises:
        InvalidInput: A line has a control character (so that a value cannot smuggle in a second line, device-safety
            rule 13), is longer than devices accept, or would leave configuration mode, commit or open a multi-line
            block, which netsaga does itself.
    """
    kept: list[str] = []
    for number, line in enumerate(lines, start=1):
        text = line.rstrip(" ")
        harmless = "\t" if takes == "file" else ""
        bad = next((one for one in text if (ord(one) < 32 or 127 <= ord(one) < 160) and one not in harmless), None)
        if bad is not None:
            raise InvalidInput(
                f"line {number} contains the control character {bad!r}; a device would read it as another line or "
                "a key press. Send one command a line, and check the value that was put into it."
            )
        if takes == "commands" and (not text.strip() or text.lstrip()[0] in "!#"):
            continue
        if len(text) > _LONGEST:
            raise InvalidInput(f"line {number} has {len(text)} characters; {_LONGEST} is the longest that is sent.")
        if takes == "commands" and _LEAVES.match(text):
            raise InvalidInput(
                f"line {number}, {text.split()[0]!r}, leaves the configuration or commits by itself. "
                "Give configuration lines only; netsaga enters, commits and saves."
            )
        kept.append(text)
    if not any(text.strip() for text in kept):
        raise InvalidInput("there is no line to send: all are empty or comments. Check the template's conditions.")
    return tuple(kept)


def checked_command(command: str) -> str:
    """A command to send in exec mode, stripped.

    Raises:
        InvalidInput: It is empty or contains a control character.
    """
    text = command.strip()
    if not text:
        raise InvalidInput("the command is empty.")
    if any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text):
        raise InvalidInput(f"the command {text!r} contains a control character; send one command at a time.")
    return text
