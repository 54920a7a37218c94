"""What is known of a run that has ended where no worker can be asked: the result that the server keeps.

A run's state is told by a worker of the build on which it ended. Such builds go away (`deploy/upgrade.md`), and what
they did must not go with them. Waves, decisions and single failures are then in the record alone.
"""

from datetime import datetime

from temporalio.client import WorkflowFailureError, WorkflowHandle

from starter import runs
from starter.connection import ANSWER
from workflows.contracts import RunResult, RunStatus, StepStatus


async def kept_status(handle: WorkflowHandle[object, RunResult], started: datetime) -> RunStatus | None:
    """The status of a closed run, made of its result; None for a cancelled one, whose result only a worker tells.

    Args:
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
    if result is None:
        return None
    return RunStatus(
        id=handle.id,
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
