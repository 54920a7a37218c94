"""Runs that have ended and whose worker is gone: what the server has kept is told, of a cancelled one too."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from starter.client import Orchestrator
from starter.ended import kept_status
from workflows.contracts import (
    RUN,
    SEAL,
    TASK_QUEUE,
    ArtifactRef,
    DecisionRecord,
    DeviceResult,
    RunId,
    RunResult,
    Scope,
    SealInput,
    SealResult,
    StepResult,
    WaveStatus,
)
from workflows.plan import HostName, StepId

BEGAN = datetime(2026, 3, 2, 21, 0, 4, tzinfo=UTC)
RECORD = ArtifactRef("sha256:" + "ab" * 32)
GIVEN = SealInput(
    scope=Scope(workflow_id="cameras", run=RunId("r")),
    prepared=None,
    result=RunResult(
        id="cameras",
        run=RunId("r"),
        definition="campus-vlan",
        version="1.0.0",
        plan_digest="ef" * 32,
        verdict="cancelled",
        message="olga: wrong building",
        counts={"undone": 1},
        steps=(StepResult(id=StepId("deploy"), kind="devices", state="cancelled", counts={"undone": 1}),),
        devices=(DeviceResult(name=HostName("acc-001"), status="undone"),),
    ),
    mode="apply",
    started=BEGAN,
    ended=BEGAN + timedelta(minutes=2),
    decisions=(
        DecisionRecord(step=StepId("gate"), decision="approve", by="bob", at=BEGAN, how="update", counted=True),
    ),
    waves={StepId("deploy"): (WaveStatus(name="canary", state="undone", size=1),)},
)


@activity.defn(name=SEAL)
async def seal(call: SealInput) -> SealResult:
    """The record is written, or cannot be, as the definition's name has it."""
    if call.scope.definition == "full":
        raise ApplicationError("no space left", non_retryable=True)
    return SealResult(record=RECORD, report="/srv/published/runs/cameras/report.html")


@workflow.defn(name=RUN)
class Cancelled:
    """Ends as a cancelled run does: nothing is left but what it gave to be sealed."""

    @workflow.run
    async def run(self, given: SealInput | None) -> Any:  # any: it never returns
        """Seals what it is given, if it is given anything."""
        if given is not None:
            try:
                await workflow.execute_activity(SEAL, given, start_to_close_timeout=timedelta(seconds=10))
            except ActivityError:  # as the interpreter has it: the paper is missing, no more
                workflow.logger.debug("not sealed")
        raise CancelledError("olga: wrong building")


async def ended(client: Orchestrator, given: SealInput | None, run_id: str) -> None:
    """Carry it out, with a worker that is gone afterwards."""
    async with Worker(
        client.client,
        task_queue=TASK_QUEUE,
        workflows=[Cancelled],
        activities=[seal],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        with pytest.raises(WorkflowFailureError):
            await client.client.execute_workflow(RUN, given, id=run_id, task_queue=TASK_QUEUE)


async def test_of_a_cancelled_run_all_that_was_sealed_is_told_without_a_worker(idle: Orchestrator) -> None:
    await ended(idle, GIVEN, "cameras")
    handle = idle.client.get_workflow_handle("cameras", result_type=RunResult)
    status = await kept_status(idle.client, handle, BEGAN)
    assert status is not None
    assert (status.phase, status.verdict, status.message) == ("closed", "cancelled", "olga: wrong building")
    assert (status.steps[0].waves, status.decisions) == (GIVEN.waves[StepId("deploy")], GIVEN.decisions)
    assert status.result == GIVEN.result.model_copy(
        update={"record": RECORD, "report": "/srv/published/runs/cameras/report.html"}
    )


async def test_of_one_without_a_record_the_result_is_told_and_of_one_that_never_began_nothing(
    idle: Orchestrator,
) -> None:
    full = GIVEN.model_copy(update={"scope": GIVEN.scope.model_copy(update={"definition": "full"})})
    await ended(idle, full, "full")
    assert await idle.handle("full").kept_result() == GIVEN.result
    await ended(idle, None, "early")
    assert await idle.handle("early").kept_result() is None
