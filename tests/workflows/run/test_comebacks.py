"""Undo and devices that cannot be reached: they are come back to when what may have cut them off is taken back."""

import pytest

from plans import changing, plan, waves
from running import Server
from scripted import World
from workflows.contracts import DeviceOutcome, FailureInfo, InteractInput, UndoInfo
from workflows.errors import failure
from workflows.plan import OnFailure

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("core", "edge", "last")
UNDO_STEP = OnFailure(action="undo", scope="step")


def lost(call: InteractInput) -> Exception:
    """The last attempt of an undo that nobody answered; those before it would only take their time."""
    info = FailureInfo(type="unreachable", message=f"{call.host} does not answer")
    outcome = DeviceOutcome(host=call.host, status="undo_failed", touched=True, failure=info)
    return failure("unreachable", info.message, outcome.model_dump(mode="json"))


def cut_off(world: World, host: str, *, by: str, for_good: bool = False) -> None:
    """This device holds the change, and is out of reach as long as another one holds it."""

    async def script(call: InteractInput) -> DeviceOutcome:
        if for_good or ("deploy", by) in world.touched:
            raise lost(call)
        if ("deploy", host) not in world.touched:
            return DeviceOutcome(host=call.host, status="succeeded")
        world.touched.discard(("deploy", host))
        return DeviceOutcome(host=call.host, status="undone", touched=True, undo=UndoInfo(method="native"))

    world.undo_scripts["deploy", host] = script


@pytest.mark.history("undo-again")
async def test_a_device_of_a_later_wave_is_come_back_to_when_its_upstream_is_restored(server: Server) -> None:
    world = World(plan(changing("deploy", waves=waves(1, 1, 1), on_failure=UNDO_STEP)), HOSTS)
    world.fails("deploy", "last")
    cut_off(world, "edge", by="core")
    result = await server.outcome(world)
    assert result.verdict == "failed"
    assert world.touched == set()
    assert world.asked("undo", "deploy")[-1] == "edge"
    edge = next(device for device in result.devices if device.name == "edge")
    assert (edge.status, edge.message) == ("undone", "taken back as soon as it could be reached again")
    assert "undone on 2 of 2 devices of deploy/w2, deploy/w1" in result.message


async def test_a_device_that_failed_because_it_was_cut_off_is_come_back_to_as_well(server: Server) -> None:
    world = World(plan(changing("deploy", on_failure=UNDO_STEP)), HOSTS[:2])
    world.fails("deploy", "edge", "partially_applied", touched=True)
    cut_off(world, "edge", by="core")
    result = await server.outcome(world)
    assert result.verdict == "failed"
    assert world.touched == set()
    edge = next(device for device in result.devices if device.name == "edge")
    assert edge.status == "undone"
    assert "it had failed with: edge says partially_applied" in edge.message


async def test_a_device_that_stays_away_is_named_once_with_what_to_do(server: Server) -> None:
    first = changing("deploy", waves=waves(1, 1, 1), on_failure=UNDO_STEP)
    world = World(plan(first), HOSTS)
    world.fails("deploy", "last")
    cut_off(world, "edge", by="core", for_good=True)
    result = await server.outcome(world)
    assert result.verdict == "failed_dirty"
    assert world.touched == {("deploy", "edge")}
    assert result.message.endswith(
        "NOT undone: edge; put them right by hand, then `netsaga quarantine clear HOST --by NAME`"
    )
