"""Where an answer begins and where its prompt may stand, in what a device sends back: pure functions over bytes."""

from typing import Final

PROMPT_WITHIN: Final = 1000  # bytes at the end of an answer: a log message may follow the prompt


def squeezed(text: bytes) -> bytes:
    """A line as echoes are compared: devices redraw what is typed, with blanks, backspaces and case of their own."""
    return b"".join(text.lower().replace(b"\x08", b"").split())


def after_echo(received: bytes, typed: bytes) -> bytes | None:
    """What follows the line that ends the echo; ``None`` while the echo is not complete.

    Args:
        received: All that has come since the line was sent, without carriage returns.
        typed: The line, `squeezed`. An echo may be spread over several lines, and log messages may come before it.
    """
    end = received.find(b"\n")
    while end >= 0:
        if typed in squeezed(received[:end]):
            return received[end + 1 :]
        end = received.find(b"\n", end + 1)
    return None


def last_lines(answer: bytes) -> bytes:
    """The lines among which a prompt may stand; the first is left out where it may have been cut."""
    if len(answer) <= PROMPT_WITHIN:
        return answer
    return answer[-PROMPT_WITHIN:].partition(b"\n")[2]
