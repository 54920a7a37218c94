"""`netsaga explain`: what a diagnostic means, why it is one, and what to write instead. It needs no server."""

import argparse

from starter.errors import UsageError
from starter.explanations import page
from workflows.definition.codes import CODES, WARNINGS


def explain(options: argparse.Namespace) -> int:
    """Print the page of a code, or the list of all codes."""
    if options.list == (options.code is not None):
        raise UsageError("Give a code, as `netsaga explain NS201`, or `--list` for all of them.")
    if options.list:
        for code, meaning in CODES.items():
            print(f"{code}  {'warning' if code in WARNINGS else 'error':<7}  {meaning}")
        return 0
    print(page(options.code.strip().upper()).plain, end="")
    return 0
