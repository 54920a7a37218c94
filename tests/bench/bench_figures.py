"""A figure with its goal, and the table of them."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Figure:
    """One measured value.

    Args:
        name: What was measured.
        value: In ``unit``.
        unit: ``us``, ``ms``, ``s``, ``1/s``, ``MB``, ``events``, or ``x`` for a ratio.
        goal: As people read it, such as ``<= 100``; empty where the value only explains another one.
    """

    name: str
    value: float
    unit: Literal["us", "ms", "s", "1/s", "MB", "events", "x"]
    goal: str = ""
    met: bool | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", round(self.value, 3))
        object.__setattr__(self, "met", _met(self.value, self.goal))


def _met(value: float, goal: str) -> bool | None:
    if not goal:
        return None
    direction, limit = goal.split()
    return value <= float(limit) if direction == "<=" else value >= float(limit)


def table(figures: list[Figure]) -> str:
    """The figures as aligned columns."""
    rows = [("figure", "value", "unit", "goal", "met")]
    words = {True: "yes", False: "NO", None: ""}
    rows += [(f.name, f"{f.value:g}", f.unit, f.goal, words[f.met]) for f in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column == 1 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
