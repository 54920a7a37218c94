"""The run as Markdown, for the Temporal Web UI: at most `ROOM` bytes at any size.

What somebody may have to act on stands first: what the run waits for and what to type, then steps and waves, then why
devices failed, then what is asked about. Each part has its own room, so that none of them crowds out the next.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from workflows import awaited
from workflows.contracts import Cause, Gate, RunStatus, StepStatus, WaveStatus

ROOM: Final = 4_000  # bytes
HEAD, ASKED, STEPS, CAUSES = 500, 1_200, 1_100, 700  # of them; what is left is for the diffs of a gate
FIRST: Final = 3  # diffs of a gate
LINE: Final = 240  # characters
STEPS_IN_ORDER: Final = 8
WAVES_NAMED: Final = 6  # of more waves, each is one mark
_MARKS: Final[Mapping[str, str]] = {
    "pending": "·", "running": "▶", "waiting": "⏸", "undoing": "↩", "succeeded": "✓", "failed": "✗", "skipped": "-",
    "rejected": "✗", "cancelled": "■", "soaking": "◷", "confirming": "◷", "undone": "↩",
}  # fmt: skip


def markdown(status: RunStatus) -> str:
    """A status as a page of at most `ROOM` bytes."""
    parts = [
        _fitted(list(_head(status)), HEAD),
        _fitted(list(_asked(status)), ASKED),
        _fitted(list(_steps(status)), STEPS, f"| … | | | `netsaga status {status.id}` has all |"),
        _fitted(list(_causes(status.causes)), CAUSES, "| … | | |"),
    ]
    text = "\n\n".join(part for part in parts if part)
    for gate in status.gates:
        for diff in _diffs(gate, status.id):
            if len(f"{text}\n\n{diff}".encode()) > ROOM:
                return text
            text = f"{text}\n\n{diff}"
    return text


def _fitted(lines: Sequence[str], room: int, more: str = "…") -> str:
    """The lines that fit, each one shortened where it is too long; ``more`` says that some are left out."""
    kept: list[str] = []
    left = room - len(more.encode())
    for line in lines:
        short = line if len(line) <= LINE else line[: LINE - 1] + "…"
        left -= len(short.encode()) + 1
        if left < 0:
            return "\n".join([*kept, more])
        kept.append(short)
    return "\n".join(kept)


def _head(status: RunStatus) -> Iterator[str]:
    yield f"## {status.definition or 'run'} {status.version} — {status.verdict or status.phase}".replace("  ", " ")
    if status.mode == "plan":
        yield ""
        yield "**Plan mode**: nothing is changed; what stands as changed would be."
    if status.message:
        yield ""
        yield _plain(status.message)


def _asked(status: RunStatus) -> Iterator[str]:
    """What the run waits for, until when, and what to type."""
    asked = any(step.answers for step in status.steps)
    if status.phase == "paused" and ((pause := awaited.paused(status, _moment)) or not asked):
        yield f"- **Paused** {_plain(pause.removeprefix('paused ')) or 'until somebody resumes it'}"
    for gate in status.gates:
        yield f"- **{gate.step}** {_plain(awaited.gate(gate, _moment))}"
        yield from (f"  - {_plain(said)}" for said in awaited.about(gate))
    gates = {gate.step for gate in status.gates}
    for step in status.steps:
        if step.state == "waiting" and step.id not in gates:
            yield f"- **{step.id}** {_plain(step.message)}"
        for what, said in awaited.others(step, _moment):
            yield f"- **{_plain(what)}** {_plain(said)}"
        if step.under_way:  # since when, and not for how long: nobody writes this anew while a device hangs
            hosts = (awaited.device(one, lambda one: f"since {_moment(one.since)}") for one in step.under_way)
            yield f"- **{step.id}** waits for {_plain(', '.join(hosts))}"
    if status.next:
        yield ""
        yield from (f"    {command}" for command in status.next)


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _steps(status: RunStatus) -> Iterator[str]:
    """A line a step; those that have not begun last and on one line. Of many, what moves or failed comes first."""
    begun = [step for step in status.steps if step.state != "pending"]
    pending = [step.id for step in status.steps if step.state == "pending"]
    if not status.steps:
        return
    yield "| step | devices | waves | |"
    yield "|---|---|---|---|"
    if len(begun) > STEPS_IN_ORDER:  # the room may end before they do
        begun.sort(key=lambda one: one.state in {"succeeded", "skipped"})
    for step in begun:
        name = f"{_MARKS[step.state]} **{step.id}** {step.state}"
        yield f"| {name} | {_devices(step)} | {_waves(step.waves)} | {_note(step)} |"
    if pending:
        yield f"| · {', '.join(pending)} | | | to come |"


def _devices(step: StepStatus) -> str:
    said = _counts(step.counts)
    if step.warnings:
        said += f"{', ' if said else ''}{step.warnings} warnings"
    if step.budget is not None and (step.budget.failures or step.budget.allowed):
        said += f"; failures {step.budget.failures} of {step.budget.allowed} allowed"
    return said


def _note(step: StepStatus) -> str:
    return "" if step.state == "waiting" else _plain(step.message)[:120]  # what is waited for is said above


def _waves(waves: Sequence[WaveStatus]) -> str:
    """The grid: a mark a wave, with its count where there are few; of many, those under way have theirs."""
    if len(waves) < 2:
        return ""
    if len(waves) <= WAVES_NAMED:
        return " · ".join(f"{_MARKS[wave.state]} {_plain(wave.name)[:20]} {_done(wave)}" for wave in waves)
    marks = "".join(_MARKS[wave.state] for wave in waves)
    shown = marks if len(marks) <= 60 else ", ".join(f"{number} {mark}" for mark, number in Counter(marks).items())
    moving = [f"{_plain(wave.name)[:20]} {_done(wave)}" for wave in waves if wave.state in {"running", "soaking"}]
    return " ".join([shown, *moving[:2]])


def _done(wave: WaveStatus) -> str:
    still = wave.counts.get("pending", 0) + wave.counts.get("running", 0)
    return f"{max(0, wave.size - still)}/{wave.size}"


def _causes(causes: Sequence[Cause]) -> Iterator[str]:
    if not causes:
        return
    yield "| failed | why | such as |"
    yield "|---|---|---|"
    for cause in causes:
        yield (
            f"| {cause.devices} in {cause.step} | {_why(cause)} "
            f"| {', '.join(_plain(host) for host in cause.examples)[:60]} |"
        )


def _why(cause: Cause) -> str:
    said = _plain(cause.message)[:150]
    return said if cause.what == "cancelled" else f"{cause.what}: {said}"


def _diffs(gate: Gate, run: str) -> Iterator[str]:
    """The first of a gate's diffs; before them, that they are not all."""
    kinds = len(gate.diffs) + gate.diffs_omitted
    if kinds > FIRST:
        yield f"Here are the first {FIRST} of {kinds} kinds of change; more shows `netsaga status {run} --diffs`"
    for group in gate.diffs[:FIRST]:
        made = group.made.replace("_", " ")
        text = group.text if len(group.text) <= 600 else group.text[:600] + "\n…"
        yield f"{group.devices} device(s) such as {_plain(group.example)} ({made}):\n\n```diff\n{text}\n```"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {word}" for word, number in counts.items())


def _plain(text: str) -> str:
    """On one line, and nothing in it ends a cell."""
    return " ".join(text.replace("|", "\\|").split())
