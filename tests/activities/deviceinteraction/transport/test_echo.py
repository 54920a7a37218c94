"""Where an answer begins, whatever a device does to the echo, and where its prompt may stand."""

import pytest

from activities.deviceinteraction.transport.echo import PROMPT_WITHIN, after_echo, last_lines, squeezed


@pytest.mark.parametrize(
    "received",
    [
        b"show vlan\nanswer",
        b"Show  VLAN\nanswer",  # completed and redrawn
        b"show vl\x08an\nanswer",
        b"show \nvlan\nanswer",  # wrapped
        b"%SYS-5-CONFIG_I: Configured\nsw1#show vlan\nanswer",  # a log message came first, and the prompt anew
    ],
)
def test_the_answer_begins_after_the_line_that_ends_the_echo(received: bytes) -> None:
    assert after_echo(received, squeezed(b"show vlan")) == b"answer"


@pytest.mark.parametrize("received", [b"", b"show vl", b"show vlan", b"sw1#\n", b"sw1#\nshow vl"])
def test_an_echo_is_waited_for_to_its_last_character_and_the_end_of_its_line(received: bytes) -> None:
    assert after_echo(received, squeezed(b"show vlan")) is None


def test_a_prompt_is_looked_for_in_whole_lines_at_the_end() -> None:
    assert last_lines(b"a\nsw1#") == b"a\nsw1#"
    assert last_lines(b"x" * PROMPT_WITHIN + b"\nsw1#") == b"sw1#"
    assert last_lines(b"x" * 2 * PROMPT_WITHIN) == b""
