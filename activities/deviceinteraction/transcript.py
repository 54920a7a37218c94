"""What was said in a session and when: the evidence that goes to the artifact store. Redacted as it is written.

A transcript is memory only. It keeps the first and the last part of a session that is too long, and says so.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Literal

from activities.deviceinteraction.model import Evidence

_HEAD = 200
_TAIL = 800
_LONGEST_TEXT = 64_000


class Transcript:
    """The lines of one session, oldest first, with secrets already out.

    Args:
        redact: Takes secrets out of a text; given by the session, which knows the credential.
    """

    def __init__(self, redact: Callable[[str], str] | None = None) -> None:
        self._redact = redact
        self._began = time.monotonic()
        self._head: list[Evidence] = []
        self._tail: deque[Evidence] = deque(maxlen=_TAIL)
        self._dropped = 0

    def bind(self, redact: Callable[[str], str]) -> None:
        """Set how secrets are taken out, where the transcript was made before the credential was known."""
        if self._redact is None:
            self._redact = redact

    def sent(self, text: str) -> None:
        """Note a line as it goes to the device."""
        self._add("sent", text)

    def received(self, text: str) -> None:
        """Note an answer of the device."""
        self._add("received", text)

    def note(self, text: str) -> None:
        """Note something that happened, such as a login."""
        self._add("note", text)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """All that was kept, oldest first; a note stands where a long session was cut."""
        if not self._dropped:
            return (*self._head, *self._tail)
        gap = Evidence(self._tail[0].at_s, "note", f"{self._dropped} entries are left out here")
        return (*self._head, gap, *self._tail)

    def text(self) -> str:
        """The transcript for people: one entry a paragraph, with the seconds since the session was opened."""
        marks = {"sent": ">", "received": "<", "note": "#"}
        return "\n".join(f"{item.at_s:9.3f} {marks[item.direction]} {item.text}" for item in self.evidence) + "\n"

    def _add(self, direction: Literal["sent", "received", "note"], text: str) -> None:
        if self._redact is None:
            msg = "a transcript without a redactor would keep secrets: bind one first"
            raise RuntimeError(msg)
        if len(text) > _LONGEST_TEXT:
            text = f"{text[:_LONGEST_TEXT]}\n… {len(text) - _LONGEST_TEXT} more characters"
        entry = Evidence(round(time.monotonic() - self._began, 3), direction, self._redact(text))
        if len(self._head) < _HEAD:
            self._head.append(entry)
            return
        if len(self._tail) == _TAIL:
            self._dropped += 1
        self._tail.append(entry)
