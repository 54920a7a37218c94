"""`netsaga fmt`: definitions in their canonical form. It writes a file only if its meaning stays exactly the same."""

import argparse
import os
import sys
from pathlib import Path

from starter.definitions import find, load
from workflows.definition.formatting import format_definition
from workflows.definition.render import render


def fmt(options: argparse.Namespace) -> int:
    """Formats files, or with ``--check`` only says which would change.

    Returns:
        0 if all files are, or now are, in canonical form; 1 if one is not (``--check``) or could not be understood.
    """
    code = 0
    for path in find(options.paths):
        code = max(code, _format(path, check=options.check))
    return code


def _format(path: Path, *, check: bool) -> int:
    source = load(path).source
    made = format_definition(source)
    if made.text is None:
        colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
        print(render(made.diagnostics, {source.name: source.text}, colour=colour), end="", file=sys.stderr)
        reason = made.refusal or "mend these first"
        print(f"{path}: left as it is: {reason}", file=sys.stderr)
        return 1
    if made.text == source.text:
        return 0
    if check:
        print(f"{path}: would be formatted")
        return 1
    _replace(path, made.text)
    print(f"{path}: formatted")
    return 0


def _replace(path: Path, text: str) -> None:
    """Writes all or nothing, with the mode that the file has."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.chmod(path.stat().st_mode & 0o7777)
        beside.replace(path.resolve())
    finally:
        beside.unlink(missing_ok=True)
