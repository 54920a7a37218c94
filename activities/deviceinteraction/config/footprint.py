"""What a change touches, line by line, and what that says about a device found later.

A configuration is seen as a set of *paths*: a line with its parents (``("vlan 120", "name users")``), or on Junos one
``set`` line. A change is then two groups of paths, and everything that an apply or an undo must know after a crash
(is it there, in part, not at all; did somebody else change the device?) follows from comparing them with the running
configuration. Pure functions and data; how paths are read from a device's text is `hierarchy.py`'s and Junos' matter.

Paths that hold a secret are kept as a redacted text with a short hash, so a footprint may be stored.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import Literal

from activities.deviceinteraction.model import Model
from activities.deviceinteraction.redaction import HIDDEN, by_pattern

Path = tuple[str, ...]
Presence = Literal["absent", "partial", "committed"]


class Footprint(Model):
    """The paths that a change adds and those that it removes, each in the order of the configuration."""

    added: tuple[Path, ...] = ()
    removed: tuple[Path, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether the change does nothing."""
        return not self.added and not self.removed

    @property
    def holds_secrets(self) -> bool:
        """Whether a path is redacted, so that no line can be made of it any more."""
        return any(HIDDEN in text for path in (*self.added, *self.removed) for text in path)

    def presence(self, paths: Collection[Path]) -> Presence:
        """How much of the change a configuration shows."""
        done = sum(path in paths for path in self.added) + sum(path not in paths for path in self.removed)
        if done == 0:
            return "absent"
        return "committed" if done == len(self.added) + len(self.removed) else "partial"

    def without(self, paths: Iterable[Path]) -> frozenset[Path]:
        """The configuration as it would be without the change, whether all, part or none of it is there."""
        return frozenset(paths) - frozenset(self.added) | frozenset(self.removed)

    def missing(self, paths: Collection[Path]) -> tuple[Path, ...]:
        """The paths in which a configuration still differs from one without the change."""
        left = [path for path in self.added if path in paths]
        return (*left, *(path for path in self.removed if path not in paths))


def between(before: Sequence[Path], after: Sequence[Path]) -> Footprint:
    """The footprint that leads from one configuration to another."""
    had, has = frozenset(before), frozenset(after)
    return Footprint(
        added=tuple(dict.fromkeys(path for path in after if path not in had)),
        removed=tuple(dict.fromkeys(path for path in before if path not in has)),
    )


def keyed(path: Path) -> Path:
    """The path with every text that holds a secret replaced by its redacted form and a short hash."""
    return tuple(_key(text) for text in path)


def digest_of(paths: Iterable[Path]) -> str:
    """A hash of a configuration as a set of paths; the order of lines does not count."""
    text = "\n".join("\t".join(path) for path in sorted(set(paths)))
    return hashlib.sha256(text.encode()).hexdigest()


def shown(path: Path) -> str:
    """A path for people."""
    return " / ".join(path)


@lru_cache(maxsize=65_536)
def _key(text: str) -> str:
    redacted = by_pattern(text)
    return text if redacted == text else f"{redacted} #{hashlib.sha256(text.encode()).hexdigest()[:12]}"
