"""The order of an undo beyond one device: a step before those that it needs, and so on each device by itself."""

import pytest

from plans import changing, plan, reading
from running import Server
from scripted import World
from workflows.contracts import DeviceOutcome, FailureInfo, InteractInput, UndoInfo
from workflows.errors import failure
from workflows.plan import OnFailure, StepId

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("core", "edge")
WHOLE = OnFailure(action="undo", scope="run")


def two_changes(history_events: int = 3_000) -> World:
    """Two steps change two devices, and a third one, that looks at them, fails."""
    first = changing("first", on_failure=WHOLE)
    second = changing("second", needs=(first.id,), on_failure=WHOLE)
    world = World(plan(first, second, reading("verify", needs=(second.id,), on_failure=WHOLE)), HOSTS)
    world.history_events = history_events
    world.fails("verify", "core")
    return world


def out_of_reach(world: World, host: str, *, times: int) -> None:
    """So often the undo of the second step finds nobody there."""
    left = [times]

    async def script(call: InteractInput) -> DeviceOutcome:
        if left[0]:
            left[0] -= 1
            info = FailureInfo(type="unreachable", message=f"{call.host} does not answer")
            outcome = DeviceOutcome(host=call.host, status="undo_failed", touched=True, failure=info)
            raise failure("unreachable", info.message, outcome.model_dump(mode="json"))
        world.touched.discard((call.step, call.host))
        return DeviceOutcome(host=call.host, status="undone", touched=True, undo=UndoInfo(method="inverse"))

    world.undo_scripts["second", host] = script


def undone(world: World, host: str) -> list[str]:
    """The steps whose undo was asked for on a device, in order."""
    return [step for kind, step, of in world.calls if (kind, of) == ("undo", host)]


@pytest.mark.history("undone-by-needs")
async def test_a_step_is_undone_before_those_that_it_needs_wherever_the_definition_names_them(server: Server) -> None:
    second = changing("second", needs=(StepId("first"),), on_failure=WHOLE)
    verify = reading("verify", needs=(second.id,), on_failure=WHOLE)
    world = World(plan(second, changing("first", needs=(), on_failure=WHOLE), verify), HOSTS)
    world.fails("verify", "core")
    result = await server.outcome(world)
    assert (result.verdict, world.touched) == ("failed", set())
    assert {host: undone(world, host) for host in HOSTS} == {host: ["second", "first"] for host in HOSTS}


@pytest.mark.history("undone-backwards")
async def test_what_an_earlier_step_did_stays_until_a_device_is_back_and_the_later_one_is_undone(
    server: Server,
) -> None:
    world = two_changes()
    out_of_reach(world, "edge", times=1)
    result = await server.outcome(world)
    assert (result.verdict, result.counts, world.touched) == ("failed", {"undone": 2}, set())
    assert undone(world, "edge") == ["second", "second", "first"], "or the second would bring the first one back"
    assert "undone on 4 of 4 changes on 2 devices" in result.message


async def test_the_same_where_the_run_continues_as_new_meanwhile(server: Server) -> None:
    world = two_changes(history_events=20)
    out_of_reach(world, "edge", times=1)
    result = await server.outcome(world)
    assert world.saved
    assert (result.counts, world.touched) == ({"undone": 2}, set())
    assert undone(world, "edge")[-2:] == ["second", "first"]


async def test_a_device_that_stays_away_keeps_both_changes_and_is_named_once(server: Server) -> None:
    world = two_changes()
    out_of_reach(world, "edge", times=99)
    result = await server.outcome(world)
    assert (result.verdict, result.counts) == ("failed_dirty", {"undone": 1, "undo_failed": 1})
    assert undone(world, "edge") == ["second", "second"]
    assert "undone on 2 of 4 changes on 2 devices, of second/all, first/all; NOT undone: edge;" in result.message
    assert world.touched == {("first", "edge"), ("second", "edge")}
