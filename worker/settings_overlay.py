"""Settings laid over others: a file says a part, and those below it say the rest.

`netsaga dev` writes the settings of its worker at every start; this is how somebody adds to them. It reads no file:
`worker/commands/overlay.py` does.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue

from worker.located import Located
from worker.settings import Settings, SettingsError, check, place


def merge(below: Mapping[str, JsonValue], above: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """One map over another: maps are merged key by key, all else is replaced.

    A map that names another ``kind`` replaces the whole one below it, whose other keys would mean nothing in it.
    """
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict) and value.get("kind", old.get("kind")) == old.get("kind"):
            merged[key] = merge(old, value)
        else:
            merged[key] = value
    return merged


def lay_over(base: Settings, text: str, path: Path, *, keep: Sequence[str] = ()) -> Settings:
    """The settings that ``base`` and ``text`` make together, checked as a worker's.

    Args:
        base: What holds where ``text`` says nothing. A section that is named there and left empty says nothing.
        text: YAML of a settings file's shape.
        path: Where ``text`` is from: its relative paths are relative to that folder, and mistakes are placed there.
        keep: Keys such as ``temporal.address`` that ``text`` may not change.

    Raises:
        SettingsError: The two cannot be used together, or ``text`` changes what is kept; with file, line and key.
    """
    located = place(text, path)
    said = {key: value for key, value in located.value.items() if value is not None}
    below = base.model_dump(mode="json")
    together = merge(below, said)
    changed = [key for key in keep if _at(together, key) != _at(below, key)]
    if changed:
        raise SettingsError("\n".join(_kept(key, _at(below, key), located, path) for key in changed))
    return check(Located(together, located.lines), path)


def _kept(key: str, value: JsonValue, located: Located, path: Path) -> str:
    line = located.line(key.split("."))
    return f"{path}:{line}: `{key}` cannot be set here, it is {value!r}; leave it out"


def _at(settings: Mapping[str, JsonValue], key: str) -> JsonValue:
    """The value of a key with dots; nothing where something else stands on the way to it."""
    found: JsonValue = dict(settings)
    for part in key.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found
