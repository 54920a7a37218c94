"""The pages behind `netsaga explain`: one for each diagnostic code, beside the compiler.

A page is Markdown: a title, what the code means and why, then a bad and a good example. An example may be a whole
definition, or only its steps, or only the actions of one step: then the frame that is missing is the same for all, and
known here, so that every example can be compiled.
"""

import re
from dataclasses import dataclass
from importlib.resources import files
from textwrap import indent
from typing import Final, Literal

from starter.errors import UsageError
from workflows.definition.codes import CODES, nearest_code

STEPS_FRAME: Final = """\
netsaga: 1
name: example
version: 1.0.0
inputs:
  vlan_id: {type: vlan_id}
  building: {type: string}
inventory: {source: nautobot, select: device.site == inputs.building, expect: {max: 500}}
defaults: {credential: device_rw, timeout: 60s}
steps:
"""
DO_FRAME: Final = """\
  - id: example
    devices: inventory
    concurrency: 50
    do:
"""

_EXAMPLE: Final = re.compile(r"^(Bad|Good):\n+```yaml ?(definition|steps|do)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Example:
    """One example of a page.

    Attributes:
        good: Whether it compiles without a diagnostic; a bad one yields the code of its page.
        part: What of a definition the text is.
        text: As the page shows it.
    """

    good: bool
    part: Literal["definition", "steps", "do"]
    text: str

    @property
    def definition(self) -> str:
        """The whole definition that it stands for."""
        match self.part:
            case "definition":
                return self.text
            case "steps":
                return STEPS_FRAME + indent(self.text, "  ")
            case "do":
                return STEPS_FRAME + DO_FRAME + indent(self.text, "      ")


@dataclass(frozen=True)
class Page:
    """What there is to say about a code."""

    code: str
    text: str
    examples: tuple[Example, ...]

    @property
    def plain(self) -> str:
        """The page for a terminal: examples indented, no marks of Markdown around them."""
        return _EXAMPLE.sub(lambda match: f"{match[1]}:\n\n" + indent(match[3], "    "), self.text)


def page(code: str) -> Page:
    """The page of a code.

    Raises:
        UsageError: There is no such code.
    """
    if code not in CODES:
        near = nearest_code(code)
        hint = f"did you mean `{near}`? " if near else ""
        raise UsageError(f"There is no diagnostic {code!r}; {hint}`netsaga explain --list` shows all.")
    text = (files("workflows") / "definition" / "explain" / f"{code}.md").read_text(encoding="utf-8")
    return Page(code, text, tuple(_examples(text)))


def _examples(text: str) -> list[Example]:
    found: list[Example] = []
    parts: dict[str, Literal["definition", "steps", "do"]] = {"definition": "definition", "steps": "steps", "do": "do"}
    for quality, part, example in _EXAMPLE.findall(text):
        found.append(Example(quality == "Good", parts[part], example))
    return found
