"""Devices that belong ``together``: when one of them has failed, the others do not keep what it lost.

Part of a fan-out (`fanout.py`, `rollout.py`). Which devices belong together was found with the waves (`division.py`).
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from temporalio import workflow

from workflows import contracts
from workflows.contracts import FailureInfo
from workflows.plan import HostName
from workflows.run.state import FAILED, StepRun, WaveRun

OUT: Final = contracts.LETTERS["quarantined"]
TakeBack = Callable[[Sequence[HostName], str], Awaitable[None]]


async def share_verdicts(run: StepRun, wave: WaveRun, take_back: TakeBack) -> None:
    """Takes devices of a wave back because of those that they belong to, which have failed."""
    for unit in wave.units:
        failed = [host for host in unit if run.letters[host] in FAILED]
        others = [host for host in unit if run.letters[host] == contracts.CHANGED]
        if failed and others:
            for host in others:
                message = f"shares the verdict of {failed[0]}, which failed"
                run.messages[host] = FailureInfo(type="cancelled", message=message)
            await take_back(others, f"{wave.name}/together")


async def share_late_verdicts(run: StepRun, wave: WaveRun, take_back: TakeBack) -> None:
    """The same where devices have failed since: after a soak, at a confirm, or when they were tried again."""
    apart = any(
        contracts.CHANGED in letters and not letters.isdisjoint(FAILED)
        for letters in ({run.letters[host] for host in unit} for unit in wave.units)
    )
    if apart and workflow.patched("together-to-the-end"):
        await share_verdicts(run, wave, take_back)


def bar_units(run: StepRun) -> None:
    """Keeps devices back that belong to one out of service: they would be changed, only to be taken back."""
    for unit in (unit for wave in run.waves for unit in wave.units):
        barred = next((host for host in unit if run.letters[host] == OUT), None)
        if barred is None or not workflow.patched("together-out-of-service"):
            continue
        message = f"not taken up: it belongs together with {barred}, which is out of service"
        for host in unit:
            if run.letters[host] == contracts.PENDING:
                run.letters[host] = OUT
                run.messages[host] = FailureInfo(type="cancelled", message=message)
