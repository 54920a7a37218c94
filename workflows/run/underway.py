"""What a step waits for: the devices that are under way, since when, and whether they are being taken back. Pure.

Batches tell it with their reports. It only serves those who look: nothing is decided by it.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from workflows import contracts
from workflows.awaited import BREAKER
from workflows.contracts import Progress, StepStatus, UnderWay
from workflows.run.state import BatchRun, StepRun, WaveRun

SHOWN: Final = 3  # of a step: those that are under way longest


def note(run: StepRun, progress: Progress, now: datetime) -> None:
    """Keeps which devices of a batch are under way, and since when, as far as the run can know it."""
    batch = run.batches.get(progress.label)
    if batch is None or len(progress.letters) != len(batch.hosts):
        return  # late, from a batch that has ended
    back, before = frozenset(progress.undoing), batch.under_way
    batch.under_way = {}
    for host, letter in zip(batch.hosts, progress.letters, strict=True):
        if letter != contracts.RUNNING:
            continue
        doing = "undo" if host in back else batch.mode
        known = before.get(host)
        same = known is not None and known.doing == doing
        batch.under_way[host] = known if known and same else UnderWay(host=host, since=now, doing=doing)


def shown(run: StepRun, status: StepStatus) -> StepStatus:
    """A step's status with what it waits for; a wave whose devices are only taken back is shown as undoing."""
    if not run.batches:
        return status
    found = sorted(_all(run), key=lambda one: one.since)  # those of one moment in the order of the step
    back = any(map(_takes_back, run.batches.values()))  # seldom; only then each wave's batches are looked for
    waves = [
        one.model_copy(update={"state": "undoing"}) if back and _is_taken_back(run, wave) else one
        for wave, one in zip(run.waves, status.waves, strict=True)
    ]
    undoing = status.state == "running" and any(wave.state == "undoing" for wave in waves)
    return status.model_copy(
        update={
            "state": "undoing" if undoing else status.state,
            "message": status.message or (BREAKER if run.tripped else ""),
            "waves": tuple(waves),
            "under_way": tuple(found[:SHOWN]),
        }
    )


def _all(run: StepRun) -> Iterator[UnderWay]:
    for batch in run.batches.values():
        yield from batch.under_way.values()


def _is_taken_back(run: StepRun, wave: WaveRun) -> bool:
    mine = [batch for batch in run.batches.values() if batch.hosts[0] in wave.hosts]  # a batch is of one wave
    return bool(mine) and all(map(_takes_back, mine))


def _takes_back(batch: BatchRun) -> bool:
    """Whether a batch only undoes. One that confirms, or checks again, takes back by itself what does not pass."""
    if batch.mode == "undo":
        return True
    under_way = batch.under_way.values()
    return batch.mode != "do" and bool(under_way) and all(one.doing == "undo" for one in under_way)
