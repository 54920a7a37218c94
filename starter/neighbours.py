"""Definitions that another one calls, found by name and version: in its folder and below, then in the shipped library.

It reads only the two lines of a file that say its name and version; what else is in it is for the compiler.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Final

SUFFIXES: Final = (".yaml", ".yml")
MOST_FILES: Final = 5000  # that are looked at in one folder tree
LONGEST_HEAD: Final = 64 * 1024  # characters of a file in which its name and version stand

_LINE: Final = re.compile(
    r"""^(?P<key>netsaga|name|version):[ \t]*(['"]?)(?P<value>[^\s#'"]+)\2[ \t]*(?:\#.*)?$""", re.MULTILINE
)


@dataclass(frozen=True)
class Neighbour:
    """One definition in a file."""

    path: Path
    name: str
    version: str


class Neighbours:
    """What a definition in a folder can call.

    Args:
        folder: Where the calling definition lies; its subfolders count, hidden ones do not.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, reference: str) -> Path | None:
        """The file of ``NAME@VERSION``; ``1`` and ``1.2`` mean the newest of those. None if there is none."""
        name, _, pinned = reference.partition("@")
        for group in (self._near, self._shipped):
            fitting = [
                one
                for one in group
                if one.name == name
                and (one.version == pinned or (one.version.startswith(f"{pinned}.") and "-" not in one.version))
            ]
            if fitting:
                return max(fitting, key=lambda one: _ordered(one.version)).path
        return None

    @cached_property
    def _near(self) -> list[Neighbour]:
        return list(_definitions(self._folder))

    @cached_property
    def _shipped(self) -> list[Neighbour]:
        return list(_definitions(Path(str(files("workflows") / "library"))))


def says_netsaga(file: Path) -> bool:
    """Whether a YAML file is a definition: it has a line ``netsaga: …``."""
    return any(match["key"] == "netsaga" for match in _LINE.finditer(_head(file)))


def _definitions(folder: Path) -> Iterator[Neighbour]:
    looked_at = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")) and name != "node_modules")
        for name in sorted(names):
            if not name.endswith(SUFFIXES):
                continue
            looked_at += 1
            if looked_at > MOST_FILES:
                return
            path = Path(place, name)
            said = {match["key"]: match["value"] for match in _LINE.finditer(_head(path))}
            if said.keys() >= {"netsaga", "name", "version"}:
                yield Neighbour(path, said["name"], said["version"])


def _head(file: Path) -> str:
    try:
        with file.open(encoding="utf-8", errors="replace") as opened:
            return opened.read(LONGEST_HEAD)
    except OSError:
        return ""


def _ordered(version: str) -> tuple[tuple[int, int, str], ...]:
    parts = re.findall(r"\d+|[A-Za-z]+", version)
    return tuple((1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts)
