"""A run leases the devices that its changing steps name, and leaves the rest of its inventory to other runs."""

import asyncio

import pytest
from temporalio.client import WorkflowFailureError

from guarded import Guarded, guarded, known, serving, until_waiting
from holders import reset
from plans import changing, of, plan
from resetting import newest
from running import Server
from scripted import Holding
from workflows.plan import Compare, Constant, Expr, HostName, ListOf, SetStep, StepId

pytestmark = pytest.mark.asyncio(loop_scope="session")
FIRST = (StepId("first"),)
HOSTS = ("sw1", "sw2", "sw3", "sw4")


def some(*hosts: str) -> Expr:
    """The expression of a list of devices."""
    return ListOf(items=tuple(Constant(value=host) for host in hosts))


def of_inputs(first: str, second: str) -> Guarded:
    """Two steps that change, one after the other, each over one device that an input names."""
    steps = changing("first", devices=of("inputs.first")), changing("second", devices=of("inputs.second"), needs=FIRST)
    return guarded(plan(*steps), HOSTS, inputs={"first": [first], "second": [second]})


@pytest.mark.history("leases-named")
async def test_two_runs_that_name_other_devices_of_one_inventory_go_on_side_by_side(server: Server) -> None:
    world = of_inputs("sw1", "sw2")
    async with serving(server, world) as runs:
        one, holding = await runs.at_work("second", "sw2")
        world.inputs = {"first": ["sw4"], "second": ["sw3", "sw4"]}
        assert (await runs.outcome()).verdict == "succeeded", "the first run is at work all the while"
        (lease,) = (await known(server, world)).leases
        assert (lease.holder.workflow_id, lease.devices) == (one.handle.id, ("sw1", "sw2"))
        holding.go_on.set()
        assert (await one.result()).verdict == "succeeded"
        await runs.keep(one)
        state = await known(server, world)
    assert (state.leases, state.queue) == ((), ())


async def test_what_a_later_step_names_is_waited_for_before_the_first_begins(server: Server) -> None:
    world = of_inputs("sw2", "sw2")
    async with serving(server, world) as runs:
        one, holding = await runs.at_work("first", "sw2")
        world.inputs = {"first": ["sw1"], "second": ["sw2"]}
        two = await runs.start()
        await until_waiting(two)
        assert world.asked("do", "first") == ["sw2"]
        holding.go_on.set()
        assert (await one.result()).verdict == "succeeded"
        assert (await two.result()).verdict == "succeeded"
    assert world.asked("do", "second") == ["sw2", "sw2"]


async def test_a_run_that_was_reset_goes_no_further_where_it_names_devices_that_it_had_not_asked_for(
    server: Server,
) -> None:
    world = of_inputs("sw1", "sw1")
    async with serving(server, world) as runs:
        live, holding = await runs.at_work("second", "sw1")
        world.inputs = {"first": ["sw2"], "second": ["sw1"]}  # the world has moved when `prepare` looks again
        await reset(server, live.handle, 4)
        again = await newest(server, live)
        with pytest.raises(WorkflowFailureError):
            await asyncio.wait_for(again.handle.result(), 60)
        assert "does not hold its devices" in (await again.status()).message
        assert world.asked("do", "first") == ["sw1"]
        holding.go_on.set()


async def test_a_step_over_what_another_one_will_have_yielded_may_name_any_device(server: Server) -> None:
    late = SetStep(id=StepId("late"), needs=(StepId("first"),), values=(("chosen", some("sw3")),))
    last = changing("last", devices=of("steps.late.chosen"), needs=("late",))
    world = guarded(plan(changing("first", devices=some("sw1")), late, last), HOSTS)
    holding = Holding(world)
    world.scripts["first", "sw1"] = holding
    async with server.run(world) as live:
        await asyncio.wait_for(holding.begun.wait(), 20)
        (lease,) = (await known(server, world)).leases
        holding.go_on.set()
        assert (await live.result()).verdict == "succeeded"
    assert lease.devices == HOSTS
    assert world.asked("do", "last") == ["sw3"]


async def test_outputs_that_are_there_and_steps_that_do_not_run_keep_the_lease_small(server: Server) -> None:
    early = SetStep(id=StepId("early"), values=(("chosen", some("sw3")),))
    never = Compare(first=Constant(value=1), rest=(("==", Constant(value=2)),))
    steps = (
        early,
        changing("first", devices=of("steps.early.chosen"), needs=("early",)),
        changing("skipped", when=never, needs=("first",)),
    )
    world = guarded(plan(*steps, last=(changing("mark", devices=some("sw2")),)), HOSTS)
    holding, marking = Holding(world), Holding(world)
    world.scripts["first", "sw3"], world.scripts["mark", "sw2"] = holding, marking
    leased: list[tuple[HostName, ...]] = []
    async with server.run(world) as live:
        for one in (holding, marking):
            await asyncio.wait_for(one.begun.wait(), 20)
            leased += [lease.devices for lease in (await known(server, world)).leases]
            one.go_on.set()
        assert (await live.result()).verdict == "succeeded"
    assert leased == [("sw3",), ("sw2",)], "what `finally` changes is leased when the rest was given back"
