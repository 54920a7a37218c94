"""`python -m worker overlay`: lays a settings file over another, checks both together, and writes what they make.

`netsaga dev --settings FILE` runs it before it starts anything. What is written has absolute paths, so that it means
the same wherever it lies, and leaves out what would be so anyway.
"""

from collections.abc import Sequence
from pathlib import Path

import yaml

from worker.settings import Settings, SettingsError, locate, read
from worker.settings_overlay import lay_over


def write_overlay(base: Settings, path: Path, over: Path, out: Path, *, keep: Sequence[str]) -> int:
    """Write the settings that two files make together; always 0.

    Args:
        base: The settings below.
        path: Where they are from, for the first line of what is written.
        over: The file that is laid over them.
        out: Where to write; a file that is there is replaced as a whole.
        keep: Keys that ``over`` may not change.

    Raises:
        SettingsError: They cannot be used together, or ``out`` cannot be written.
    """
    over = locate(str(over), {})
    settings = lay_over(base, read(over), over, keep=keep)
    written = yaml.safe_dump(settings.model_dump(mode="json", exclude_defaults=True), sort_keys=False, width=120)
    temporary = out.with_suffix(".tmp")
    try:
        temporary.write_text(f"# {path}, and {over} laid over it.\n{written}", encoding="utf-8")
        temporary.replace(out)
    except OSError as error:
        raise SettingsError(f"{out}: the settings cannot be written: {error.strerror or error}") from error
    return 0
