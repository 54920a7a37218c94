"""`netsaga check`: the mistakes of definitions, with file, line, column and a caret. It needs no server."""

import argparse
import os
import sys

from starter.definitions import find, load, printed


def check(options: argparse.Namespace) -> int:
    """Exit code 0 if all definitions are good (warnings are printed), 1 if one has errors."""
    definitions = [load(path) for path in find(options.paths)]
    colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    print(printed(definitions, colour=colour), end="", file=sys.stderr)
    good = 0
    for definition in definitions:
        if (plan := definition.compiled.plan) is not None:
            good += 1
            print(f"{definition.path}: {plan.name} {plan.version} is good, {plan.digest[:12]}")
    return 0 if good == len(definitions) else 1
