"""What `undo` can mean for a step that is asked about and is not over devices."""

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from plans import changing, plan
from running import Server
from scripted import World
from workflows.contracts import Operation, OperationAnswer
from workflows.errors import failure
from workflows.plan import Constant, HttpStep, OnFailure, StepId

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2")
NOT_OVER_DEVICES = "step tell is not over devices, so only the whole run can be undone: scope `run`"


@pytest.mark.history("undo-of-no-devices")
async def test_an_undo_that_would_take_nothing_back_is_refused_and_says_what_can_be_undone(server: Server) -> None:
    tell = HttpStep(
        id=StepId("tell"),
        needs=(StepId("deploy"),),
        method="post",
        url=Constant(value="tickets:/done"),
        on_failure=OnFailure(action="pause"),
    )
    world = World(plan(changing("deploy"), tell), HOSTS)
    world.answers["tell"] = failure("permanent", "no such ticket")
    async with server.run(world) as live:
        status = await live.until(lambda status: status.phase == "paused")
        assert f"netsaga undo {live.handle.id} --step tell --scope run --by NAME" in status.next
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await live.handle.execute_update("undo", Operation(by="olga", scope="wave"))
        assert isinstance(refused.value.cause, ApplicationError)
        assert refused.value.cause.message == NOT_OVER_DEVICES
        await live.handle.signal("undo", {"by": "olga"})
        status = await live.until(lambda status: bool(status.operations))
        assert (status.phase, status.operations[0].refused) == ("paused", NOT_OVER_DEVICES)
        await live.handle.execute_update("undo", Operation(by="olga", scope="run"), result_type=OperationAnswer)
        result = await live.result()
    assert (result.verdict, result.counts) == ("failed", {"undone": 2})
    assert world.touched == set()
