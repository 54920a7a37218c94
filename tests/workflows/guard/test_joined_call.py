"""A called run that has joined another one has changed nothing itself: its caller takes nothing of the other's back."""

import asyncio

import pytest

from guarded import guarded, known, serving
from plans import changing, plan
from running import Server
from scripted import Holding
from workflows.errors import failure
from workflows.plan import CallStep, Constant, Dedup, HttpStep, MapOf, OnFailure, StepId

pytestmark = pytest.mark.asyncio(loop_scope="session")
DEDUP = Dedup(key=Constant(value="RITM1"), on_duplicate="join")
CALL = CallStep(id=StepId("child"), definition="lone", version="1", with_=MapOf(items=()))
CLOSE = HttpStep(
    id=StepId("close"),
    method="get",
    url=Constant(value="itsm:/"),
    needs=(CALL.id,),
    on_failure=OnFailure(action="undo", scope="run"),
)


async def test_what_a_joined_run_has_changed_stands_and_the_caller_says_so(server: Server) -> None:
    world = guarded(plan(CALL, CLOSE, changing("deploy")), ("sw1",))
    lone = plan(changing("deploy"), name="lone").model_copy(update={"dedup": DEDUP})
    world.plans = {"test": plan(CALL, CLOSE), "lone": lone, "lone@1": lone}
    world.answers["close"] = failure("check_failed", "the ticket is closed")
    holding = world.scripts["deploy", "sw1"] = Holding(world, touches=True)
    async with serving(server, world) as runs:
        alone = await runs.start("lone")
        await asyncio.wait_for(holding.begun.wait(), 20)
        caller = await runs.start()
        async with asyncio.timeout(60):
            while not (await known(server, world)).claim_queue:
                await asyncio.sleep(0.05)
        holding.go_on.set()
        assert (await alone.result()).verdict == "succeeded"
        result = await caller.result()
    assert (result.verdict, result.left, world.touched) == ("stopped", "changes", {("deploy", "sw1")})
    assert f"run {result.id}/child stands: it joined run {alone.handle.id}" in result.message
    assert result.steps[0].runs[0].state == "joined"
