"""The outputs of a step that was skipped are null; a run that began where they were an error ends as it had begun."""

import pytest

from expressions import tree
from plans import plan
from running import Server
from scripted import World
from workflows.plan import Constant, HttpStep, SetStep, StepId

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.history("null-outputs")
async def test_the_outputs_of_a_step_that_was_skipped_are_null_to_those_that_follow(server: Server) -> None:
    look = HttpStep(id=StepId("look"), method="get", url=Constant(value="itsm:/"), when=Constant(value=False))
    seen = SetStep(id=StepId("seen"), needs=(StepId("look"),), values=(("known", tree("steps.look.status != none")),))
    world = World(plan(look, seen), hosts=())
    result = await server.outcome(world)
    assert (result.verdict, result.steps[1].state) == ("succeeded", "succeeded")
