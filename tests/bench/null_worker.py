"""A worker whose devices are none: `interact` sleeps, and answers as a device with three outputs would.

For `bench_scale.py` alone: everything else is the product's own worker, workflows and activities. Beside them it serves
the plainest workflows that do the same number of activities in the same shape, to see what the server can do at all.
"""

import asyncio
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

from worker.build import WORKFLOWS, build_worker, identity
from worker.commands.run import collect_less_often, event_loop
from worker.ports import build_activities
from worker.server import connect, ensure_search_attributes, wait_until_polling
from worker.settings import load
from worker.telemetry import telemetry
from workflows import contracts
from workflows.contracts import ArtifactRef, DeviceOutcome, InteractInput

LATENCY_S: Final = 0.05
REFERENCE: Final = ArtifactRef(f"sha256:{'0' * 64}")  # nobody follows it; history carries as much as with a device
ONCE: Final = RetryPolicy(maximum_attempts=1)
LONG: Final = timedelta(hours=1)  # as for a device; a minute would be over while the next run is measured


@activity.defn(name=contracts.INTERACT)
async def interact(call: InteractInput) -> DeviceOutcome:
    """No device: a pause, and an outcome of the usual size."""
    await asyncio.sleep(LATENCY_S)
    values = {f"shown_{number}": REFERENCE for number in range(3)}
    return DeviceOutcome(host=call.host, status="succeeded", values=values, transcript=REFERENCE, duration_s=LATENCY_S)


@activity.defn(name="empty")
async def empty() -> None:
    """Nothing at all."""


@workflow.defn(name="EmptyBatch")
class EmptyBatch:
    """So many empty activities, so many at a time."""

    @workflow.run
    async def run(self, size: int, slots: int) -> None:
        """Call them all."""
        free = asyncio.Semaphore(slots)

        async def one() -> None:
            async with free:
                await workflow.execute_activity(empty, start_to_close_timeout=LONG, retry_policy=ONCE)

        await asyncio.gather(*(one() for _ in range(size)))


@workflow.defn(name="EmptyRun")
class EmptyRun:
    """Children as a run has them: a hundred activities each, so many open at a time."""

    @workflow.run
    async def run(self, activities: int, slots: int) -> None:
        """Call them all."""
        free = asyncio.Semaphore(contracts.BATCHES_OPEN)
        me = workflow.info().workflow_id
        batches = -(-activities // contracts.BATCH_SIZE)

        async def one(index: int) -> None:
            async with free:
                await workflow.execute_child_workflow(
                    "EmptyBatch",
                    args=[contracts.BATCH_SIZE, max(1, slots // min(batches, contracts.BATCHES_OPEN))],
                    id=f"{me}/{index}",
                )

        await asyncio.gather(*(one(index) for index in range(batches)))


def _name(made: Callable[..., Any]) -> str | None:
    definition = getattr(made, "__temporal_activity_definition", None)
    return None if definition is None else definition.name


async def main(path: Path) -> None:
    """Serve until killed."""
    settings = load(path)
    with telemetry(settings.telemetry) as measured:
        client = await connect(settings.temporal, measured, patience_s=30)
        known = await ensure_search_attributes(client)
        activities = [
            made for made in build_activities(settings, search_attributes=known) if _name(made) != contracts.INTERACT
        ]
        worker = build_worker(
            client,
            settings,
            [*activities, interact, empty],
            workflows=[*WORKFLOWS, EmptyRun, EmptyBatch],
        )
        collect_less_often()
        serving = asyncio.create_task(worker.run())
        await wait_until_polling(client, settings.temporal.task_queue, identity())
        sys.stdout.write("worker ready\n")
        sys.stdout.flush()
        await serving


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=event_loop) as runner:
        runner.run(main(Path(sys.argv[1])))
