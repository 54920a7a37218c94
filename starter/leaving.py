"""Leaving a process with the exit code that was meant.

The Temporal SDK's threads can crash an interpreter that finalises (sdk-python#300), and the exit code with it. A
pipeline that asks whether a change went well must not be told of that instead.
"""

import os
import sys
import traceback
from collections.abc import Coroutine
from typing import Any, NoReturn


def leave(code: int) -> NoReturn:
    """End this process now, with what was printed and with this exit code."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:  # the reader of a pipe has gone; it has seen what it wanted
        pass
    os._exit(code)


def run_and_leave(program: Coroutine[Any, Any, int | None]) -> NoReturn:
    """`asyncio.run` for programs of your own, ended by `leave`: with what they return, 0 for None, or 1 on an error."""
    import asyncio  # noqa: PLC0415 - the command line uses this module, and answers `--help` before it would be loaded

    try:
        code = asyncio.run(program) or 0
    except Exception:  # noqa: BLE001  # as the interpreter would do, which is not reached any more
        traceback.print_exc()
        code = 1
    except KeyboardInterrupt:
        code = 130
    leave(code)
