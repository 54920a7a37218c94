"""The few words of Mermaid that the graphs of definitions and of live runs share. Pure text.

Mermaid's flowchart syntax: https://mermaid.js.org/syntax/flowchart.html
"""

from collections.abc import Iterable
from typing import Final

LONGEST: Final = 80  # characters of one line in a box


def node(step_id: str) -> str:
    """The name of a step's box: a bare ``end`` or ``click`` would be a word of Mermaid."""
    return f"step_{step_id}"


def label(lines: Iterable[str]) -> str:
    """Lines of a box, quoted; empty ones are left out and long ones cut at `LONGEST` characters."""
    return '"' + "<br>".join(_escaped(_short(line)) for line in lines if line) + '"'


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _escaped(text: str) -> str:
    """Mermaid's entities: the number of a character between ``#`` and ``;``."""
    return "".join(f"#{ord(char)};" if char in '#"<>&`\\' else char for char in text).replace("%%", "#37;#37;")
