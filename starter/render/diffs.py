"""What a gate is about: who may decide, until when, and the proposed changes, equal ones together."""

from collections.abc import Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from starter.render.words import clean, one_line, utc
from workflows.contracts import DiffGroup, Gate

DIGEST: Final = 16  # characters that are typed; a gate takes a beginning of its digest


def gate_lines(gate: Gate, run_id: str) -> Text:
    """An open gate in two lines, with the command that answers it."""
    text, whom = Text(), one_line(f"{gate.by} or {gate.also}" if gate.also else gate.by)
    text.append(f"? {gate.step}", style="bold magenta")
    more = " more" if gate.approvals else ""
    text.append(
        f" waits for {gate.quorum - gate.approvals}{more} of {whom} until {utc(gate.until)}, then {_then(gate)}",
    )
    for line in _known(gate):
        text.append(f"\n  {line}")
    text.append(f"\n  netsaga approve {run_id} {gate.step} --by NAME --comment TEXT", style="dim")
    if gate.digest:
        text.append(f" --digest {gate.digest[:DIGEST]}", style="dim")
    return text


def _then(gate: Gate) -> str:
    match gate.on_timeout:
        case "approve":
            return "approves by itself"
        case "reject":
            return "rejects by itself"
        case "escalate":
            return f"asks {one_line(gate.asks_next) or 'others'}, too"


def _known(gate: Gate) -> Iterator[str]:
    """How the diffs were made, what the devices can fall back on, and what a system that is asked too has said."""
    if gate.made:
        yield "diffs: " + ", ".join(f"{number} {kind.replace('_', ' ')}" for kind, number in sorted(gate.made.items()))
    if gate.safety:
        kinds = (f"{one.devices} devices: undo {one.undo}, confirm {one.confirm}" for one in gate.safety)
        hold = {"wave": ", confirmed with their wave", "best_effort": ", confirmed with their wave where they can"}
        yield "; ".join(kinds).replace("1 devices", "1 device") + hold.get(gate.confirm_hold or "", "")
    if gate.via is not None:
        yield f"{one_line(gate.via)} is asked, too" + (f": {one_line(gate.via_said)}" if gate.via_said else "")
    if gate.told:
        yield f"{one_line(gate.by)} were reminded"


def gate_view(gate: Gate, run_id: str) -> Group:
    """An open gate with all that is to be approved."""
    parts: list[RenderableType] = [gate_lines(gate, run_id)]
    for group in gate.diffs:
        parts += [Text(), group_title(group), diff_text(group.text)]
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
    devices = "1 device" if group.devices == 1 else f"{group.devices} devices"
    title = Text()
    title.append(f"  {devices}", style="bold")
    title.append(
        f", as on {clean(group.example)} ({one_line(group.made).replace('_', ' ')}, {group.digest[:12]})", style="dim"
    )
    return title
