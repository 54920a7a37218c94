"""`netsaga init`: a commented definition to start from, its template, and the schema that editors complete from."""

import argparse
import re
from pathlib import Path
from typing import Final

import starter.first
from starter.errors import UsageError
from workflows.definition.schema import schema_text

SCHEMA: Final = "netsaga.schema.json"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_STANDS_FOR: Final = "first-change"  # the name in the shipped files
_FILES: Final = Path(starter.first.__file__).parent


def init(options: argparse.Namespace) -> int:
    """Writes the files; one that exists already is never overwritten, but for the schema.

    Raises:
        UsageError: The name is none, or a file exists or cannot be written.
    """
    name: str = options.name
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name of a definition: use a-z, 0-9, `.`, `_` and `-`.")
    folder: Path = options.folder
    definition, template = folder / f"{name}.yaml", folder / "templates" / f"{name}.j2"
    for file in (definition, template):
        if file.exists():
            raise UsageError(f"{file} exists already. Give another NAME, or move the file away.")
    text = (_FILES / f"{_STANDS_FOR}.yaml").read_text(encoding="utf-8").replace(_STANDS_FOR, name)
    try:
        template.parent.mkdir(parents=True, exist_ok=True)
        definition.write_text(text, encoding="utf-8")
        template.write_text((_FILES / "templates" / f"{_STANDS_FOR}.j2").read_text(encoding="utf-8"), encoding="utf-8")
        (folder / SCHEMA).write_text(schema_text(), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {(error.strerror or str(error)).lower()}.") from error
    print(f"{definition} and {template} are there, and {folder / SCHEMA} for your editor.")
    print(f"Next: netsaga check {definition}")
    return 0
