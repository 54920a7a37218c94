"""Failures grouped by cause: how many devices, in which step, why, and three of them by name."""

from collections.abc import Sequence
from typing import Final

from rich.table import Table
from rich.text import Text

from starter.render.words import clean, one_line
from starter.told import told_in
from workflows.contracts import Cause

SHOWN: Final = 8


def causes_table(causes: Sequence[Cause], *, most: int = SHOWN) -> Table:
    """A line a cause, the most frequent first; what is left out is counted below."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, pad_edge=False, caption_justify="left")
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for cause in causes[:most]:
        table.add_row(
            Text(f"{cause.devices} ·", style="yellow") if of_others(cause) else Text(f"{cause.devices} ✗", "bold red"),
            Text(cause.step, style="bold"),
            Text(why(cause)).append(f"  {such_as(cause)}", style="dim"),
        )
    if len(causes) > most:
        left, others = sum(cause.devices for cause in causes[most:]), len(causes) - most
        table.caption = f"and {left} failures of {others} other cause{'s' if others > 1 else ''}"
    return table


def of_others(cause: Cause) -> bool:
    """Whether these devices have not failed themselves: they were taken back, or not taken up, because of others."""
    return cause.what == "cancelled"


def why(cause: Cause) -> str:
    """The class of the failure, where it says more than the message, and the message."""
    said = one_line(told_in(cause.message))
    return said if of_others(cause) else f"{cause.what}: {said}"


def such_as(cause: Cause) -> str:
    """``acc-001, acc-002, acc-003 and 9 more``."""
    named = ", ".join(clean(host) for host in cause.examples)
    more = cause.devices - len(cause.examples)
    return f"{named} and {more} more" if more > 0 else named
