"""The file format of transcripts: what is written is read again, and what is none is refused with what to do."""

import json
from datetime import UTC, datetime

import pytest

from activities.deviceinteraction.recording import Entry, Recording, RecordingError, for_people, read, written

BEGAN = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
SESSION = Recording(
    host="acc-001",
    platform="cisco_iosxe",
    began=BEGAN,
    entries=(
        Entry(at_ms=0, kind="note", text="logged in"),
        Entry(at_ms=1, kind="received", text="", prompt="acc-001#"),
        Entry(at_ms=1200, kind="sent", text="copy running-config startup-config"),
        Entry(at_ms=1250, kind="received", text="", prompt="Destination filename [startup-config]? "),
        Entry(at_ms=1300, kind="sent", text=""),
        Entry(at_ms=1500, kind="received", text="Building configuration...\n[OK]\u2028", prompt="acc-001#"),
    ),
)


def test_what_is_written_is_read_again() -> None:
    second = SESSION.model_copy(update={"host": "acc-002", "entries": ()})
    assert read(written(SESSION) + written(second), "x") == (SESSION, second)


def test_the_first_line_names_the_version_and_whose_session_it_is() -> None:
    assert json.loads(written(SESSION).splitlines()[0]) == {
        "transcript": 1,
        "host": "acc-001",
        "platform": "cisco_iosxe",
        "began": "2026-03-01T10:00:00Z",
        "begins": "login",
    }


def test_people_read_times_directions_and_questions() -> None:
    assert for_people([SESSION]).splitlines() == [
        "session with acc-001 (cisco_iosxe), 2026-03-01 10:00:00 UTC",
        "    0.000 # logged in",
        "    0.001 < acc-001#",
        "    1.200 > copy running-config startup-config",
        "    1.250 < Destination filename [startup-config]?",
        "    1.300 > (return)",
        "    1.500 < Building configuration...",
        "            [OK]",
        "            acc-001#",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.log, line 1: this is no transcript of netsaga. Write one with `netsaga transcript"),
        ("hello\n", "f.log, line 1: this is no transcript"),
        ("[1]\n", "f.log, line 1: this is no transcript"),
        ('{"at_ms": 1, "kind": "note", "text": "x"}\n', "f.log, line 1: this is no transcript"),
        ('{"transcript": 7, "host": "a"}\n', "format 7; this netsaga reads format 1"),
        ('{"transcript": 1, "host": "a"}\n', "f.log, line 1: `platform`: Field required"),
        (written(SESSION) + '{"at_ms": -1, "kind": "note", "text": "x"}\n', "f.log, line 8: `at_ms`"),
    ],
)
def test_a_file_that_is_no_transcript_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(RecordingError) as refused:
        read(text, "f.log")
    assert message in str(refused.value)
