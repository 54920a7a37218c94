"""A run as it stands: its steps, waves, gates and newest failures."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from starter.render.causes import causes_table
from starter.render.diffs import gate_lines
from starter.render.words import PLAN_MODE, clean, counts, lasted, one_line, style, utc, word
from starter.told import told, told_in
from workflows import awaited
from workflows.contracts import DecisionRecord, OperationRecord, RunStatus, StepStatus, UnderWay, WaveStatus

_SAID: Final = {
    "approve": "approved by",
    "reject": "rejected by",
    "remind": "reminder of",
    "unanswered": "no answer of",
    "unreachable": "could not ask",
}
BAR: Final = 24  # columns ...
WIDE: Final = 100  # ... on a terminal of so many
AFTER_S: Final = 10.0  # a device that is under way for less is not worth a line
WAVES: Final = 12  # of more waves, only those that move or failed have a line each
MOVING: Final = ("pending", "running")
NOT_REACHED: Final = "not reached"


def header(status: RunStatus, now: datetime | None = None) -> Text:
    """Definition, id, phase or verdict, and for how long."""
    text = Text()
    text.append(f"{status.definition or 'run'} {status.version}".strip(), style="bold")
    text.append(f"  {status.id}  ")
    text.append_text(word(status.verdict or status.phase))
    if status.phase != "closed":
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
    if status.mode == "plan":
        parts.append(Text(PLAN_MODE, style="cyan"))
    if status.message and status.result is None:  # a result has it, and is printed below
        parts.append(Text(clean(told_in(status.message)), style=style(status.verdict or "")))
    parts.append(steps_table(status, now))
    parts += [gate_lines(gate, status.id) for gate in status.gates]
    parts += asks(status)
    parts += [causes_table(status.causes)] if status.causes else []
    parts += _told(status)
    if url:
        parts.append(Text(f"Web UI  {url}", style="dim"))
    return Group(*parts)


def steps_table(status: RunStatus, now: datetime | None = None, width: int = WIDE) -> Table:
    """A line for every step, one for every wave under its step, and one for the devices that it waits for.

    Args:
        status: The run.
        now: For how long it waits is counted up to then.
        width: Columns that there are; where they are few, the bars leave more of them to the words.
    """
    columns = BAR if width >= WIDE else BAR // 2
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, pad_edge=False)
    for _ in range(4):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for step in status.steps:
        said = counts(_named(step.counts, status))
        if step.warnings:
            said.append(f"{', ' if said else ''}{step.warnings} warnings", style="yellow")
        if step.budget is not None and step.budget.failures:
            said.append(f"; failures {step.budget.failures} of {step.budget.allowed} allowed")
        if step.message:
            said.append(f"{' · ' if said else ''}{one_line(told_in(step.message))}")
        table.add_row(_mark(step.state), Text(step.id, style="bold"), word(step.state), Text(step.kind, "dim"), said)
        for wave in _shown(step):
            name = Text(f"  {clean(wave.name)}")
            state = NOT_REACHED if wave.state == "pending" and status.phase == "closed" else wave.state
            table.add_row("", name, word(state), bar(wave, columns), counts(_without_pending(wave)))
        if len(step.waves) > WAVES:
            table.add_row("", Text("  of all waves", "dim"), "", "", counts(_named(_states(step), status)))
        if said_of := _waits_for(step, now or datetime.now(UTC)):
            table.add_row("", Text("  waits for", "dim"), "", "", Text(said_of, style="dim"))
    return table


def _shown(step: StepStatus) -> list[WaveStatus]:
    """The waves that have a line each: all where they are few, else those that move or failed."""
    if len(step.waves) <= 1 and step.state not in ("running", "undoing"):
        return []
    if len(step.waves) <= WAVES:
        return list(step.waves)
    return [wave for wave in step.waves if wave.state not in ("pending", "succeeded")][-WAVES:]


def _waits_for(step: StepStatus, now: datetime) -> str:
    return ", ".join(waited(one, now) for one in step.under_way if (now - one.since).total_seconds() >= AFTER_S)


def waited(one: UnderWay, now: datetime) -> str:
    """A device that is waited for, what is done to it, and for how long: ``acc-001 (undoing, 14m 02s)``."""
    return clean(awaited.device(one, lambda one: lasted((now - one.since).total_seconds())))


def bar(wave: WaveStatus, columns: int = BAR) -> Text:
    """How far a wave is in so many columns, one colour a status."""
    text, size, done = Text(), max(wave.size, 1), 0
    finished = [(name, number) for name, number in wave.counts.items() if name not in MOVING]
    for name, number in sorted(finished):
        upto = done + number
        text.append("━" * (round(columns * upto / size) - round(columns * done / size)), style=style(name))
        done = upto
    upto = min(size, done + wave.counts.get("running", 0))
    text.append("─" * (round(columns * upto / size) - round(columns * done / size)), style="cyan")
    text.append("╌" * (columns - round(columns * upto / size)), style="dim")
    text.append(f" {done}/{wave.size}")
    return text


def asks(status: RunStatus) -> list[Text]:
    """Who has paused the run, what steps wait for, and what to type to move it on; gates and devices are not here."""
    lines = []
    if said := awaited.paused(status, utc):
        lines.append(Text(one_line(said), style=style("paused")))
    lines += [
        Text(one_line(f"{what} {said}"), style=style("soaking"))
        for step in status.steps
        for what, said in awaited.others(step, utc)
    ]
    gates = tuple(f"netsaga {word} {status.id}" for word in ("approve", "reject"))
    lines += [Text(f"  {told(command)}", style="dim") for command in status.next if not command.startswith(gates)]
    return lines


def _states(step: StepStatus) -> Counter[str]:
    return Counter(wave.state for wave in step.waves)


def _named(numbers: Mapping[str, int], status: RunStatus) -> Mapping[str, int]:
    """What is pending when a run has ended was not reached, and is waited for no more."""
    if status.phase != "closed" or "pending" not in numbers:
        return numbers
    return {NOT_REACHED if name == "pending" else name: number for name, number in numbers.items()}


def _without_pending(wave: WaveStatus) -> dict[str, int]:
    return {name: number for name, number in wave.counts.items() if name != "pending"}


def _mark(state: str) -> Text:
    marks = {
        "succeeded": "✓",
        "failed": "✗",
        "rejected": "✗",
        "skipped": "-",
        "waiting": "?",
        "cancelled": "✗",
        "undone": "↩",
    }
    return Text(marks.get(state, "▸" if state in ("running", "undoing") else " "), style=style(state))


def _told(status: RunStatus) -> list[Text]:
    """What people have decided and asked for, in the order of time."""
    told = [(decision.at, _decision(decision)) for decision in status.decisions]
    told += [(operation.at, _operation(operation)) for operation in status.operations]
    return [text for _, text in sorted(told, key=lambda one: one[0])]


def _operation(operation: OperationRecord) -> Text:
    """What an operator asked for, or a signal; one that was refused by signal is told of nowhere else."""
    number = "" if operation.concurrency is None else str(operation.concurrency)
    scope = "" if operation.scope == "failed" else operation.scope
    parts = (operation.operation, number, scope, operation.step, ", ".join(operation.devices))
    what = " ".join(part for part in parts if part)
    text = Text(f"{utc(operation.at)}  {one_line(what)} by {one_line(operation.by)}")
    if operation.reason:
        text.append(f" ({one_line(operation.reason)})")
    if operation.besides:
        text.append(f"; {one_line(operation.besides)}")
    if operation.refused:
        text.append(f" - refused: {one_line(operation.refused)}", style="yellow")
    return text


def _decision(decision: DecisionRecord) -> Text:
    by_itself = decision.how == "automatic" and not decision.counted
    said = "not approved by" if by_itself else _SAID[decision.decision]
    text = Text(f"{utc(decision.at)}  {decision.step}: {said} {one_line(decision.by)}")
    if decision.comment:
        text.append(f" ({one_line(decision.comment)})")
    if decision.condition:
        values = ", ".join(f"{name} = {json.dumps(value)}" for name, value in decision.evidence.items())
        text.append(f": {one_line(decision.condition)}; {one_line(values)}")
    if not decision.counted and decision.why_not:
        what = " - does not count: " if decision.decision in {"approve", "reject"} else " - "
        text.append(f"{what}{one_line(decision.why_not)}", style="yellow")
    return text
