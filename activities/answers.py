"""What an answer over HTTP means: whether it is the one that was expected, and whose failure it is otherwise."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, NoReturn

from pydantic import JsonValue

from activities.deviceinteraction.redaction import by_pattern
from workflows.errors import FailureType

QUOTED: Final = 120  # characters of an answer in a message
_CHARSET: Final = re.compile(r"""charset=["']?([A-Za-z0-9._-]+)""")


class Refused(Exception):  # named after what happened, as failures are
    """A call that did not yield what was expected. The message is free of secrets."""

    def __init__(self, kind: FailureType, message: str, after: timedelta | None = None) -> None:
        super().__init__(message)
        self.kind: FailureType = kind
        self.message = message
        self.after = after


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Names of ``headers`` are looked up in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """As it is said, or the one for anything."""
        return self.headers.get("content-type") or "application/octet-stream"

    @property
    def kind(self) -> str:
        """The media type without its parameters, in small letters (RFC 9110, section 8.3.1)."""
        return self.media_type.partition(";")[0].strip().lower()

    @property
    def is_json(self) -> bool:
        """Whether it is said to be JSON (RFC 8259, and the suffix of RFC 6839, section 3.1)."""
        return self.kind == "application/json" or self.kind.endswith("+json")

    @property
    def text(self) -> str:
        """The body as text; what cannot be read is replaced."""
        said = _CHARSET.search(self.media_type)
        try:
            return self.body.decode(said[1] if said else "utf-8", errors="replace")
        except LookupError:
            return self.body.decode(errors="replace")


def judge(answer: Answer, expected: tuple[int, ...], what: str, name: str) -> None:
    """Accept an answer, or say whose failure it is.

    Args:
        answer: What came back.
        expected: The statuses that count as success; empty means 200 to 299.
        what: The method and the path.
        name: The system.

    Raises:
        Refused: ``block_degraded`` for 408, 425, 429 and 5xx, which pass (RFC 9110, RFC 6585, RFC 8470); ``permanent``
            for 401, 403 and 407; ``check_failed`` where the system's state is not as it should be (404, 409, 410, 412,
            423) or a success is not the expected one; ``invalid_input`` for other calls that it does not accept.
    """
    status = answer.status
    if status in expected or (not expected and 200 <= status <= 299):
        return
    said = f"{name} answered {status} to {what}"
    quoted = _quoted(answer)
    if 300 <= status <= 399:
        _redirected(answer, said)
    match status:
        case 401 | 403 | 407:
            hint = "check its `credential` in the worker's settings, and what that may do there"
            raise Refused("permanent", f"{said}{quoted}; {hint}")
        case 404 | 409 | 410 | 412 | 423:
            raise Refused("check_failed", said + quoted)
        case 408 | 425 | 429:
            raise Refused("block_degraded", said + quoted, _retry_after(answer))
        case _ if status >= 500:
            raise Refused("block_degraded", said + quoted, _retry_after(answer))
        case _ if status >= 400:
            raise Refused("invalid_input", said + quoted)
        case _:
            wanted = ", ".join(map(str, expected)) or "200 to 299"
            raise Refused("check_failed", f"{said}, and {wanted} was expected")


def _redirected(answer: Answer, said: str) -> NoReturn:
    target = (answer.headers.get("location") or "nowhere").partition("?")[0][:QUOTED]
    raise Refused(
        "invalid_input",
        f"{said}, which leads to {target}. Only what reads is redirected, within its own host and, for a URL, below "
        "what the settings allow; write that address.",
    )


def parsed(answer: Answer) -> JsonValue:
    """The body as JSON; ``None`` where it is something else.

    Raises:
        Refused: It is said to be JSON, and is not.
    """
    if not answer.body or not answer.is_json:
        return None
    try:
        value: JsonValue = json.loads(answer.body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Refused("block_degraded", f"an answer is said to be JSON, and is not{_quoted(answer)}") from None
    return value


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")  # RFC 8259, section 6


def _quoted(answer: Answer) -> str:
    """The beginning of what it said, on one line."""
    line = " ".join(by_pattern(answer.text[:2_000]).split())
    printable = "".join(char for char in line if char.isprintable())
    return f": {printable[:QUOTED]}" + ("…" if len(printable) > QUOTED else "") if printable else ""


def _retry_after(answer: Answer) -> timedelta | None:
    """How long it asks to be left alone: seconds, or a date (RFC 9110, section 10.2.3)."""
    said = (answer.headers.get("retry-after") or "").strip()
    if said.isdecimal() and len(said) <= 9:
        return timedelta(seconds=int(said))
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(timedelta(), (until if until.tzinfo else until.replace(tzinfo=UTC)) - datetime.now(UTC))
