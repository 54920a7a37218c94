"""What a transcript keeps."""

import pytest

from activities.deviceinteraction.redaction import Redactor, by_pattern
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


def test_half_a_secret_is_left_nowhere_when_a_text_is_cut() -> None:
    transcript = Transcript(Redactor(["hunter2-hunter2"]))
    transcript.received("x" * (1_000_000 - 7) + "hunter2-hunter2")
    assert "xh" not in transcript.evidence[-1].text


def test_a_session_that_says_very_much_keeps_the_beginnings_of_what_follows() -> None:
    transcript = Transcript(by_pattern)
    for _ in range(10):
        transcript.received("x" * 999_999, prompt="sw#")
    assert len(transcript.evidence[0].text) == 999_999
    assert transcript.evidence[-1].text.endswith("more characters")
    assert transcript.evidence[-1].prompt == "sw#"
    assert sum(len(entry.text) for entry in transcript.evidence) < 10_000_000
