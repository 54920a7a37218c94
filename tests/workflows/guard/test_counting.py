"""Guards and runs of builds of before, that count no requests, with those of today."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio import workflow
from temporalio.testing import ActivityEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.leases import Leasing
from running import Server
from workflows import contracts
from workflows.contracts import GuardState, Holder, LeaseAnswer, LeaseInput, LeaseRequest, ReleaseInput, RunId
from workflows.converter import CONVERTER
from workflows.guard.leases import Leases
from workflows.plan import HostName, Model

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOLDER = Holder(workflow_id="run-1", run=RunId("run-1-run"), root="run-1")
DEVICES = (HostName("sw1"),)


class RequestBefore(Model):
    """A request as it was, and as closed to fields that it does not know."""

    holder: Holder
    devices: tuple[HostName, ...]
    prepared: str | None = None


class ReleaseBefore(Model):
    """A release as it was; what it said of devices is of no interest here."""

    holder: Holder
    id: str = ""
    failed: tuple[Any, ...] = ()
    looked_at: tuple[HostName, ...] = ()
    policy: dict[str, Any] = {}
    claim: bool = False


class AnswerBefore(Model):
    """An answer as a run of before reads it."""

    granted: bool
    held_by: tuple[str, ...] = ()
    flagged: dict[HostName, str] = {}
    lost: tuple[Any, ...] = ()
    quarantined: dict[HostName, Any] = {}
    to: RunId | None = None


@workflow.defn(name=contracts.GUARD)
class GuardBefore:
    """A guard that knows no numbers."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    @workflow.run
    async def run(self) -> None:
        """Lives until the test is over."""
        await workflow.wait_condition(lambda: len(self.asked) == 2)

    @workflow.update(name=contracts.UPDATE_ACQUIRE)
    def acquire(self, request: RequestBefore) -> AnswerBefore:
        """Grants."""
        self.asked.append(request.holder.workflow_id)
        return AnswerBefore(granted=True)

    @workflow.update(name=contracts.SIGNAL_RELEASE)
    def release(self, call: ReleaseBefore) -> dict[str, Any]:
        """Takes back."""
        self.asked.append(call.id)
        return {}


@pytest.mark.asyncio(loop_scope="session")
async def test_a_guard_that_counts_no_requests_is_asked_without_a_number(server: Server) -> None:
    queue = id_ = f"guard-{uuid.uuid4().hex[:8]}"
    request = LeaseRequest(holder=HOLDER, devices=DEVICES, number=1)
    async with Worker(
        server.client, task_queue=queue, workflows=[GuardBefore], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        guard = await server.client.start_workflow(contracts.GUARD, id=id_, task_queue=queue)
        environment, leasing = ActivityEnvironment(client=server.client), Leasing(id_)
        answer = await environment.run(leasing.lease, LeaseInput(request=request))
        assert (answer.granted, answer.number) == (True, None)
        call = ReleaseInput(holder=HOLDER, id="run-1-run/release-1", number=1, mended=DEVICES, mends=(HOLDER.run,))
        await environment.run(leasing.release, call)
        await guard.result()


def test_a_run_that_counts_no_requests_is_answered_without_a_number() -> None:
    leases = Leases(GuardState())
    other = HOLDER.model_copy(update={"run": RunId("other")})
    before = LeaseRequest.model_validate_json(RequestBefore(holder=HOLDER, devices=DEVICES).model_dump_json())
    for answer in (leases.acquire(before, NOW), leases.acquire(before.model_copy(update={"holder": other}), NOW)):
        (payload,) = CONVERTER.payload_converter.to_payloads([answer])
        assert AnswerBefore.model_validate_json(payload.data).granted is answer.granted
    for kept in (*leases.state.leases, *leases.state.queue):
        assert "number" not in kept.model_dump(), "a guard of before can take that up"


def test_what_an_answer_says_of_its_request_reaches_a_run_of_today() -> None:
    (payload,) = CONVERTER.payload_converter.to_payloads([LeaseAnswer(granted=True, number=2)])
    assert LeaseAnswer.model_validate_json(payload.data).number == 2
