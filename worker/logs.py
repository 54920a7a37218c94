"""The worker's log: one line an event on stderr, plain on a terminal and JSON elsewhere.

Secrets never come here: credentials are `SecretStr`, and what a device said goes to transcripts, redacted.
"""

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal, TextIO

from temporalio.exceptions import ApplicationError

LogFormat = Literal["auto", "plain", "json"]

_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object a line: ``time`` (UTC), ``level``, ``logger``, ``message``, then what was given as ``extra``."""

    def format(self, record: logging.LogRecord) -> str:
        """Format; what is no JSON becomes text."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _OWN and key not in line}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class Plain(logging.Formatter):
    """``12:00:00Z warning worker.build: message``, for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Format, with the traceback where there is one."""
        time = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%SZ")
        text = f"{time} {record.levelname.lower():<7} {record.name}: {record.getMessage()}"
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


class Expected(logging.Filter):
    """Says a failure of ours in one line: it has a class and a message, so its traceback would only hide others."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite what Temporal says of an activity that failed as designed; bugs keep their traceback."""
        error = record.exc_info[1] if record.exc_info else None
        where = getattr(record, "temporal_activity", None)
        if isinstance(error, ApplicationError) and isinstance(where, Mapping):
            run, name, attempt = (where.get(key) for key in ("workflow_id", "activity_id", "attempt"))
            record.msg, record.args = "%s %s, attempt %s: %s", (run, name, attempt, error)
            record.exc_info = None
        vars(record).pop("__temporal_error_identifier", None)
        return True


def configure(level: str = "info", form: LogFormat = "auto", stream: TextIO | None = None) -> None:
    """Send all logs of the process to one stream.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``, for our own loggers; libraries speak from ``warning`` on.
        form: ``auto`` is plain on a terminal and JSON elsewhere.
        stream: stderr unless given, for stdout belongs to the answers of commands.
    """
    out = stream or sys.stderr
    plain = form == "plain" or (form == "auto" and out.isatty())
    handler = logging.StreamHandler(out)
    handler.addFilter(Expected())
    handler.setFormatter(Plain() if plain else JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("worker", "activities", "workflows", "temporalio.workflow", "temporalio.activity"):
        logging.getLogger(name).setLevel(level.upper())
