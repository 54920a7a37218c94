"""The command log: what each device was told and what that did, one JSON object a line, written as it happens.

Tests read it as the witness of "no effect was made twice", so a line is on disk before its answer leaves the device.
It holds no secret. The file is opened for each entry: a thousand devices must not hold a thousand descriptors.
"""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from activities.deviceinteraction.testbed.model import Effect, LogEntry, Result

HIDDEN = "<hidden>"
_SECRET = re.compile(
    r"(?i)\b(secret|password|encrypted-password|community|key|md5)((?:\s+(?:[0-9]|sha512))?\s+)(\"[^\"]*\"|\S+)"
)


def redact(line: str) -> str:
    """A configuration line without the values that follow words such as ``secret`` or ``community``."""
    return _SECRET.sub(lambda found: f"{found[1]}{found[2]}{HIDDEN}", line)


class CommandLog:
    """The log of one device.

    Args:
        path: The file; what an earlier testbed left in it is dropped, because its devices are gone too.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_text("", encoding="utf-8")

    def command(self, session: int, user: str, mode: str, line: str, result: Result, effect: Effect | None) -> None:
        """Add a line that a device was given, with what came of it."""
        entry = self._stamp(session, user)
        entry["mode"] = mode
        entry["line"] = redact(line)
        entry["result"] = result
        entry["effect"] = effect
        self._append(entry)

    def event(
        self,
        session: int,
        user: str,
        event: Literal["login", "login_refused", "login_hung", "logout", "dropped", "refused", "reverted", "rebooted"],
    ) -> None:
        """Add a connection's beginning or end, or a configuration timer that fired."""
        entry = self._stamp(session, user)
        entry["event"] = event
        self._append(entry)

    def read(self) -> list[LogEntry]:
        """All entries, oldest first."""
        return [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines() if line]

    @staticmethod
    def _stamp(session: int, user: str) -> LogEntry:
        return {"t": datetime.now(UTC).isoformat(timespec="milliseconds"), "session": session, "user": user}

    def _append(self, entry: LogEntry) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
