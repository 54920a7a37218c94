"""What a run in plan mode found out: by step the waves and the diffs, equal ones together, and what is not known."""

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from starter.render.diffs import diff_text, group_title
from starter.render.result import LISTED, device_table
from starter.render.words import clean, number, one_line, word
from starter.told import told_in
from workflows.contracts import PlannedStep, ProposalSummary, RunResult

DIGEST = 12  # characters of a digest that people compare


def print_plan(out: Console, result: RunResult) -> None:
    """Print a plan for a person."""
    proposal = result.proposal
    if proposal is not None:
        for line in _steps(proposal, result.id):
            out.print(line, soft_wrap=True)
    failed = tuple(device for device in result.devices if device.status not in {"changed", "unchanged", "untouched"})
    if failed:
        out.print(device_table(failed[:LISTED], omitted=len(failed[LISTED:])))
    for text in _end(result, proposal):
        out.print(text, soft_wrap=True)


def changed(proposal: ProposalSummary) -> bool:
    """Whether a device would be changed, by the definition or by one that it calls."""
    return any(step.changed or step.would for step in proposal.steps) or any(map(changed, proposal.calls.values()))


def in_doubt(proposal: ProposalSummary) -> bool:
    """Whether there are steps that may change devices, and of which it is not known yet whether they would."""
    return any(step.changes for step in proposal.shown) or any(map(in_doubt, proposal.calls.values()))


def _steps(proposal: ProposalSummary, run: str, within: str = "") -> Iterator[Text]:
    for step in proposal.steps:
        yield from _step(step, run, within)
    for heading, how in (("Would also be done:", "would"), ("Known only after the change:", "unknown")):
        shown = [one for one in proposal.shown if one.how == how]
        if shown:
            yield Text(f"{within}{heading}", style="bold")
        for one in shown:
            end = ", at the end" if one.final else ""
            yield Text(f"  {one.step} ({one.kind}{end}): {one_line(one.text)}")
        if shown:
            yield Text()
    for name, called in proposal.calls.items():
        yield from _steps(called, f"{run}/{name}", f"{within}{name}/")


def _step(step: PlannedStep, run: str, within: str) -> Iterator[Text]:
    title = Text(f"{within}{step.step}", style="bold")
    parts = [f"{number(step.changed, 'device')} would change", f"{step.unchanged} need no change"]
    if step.failed:
        parts.append(f"{number(step.failed, 'device')} cannot be planned for")
    title.append(": " + ", ".join(parts), style="")
    yield title
    if len(step.waves) > 1:
        yield Text("  waves: " + ", ".join(f"{clean(wave.name)} {wave.size}" for wave in step.waves))
    if step.window:
        yield Text(f"  only inside the window {one_line(step.window)}")
    for group in step.diffs:
        yield group_title(group)
        yield diff_text(group.text)
    if step.diffs_omitted:
        more = f"  and {step.diffs_omitted} more kinds of change, each on fewer devices"
        yield Text(f"{more}; all: netsaga diffs {run} --step {step.step}", style="dim")
    for would in step.would:
        yield Text(f"  would {one_line(would.text)}: {number(would.devices, 'device')}, as on {clean(would.example)}")
    yield Text()


def _end(result: RunResult, proposal: ProposalSummary | None) -> Iterator[Text]:
    if proposal is not None and proposal.unknown_outputs:
        yield Text(f"Outputs known only after the change: {', '.join(map(clean, proposal.unknown_outputs))}")
    if result.message:
        yield Text(clean(told_in(result.message)), style="red" if result.verdict == "failed" else "")
    line = Text("Plan: ", style="bold")
    line.append_text(word(result.verdict))
    if proposal is not None:
        line.append(f"  {_said(proposal)}; proposal {proposal.digest[:DIGEST]}", style="")
    yield line
    for name, value in (("Run", result.id), ("Report", result.report)):
        if value:
            yield Text(f"{name + ':':<8} {clean(value)}")


def _said(proposal: ProposalSummary) -> str:
    if changed(proposal):
        return "something would be changed"
    if in_doubt(proposal):
        return "whether a device would be changed is not known yet"
    return "no device would be changed"
