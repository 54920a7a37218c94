"""A run as it stands: its steps, waves, gates and newest failures."""

from datetime import UTC, datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from starter.render.diffs import gate_lines
from starter.render.words import clean, counts, lasted, one_line, style, utc, word
from workflows.contracts import DecisionRecord, RunStatus, WaveStatus

BAR: Final = 24  # columns
MOVING: Final = ("pending", "running")


def header(status: RunStatus, now: datetime | None = None) -> Text:
    """Definition, id, phase or verdict, and for how long."""
    text = Text()
    text.append(f"{status.definition or 'run'} {status.version}".strip(), style="bold")
    text.append(f"  {status.id}  ")
    text.append_text(word(status.verdict or status.phase))
    if status.result is None:
        text.append(f"  {lasted(((now or datetime.now(UTC)) - status.started).total_seconds())}", style="dim")
    return text


def status_view(status: RunStatus, *, url: str | None = None, now: datetime | None = None) -> Group:
    """The whole status for a person."""
    parts: list[RenderableType] = [header(status, now)]
    about = [f"started {utc(status.started)}", f"{status.devices} devices"]
    if status.requester:
        about.append(f"asked by {one_line(status.requester)}")
    if status.reason:
        about.append(one_line(status.reason))
    parts.append(Text(" · ".join(about), style="dim"))
    if status.message:
        parts.append(Text(clean(status.message), style=style(status.verdict or "")))
    parts.append(steps_table(status))
    parts += [gate_lines(gate, status.id) for gate in status.gates]
    parts += [failures(status)] if status.failures else []
    parts += [_decision(decision) for decision in status.decisions]
    if url:
        parts.append(Text(f"Web UI  {url}", style="dim"))
    return Group(*parts)


def steps_table(status: RunStatus) -> Table:
    """A line for every step, and one for every wave under its step."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, pad_edge=False)
    for _ in range(4):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for step in status.steps:
        said = counts(step.counts)
        if step.warnings:
            said.append(f"{', ' if said else ''}{step.warnings} warnings", style="yellow")
        if step.message:
            said.append(f"{'  ' if said else ''}{one_line(step.message)}")
        table.add_row(_mark(step.state), Text(step.id, style="bold"), word(step.state), Text(step.kind, "dim"), said)
        for wave in step.waves if len(step.waves) > 1 or step.state == "running" else ():
            table.add_row("", Text(f"  {wave.name}"), word(wave.state), bar(wave), counts(_without_pending(wave)))
    return table


def bar(wave: WaveStatus) -> Text:
    """How far a wave is, one colour a status."""
    text, size, done = Text(), max(wave.size, 1), 0
    finished = [(name, number) for name, number in wave.counts.items() if name not in MOVING]
    for name, number in sorted(finished):
        upto = done + number
        text.append("━" * (round(BAR * upto / size) - round(BAR * done / size)), style=style(name))
        done = upto
    upto = min(size, done + wave.counts.get("running", 0))
    text.append("━" * (round(BAR * upto / size) - round(BAR * done / size)), style="cyan")
    text.append("╌" * (BAR - round(BAR * upto / size)), style="dim")
    text.append(f" {done}/{wave.size}")
    return text


def failures(status: RunStatus) -> Table:
    """The newest failures, one line a device."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for failed in status.failures:
        message = f"{failed.failure.type}: {one_line(failed.failure.message)}"
        table.add_row(Text(clean(failed.host), "bold"), word(failed.status), Text(message))
    return table


def _without_pending(wave: WaveStatus) -> dict[str, int]:
    return {name: number for name, number in wave.counts.items() if name != "pending"}


def _mark(state: str) -> Text:
    marks = {"succeeded": "✓", "failed": "✗", "rejected": "✗", "skipped": "-", "waiting": "?", "cancelled": "✗"}
    return Text(marks.get(state, "▸" if state in ("running", "undoing") else " "), style=style(state))


def _decision(decision: DecisionRecord) -> Text:
    said = {"approve": "approved", "reject": "rejected"}[decision.decision]
    text = Text(f"{utc(decision.at)}  {decision.step}: {said} by {one_line(decision.by)}")
    if decision.comment:
        text.append(f" ({one_line(decision.comment)})")
    if not decision.counted:
        text.append(f" - does not count: {one_line(decision.why_not)}", style="yellow")
    return text
