"""What became of a device between two snapshots, section by section. Pure functions over normalised state.

A section is a map from key to facts; of a map of fields, such as ``versions``, the fields are the keys. The ``config``
is compared by its lines, each with the blocks it stands in, so that a line says where it belongs.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, TypeAlias, get_args

from pydantic import JsonValue

from activities.deviceinteraction.config import hierarchy, ordered
from activities.deviceinteraction.config.footprint import Footprint, Path, keyed, shown
from activities.deviceinteraction.model import Section, State
from activities.deviceinteraction.redaction import HIDDEN

Key: TypeAlias = "int | str"
Facts: TypeAlias = "Mapping[Key, JsonValue]"
Ignored: TypeAlias = "Sequence[Sequence[str]]"  # each a path's segments below its section

CONFIG: Final = "config"
ORDER: Final = "(the order of lines)"
SECRET: Final = "(a secret)"  # noqa: S105  # what is said where one has changed
_INTEGERS: Final = frozenset({"vlans", "spanning_tree"})  # sections whose keys are VLAN ids
_HASH: Final = re.compile(r" #[0-9a-f]{12}$")


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of one section: keys in their order, and for people what changed behind each of ``changed``."""

    added: tuple[Key, ...] = ()
    removed: tuple[Key, ...] = ()
    changed: tuple[Key, ...] = ()
    details: Mapping[Key, str] | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.added or self.removed or self.changed)

    def of(self, keys: Collection[Key]) -> "Difference":
        """The part that is about these keys."""
        chosen = frozenset(keys)
        return Difference(
            tuple(key for key in self.added if key in chosen),
            tuple(key for key in self.removed if key in chosen),
            tuple(key for key in self.changed if key in chosen),
            self.details,
        )


def differences(before: State, after: State, ignore: Iterable[str] = ()) -> dict[str, Difference]:
    """What became of each section that both snapshots have.

    Args:
        before: The older snapshot.
        after: The newer one.
        ignore: Paths that do not count, such as ``interfaces.*.description``: a section, a key, fields. ``*`` stands
            for any one of them; of ``config`` the segment is the first word of a line.
    """
    patterns = [path.split(".") for path in ignore]
    had, has = before.model_dump(mode="json"), after.model_dump(mode="json")
    found: dict[str, Difference] = {}
    sections: tuple[Section, ...] = get_args(Section)
    for section in sections:
        if had[section] is None or has[section] is None:
            continue
        ignored = [segments[1:] for segments in patterns if segments[0] in ("*", section)]
        if section == CONFIG:
            found[section] = _of_config(before, after, ignored)
        else:
            found[section] = _of_facts(_facts(section, had[section], ignored), _facts(section, has[section], ignored))
    return found


def beyond(before: State, after: State, changes: Iterable[Footprint], ignore: Iterable[str] = ()) -> Difference:
    """In what the ``config`` differs from what it would be had these changes been made, one after the other, alone.

    ``added`` are lines that none of the changes accounts for, ``removed`` lines that are missing, and ``changed`` the
    blocks in which the lines that none of them touches stand in another order.
    """
    ignored = [segments[1:] for path in ignore if (segments := path.split("."))[0] in ("*", CONFIG)]
    had, has = _paths(before, ignored), _paths(after, ignored)
    expected = dict.fromkeys(had)
    touched: set[Path] = set()
    for change in changes:
        touched.update(map(_bare, (*change.removed, *change.added)))
        for path in map(_bare, change.removed):
            expected.pop(path, None)
        expected.update(dict.fromkeys(path for path in map(_bare, change.added) if not _is_ignored(path, ignored)))
    now = frozenset(has)
    return Difference(
        added=tuple(shown(path) for path in has if path not in expected),
        removed=tuple(shown(path) for path in expected if path not in now),
        changed=_reordered(
            [path for path in had if path not in touched], [path for path in has if path not in touched]
        ),
    )


def _of_config(before: State, after: State, ignored: Ignored) -> Difference:
    had, has = _paths(before, ignored), _paths(after, ignored)
    was, now = frozenset(had), frozenset(has)
    changed = _reordered(had, has)
    if not changed and was == now and not ignored and before.config_fingerprint != after.config_fingerprint:
        changed = (SECRET if before.config == after.config else ORDER,)
    return Difference(
        added=tuple(shown(path) for path in has if path not in was),
        removed=tuple(shown(path) for path in had if path not in now),
        changed=changed,
    )


def _reordered(had: Sequence[Path], has: Sequence[Path]) -> tuple[Key, ...]:
    """Where lines that are in both stand in another order; devices print what has no order of its own always alike."""
    return tuple(shown((*block, ORDER)) for block in ordered.moved(had, has))


def _paths(state: State, ignored: Ignored) -> list[Path]:
    """The lines of a snapshot's ``config``, each with its blocks; as set lines where it is written so."""
    text = state.config or ""
    lines = [line for line in text.splitlines() if line.strip()]
    if lines and all(line.startswith(("set ", "deactivate ")) for line in lines):
        found: Iterable[Path] = ((line.rstrip(),) for line in lines)
    else:
        found = hierarchy.read(text).paths()
    return [path for path in dict.fromkeys(_bare(keyed(one)) for one in found) if not _is_ignored(path, ignored)]


def _bare(path: Path) -> Path:
    """A path without hashes of secrets: a snapshot's text is redacted, so it has none to compare them with."""
    return tuple(_HASH.sub("", text) if HIDDEN in text else text for text in path)


def _is_ignored(path: Path, ignored: Ignored) -> bool:
    words = path[0].split(maxsplit=2)
    word = words[1] if words[0] in ("set", "no", "deactivate") and len(words) > 1 else words[0]
    return any(not segments or fnmatchcase(word, segments[0]) for segments in ignored)


def _facts(section: str, found: Mapping[str, JsonValue], ignored: Ignored) -> Facts:
    kept = _without(found, ignored)
    assert isinstance(kept, dict), "a section is a map"
    return {(int(key) if section in _INTEGERS else key): value for key, value in kept.items()}


def _without(value: JsonValue | Mapping[str, JsonValue], ignored: Ignored) -> JsonValue:
    """A value without what is ignored; lists are walked through, as their items have no names."""
    if any(not segments for segments in ignored):
        return {} if isinstance(value, Mapping) else None
    if isinstance(value, list):
        return [_without(item, ignored) for item in value]
    if not isinstance(value, Mapping):
        return value
    kept: dict[str, JsonValue] = {}
    for key, item in value.items():
        below = [rest for segments in ignored if (rest := _beneath(segments, key)) is not None]
        if [] not in below:
            kept[key] = _without(item, below)
    return kept


def _beneath(segments: Sequence[str], key: str) -> list[str] | None:
    """What is left of a path below a key, which may hold dots itself as ``ge-0/0/0.0``; ``None`` where it differs."""
    if segments[0] == "*":
        return list(segments[1:])
    width = key.count(".") + 1
    return list(segments[width:]) if fnmatchcase(key, ".".join(segments[:width])) else None


def _of_facts(had: Facts, has: Facts) -> Difference:
    changed = tuple(key for key, value in has.items() if key in had and had[key] != value)
    return Difference(
        added=tuple(key for key in has if key not in had),
        removed=tuple(key for key in had if key not in has),
        changed=changed,
        details={key: _became(had[key], has[key]) for key in changed},
    )


def _became(had: JsonValue, has: JsonValue) -> str:
    if not isinstance(had, dict) or not isinstance(has, dict):
        return f"{_said(had)} → {_said(has)}"
    fields = [name for name in (*had, *(name for name in has if name not in had)) if had.get(name) != has.get(name)]
    return ", ".join(f"{name} {_said(had.get(name))} → {_said(has.get(name))}" for name in fields)


def _said(value: JsonValue) -> str:
    text = str(value)
    return "nothing" if value in (None, "", [], {}) else text if len(text) <= 60 else f"{text[:59]}…"
