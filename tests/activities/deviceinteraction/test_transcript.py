"""What a transcript keeps."""

import pytest

from activities.deviceinteraction.redaction import by_pattern
from activities.deviceinteraction.transcript import Transcript


def test_secrets_are_out_as_soon_as_they_are_in() -> None:
    transcript = Transcript(by_pattern)
    transcript.sent("username x secret 0 hunter2")
    assert "hunter2" not in transcript.text()


def test_a_long_session_keeps_its_start_and_its_end_and_says_what_is_missing() -> None:
    transcript = Transcript(by_pattern)
    for number in range(5_000):
        transcript.sent(f"line {number}")
    text = transcript.text()
    assert "line 0\n" in text
    assert "line 4999\n" in text
    assert "4000 entries are left out" in text


def test_a_transcript_without_a_redactor_keeps_nothing() -> None:
    with pytest.raises(RuntimeError):
        Transcript().sent("password")
