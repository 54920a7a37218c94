"""What a gate is about: who may decide, until when, and the proposed changes, equal ones together."""

from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from starter.render.words import clean, number, one_line, utc
from starter.told import told
from workflows import awaited
from workflows.contracts import DiffGroup, Gate

DIGEST: Final = 16  # characters that are typed; a gate takes a beginning of its digest


def gate_lines(gate: Gate, run_id: str) -> Text:
    """An open gate in two lines, with the command that answers it."""
    text = Text()
    text.append(f"? {gate.step}", style="bold magenta")
    text.append(f" {one_line(awaited.gate(gate, utc))}")
    for line in awaited.about(gate):
        text.append(f"\n  {one_line(line)}")
    digest = f" --digest {gate.digest[:DIGEST]}" if gate.digest else ""
    approve = told(f"netsaga approve {run_id} {gate.step} --by NAME --comment TEXT{digest}")
    text.append(f"\n  {approve}", style="dim")
    return text


def gate_view(gate: Gate, run_id: str) -> Group:
    """An open gate with all that is to be approved."""
    parts: list[RenderableType] = [gate_lines(gate, run_id)]
    for group in gate.diffs:
        parts += [Text(), group_title(group), diff_text(group.text)]
    if gate.diffs_omitted:
        parts.append(Text(f"\n  and up to {gate.diffs_omitted} more kinds of change; all: netsaga diffs {run_id}"))
    if not gate.diffs:
        parts.append(Text("  No change is bound to this gate.", style="dim"))
    return Group(*parts)


def diff_text(text: str) -> Text:
    """A diff, its added and removed lines coloured."""
    out = Text()
    for line in clean(text).splitlines():
        look = {"+": "green", "-": "red", "[": "dim", "@": "dim"}.get(line.lstrip()[:1], "")
        out.append(f"    {line}\n", style=look)
    out.rstrip()
    return out


def group_title(group: DiffGroup) -> Text:
    """Which devices share a change, how it was made, and the beginning of its digest."""
    title = Text()
    title.append(f"  {number(group.devices, 'device')}", style="bold")
    title.append(
        f", as on {clean(group.example)} ({one_line(group.made).replace('_', ' ')}, {group.digest[:12]})", style="dim"
    )
    return title
