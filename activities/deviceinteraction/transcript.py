"""What was said in a session and when: the evidence that goes to the artifact store.

Here is the one place where what a session says leaves it, and so it is redacted here, before anything is kept or cut.
A transcript is memory only; `recording.py` is its file. It keeps the first and the last part of a session that is too
long, and says so.
"""

import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Literal

from activities.deviceinteraction.recording import Entry, Recording, for_people

_HEAD: Final = 200  # entries
_TAIL: Final = 800
_LONGEST_TEXT: Final = 1_000_000  # characters of one answer: a whole configuration must fit, to be played back
_MOST_TEXT: Final = 8_000_000  # characters of a session; from there on only the beginnings of answers are kept
_BEGINNING: Final = 2_000


class Transcript:
    """The lines of one session, oldest first, with secrets already out.

    Args:
        redact: Takes secrets out of a text; given by the session, which knows the credential.
    """

    def __init__(self, redact: Callable[[str], str] | None = None) -> None:
        self._redact = redact
        self._host = ""
        self._platform = ""
        self._begins: Literal["login", "reuse"] = "login"
        self._started = datetime.now(UTC)
        self._began = time.monotonic()
        self._head: list[Entry] = []
        self._tail: deque[Entry] = deque(maxlen=_TAIL)
        self._dropped = 0
        self._held = 0

    def bind(self, redact: Callable[[str], str], *, host: str = "", platform: str = "") -> None:
        """Say whose session it is, and how secrets are taken out where that was not known when it was made."""
        if self._redact is None:
            self._redact = redact
        self._host, self._platform = host, platform

    def sent(self, text: str) -> None:
        """Note a line as it goes to the device, without its return."""
        self._add("sent", text)

    def received(self, text: str, *, prompt: str = "") -> None:
        """Note an answer of the device, without echo; and the prompt or question that it ended with."""
        self._add("received", text, prompt)

    def note(self, text: str) -> None:
        """Note something that happened, such as a login."""
        self._add("note", text)

    def goes_on(self, text: str, *, prompt: str) -> None:
        """Note that there is no login: an earlier session goes on, at this prompt."""
        self._begins = "reuse"
        self.note(text)
        self.received("", prompt=prompt)

    @property
    def length(self) -> int:
        """How many entries there have been, those included that are left out by now."""
        return len(self._head) + len(self._tail) + self._dropped

    @property
    def evidence(self) -> tuple[Entry, ...]:
        """All that was kept, oldest first; a note stands where a long session was cut."""
        if not self._dropped:
            return (*self._head, *self._tail)
        gap = Entry(at_ms=self._tail[0].at_ms, kind="note", text=f"{self._dropped} entries are left out here")
        return (*self._head, gap, *self._tail)

    def recording(self) -> Recording:
        """The session as it stands, as its file holds it."""
        return Recording(
            host=self._host,
            platform=self._platform,
            began=self._started,
            begins=self._begins,
            entries=self.evidence,
        )

    def text(self) -> str:
        """The transcript for people; see `recording.for_people`."""
        return for_people([self.recording()])

    def _add(self, kind: Literal["sent", "received", "note"], text: str, prompt: str = "") -> None:
        if self._redact is None:
            msg = "a transcript without a redactor would keep secrets: bind one first"
            raise RuntimeError(msg)
        at_ms = round((time.monotonic() - self._began) * 1000)
        behind = self._redact(prompt) if prompt else ""
        # Redacted before it is cut: half a secret is one too, and no pattern would know it.
        said = _cut(self._redact(text), _BEGINNING if self._held > _MOST_TEXT else _LONGEST_TEXT)
        entry = Entry(at_ms=at_ms, kind=kind, text=said, prompt=behind)
        self._held += len(said)
        if len(self._head) < _HEAD:
            self._head.append(entry)
            return
        if len(self._tail) == _TAIL:
            self._dropped += 1
            self._held -= len(self._tail[0].text)
        self._tail.append(entry)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}\n… {len(text) - most} more characters"
