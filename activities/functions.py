"""Calls one Python function for a `script` step, in a process of its own (``-m activities.functions MODULE:NAME``).

JSON comes in on standard input and goes out as the last line of standard output; whatever the function prints goes to
standard error, so that it cannot be taken for the result. It imports nothing of ours: the function has the process for
itself, and can be ended with it.
"""

import asyncio
import contextlib
import importlib
import inspect
import json
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Call the function that is named; 0 where it returned, 1 where it raised, 2 where there is none.

    A function that takes nothing is called without the input. An ``async`` one is awaited.
    """
    module, _, name = arguments[0].partition(":")
    given = json.load(sys.stdin)
    out = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        try:
            function = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            sys.stderr.write(f"{arguments[0]} cannot be imported: {error}\n")
            return 2
        result = function(given) if inspect.signature(function).parameters else function()
        if inspect.iscoroutine(result):
            result = asyncio.run(result)
        line = json.dumps(result, allow_nan=False)
    out.write(f"\n{line}\n")
    return 0


if __name__ == "__main__":
    sys.path[0] = "."  # where the settings let it run
    sys.exit(main(sys.argv[1:]))
