"""What the report shows, computed from the record's parts: plain data for the template, no HTML.

The record has everything; the report has what a person reads, and says where it leaves something out.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from workflows.contracts import (
    ArtifactRef,
    Blame,
    Bundle,
    CalledRecord,
    DeviceOutcome,
    DeviceResult,
    SealInput,
    StepResult,
    Verdict,
    WaveStatus,
)
from workflows.plan import HostName, StepId

Outcomes = Mapping[StepId, Mapping[HostName, DeviceOutcome]]

DIFFS: Final = 20
HOSTS_NAMED: Final = 60
FAILURES: Final = 50
WARNINGS: Final = 50

VERDICTS: Final[Mapping[Verdict, tuple[str, str]]] = {  # tone, what it means
    "succeeded": ("good", "Every device is as the definition wants it."),
    "partial": ("fair", "Some devices failed, within what the definition accepts. Each was undone or never touched."),
    "stopped": ("poor", "Stopped: some devices keep their change, every other one is as it was before."),
    "failed": ("bad", "Failed: no device holds the change."),
    "failed_dirty": ("bad", "Some devices could not be taken back, or are in doubt. They need a person now."),
    "rejected": ("calm", "The change was rejected."),
    "cancelled": ("calm", "The run was cancelled."),
}
TONES: Final[Mapping[str, str]] = {
    "changed": "good",
    "succeeded": "good",
    "approved": "good",
    "unchanged": "calm",
    "untouched": "calm",
    "skipped": "calm",
    "cancelled": "calm",
    "pending": "calm",
    "undone": "fair",
    "soaking": "fair",
    "confirming": "fair",
    "rejected": "fair",
    "stopped": "poor",
    "failed": "bad",
    "unreachable": "bad",
    "unknown": "bad",
    "undo_failed": "bad",
    "quarantined": "bad",
}
BAD: Final = ("undone", "failed", "unreachable", "quarantined", "unknown", "undo_failed")
URGENT: Final = ("undo_failed", "unknown")  # a person has to put these right
ORDER: Final = (
    "changed",
    "succeeded",
    "unchanged",
    "undone",
    "untouched",
    "skipped",
    "failed",
    "unreachable",
    "unknown",
    "undo_failed",
)


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a bar: how many devices ended in one status."""

    status: str
    tone: str
    count: int


@dataclass(frozen=True, slots=True)
class WaveLine:
    """A wave of a step."""

    name: str
    state: str
    tone: str
    size: int
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step on the time line."""

    id: str
    kind: str
    state: str
    tone: str
    message: str
    warnings: int
    shares: tuple[Share, ...]
    waves: tuple[WaveLine, ...]
    blame: str = ""  # the block that failed, and who went on without it
    records: tuple[CalledRecord, ...] = ()  # of the runs that it has called


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """A device in the table."""

    name: str
    platform: str
    site: str
    status: str
    tone: str
    step: str
    diff: str  # the digest's first characters
    seconds: float
    message: str


@dataclass(frozen=True, slots=True)
class FailureLine:
    """Why a device did not do what a step asked."""

    host: str
    step: str
    type: str
    message: str
    attempt: int
    transcript: str  # the artifact's hash; empty where no session was opened


@dataclass(frozen=True, slots=True)
class WarningLine:
    """What a step warned of in the same words, and of which devices."""

    step: str
    message: str
    hosts: tuple[str, ...]


@dataclass(slots=True)
class Diff:
    """Devices with the same change, computed in the same way, and its text."""

    digest: str
    made: str
    ref: ArtifactRef | None
    hosts: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    text: str = ""


def meaning(seal: SealInput) -> str:
    """The verdict in a sentence, as it applies to this run."""
    counts = seal.result.counts
    match seal.result.verdict:
        case "partial" if counts and not any(counts.get(status) for status in BAD):
            return "No device failed. The run went on without a step that did."
        case "cancelled" if counts.get("changed"):
            return "The run was cancelled. Some devices keep their change, as the definition says."
        case "cancelled" if counts:
            return "The run was cancelled. No device holds its change."
        case verdict:
            return VERDICTS[verdict][1]


def _ended(state: str) -> str:
    return "not reached" if state == "pending" else state


def shares(counts: Mapping[str, int]) -> tuple[Share, ...]:
    """The parts of a bar, in an order that never changes; a run that has ended has not reached what is pending."""
    counts = {_ended(name): number for name, number in counts.items()}
    known = [name for name in ORDER if counts.get(name)]
    others = sorted(name for name in counts if name not in ORDER and counts[name])
    return tuple(Share(name, TONES.get(name, "calm"), counts[name]) for name in (*known, *others))


def step_lines(steps: Sequence[StepResult], waves: Mapping[StepId, tuple[WaveStatus, ...]]) -> tuple[StepLine, ...]:
    """The time line."""
    return tuple(
        StepLine(
            id=step.id,
            kind=step.kind,
            state=step.state,
            tone=TONES.get(step.state, "calm"),
            message=step.message,
            warnings=step.warnings,
            shares=shares(step.counts),
            waves=tuple(_wave_line(wave) for wave in waves.get(step.id, ())),
            blame=_blame(step.blame) if step.blame else "",
            records=step.records,
        )
        for step in steps
    )


def _blame(blame: Blame) -> str:
    what = f"{blame.block.replace('_', ' ')} {'degraded' if blame.type == 'block_degraded' else 'unavailable'}"
    match blame.answer:
        case "aborted":
            return f"{what}: no device is to blame"
        case "proceeded":
            return f"{what}: the run went on without, as the definition says"
        case "acknowledged":
            return f"{what}: {blame.by} let the run go on without"


def _wave_line(wave: WaveStatus) -> WaveLine:
    return WaveLine(wave.name, _ended(wave.state), TONES.get(wave.state, "calm"), wave.size, shares(wave.counts))


def device_lines(devices: Sequence[DeviceResult], bundle: Bundle | None, outcomes: Outcomes) -> tuple[DeviceLine, ...]:
    """The table: those that need attention first, then by name as the inventory orders them."""
    seconds: Counter[str] = Counter()
    diffs: dict[str, str] = {}
    for _, outcome in _each(outcomes):
        seconds[outcome.host] += int(outcome.duration_s * 1000)
        if outcome.diff is not None:
            diffs[outcome.host] = outcome.diff[:10]
    lines = []
    for device in devices:
        facts = bundle.devices.get(device.name) if bundle else None
        lines.append(
            DeviceLine(
                name=device.name,
                platform=facts.platform if facts else "",
                site=(facts.site or "") if facts else "",
                status=device.status,
                tone=TONES.get(device.status, "calm"),
                step=device.step or "",
                diff=diffs.get(device.name, ""),
                seconds=seconds[device.name] / 1000,
                message=device.message,
            )
        )
    urgency = {"bad": 0, "poor": 1, "fair": 2}
    return tuple(sorted(lines, key=lambda line: urgency.get(line.tone, 3)))


def diffs(outcomes: Outcomes) -> list[Diff]:
    """The changes, the most common first; their texts are still to be read."""
    found: dict[tuple[str, str], Diff] = {}
    named: set[tuple[str, str, str]] = set()
    for step, outcome in _each(outcomes):
        if outcome.diff is None:
            continue
        made = outcome.diff_made or ""
        diff = found.setdefault((outcome.diff, made), Diff(outcome.diff, made, outcome.diff_ref))
        if (one := (outcome.diff, made, outcome.host)) not in named:
            named.add(one)
            diff.hosts.append(outcome.host)
        if step not in diff.steps:
            diff.steps.append(step)
    return sorted(found.values(), key=lambda diff: (-len(diff.hosts), diff.hosts[0]))


def failures(outcomes: Outcomes) -> tuple[FailureLine, ...]:
    """All failures, by device and in the order of the steps; at most `FAILURES` of them are shown."""
    found = [
        FailureLine(
            host=outcome.host,
            step=step,
            type=outcome.failure.type,
            message=outcome.failure.message,
            attempt=outcome.attempt,
            transcript=(outcome.transcript or "").removeprefix("sha256:"),
        )
        for step, outcome in _each(outcomes)
        if outcome.failure is not None
    ]
    return tuple(sorted(found, key=lambda line: line.host))


def warnings(outcomes: Outcomes) -> tuple[WarningLine, ...]:
    """What checks warned of, in the order of the steps, the most common first; devices that were warned alike together.

    Of each device an outcome keeps the first few; at most `WARNINGS` lines are shown.
    """
    found: dict[tuple[StepId, str], list[str]] = {}
    for step, outcome in _each(outcomes):
        for message in outcome.warnings:
            found.setdefault((step, message), []).append(outcome.host)
    places = list(outcomes)
    lines = [WarningLine(step, message, tuple(hosts)) for (step, message), hosts in found.items()]
    return tuple(sorted(lines, key=lambda line: (places.index(StepId(line.step)), -len(line.hosts))))


def _each(outcomes: Outcomes) -> Iterator[tuple[StepId, DeviceOutcome]]:
    for step, hosts in outcomes.items():
        for outcome in hosts.values():
            yield step, outcome


def elapsed(seal: SealInput) -> str:
    """How long the run took, as people say it."""
    return _spoken(seal.ended - seal.started)


def _spoken(span: timedelta) -> str:
    seconds = max(0, round(span.total_seconds()))
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"


def moment(when: datetime) -> str:
    """A time of the report: UTC, to the second."""
    return when.strftime("%Y-%m-%d %H:%M:%S")
