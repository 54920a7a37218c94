"""Branches that end badly together: each step that had begun answers with its own ``on_failure``."""

import asyncio
from typing import Literal

import pytest

from plans import changing, plan, reading, waves
from running import Server
from scripted import Holding, World, failed
from workflows import contracts
from workflows.contracts import DeviceOutcome, InteractInput, RunResult
from workflows.plan import ApproveStep, Constant, OnFailure, StepId

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2", "sw3")
UNDOES = OnFailure(action="undo", scope="step")
STOPS = OnFailure(action="stop")


def states(result: RunResult, step: str) -> dict[str, int]:
    return dict(next(one.counts for one in result.steps if one.id == step))


@pytest.mark.history("branches-cancelled")
async def test_a_cancel_takes_back_what_each_branch_says(server: Server) -> None:
    branches = (changing(name, needs=(), concurrency=1, on_failure=UNDOES) for name in ("left", "right"))
    world = World(plan(*branches), HOSTS)
    held = [world.scripts.setdefault((name, "sw2"), Holding(world)) for name in ("left", "right")]
    async with server.run(world) as live:
        for one in held:
            assert isinstance(one, Holding)
            await asyncio.wait_for(one.begun.wait(), 20)
        await live.handle.cancel()
        await live.end()
        status = await live.status()
    assert status.result is not None
    assert world.touched == set()
    assert (status.verdict, status.result.left) == ("cancelled", "nothing")
    assert "undone on 2 of 2 changes on 1 devices, of right/all, left/all" in status.message
    assert {states(status.result, name)["undone"] for name in ("left", "right")} == {1}


@pytest.mark.history("branches-failed")
async def test_a_branch_that_another_one_has_stopped_is_taken_back_as_it_says_itself(server: Server) -> None:
    look, deploy = reading("look", needs=(), on_failure=STOPS), changing("deploy", needs=(), concurrency=1)
    world = World(plan(look, deploy.model_copy(update={"on_failure": UNDOES})), HOSTS)
    held = Holding(world, touches=True)

    async def fails(call: InteractInput) -> DeviceOutcome:
        await held.begun.wait()
        raise failed(call, "check_failed", touched=False)

    world.scripts["deploy", "sw2"], world.scripts["look", "sw1"] = held, fails
    async with server.run(world) as live:
        await live.until(lambda status: [step.state for step in status.steps[:1]] == ["failed"])
        await live.told(contracts.SIGNAL_SLOTS)
        held.go_on.set()
        result = await live.result()
    assert world.touched == set()
    assert (result.verdict, result.left, result.counts["undone"]) == ("failed", "nothing", 2)
    assert result.message.startswith("step look: 1 of 3 devices failed")


async def test_a_gate_that_another_branch_has_closed_takes_nothing_back(server: Server) -> None:
    gate = ApproveStep(
        id=StepId("gate"),
        needs=(StepId("deploy"),),
        by="leads",
        timeout=Constant(value="2h"),
        on_failure=OnFailure(action="undo", scope="run"),
    )
    look = reading("look", needs=(), on_failure=STOPS)
    world = World(plan(changing("deploy", needs=(), on_failure=UNDOES), gate, look), HOSTS, groups={"leads": ("ann",)})
    held = world.scripts["look", "sw1"] = Holding(world)
    world.fails("look", "sw2")
    async with server.run(world) as live:
        await live.until(lambda status: bool(status.gates))
        held.go_on.set()
        result = await live.result()
    assert result.verdict == "stopped"
    assert states(result, "deploy") == {"changed": 3}
    assert next(one.message for one in result.steps if one.id == "gate") == "no longer asked: another step failed"


@pytest.mark.history("soak-of-another-branch")
@pytest.mark.usefixtures("real_time")
@pytest.mark.parametrize("scope", ["run", "step"])
async def test_a_soak_ends_where_another_branch_has_its_wave_taken_back(
    server: Server, scope: Literal["run", "step"]
) -> None:
    undoes = OnFailure(action="undo", scope=scope, of=None if scope == "run" else StepId("deploy"))
    deploy = changing("deploy", needs=(), waves=waves("100%", soak="1d"), on_failure=STOPS)
    world = World(plan(deploy, reading("look", needs=(), on_failure=undoes)), HOSTS)
    go_on = asyncio.Event()

    async def fails(call: InteractInput) -> DeviceOutcome:
        await go_on.wait()
        raise failed(call, "check_failed", touched=False)

    world.scripts["look", "sw1"] = fails
    async with server.run(world) as live:
        await live.until(lambda status: any(wave.state == "soaking" for step in status.steps for wave in step.waves))
        go_on.set()
        result = await live.result()
    assert (result.verdict, result.counts, world.touched) == ("failed", {"undone": 3}, set())
    assert [(step.state, step.message) for step in result.steps[:1]] == [
        ("cancelled", "its soak was ended: what it has changed is taken back because step look failed")
    ]
