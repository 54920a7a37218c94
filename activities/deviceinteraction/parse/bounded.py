"""Parsing with a limit: short outputs here and now, long ones in a process of their own that can be ended.

A regular expression cannot be interrupted and holds the interpreter's lock, so neither a thread nor a timer bounds
it; some templates need a second for less than a kilobyte. The child reads requests from its standard input and ends
when that closes, so that it never outlives a killed parent.
"""

import asyncio
import json
import sys
from datetime import timedelta

from pydantic import JsonValue

from activities.deviceinteraction.failures import CheckFailed
from activities.deviceinteraction.parse.templates import parse_rows

_HERE_CHARACTERS = 8_000
_LIMIT = timedelta(seconds=30)
# Templates whose expressions backtrack badly; never parsed on the event loop whatever the size of the output.
_SLOW = frozenset({"cisco_s300"})


async def parse_bounded(
    platform: str, command: str, output: str, *, limit: timedelta = _LIMIT
) -> tuple[dict[str, JsonValue], ...]:
    """`parse_rows` without holding up the event loop for long.

    Raises:
        CheckFailed: As `parse_rows`, or the time limit ran out.
    """
    if len(output) <= _HERE_CHARACTERS and platform not in _SLOW:
        return parse_rows(platform, command, output)
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "activities.deviceinteraction.parse.bounded",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    request = json.dumps({"platform": platform, "command": command, "output": output})
    try:
        async with asyncio.timeout(limit.total_seconds()):
            answer, _ = await child.communicate(request.encode())
    except TimeoutError as error:
        raise CheckFailed(
            f"parsing {len(output)} characters of {command!r} took longer than {limit.total_seconds():g} s and was "
            "ended. Narrow the command, or show its text."
        ) from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        raise CheckFailed(f"parsing the output of {command!r} ended with code {child.returncode}.")
    result = json.loads(answer)
    if "failed" in result:
        raise CheckFailed(result["failed"])
    return tuple(result["rows"])


def main() -> None:
    """Parse one request from standard input to standard output; the process's only purpose."""
    request = json.load(sys.stdin)
    try:
        result: dict[str, JsonValue] = {"rows": list(parse_rows(**request))}
    except CheckFailed as error:
        result = {"failed": error.message}
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
