"""What batches tell their run while they work: failures soon, the rest rarely where many batches are open."""

import pytest
from temporalio.api.enums.v1 import EventType

from plans import plan as planned
from plans import reading
from running import Server
from scripted import Holding, World
from workflows.plan import StepId

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = tuple(f"sw{number:03}" for number in range(1, 301))


async def test_a_failure_is_told_while_its_batch_works_and_little_else_is(server: Server) -> None:
    world = World(planned(reading("look", concurrency=30)), HOSTS)
    holding = Holding(world)
    world.scripts["look", "sw100"] = holding  # keeps the first batch open
    world.fails("look", "sw050")
    async with server.run(world) as live:
        await live.until(lambda status: bool(status.causes) and status.causes[0].examples == ("sw050",))
        holding.go_on.set()
        result = await live.result()
        events = [event async for event in live.handle.fetch_history_events()]
    assert result.counts["failed"] == 1
    assert world.asked("do", "look").count("sw300") == 1
    told = [event for event in events if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED]
    # Each batch tells of its beginning; of a failure; of slots that it has no more use for, once a second at most.
    assert 3 <= len(told) <= 20
    assert StepId("look") in {step.id for step in result.steps}
