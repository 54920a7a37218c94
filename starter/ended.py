"""What is known of a run that has ended where no worker can be asked: what the server keeps of it.

A run's state is told by a worker of the build on which it ended. Such builds go away (`deploy/upgrade.md`), and what
they did must not go with them. The server keeps a run's result; a cancelled one has none (Temporal has no place for
it), but the last thing that a run does is to have its record written, and what it gave for that stands in its history.
"""

from datetime import datetime

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle

from starter import runs
from starter.connection import ANSWER
from workflows.contracts import SEAL, RunResult, RunStatus, SealInput, SealResult, StepStatus


async def kept_status(client: Client, handle: WorkflowHandle[object, RunResult], started: datetime) -> RunStatus | None:
    """The status of a closed run, made of its result; None for one that was cancelled before it could come to one.

    Args:
        client: Connected to the namespace, to read what the history holds.
        handle: Of a workflow that has closed, or this would wait for its end.
        started: When it began, in UTC.

    Raises:
        RunRefused: The request was refused.
        RunEndedError: It ended without a result.
    """
    try:
        result: RunResult | None = await handle.result(rpc_timeout=ANSWER)
    except WorkflowFailureError as error:
        result = runs.result_of(error, handle.id)
    return await _sealed(client, handle) if result is None else _status(handle.id, started, result)


async def _sealed(client: Client, handle: WorkflowHandle[object, RunResult]) -> RunStatus | None:
    """As the run gave it to be sealed, with where record and report then lay; None where it never came to that."""
    given: HistoryEvent | None = None
    written: HistoryEvent | None = None
    async for event in handle.fetch_history_events(rpc_timeout=ANSWER):
        scheduled = event.activity_task_scheduled_event_attributes  # empty where the event is another one
        if scheduled.activity_type.name == SEAL:
            given, written = event, None
        elif given and event.activity_task_completed_event_attributes.scheduled_event_id == given.event_id:
            written = event
    if given is None:
        return None
    payloads = given.activity_task_scheduled_event_attributes.input.payloads
    call: SealInput = (await client.data_converter.decode(payloads, [SealInput]))[0]
    result = call.result
    if written is not None:
        payloads = written.activity_task_completed_event_attributes.result.payloads
        paper: SealResult = (await client.data_converter.decode(payloads, [SealResult]))[0]
        result = result.model_copy(update={"record": paper.record, "report": paper.report})
    steps = tuple(
        StepStatus.model_validate({**step.model_dump(), "waves": call.waves.get(step.id, ())}) for step in result.steps
    )
    told = {"steps": steps, "decisions": call.decisions, "operations": call.operations}
    return _status(handle.id, call.started, result).model_copy(update=told)


def _status(run_id: str, started: datetime, result: RunResult) -> RunStatus:
    return RunStatus(
        id=run_id,
        definition=result.definition,
        version=result.version,
        mode=result.mode,
        phase="closed",
        verdict=result.verdict,
        message=result.message,
        requester=result.requester,
        reason=result.reason,
        started=started,
        devices=sum(result.counts.values()),
        steps=tuple(StepStatus.model_validate(step.model_dump()) for step in result.steps),
        causes=result.causes,
        result=result,
    )
