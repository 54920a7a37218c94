"""`netsaga check`: the mistakes of definitions, with file, line, column and a caret. It needs no server.

What it finds goes to standard output in each format, so that it can be kept or piped; only usage errors go elsewhere.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import TextIO

from starter.definitions import Definition, find, load, printed
from starter.neighbours import Neighbours
from workflows.definition.formats import FORMATS


def check(options: argparse.Namespace) -> int:
    """Exit code 0 if all definitions are good (warnings are printed), 1 if one has errors."""
    definitions = [definition for path in options.paths for definition in _in(path)]
    good = [definition for definition in definitions if definition.compiled.ok]
    if options.format == "full":
        print(printed(definitions, colour=wants_colour(sys.stdout)), end="")
        for definition in good:
            if (plan := definition.compiled.plan) is not None:
                print(f"{definition.path}: {plan.name} {plan.version} is good, {plan.digest[:12]}")
    else:
        found = [item for definition in definitions for item in definition.compiled.diagnostics]
        silenced = [one for definition in definitions for one in definition.compiled.suppressed]
        print(FORMATS[options.format](found, silenced), end="")
    return 0 if len(good) == len(definitions) else 1


def _in(path: Path) -> list[Definition]:
    neighbours = Neighbours(path) if path.is_dir() else None
    return [load(file, neighbours) for file in find([path])]


def wants_colour(stream: TextIO) -> bool:
    """Whether to use colour: as `NO_COLOR` (no-color.org) and `FORCE_COLOR` say, else on terminals that have it."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"
