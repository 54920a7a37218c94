"""Devices that belong together share a verdict to the end, whenever one of them fails."""

from typing import Literal

import pytest

from answering import OutOfService, ask, asks
from expressions import tree
from plans import at_most, changing, plan, waves
from running import Server
from scripted import Holding, World, failed
from workflows.contracts import DeviceOutcome, InteractInput, RunResult
from workflows.plan import (
    ApplyAction,
    Check,
    CheckAction,
    Confirm,
    Constant,
    OnFailure,
    ProposeAction,
    TemplateText,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2", "sw3", "sw4")
PROPOSED = ProposeAction(change=TemplateText(template="t.j2", vars=Constant(value=None)), name="change")
FINE = CheckAction(checks=(Check(name="fine", that=Constant(value=True)),))


def stacks(kind: type[World] = World, **changes: object) -> World:
    """Two stacks of two switches, of which two devices may fail."""
    world = kind(plan(changing("deploy", together=tree("device.data.stack"), accept=at_most(2), **changes)), HOSTS)
    world.facts = {
        host: {"name": host, "data": {"stack": stack}} for host, stack in zip(HOSTS, ("x", "x", "y", "y"), strict=True)
    }
    return world


def statuses(result: RunResult) -> list[str]:
    return [device.status for device in result.devices]


@pytest.mark.history("together-after-soak")
async def test_a_device_that_fails_after_the_soak_takes_its_stack_along(server: Server) -> None:
    world = stacks(do=(PROPOSED, ApplyAction(change="change"), FINE), waves=waves("100%", soak="10m"))

    async def flaps(call: InteractInput) -> DeviceOutcome:
        if call.only == "after":
            raise failed(call, "check_failed", touched=True)
        world.touched.add((call.step, call.host))
        return DeviceOutcome(host=call.host, status="succeeded", changed=True, touched=True)

    world.scripts["deploy", "sw1"] = flaps
    result = await server.outcome(world)
    assert (result.verdict, statuses(result)) == ("partial", ["undone", "undone", "changed", "changed"])
    assert result.devices[1].message == "shares the verdict of sw1, which failed"
    assert world.touched == {("deploy", "sw3"), ("deploy", "sw4")}


@pytest.mark.history("together-confirmed")
async def test_a_device_that_is_not_confirmed_takes_its_stack_along(server: Server) -> None:
    world = stacks(do=(PROPOSED, ApplyAction(change="change", confirm=Confirm(within_s=900, hold="wave"), save=True)))

    async def reverted(call: InteractInput) -> DeviceOutcome:
        raise failed(call, "reverted", touched=True)

    world.confirm_scripts["deploy", "sw1"] = reverted
    result = await server.outcome(world)
    assert (result.verdict, statuses(result)) == ("partial", ["undone", "undone", "changed", "changed"])


@pytest.mark.history("together-tried-again")
async def test_a_device_that_fails_again_when_it_is_tried_again_takes_its_stack_along(server: Server) -> None:
    world = stacks(on_failure=OnFailure(action="pause"))
    for host in HOSTS[1:]:
        world.fails("deploy", host, touched=True)
    async with server.run(world) as live:
        await live.until(asks("4 devices of wave all failed"))
        del world.scripts["deploy", "sw3"], world.scripts["deploy", "sw4"]
        await ask(live, "retry")
        result = await live.result()
    assert (result.verdict, statuses(result)) == ("partial", ["undone", "undone", "changed", "changed"])
    assert world.asked("do", "deploy").count("sw1") == 2


@pytest.mark.history("together-out-of-service")
async def test_a_step_whose_waves_cannot_be_made_says_so_and_of_no_value_that_is_missing(server: Server) -> None:
    stack = tree("device.data.stack")
    world = World(plan(changing("deploy", together=stack, apart=stack)), ("sw1", "sw2"))
    world.facts = {host: {"name": host, "data": {"stack": "x"}} for host in world.hosts}
    result = await server.outcome(world)
    assert (result.verdict, world.asked("do", "deploy")) == ("failed", [])
    assert result.steps[0].message == (
        "step `deploy`: the waves cannot be made: `together` holds sw1, sw2 in one wave, and `apart` keeps them apart"
    )


async def test_who_belongs_to_a_device_out_of_service_is_not_changed_to_be_taken_back(server: Server) -> None:
    world = stacks(OutOfService)
    world.facts = {**world.facts, "sw4": {"name": "sw4", "data": {"stack": "x"}}}
    result = await server.outcome(world)
    assert statuses(result) == ["quarantined", "quarantined", "quarantined", "quarantined"]
    assert result.devices[0].message == "not taken up: it belongs together with sw4, which is out of service"
    assert world.asked("do", "deploy") == []


@pytest.mark.history("together-halved")
async def test_a_stack_that_is_half_changed_when_too_many_have_failed_is_taken_back(server: Server) -> None:
    world = stacks(concurrency=3, on_failure=OnFailure(action="undo", scope="failed"))
    world.plan = plan(world.plan.steps[0].model_copy(update={"accept": at_most(0)}))
    held = Holding(world, touches=True)
    world.scripts = {("deploy", "sw2"): held, ("deploy", "sw3"): held}
    world.fails("deploy", "sw1")
    async with server.run(world) as live:
        await live.until(lambda status: any(failure.host == "sw1" for failure in status.failures))
        held.go_on.set()
        result = await live.result()
    assert (result.verdict, statuses(result)) == ("failed", ["failed", "undone", "undone", "untouched"])
    assert result.devices[2].message == "shares the verdict of sw4, which was not changed"
    assert world.touched == set()


@pytest.mark.history("together-counts")
@pytest.mark.parametrize("budget", ["strict", None])
async def test_who_is_taken_back_with_its_stack_counts_at_once_as_failed(
    server: Server, budget: Literal["strict"] | None
) -> None:
    world = stacks(concurrency=1, budget=budget)
    world.plan = plan(world.plan.steps[0].model_copy(update={"accept": at_most(1)}))
    world.fails("deploy", "sw2", touched=True)
    result = await server.outcome(world)
    assert (result.verdict, statuses(result)) == ("failed", ["undone", "undone", "untouched", "untouched"])
    assert world.asked("do", "deploy") == ["sw1", "sw2"], "`accept` could not be met any more"


@pytest.mark.history("together-without-undo")
async def test_who_may_not_be_taken_back_keeps_its_change_whatever_its_stack_does(server: Server) -> None:
    world = stacks(undo=())
    world.fails("deploy", "sw1")
    result = await server.outcome(world)
    assert (result.verdict, statuses(result)) == ("partial", ["failed", "changed", "changed", "changed"])
    assert world.asked("undo", "deploy") == []
