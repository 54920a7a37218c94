"""The run as Markdown, for the Temporal Web UI: short at any size."""

from collections.abc import Mapping
from typing import Final

from workflows.contracts import Gate, RunStatus, StepStatus

MAX_LINES: Final = 20
_MARKS: Final[Mapping[str, str]] = {
    "pending": "·", "running": "▶", "waiting": "⏸", "undoing": "↩", "succeeded": "✓", "failed": "✗", "skipped": "-",
    "rejected": "✗", "cancelled": "■", "soaking": "◷", "undone": "↩",
}  # fmt: skip


def markdown(status: RunStatus) -> str:
    """A status as a page: what it is, what it waits for, steps and waves, the newest failures."""
    head = f"## {status.definition or 'run'} {status.version} — {status.verdict or status.phase}"
    lines = [head, ""]
    if status.message:
        lines += [status.message, ""]
    for gate in status.gates:
        lines += _gate(gate)
    if status.steps:
        lines += ["| step | state | devices | |", "|---|---|---|---|"]
        for step in status.steps:
            lines += _step(step)
        lines.append("")
    if status.failures:
        lines += ["| device | status | why |", "|---|---|---|"]
        lines += [
            f"| {failed.host} | {failed.status} | {_cell(failed.failure.message)} |"
            for failed in status.failures[-MAX_LINES:]
        ]
    return "\n".join(lines)


def _gate(gate: Gate) -> list[str]:
    lines = [
        (
            f"**Waits for {gate.quorum - gate.approvals} approval(s) of {gate.by}** on `{gate.step}` until "
            f"{gate.until:%Y-%m-%d %H:%M} UTC; silence means {gate.on_timeout}."
        ),
        "",
    ]
    for group in gate.diffs[:5]:
        lines += [
            f"{group.devices} device(s) such as {group.example} ({group.made.replace('_', ' ')}):",
            "",
            "```diff",
            group.text,
            "```",
        ]
    return [*lines, ""]


def _step(step: StepStatus) -> list[str]:
    rows = [f"| **{step.id}** | {_MARKS[step.state]} {step.state} | {_counts(step.counts)} | {_cell(step.message)} |"]
    rows += [
        f"| {step.id} / {wave.name} | {_MARKS[wave.state]} {wave.state} | {_counts(wave.counts)} | of {wave.size} |"
        for wave in step.waves
        if len(step.waves) > 1
    ]
    return rows


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {word}" for word, number in counts.items())


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")[:200]
