"""Runs that call others while they hold devices, on the real server: nobody waits in a circle, and who would is told.

Without the guard's rules each of these cases would wait for ever.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from activities.leases import Leasing
from guarded import Guarded, Serving, guarded, known, serving, until_waiting
from holders import standing_runs
from plans import changing, plan
from running import Live, Server
from scripted import Holding
from workflows import contracts
from workflows.contracts import (
    GuardState,
    HolderInput,
    HoldersInput,
    HoldersState,
    HolderState,
    Prepared,
    PrepareInput,
    RunResult,
)
from workflows.plan import CallStep, Constant, Dedup, HostName, MapOf, Plan, StepId

pytestmark = pytest.mark.asyncio(loop_scope="session")
NAMES = ("caller", "lone", "lone@1")
DEDUP = Dedup(key=Constant(value="RITM1"), on_duplicate="queue")


class Several(Guarded):
    """A world of several definitions, each with devices of its own."""

    hosts_of: Mapping[str, tuple[str, ...]] = {}
    blind = False  # whether the guard takes everybody for alive

    @activity.defn(name=contracts.PREPARE)
    async def prepare(self, call: PrepareInput) -> Prepared:
        """As any world's, with the devices of the definition."""
        hosts = tuple(HostName(host) for host in self.hosts_of[call.request.definition])
        return (await super().prepare(call)).model_copy(update={"hosts": hosts})

    @activity.defn(name=contracts.HOLDER)
    async def holder(self, call: HolderInput) -> HolderState:
        """As the server knows it, unless the guard is blind."""
        return HolderState(state="open") if self.blind else await Leasing(self.guard).holder(call)

    @activity.defn(name=contracts.HOLDERS)
    async def holders(self, call: HoldersInput) -> HoldersState:
        """The same of several."""
        blind = HoldersState(states={holder.run: "open" for holder in call.holders})
        return blind if self.blind else await Leasing(self.guard).holders(call)

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """All, for a worker."""
        looking = (self.holder, self.holders)
        names = {one.__name__ for one in looking}
        return [one for one in super().activities if one.__name__ not in names] + [*looking]


def calling(definition: str) -> Plan:
    """Changes its own devices, then calls another definition."""
    call = CallStep(id=StepId("more"), definition=definition, version="1", with_=MapOf(items=()))
    return plan(changing("deploy"), call.model_copy(update={"needs": (StepId("deploy"),)}), name=f"calls-{definition}")


def several(plans: Mapping[str, Plan], hosts: Mapping[str, tuple[str, ...]]) -> Several:
    world = Several(plan(changing("deploy")), ())
    world.guard = guarded(world.plan, ()).guard
    world.plans, world.hosts_of = dict(plans), hosts
    return world


async def begun(runs: Serving, definition: str, host: str) -> tuple[Live, Holding]:
    """A run in the middle of its first change."""
    holding = Holding(runs.world)
    runs.world.scripts["deploy", host] = holding
    live = await runs.start(definition)
    await asyncio.wait_for(holding.begun.wait(), 20)
    return live, holding


async def until_known(server: Server, world: Guarded, what: Callable[[GuardState], bool]) -> None:
    async with asyncio.timeout(60):
        while not what(await known(server, world)):
            await asyncio.sleep(0.05)


async def test_a_called_run_does_not_wait_behind_those_who_wait_for_its_caller(server: Server) -> None:
    lone = plan(changing("deploy"))
    world = several(
        {"outer": calling("inner"), "inner@1": lone, "other": lone},
        {"outer": ("sw1",), "inner@1": ("sw1", "sw2"), "other": ("sw1", "sw2")},
    )
    async with serving(server, world) as runs:
        outer, holding = await begun(runs, "outer", "sw1")
        other = await runs.start("other")
        await until_waiting(other)
        holding.go_on.set()
        for live in (outer, other):
            assert (await live.result()).verdict == "succeeded"
        state = await known(server, world)
    assert (state.leases, state.queue) == ((), ())


async def test_of_two_callers_that_need_each_others_devices_the_second_is_refused_and_the_first_goes_on(
    server: Server,
) -> None:
    lone = plan(changing("deploy"))
    world = several(
        {"left": calling("on-two"), "right": calling("on-one"), "on-one@1": lone, "on-two@1": lone},
        {"left": ("sw1",), "right": ("sw2",), "on-one@1": ("sw1",), "on-two@1": ("sw2",)},
    )
    async with serving(server, world) as runs:
        left, of_left = await begun(runs, "left", "sw1")
        right, of_right = await begun(runs, "right", "sw2")
        of_left.go_on.set()
        await until_known(server, world, lambda state: bool(state.queue))
        of_right.go_on.set()
        refused, done = await right.result(), await left.result()
        called = server.client.get_workflow_handle(f"{right.handle.id}/more", result_type=RunResult)
        with pytest.raises(WorkflowFailureError) as failed:
            await called.result()
        state = await known(server, world)
    assert (refused.verdict, done.verdict) == ("stopped", "succeeded")
    one, other = left.handle.id, right.handle.id
    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.message == (
        f"step deploy: the devices were not leased, and this step has changed none: run {other}/more and run {one} "
        f"would wait for each other for ever: {other}/more needs sw1 of {one}; {one} has called {one}/more; {one}/more "
        f"needs sw2 of {other}; {other} has called {other}/more. So this one is refused, and the other goes on; start "
        f"it again when {one} has ended."
    )
    assert f"run {other}/more and run {one} would wait for each other for ever" in refused.message
    assert (state.leases, state.queue) == ((), ())


async def test_work_that_waits_for_the_caller_of_a_second_one_refuses_that_second_one(server: Server) -> None:
    lone = plan(changing("deploy"), name="lone").model_copy(update={"dedup": DEDUP})
    world = several({"caller": calling("lone"), "lone@1": lone, "lone": lone}, dict.fromkeys(NAMES, ("sw1",)))
    async with serving(server, world) as runs:
        caller, holding = await begun(runs, "caller", "sw1")
        alone = await runs.start("lone")
        await until_waiting(alone)
        holding.go_on.set()
        refused, done = await caller.result(), await alone.result()
        state = await known(server, world)
    assert (refused.verdict, done.verdict) == ("stopped", "succeeded")
    assert f"run {caller.handle.id}/more and run {alone.handle.id} would wait for each other" in refused.message
    assert (state.claims, state.claim_queue, state.queue) == ((), (), ())


async def test_who_waits_in_a_circle_with_a_run_that_is_closed_asks_again(server: Server) -> None:
    lone = plan(changing("deploy"), name="lone").model_copy(update={"dedup": DEDUP})
    world = several({"caller": calling("lone"), "lone@1": lone, "lone": lone}, dict.fromkeys(NAMES, ("sw1",)))
    world.blind = True
    async with serving(server, world) as runs:
        caller, holding = await begun(runs, "caller", "sw1")
        alone = await runs.start("lone")
        await until_waiting(alone)
        await alone.handle.terminate("by the test")
        holding.go_on.set()
        await until_asked(server, f"{caller.handle.id}/more")
        world.blind = False
        assert (await caller.result()).verdict == "succeeded"


async def until_asked(server: Server, run: str) -> None:
    """Waits until a run, which is yet to be started, has asked for its work in vain."""
    handle = server.client.get_workflow_handle(run)
    async with asyncio.timeout(60):
        while not await _asked_in_vain(handle):
            await asyncio.sleep(0.05)


async def _asked_in_vain(handle: WorkflowHandle[Any, Any]) -> bool:
    try:
        described = await handle.describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    pending = described.raw_description.pending_activities
    return any("is closed, and the guard" in one.last_failure.message for one in pending)


@pytest.mark.history("guard-lines")
async def test_runs_that_one_run_has_called_side_by_side_take_turns(server: Server) -> None:
    async with standing_runs(server) as runs:
        await runs.start("outer", "outer/one", "outer/two", "other")
        assert (await runs.lease("outer", "sw1")).granted
        assert not (await runs.lease("other", "sw1")).granted
        assert (await runs.lease("outer/one", "sw1")).granted
        assert not (await runs.lease("outer/two", "sw1")).granted
        await runs.release("outer/one")
        assert await runs.told("outer/two") == ["leased"]
        await runs.release("outer/two")
        await runs.release("outer")
        assert await runs.told("other") == ["leased"]
        if server.keep_as is not None:
            await server.keep(runs.guard, server.keep_as)
