"""Devices under way, asked of the batches that have them: a run hears of them less often, and not everything.

What a batch does not know either, the attempt of a call, the server does.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import Client

from starter.connection import ANSWER, readable
from starter.errors import RunNotFoundError, StarterError
from workflows.contracts import BATCH_SIZE, QUERY_DEVICES, DeviceLine, DevicePage, OpenBatch, Page
from workflows.plan import HostName

ALL: Final = Page(limit=max(BATCH_SIZE, 1000))
MOVING: Final = ("pending", "running")


async def merged(client: Client, page: DevicePage) -> tuple[DeviceLine, ...]:
    """The lines of a page, with what the run's open batches and the server know of them now.

    A batch that has ended meanwhile is passed over: the run knows its devices by then.

    Raises:
        NoWorkerError: No worker answered.
        ServerUnreachableError: The server did not answer.
    """
    fresh: dict[HostName, DeviceLine] = {}
    for batch in page.batches:
        fresh.update((line.host, line) for line in await _of_batch(client, batch))
    return tuple(_newer(line, fresh.get(line.host)) for line in page.devices)


async def _of_batch(client: Client, batch: OpenBatch) -> Sequence[DeviceLine]:
    handle = client.get_workflow_handle(batch.id)
    try:
        with readable(client, run_id=batch.id, asking="its devices"):
            page: DevicePage = await handle.query(QUERY_DEVICES, ALL, result_type=DevicePage, rpc_timeout=ANSWER)
            described = await handle.describe(rpc_timeout=ANSWER)
    except RunNotFoundError:
        return ()
    except StarterError as error:
        if type(error) is not StarterError:
            raise
        return ()  # a batch of an older build has no such query; its run has told what it knows
    calls = dict(_calls(described.raw_description.pending_activities, batch))
    return [_called(line, calls.get(line.host)) for line in page.devices]


def _calls(pending: Sequence[PendingActivityInfo], batch: OpenBatch) -> Iterator[tuple[str, PendingActivityInfo]]:
    """The calls under way by their device: an activity's id ends in step and device."""
    for call in pending:
        _, found, host = call.activity_id.partition(f"{batch.step}/")
        if found:
            yield host, call


def _called(line: DeviceLine, call: PendingActivityInfo | None) -> DeviceLine:
    if call is None:
        return line
    changes: Mapping[str, object] = {"attempt": call.attempt}
    if call.attempt > 1 and call.last_failure.message:
        changes = {**changes, "message": f"tried again after: {call.last_failure.message}"[:300]}
    return line.model_copy(update=dict(changes))


def _newer(line: DeviceLine, live: DeviceLine | None) -> DeviceLine:
    """What the batch says, with the wave that only the run knows; what has not begun in it stands as the run has it."""
    if live is None or (live.status == "pending" and line.status not in MOVING):
        return line
    return live.model_copy(update={"wave": line.wave})
