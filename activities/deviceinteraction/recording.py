r"""The file format of transcripts: what was sent to a device and what it answered, for people and to play it back.

A file is JSON Lines, so that what a later session adds is appended to it. Each session begins with a line that says
whose it is; a line an entry follows, in order:

    {"transcript": 1, "host": "acc-001", "platform": "cisco_iosxe", "began": "2026-03-01T10:00:00Z", "begins": "login"}
    {"at_ms": 0, "kind": "received", "text": "", "prompt": "acc-001#"}
    {"at_ms": 3, "kind": "sent", "text": "show clock"}
    {"at_ms": 9, "kind": "received", "text": "10:00:00.009 UTC Sun Mar 1 2026", "prompt": "acc-001#"}

``transcript`` is the version of the format; a reader refuses one that it does not know. Secrets are out already: a
transcript is redacted as it is written (`transcript.py`), and here is no way to put one in.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from pydantic import AwareDatetime, Field, ValidationError

from activities.deviceinteraction.model import Model

FORMAT: Final = 1
_MARKS: Final = {"sent": ">", "received": "<", "note": "#"}


class RecordingError(ValueError):
    """A file that is no transcript, or one of a version that is not known; the message names line and remedy."""


class Entry(Model):
    """One thing that was said, or that happened.

    Attributes:
        at_ms: Milliseconds since the session was opened.
        kind: ``sent`` to the device, ``received`` from it, or a ``note`` of ours.
        text: A line that was sent, without its return; an answer, without echo and prompt.
        prompt: What the device wrote after an answer and waits behind: its prompt, or a question.
    """

    at_ms: int = Field(ge=0)
    kind: Literal["sent", "received", "note"]
    text: str
    prompt: str = ""


class Recording(Model):
    """One session, oldest entry first."""

    transcript: Literal[1] = FORMAT
    host: str
    platform: str
    began: AwareDatetime
    begins: Literal["login", "reuse"] = "login"  # ``reuse``: there was no login, the session before goes on
    entries: tuple[Entry, ...] = ()


def written(recording: Recording) -> str:
    """A session in the file format; several of them are put one behind the other."""
    head = recording.model_dump_json(exclude={"entries"})
    lines = (entry.model_dump_json(exclude_defaults=True) for entry in recording.entries)
    return "".join(f"{line}\n" for line in (head, *lines))


def read(text: str, where: str) -> tuple[Recording, ...]:
    """The sessions in a file, in its order.

    Args:
        text: Its content.
        where: Its name, for messages.

    Raises:
        RecordingError: It is no transcript, it is damaged, or its version is not known here.
    """
    sessions: list[Recording] = []
    entries: list[Entry] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
            if not isinstance(found, dict):
                raise RecordingError(_no_transcript(where, number))
            if "transcript" not in found:
                if not sessions:
                    raise RecordingError(_no_transcript(where, number))
                entries.append(Entry.model_validate(found))
                continue
            if found["transcript"] != FORMAT:
                raise RecordingError(
                    f"{where}, line {number}: a transcript of format {found['transcript']!r}; this netsaga reads "
                    f"format {FORMAT}. Use the netsaga that wrote it, or a newer one."
                )
            sessions = _with(sessions, entries)
            entries = []
            sessions.append(Recording.model_validate(found))
        except json.JSONDecodeError:
            raise RecordingError(_no_transcript(where, number)) from None
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise RecordingError(f"{where}, line {number}: `{place}`: {first['msg']}.") from None
    if not sessions:
        raise RecordingError(_no_transcript(where, 1))
    return tuple(_with(sessions, entries))


def for_people(recordings: Sequence[Recording]) -> str:
    """Sessions as people read them: seconds since each began, then ``>`` sent, ``<`` received or ``#`` noted."""
    return "\n".join(_shown(recording) for recording in recordings)


def _shown(recording: Recording) -> str:
    began = recording.began.strftime("%Y-%m-%d %H:%M:%S UTC")
    lines = [f"session with {recording.host} ({recording.platform}), {began}"]
    for entry in recording.entries:
        said = [entry.text] if entry.text or not entry.prompt else []
        if entry.kind == "sent" and not entry.text:
            said = ["(return)"]
        head, *rest = "\n".join([*said, *([entry.prompt] if entry.prompt else [])]).split("\n")
        lines.append(f"{entry.at_ms / 1000:9.3f} {_MARKS[entry.kind]} {head}")
        lines += [f"{'':11} {line}" for line in rest]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _with(sessions: list[Recording], entries: Iterable[Entry]) -> list[Recording]:
    """The sessions, the last of them with its entries."""
    if not sessions:
        return sessions
    return [*sessions[:-1], sessions[-1].model_copy(update={"entries": tuple(entries)})]


def _no_transcript(where: str, line: int) -> str:
    remedy = "Write one with `netsaga transcript RUN HOST --out FILE`."
    return f"{where}, line {line}: this is no transcript of netsaga. {remedy}"
