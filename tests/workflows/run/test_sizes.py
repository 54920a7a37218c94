"""What people send may be as large as the server takes: it stops no run, which keeps so much as it can carry."""

import asyncio
import json
import secrets

import pytest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from plans import plan, reading
from running import Live, Server
from scripted import Holding, World
from workflows import contracts
from workflows.plan import ApproveStep, Constant, Input, StepId, WaitStep

pytestmark = pytest.mark.asyncio(loop_scope="session")
LARGE = 400_000  # bytes of chance, which no compression makes smaller than a message of ours may be


async def plain(server: Server, live: Live) -> WorkflowHandle[object, object]:
    """A run as a client reaches it that has no converter of ours, such as the Temporal CLI."""
    client = await Client.connect(server.client.service_client.config.target_host)
    return client.get_workflow_handle(live.handle.id)


@pytest.mark.usefixtures("real_time")
async def test_comments_of_any_size_leave_a_run_that_can_be_looked_at_and_sealed(server: Server) -> None:
    gate = ApproveStep.model_validate({"id": "gate", "by": "leads", "timeout": Constant(value="2h")})
    world = World(plan(gate, reading("look", needs=())), ("sw1",), groups={"leads": ("ann",)})
    busy = world.scripts["look", "sw1"] = Holding(world)
    async with server.run(world) as live:
        await live.until(lambda status: bool(status.gates))
        handle = await plain(server, live)
        await handle.signal(contracts.SIGNAL_APPROVE, {"by": "eve", "comment": secrets.token_hex(LARGE)})
        await handle.signal(contracts.SIGNAL_APPROVE, {"by": secrets.token_hex(LARGE)})
        named = {"by": "olga", "reason": secrets.token_hex(LARGE), "devices": [secrets.token_hex(LARGE)]}
        await handle.signal("retry", named)
        await handle.signal("pause", {"by": "olga", "reason": secrets.token_hex(LARGE)})
        await handle.signal(contracts.SIGNAL_APPROVE, {"by": "ann", "comment": "a long story " * 1_000})
        status = await live.until(lambda status: status.phase == "paused" and not status.gates)
        assert [len(one.reason) for one in status.operations] == [2_000, 2_000]
        await live.handle.signal("resume", {"by": "olga"})
        busy.go_on.set()
        assert (await live.result()).verdict == "succeeded"
    assert [(len(one.comment), one.counted) for one in world.sealed[0].decisions] == [
        (2_000, False),
        (0, False),
        (2_000, True),
    ]


@pytest.mark.usefixtures("real_time")
async def test_what_does_not_count_is_recorded_so_often_as_a_run_can_carry(server: Server) -> None:
    gate = ApproveStep.model_validate({"id": "gate", "by": "leads", "timeout": Constant(value="2h")})
    world = World(plan(gate, reading("look", needs=())), ("sw1",), groups={"leads": ("ann",)})
    busy = world.scripts["look", "sw1"] = Holding(world)
    async with server.run(world) as live:
        await live.until(lambda status: bool(status.gates))
        for _ in range(205):
            await live.handle.signal(contracts.SIGNAL_APPROVE, {"by": "eve"})
            await live.handle.signal("resume", {"by": "eve"})
        await live.handle.signal(contracts.SIGNAL_APPROVE, {"by": "ann"})
        busy.go_on.set()
        assert (await live.result()).verdict == "succeeded"
    (sealed,) = world.sealed
    assert (len(sealed.decisions), sealed.decisions[-1].by, len(sealed.operations)) == (201, "ann", 200)


@pytest.mark.history("signal-too-large")
async def test_a_signal_carries_no_bulk(server: Server) -> None:
    wait = WaitStep(id=StepId("wait"), signal="go", payload={"note": Input(type="string", required=True)})
    world = World(plan(wait, reading("look", needs=("wait",))), ("sw1",))
    bulk = {"note": "x" * 40_000}
    said = f"`go` has {len(json.dumps(bulk)):,} characters, and at most 32,000 are taken; send where it is, instead"
    async with server.run(world) as live:
        await live.until(lambda status: status.phase == "waiting")
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await live.handle.execute_update("go", bulk)
        assert isinstance(refused.value.cause, ApplicationError)
        assert refused.value.cause.message == said
        await live.handle.signal("go", bulk)
        status = await live.until(lambda status: bool(status.operations))
        assert status.operations[0].refused == said
        await live.handle.signal("go", {"note": "artifact sha256:12ab"})
        assert (await live.result()).verdict == "succeeded"


async def test_a_request_that_is_too_large_to_travel_on_fails_the_run(server: Server) -> None:
    world = World(plan(reading("look")), ("sw1",))
    client = await Client.connect(server.client.service_client.config.target_host)
    request = {"definition": "test", "inputs": {"note": secrets.token_hex(LARGE)}}
    async with server.worker(world, "bulk"):
        handle = await client.start_workflow(contracts.RUN, request, id="bulk", task_queue="bulk")
        with pytest.raises(WorkflowFailureError) as ended:
            await asyncio.wait_for(handle.result(), 20)
        assert "compressed, and at most 250,000 are taken" in str(ended.value.cause)
        long = {"definition": "test", "by": "x" * 1_000, "reason": secrets.token_hex(50_000)}
        result = await server.outcome(world, long)
    assert (len(result.requester), len(result.reason)) == (200, 2_000)
