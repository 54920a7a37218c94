"""YAML read together with the line of each value, so that a mistake in the settings can be pointed at.

It sits below `worker/settings.py`, knows nothing of what settings mean, and opens no file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import yaml
from pydantic import JsonValue

MAX_BYTES: Final = 1_048_576

KeyPath = tuple[str | int, ...]


class LocatedError(ValueError):
    """Text that is not one YAML map. The message starts with its line."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class Located:
    """A document and where its keys stand."""

    value: dict[str, JsonValue]
    lines: dict[KeyPath, int]

    def line(self, path: Sequence[str | int]) -> int:
        """The line (from 1) of a key, or of the nearest parent that the file has.

        Args:
            path: Keys and list positions from the top; parts that the document does not have are passed over.
        """
        found: KeyPath = ()
        for part in path:
            if (*found, part) in self.lines:
                found = (*found, part)
        return self.lines.get(found, 1)

    def known(self, path: Sequence[str | int]) -> KeyPath:
        """The parts of a path that the document has, in order."""
        found: KeyPath = ()
        for part in path:
            if (*found, part) in self.lines:
                found = (*found, part)
        return found


def read_located(text: str) -> Located:
    """Read one YAML map with plain data.

    Raises:
        LocatedError: The text is no YAML, holds several documents, a duplicate key, or is not a map.
    """
    if len(text.encode()) > MAX_BYTES:
        raise LocatedError(1, f"the file is larger than {MAX_BYTES:,} bytes; settings are small, is it the right file?")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise LocatedError(mark.line + 1 if mark else 1, f"this is not valid YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise LocatedError(1, f"this is not valid YAML: {error}") from error
    if node is None:
        return Located({}, {})
    if not isinstance(node, yaml.MappingNode):
        raise LocatedError(node.start_mark.line + 1, "settings are a map of sections, such as `temporal:`")
    lines: dict[KeyPath, int] = {}
    _walk(node, (), lines, set())
    try:
        value = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:  # a tag that plain data does not have, such as !vault or !!python/object
        mark = error.problem_mark
        raise LocatedError(mark.line + 1 if mark else 1, f"only plain data is read here: {error.problem}") from error
    return Located(value, lines)


def _walk(node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int], above: set[int]) -> None:
    """Note the line of every key and list entry; an alias that contains itself is refused."""
    if id(node) in above:
        raise LocatedError(node.start_mark.line + 1, "this value contains itself; write it out without an alias")
    inside = above | {id(node)}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _key(key, path, lines)
            _walk(value, (*path, key.value), lines, inside)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            lines[*path, position] = value.start_mark.line + 1
            _walk(value, (*path, position), lines, inside)


def _key(key: yaml.Node, path: KeyPath, lines: dict[KeyPath, int]) -> None:
    line = key.start_mark.line + 1
    if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
        shown = key.value if isinstance(key, yaml.ScalarNode) else "…"
        raise LocatedError(line, f"a key is a name here, and {shown!r} is read as something else; put it in quotes")
    if (*path, key.value) in lines:
        first = lines[*path, key.value]
        raise LocatedError(line, f"`{key.value}` stands here a second time; the first is in line {first}")
    lines[*path, key.value] = line
