"""A run's devices as a grid: one letter a cell, in the run's order, wrapped to the width.

Letters say what colours say, for those who see none. Above a thousand devices several share a
cell, and its worst shows.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from rich.columns import Columns
from rich.text import Text

from starter.render.words import ORDER, clean, style
from workflows.contracts import CHANGED, LETTERS, PENDING, RUNNING, Cells

WORDS: Final[Mapping[str, str]] = {
    PENDING: "pending",
    RUNNING: "running",
    CHANGED: "changed",
    **{letter: status for status, letter in LETTERS.items()},
}
TEN: Final = 10  # cells between two gaps


def grid(cells: Cells, width: int) -> Text:
    """The cells in rows that begin with the number of their first device.

    Args:
        cells: As a run's status has them.
        width: Columns; at least one group of ten is shown.
    """
    gutter = len(str(len(cells.letters) * cells.each)) + 1
    row = max(1, (width - gutter) // (TEN + 1)) * TEN
    text = Text(no_wrap=True)
    for start in range(0, len(cells.letters), row):
        text.append(f"{'' if start == 0 else chr(10)}{start * cells.each + 1:>{gutter - 1}}", style="dim")
        for part in range(start, min(start + row, len(cells.letters)), TEN):
            text.append(" ")
            for letter, run in groupby(cells.letters[part : min(part + TEN, start + row)]):
                text.append("".join(run), style=_style(letter))
    return text


def named(cells: Cells, names: Sequence[str]) -> Columns:
    """Few devices by their names, each behind its letter."""
    return Columns(
        [
            Text(f"{letter} {clean(name)}", style=_style(letter))
            for letter, name in zip(cells.letters, names, strict=False)
        ],
        padding=(0, 2),
    )


def legend(cells: Cells) -> Text:
    """What the letters that are to be seen mean, and how many cells have each."""
    parts = [
        Text(f"{letter} {_word(letter).replace('_', ' ')} {number}", style=_style(letter))
        for letter, number in _counted(cells)
    ]
    if cells.each > 1:
        parts.append(Text(f"a cell is {cells.each} devices, the worst of them shows", style="dim"))
    return Text("  ").join(parts)


def _counted(cells: Cells) -> Iterator[tuple[str, int]]:
    counted = Counter(cells.letters)
    known = {letter: ORDER.index(word) if (word := _word(letter)) in ORDER else len(ORDER) for letter in counted}
    yield from ((letter, counted[letter]) for letter in sorted(counted, key=lambda one: (known[one], one)))


def _word(letter: str) -> str:
    return WORDS.get(letter, "other")


def _style(letter: str) -> str:
    return style(WORDS.get(letter, ""))
