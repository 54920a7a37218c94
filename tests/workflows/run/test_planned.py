"""Runs that carry out what was planned: planned anew, held to the proposal, and refused where something has moved."""

from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import activity
from temporalio.exceptions import ApplicationError

from plan_world import HOSTS, PLAN, PlanWorld, bound, world
from plans import at_least, changing, plan, reading, waves
from running import Server
from workflows import contracts
from workflows.contracts import CompareInput, CompareResult, RunStatus
from workflows.errors import failure

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def soaks(status: RunStatus, name: str) -> bool:
    return any(wave.state == "soaking" for one in status.steps for wave in one.waves if wave.name == name)


@pytest.mark.history("apply-planned")
async def test_what_was_planned_is_planned_anew_and_then_carried_out(server: Server, folder: Path) -> None:
    held = world(folder, changing("deploy", waves=waves(1, "100%")))
    request = bound(await server.outcome(held, PLAN))
    held.interacted.clear()
    result = await server.outcome(held, request)
    assert (result.verdict, result.mode, result.counts) == ("succeeded", "apply", {"changed": 4})
    assert [call.mode for call in held.interacted] == ["plan"] * 4 + ["apply"] * 4
    assert all(call.proposal for call in held.interacted if call.mode == "apply")


@pytest.mark.history("drifted")
async def test_a_device_that_has_moved_refuses_the_whole_run_and_is_named(server: Server, folder: Path) -> None:
    held = world(folder, changing("deploy"), wants={("deploy", "sw1"): ""})
    request = bound(await server.outcome(held, PLAN))
    held.wants = {("deploy", "sw1"): "+vlan 9", ("deploy", "sw2"): "", ("deploy", "sw3"): "+vlan 8"}
    held.fails("deploy", "sw4")
    held.plan = held.plan.model_copy(update={"steps": (changing("deploy", accept=at_least(50)),)})
    async with server.run(held, request) as live:
        refused = await live.end()
        status = await live.status()
    assert isinstance(refused, ApplicationError)
    assert refused.type == "drifted"
    assert (status.phase, status.message) == ("closed", refused.message)
    for said in (
        "nothing was changed",
        "sw1 (step deploy): it needed no change, and needs one now",
        "sw2 (step deploy): it needs no change any more",
        "sw3 (step deploy): it needs another change now",
        "sw4 (step deploy): nothing can be proposed for it now",
    ):
        assert said in refused.message
    assert held.touched == set()


class Unread(PlanWorld):
    """One whose store reads no two proposals."""

    @activity.defn(name=contracts.COMPARE)
    async def compare(self, call: CompareInput) -> CompareResult:
        """Says why not."""
        raise failure("block_unavailable", f"executor: {call.planned.ref} is gone")


async def test_what_has_moved_and_cannot_be_compared_refuses_the_run_all_the_same(server: Server, folder: Path) -> None:
    held = Unread(plan(changing("deploy")), HOSTS, folder=folder, wants={("deploy", "sw1"): ""})
    request = bound(await server.outcome(held, PLAN))
    held.wants = {}
    async with server.run(held, request) as live:
        refused = await live.end()
        status = await live.status()
    assert isinstance(refused, ApplicationError)
    assert (refused.type, status.phase, held.touched) == ("drifted", "closed", set())
    assert "another proposal is made now, and what has moved cannot be told: block_unavailable:" in refused.message


async def test_an_inventory_that_has_moved_refuses_the_run(server: Server, folder: Path) -> None:
    held = world(folder, changing("deploy"))
    request = bound(await server.outcome(held, PLAN))
    held.hosts = ("sw1", "sw2", "sw3", "sw5")
    async with server.run(held, request) as live:
        refused = await live.end()
    assert isinstance(refused, ApplicationError)
    assert "the inventory: sw5 is selected now, and was not; the inventory: sw4 was selected" in refused.message


async def test_a_plan_that_fails_by_now_refuses_the_run(server: Server, folder: Path) -> None:
    held = world(folder, reading("look"), changing("deploy", needs=("look",)))
    request = bound(await server.outcome(held, PLAN))
    held.fails("look", "sw1")
    async with server.run(held, request) as live:
        refused = await live.end()
    assert isinstance(refused, ApplicationError)
    assert "planned anew, it ends as failed: step look: 1 of 4 devices failed" in refused.message
    assert held.touched == set()


@pytest.mark.usefixtures("real_time")
async def test_a_device_that_moves_after_that_is_drifted_and_the_others_are_changed(
    server: Server, folder: Path
) -> None:
    held = world(folder, changing("deploy", accept=at_least(60), waves=waves(1, "100%", soak="1h")))
    request = bound(await server.outcome(held, PLAN))
    async with server.run(held, request) as live:
        await live.until(lambda status: soaks(status, "w1"))
        held.wants["deploy", "sw3"] = "+vlan 66"
        await server.pass_time(live.handle, timedelta(hours=1, minutes=1))
        await live.until(lambda status: soaks(status, "w2"))
        await server.pass_time(live.handle, timedelta(hours=1, minutes=1))
        result = await live.result()
    assert (result.verdict, result.counts) == ("partial", {"changed": 3, "failed": 1})
    assert [failed.name for failed in result.devices if failed.status == "failed"] == ["sw3"]
