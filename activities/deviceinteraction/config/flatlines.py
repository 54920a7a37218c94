"""Flat lines of SR Linux, ``set / interface ethernet-1/1 oper-state up``, as what they say of each entry of a list."""

import re
from collections.abc import Iterator, Mapping

_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|\S+')


def words(answer: str) -> Iterator[tuple[str, ...]]:
    """The words of each flat line behind ``set /``; quotes are taken off."""
    for line in answer.splitlines():
        if line.startswith("set / "):
            yield tuple(word.strip('"') for word in _WORD.findall(line)[2:])


def by_key(answer: str, *path: str) -> Mapping[str, Mapping[str, str]]:
    """The leaves of each entry of a list, directly beneath it, by its key.

    Args:
        answer: Flat lines.
        path: Where the list stands; its entries' keys follow.
    """
    found: dict[str, dict[str, str]] = {}
    size = len(path)
    for line in words(answer):
        if line[:size] == path and len(line) == size + 3:
            found.setdefault(line[size], {})[line[size + 1]] = line[size + 2]
    return found
