"""Parsing with a limit: short outputs by ntc-templates here and now, all else in processes that can be ended.

A regular expression cannot be interrupted and holds the interpreter's lock, so neither a thread nor a timer bounds
it; some templates need a second for less than a kilobyte. A child is kept for the next request, since starting one
costs a hundred parses. It reads requests from its standard input and ends when that closes, so that it never
outlives a killed parent.
"""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final

from pydantic import JsonValue

from activities.deviceinteraction.failures import CheckFailed, DeviceFailure, InvalidInput
from activities.deviceinteraction.parse.patterns import parse
from activities.deviceinteraction.parse.templates import parse_rows

CHILDREN: Final = 2
_HERE_CHARACTERS = 8_000
_LIMIT = timedelta(seconds=30)
# Templates whose expressions backtrack badly; never parsed on the event loop whatever the size of the output.
_SLOW = frozenset({"cisco_s300"})
_threads = ThreadPoolExecutor(CHILDREN, thread_name_prefix="parse")
_own = threading.local()


async def parse_bounded(
    platform: str, command: str, output: str, *, limit: timedelta = _LIMIT
) -> tuple[dict[str, JsonValue], ...]:
    """`parse_rows` without holding up the event loop for long.

    Raises:
        CheckFailed: As `parse_rows`, or the time limit ran out.
    """
    if len(output) <= _HERE_CHARACTERS and platform not in _SLOW:
        return parse_rows(platform, command, output)
    rows = await _asked({"platform": platform, "command": command, "output": output}, limit, repr(command))
    return tuple(row for row in rows if isinstance(row, dict))


async def parse_pattern(pattern: str, output: str, *, limit: timedelta = _LIMIT) -> list[JsonValue]:
    """A row of named groups for each match of a regular expression; see `patterns.rows_of_pattern`.

    Raises:
        CheckFailed: The time limit ran out.
        InvalidInput: It is no regular expression.
    """
    return await _asked({"pattern": pattern, "output": output}, limit, "with `pattern`")


async def parse_template(template: str, output: str, *, limit: timedelta = _LIMIT) -> list[JsonValue]:
    """The rows that a TextFSM template of the definition's own finds; see `templates.rows_of_template`.

    Raises:
        CheckFailed: The time limit ran out, or the template says that this is no output of its command.
        InvalidInput: It is no template.
    """
    return await _asked({"textfsm": template, "output": output}, limit, "with TextFSM")


async def parse_ttp(template: str, output: str, *, limit: timedelta = _LIMIT) -> list[JsonValue]:
    """What a TTP template finds; see `patterns.rows_of_ttp`.

    Raises:
        CheckFailed: The time limit ran out.
        InvalidInput: The template is not allowed, or is none.
    """
    return await _asked({"ttp": template, "output": output}, limit, "with TTP")


async def _asked(request: Mapping[str, str], limit: timedelta, what: str) -> list[JsonValue]:
    line = await asyncio.get_running_loop().run_in_executor(_threads, _answer, json.dumps(request), limit)
    if line is None:
        raise CheckFailed(
            f"parsing {len(request['output'])} characters {what} took longer than {limit.total_seconds():g} s and "
            "was ended. Narrow the command, or show its text."
        )
    result = json.loads(line)
    if "failed" in result:
        kind: type[DeviceFailure] = InvalidInput if result.get("kind") == InvalidInput.kind else CheckFailed
        raise kind(result["failed"])
    rows: list[JsonValue] = result["rows"]
    return rows


def _answer(request: str, limit: timedelta) -> str | None:
    """The answer of this thread's child; ``None`` where it was ended because it took too long, or died."""
    child: subprocess.Popen[str] | None = getattr(_own, "child", None)
    if child is None or child.poll() is not None:
        child = _own.child = _start()
    assert child.stdin is not None, "it was made with pipes"
    assert child.stdout is not None, "it was made with pipes"
    timer = threading.Timer(limit.total_seconds(), child.kill)
    timer.start()
    try:
        child.stdin.write(f"{request}\n")
        child.stdin.flush()
        answer = child.stdout.readline()
    except OSError:
        answer = ""
    finally:
        timer.cancel()
    if answer.endswith("\n"):
        return answer
    child.kill()
    child.wait()
    _own.child = None
    return None


def _start() -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "activities.deviceinteraction.parse.bounded"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )


def main() -> None:
    """Parse requests from standard input, one a line, until it closes; the process's only purpose."""
    for line in sys.stdin:
        request = json.loads(line)
        result: dict[str, JsonValue]
        try:
            result = {"rows": list(parse_rows(**request)) if "platform" in request else parse(request)}
        except DeviceFailure as error:
            result = {"failed": error.message, "kind": error.kind}
        sys.stdout.write(f"{json.dumps(result)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
