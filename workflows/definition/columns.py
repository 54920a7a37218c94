"""The columns of parsed commands: which names the rows of ``parse: textfsm`` have, known before anything runs.

The table beside this file is made from ntc-templates by a test, which also proves that it is current. It is part of the
package as this code is, and is read once, when a definition first parses something.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import Final, Literal, NamedTuple, TypeAlias

Content: TypeAlias = Literal["text", "list", "maps"]
_CONTENTS: Final[Mapping[str, Content]] = {"": "text", "[]": "list", "{}": "maps"}


class _Command(NamedTuple):
    pattern: str
    word: str  # stands in every command that the pattern matches
    row: int


class _Table(NamedTuple):
    rows: Sequence[str]  # columns, `[]` after a list and `{}` after a list of maps
    commands: Mapping[str, Sequence[_Command]]


@lru_cache(maxsize=512)
def columns_of(command: str) -> Mapping[str, frozenset[Content]] | None:
    """The columns of a command's rows, over all platforms that have a template for it.

    Args:
        command: The command as it is sent, abbreviated or not.

    Returns:
        By column what its cells hold, one kind a template; None where no platform has a template for the command.
    """
    table, found = _table(), dict[str, frozenset[Content]]()
    known = False
    for commands in table.commands.values():
        row = next((one.row for one in commands if _matches(one, command)), None)
        if row is None:
            continue
        known = True
        for written in table.rows[row].split():
            column = written.rstrip("[]{}")
            contents: frozenset[Content] = frozenset({_CONTENTS[written[len(column) :]]})
            found[column] = found.get(column, frozenset()) | contents
    return found if known else None


def known_commands() -> tuple[str, ...]:
    """Commands in full that a template reads, for suggestions."""
    return tuple(sorted(set(_spelled_out())))


def _spelled_out() -> Iterator[str]:
    for commands in _table().commands.values():
        for one in commands:
            if one.word:
                yield re.sub(r"\[\[|\]\]", "", one.pattern)


def _matches(one: _Command, command: str) -> bool:
    # As textfsm's table looks a command up: from the start, what stands in [[ ]] abbreviated at will.
    return one.word in command and re.match(_expanded(one.pattern), command) is not None


@lru_cache(maxsize=1024)
def _expanded(pattern: str) -> str:
    def optional(match: re.Match[str]) -> str:
        word = match[1]
        return "(" + "(".join(word) + ")?" * len(word)

    return re.sub(r"\[\[(.+?)\]\]", optional, pattern)


@lru_cache(maxsize=1)
def _table() -> _Table:
    data = json.loads(resources.files("workflows.definition").joinpath("columns.json").read_text(encoding="utf-8"))
    commands = {platform: tuple(_Command(*line) for line in lines) for platform, lines in data["commands"].items()}
    return _Table(tuple(data["rows"]), commands)
