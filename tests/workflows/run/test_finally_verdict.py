"""The verdict counts what `finally` has left on devices: one in between is named, whatever the steps have come to."""

import asyncio

import pytest

from calling import call, world_of
from plans import changing, plan, reading
from running import Server
from scripted import Holding, World
from workflows.contracts import RunResult
from workflows.plan import Attr, Constant, ListOf, Name, NotifyStep, OnFailure, Step, StepId

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2")
TELL = NotifyStep(id=StepId("tell"), to="people", message=Attr(of=Name(name="run"), name="verdict"))


def tidying(*steps: Step) -> World:
    """A run whose `finally` cannot take back what it has done to one of two devices, and tells people afterwards."""
    world = World(plan(*steps, last=(changing("tidy"), TELL)), HOSTS)
    world.fails("tidy", "sw2", touched=True)
    world.undo_fails("tidy", "sw2")
    return world


def statuses(result: RunResult) -> dict[str, str]:
    return {device.name: device.status for device in result.devices}


@pytest.mark.history("finally-dirty")
async def test_a_device_that_finally_leaves_in_between_makes_a_run_dirty_and_is_named(server: Server) -> None:
    world = tidying(changing("deploy"))
    async with server.run(world) as live:
        result = await live.result()
        status = await live.status()
    assert (result.verdict, result.left, status.verdict) == ("failed_dirty", "doubt", "failed_dirty")
    assert statuses(result) == {"sw1": "changed", "sw2": "undo_failed"}
    assert result.counts == {"changed": 1, "undo_failed": 1}
    assert result.message == (
        "step tidy of `finally` has left devices in between: sw2; "
        "put them right by hand, then `netsaga quarantine clear HOST --by NAME`"
    )
    assert world.sealed[0].result.verdict == "failed_dirty"
    assert [call.message for call in world.told] == ["succeeded"], (
        "what `finally` runs by is the verdict over the steps"
    )


async def test_a_device_half_way_in_finally_without_undo_is_named_and_to_be_put_right(server: Server) -> None:
    world = World(plan(reading("look"), last=(changing("tidy", undo=()),)), HOSTS)
    world.fails("tidy", "sw1", "partially_applied", touched=True)
    result = await server.outcome(world)
    assert (result.verdict, statuses(result)) == ("failed_dirty", {"sw1": "failed", "sw2": "changed"})
    assert "step tidy of `finally` has left devices in between: sw1; put them right by hand" in result.message


async def test_a_run_that_finally_calls_and_that_leaves_devices_in_between_makes_its_caller_dirty(
    server: Server,
) -> None:
    stop = OnFailure(action="stop")
    world = world_of((reading("look"),), hosts=HOSTS, inner=(changing("deploy"),))
    world.plans["test"] = world.plans["test"].model_copy(update={"finally_": (call("last", "inner", stop),)})
    world.plan = world.plan.model_copy(update={"finally_": (call("last", "inner", stop),)})
    world.fails("deploy", "sw1", touched=True)
    world.undo_fails("deploy", "sw1")
    result = await server.outcome(world)
    assert (result.verdict, result.left) == ("failed_dirty", "doubt")
    assert result.message.startswith("step last of `finally` has left devices in between by what it called: run ")
    assert "sw1" in result.message
    assert "`netsaga quarantine clear HOST --by NAME`" in result.message


@pytest.mark.history("finally-dirty-cancelled")
async def test_a_cancelled_run_whose_finally_leaves_a_device_in_between_fails_dirty(server: Server) -> None:
    world = tidying(changing("deploy"))
    holding = Holding(world)
    world.scripts["deploy", "sw1"] = holding
    async with server.run(world) as live:
        await asyncio.wait_for(holding.begun.wait(), 20)
        await live.handle.cancel()
        result = await live.result()
    assert result.verdict == "failed_dirty"
    assert result.message.startswith("cancelled")
    assert [call.message for call in world.told] == ["cancelled"]


async def test_what_finally_does_to_devices_is_in_the_result_and_sealed_into_the_record(server: Server) -> None:
    world = World(
        plan(changing("deploy", devices=ListOf(items=(Constant(value="sw1"),))), last=(changing("tidy"),)), HOSTS
    )
    result = await server.outcome(world)
    assert [(device.name, device.status, device.step) for device in result.devices] == [
        ("sw1", "changed", "deploy"),
        ("sw2", "changed", "tidy"),
    ]
    assert result.counts == {"changed": 2}
    sealed = world.sealed[0]
    assert sealed.result.counts == result.counts
    assert (set(sealed.folds), sealed.waves[StepId("tidy")][0].counts) == ({"deploy", "tidy"}, {"changed": 2})


async def test_what_finally_has_taken_back_is_sealed_as_an_undo(server: Server) -> None:
    world = World(plan(reading("look"), last=(changing("tidy"),)), HOSTS)
    world.fails("tidy", "sw2", touched=True)
    result = await server.outcome(world)
    assert statuses(result) == {"sw1": "changed", "sw2": "unchanged"}
    assert (set(world.sealed[0].folds), set(world.sealed[0].undo_folds)) == ({"look", "tidy"}, set())
