"""Devices that belong ``together``: when one of them has failed, the others do not keep what it lost.

Part of a fan-out (`fanout.py`, `rollout.py`). Which devices belong together was found with the waves (`division.py`).
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from temporalio import workflow

from workflows import contracts
from workflows.contracts import FailureInfo
from workflows.plan import DevicesStep, HostName
from workflows.run.state import FAILED, StepRun, WaveRun

HEEDED: Final = "undo-none-is-heeded"  # the patch
PASSED_OVER: Final = FailureInfo(type="cancelled", message="skipped by an operator")
OUT: Final = contracts.LETTERS["quarantined"]
TakeBack = Callable[[Sequence[HostName], str], Awaitable[None]]


def dragged_along(letters: Sequence[str], units: Sequence[int | None]) -> int:
    """How many devices hold their change only until they are taken back with one that has failed. Pure.

    Args:
        letters: Where each of them stands.
        units: Those of one number belong together; none: with no other.
    """
    each = list(zip(letters, units, strict=True))
    failed = {unit for letter, unit in each if letter in FAILED and unit is not None}
    return sum(letter == contracts.CHANGED and unit in failed for letter, unit in each)


async def share_verdicts(run: StepRun, wave: WaveRun, take_back: TakeBack) -> None:
    """Takes devices of a wave back because of those that they belong to, which have failed."""
    for unit in wave.units:
        failed = [host for host in unit if run.letters[host] in FAILED]
        others = [host for host in unit if run.letters[host] == contracts.CHANGED]
        if failed and others and not _may_not_be_taken_back(run):
            await _take_along(run, others, f"{failed[0]}, which failed", wave, take_back)


async def leave_none_half(run: StepRun, wave: WaveRun, take_back: TakeBack) -> None:
    """Takes devices back because those that they belong to were cut, or are not taken up any more: the wave ends."""
    for unit in wave.units:
        left = [host for host in unit if _not_changed(run, host)]
        others = [host for host in unit if run.letters[host] == contracts.CHANGED]
        if left and others and workflow.patched("together-or-not-at-all") and not _may_not_be_taken_back(run):
            await _take_along(run, others, f"{left[0]}, which was not changed", wave, take_back)


async def _take_along(
    run: StepRun, hosts: Sequence[HostName], because_of: str, wave: WaveRun, take_back: TakeBack
) -> None:
    for host in hosts:
        run.messages[host] = FailureInfo(type="cancelled", message=f"shares the verdict of {because_of}")
    await take_back(hosts, f"{wave.name}/together")


def _may_not_be_taken_back(run: StepRun) -> bool:
    """Whether the definition says ``undo: none``, which outranks ``together``."""
    return not (isinstance(run.step, DevicesStep) and run.step.undo) and workflow.patched(HEEDED)


def _not_changed(run: StepRun, host: HostName) -> bool:
    """Whether a device has had no turn, or none to its end; one that an operator passes over has had its own."""
    skipped = run.letters[host] == contracts.LETTERS["skipped"]
    return run.letters[host] == contracts.PENDING or (skipped and run.messages.get(host) != PASSED_OVER)


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
