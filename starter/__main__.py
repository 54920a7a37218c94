"""`netsaga`: the command line. It parses, hands over to one file under `starter/cli/`, and tells the exit code.

It imports nothing heavy: `--help` and mistakes are answered at once.

Exit codes: 0 done, or a run that ended as ``succeeded`` or ``partial``; 1 a run that ended otherwise, or a definition
with errors; 2 a wrong command; 3 no server or no worker; 130 detached with Ctrl-C (the run goes on).
"""

import importlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import NoReturn

from starter.cli.parser import forwarded, parse
from starter.errors import StarterError
from starter.leaving import leave

DETACHED = 130
DEBUG = "NETSAGA_DEBUG"


def main() -> NoReturn:
    """The console script."""
    leave(execute(sys.argv[1:]))


def execute(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    if (command := forwarded(arguments)) is not None:
        os.execv(command[0], command)  # noqa: S606 - this interpreter, a list of arguments, no shell
    try:
        options = parse(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 2
    module, _, name = str(options.entry).partition(":")
    try:
        entry: Callable[[object], int] = getattr(importlib.import_module(module), name)
        return entry(options)
    except StarterError as error:
        say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return DETACHED
    except BrokenPipeError:
        return 0
    except Exception as error:  # noqa: BLE001 - the last door: a defect of ours is told in a line, and in full on request
        if os.environ.get(DEBUG):
            traceback.print_exc()
        say(f"{type(error).__name__}: {error}. This is a defect of netsaga; set {DEBUG}=1 to see where it is.")
        return 1


def say(text: str) -> None:
    """A message of the command line itself, on standard error."""
    print(f"netsaga: {text}", file=sys.stderr)  # noqa: T201 - this is the command line


if __name__ == "__main__":
    main()
