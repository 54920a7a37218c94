"""A step and its waves as people see them: in the status, and in the record. Pure."""

from typing import Final

from workflows import contracts
from workflows.contracts import StepStatus, WaveStatus
from workflows.run.judgement import KEPT_BACK
from workflows.run.state import StepRun, WaveRun

HELD_OPEN: Final = frozenset({"running", "soaking"})  # a wave that is held must still come to be confirmed


def step_shown(run: StepRun) -> StepStatus:
    """A step as the query has it; its devices under way and its budget come to it there."""
    return StepStatus(
        id=run.id,
        kind=run.step.kind,
        state=run.shown_state,
        message=run.message,
        counts=run.counts(),
        warnings=run.warnings,
        waves=tuple(wave_shown(run, wave) for wave in run.waves),
        blame=run.blame,
        runs=tuple(run.runs),
        records=tuple(run.records),
    )


def wave_shown(run: StepRun, wave: WaveRun) -> WaveStatus:
    """A wave as the query and the record have it."""
    return WaveStatus.model_validate(
        {
            "name": wave.name,
            "state": "failed" if _cut_by_its_breaker(run, wave) else wave.state,
            "size": len(wave.hosts),
            "counts": run.counts(wave.hosts),
            "until": wave.soaks_until if wave.state == "soaking" else None,
            "confirm_until": wave.confirm_until if wave.state in HELD_OPEN else None,
        }
    )


def _cut_by_its_breaker(run: StepRun, wave: WaveRun) -> bool:
    """Whether a wave in which few enough have failed is not done: the breaker keeps some of its devices back."""
    if wave.state != "succeeded" or not run.tripped:
        return False
    return any(run.letters[host] == contracts.PENDING or run.messages.get(host) == KEPT_BACK for host in wave.hosts)
