"""The outputs of a step that was skipped, or that failed and was passed over, are null.

A run that began where they were an error ends as it had begun.
"""

import pytest

from expressions import tree
from plans import plan
from running import Server
from scripted import World
from workflows.errors import failure
from workflows.plan import Constant, HttpStep, OnFailure, SetStep, StepId

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.history("null-outputs")
async def test_the_outputs_of_a_step_that_was_skipped_are_null_to_those_that_follow(server: Server) -> None:
    look = HttpStep(id=StepId("look"), method="get", url=Constant(value="itsm:/"), when=Constant(value=False))
    seen = SetStep(id=StepId("seen"), needs=(StepId("look"),), values=(("known", tree("steps.look.status != none")),))
    world = World(plan(look, seen), hosts=())
    result = await server.outcome(world)
    assert (result.verdict, result.steps[1].state) == ("succeeded", "succeeded")


@pytest.mark.history("null-after-a-failure")
async def test_the_outputs_of_a_step_that_failed_and_was_passed_over_are_null_too(server: Server) -> None:
    passed_over = OnFailure(action="continue")
    look = HttpStep(id=StepId("look"), method="get", url=Constant(value="itsm:/"), on_failure=passed_over)
    known = ("known", tree("steps.look.status is not none and steps.look.status == 200"))
    seen = SetStep(id=StepId("seen"), needs=(StepId("look"),), values=(known,))
    world = World(plan(look, seen), hosts=())
    world.answers["look"] = failure("check_failed", "itsm answered 404")
    async with server.run(world) as live:
        result = await live.result()
    assert (result.verdict, result.steps[1].state) == ("partial", "succeeded")
