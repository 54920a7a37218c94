"""What `finally` of a run leaves on devices is said to its caller, and is taken back first of all."""

import pytest

from calling import CLOSE, call, called_by, undone, world_of
from plans import changing
from running import Server
from scripted import World
from workflows.plan import OnFailure, Step

pytestmark = pytest.mark.asyncio(loop_scope="session")
STOP = OnFailure(action="stop")


def ending(world: World, definition: str, *last: Step) -> World:
    """The world, with a definition that ends with these steps."""
    world.plans[definition] = world.plans[definition].model_copy(update={"finally_": last})
    world.plan = world.plan.model_copy(update={"finally_": (*world.plan.finally_, *last)})
    return world


def calling(*inner: Step, last: tuple[Step, ...] = (changing("tidy"),)) -> World:
    """A caller that takes everything back in the end, and a definition that changes devices at its end."""
    return ending(world_of((call("child", "inner"), CLOSE), hosts=("sw1",), inner=inner), "inner@1", *last)


@pytest.mark.history("finally-stands")
async def test_what_a_called_run_changes_in_finally_alone_is_taken_back_by_its_caller(server: Server) -> None:
    world = calling(changing("deploy"))
    world.fails("deploy", "sw1")
    result = await server.outcome(world)
    assert world.asked("do", "tidy") == ["sw1"]
    assert undone(world) == [("deploy", "sw1"), ("tidy", "sw1")], "the first by itself, as it had failed"
    one = called_by(result, "child")
    assert (one.state, one.left, world.touched) == ("undone", "nothing", set())
    assert (result.verdict, result.left) == ("failed", "nothing")


@pytest.mark.history("finally-undone")
async def test_what_finally_has_changed_is_taken_back_before_the_steps_that_it_followed(server: Server) -> None:
    world = calling(changing("deploy"))
    result = await server.outcome(world)
    assert undone(world) == [("tidy", "sw1"), ("deploy", "sw1")]
    assert (result.verdict, result.left, world.touched) == ("failed", "nothing", set())
    one = called_by(result, "child")
    sealed = next(seal for seal in world.sealed if seal.scope.workflow_id == one.undone_by)
    assert set(sealed.undo_folds) == {"tidy", "deploy"}


async def test_a_run_says_what_its_finally_leaves_on_devices(server: Server) -> None:
    world = ending(world_of((CLOSE.model_copy(update={"on_failure": STOP}),)), "test", changing("tidy"))
    result = await server.outcome(world)
    assert (result.verdict, result.left) == ("failed", "changes")
    world.fails("tidy", "sw2", touched=True)
    world.undo_fails("tidy", "sw2")
    result = await server.outcome(world)
    assert (result.verdict, result.left) == ("failed_dirty", "doubt")


async def test_a_run_that_finally_has_called_is_taken_back_with_its_caller(server: Server) -> None:
    world = world_of(
        (call("child", "middle"), CLOSE), hosts=("sw1",), middle=(changing("one"),), inner=(changing("two"),)
    )
    ending(world, "middle@1", call("last", "inner", STOP))
    result = await server.outcome(world)
    assert undone(world) == [("two", "sw1"), ("one", "sw1")]
    assert (result.verdict, called_by(result, "child").state, world.touched) == ("failed", "undone", set())


async def test_a_caller_that_cannot_take_back_what_finally_has_left_in_between_is_dirty(server: Server) -> None:
    world = calling(changing("deploy"))
    world.fails("tidy", "sw1", touched=True)
    world.undo_fails("tidy", "sw1")
    result = await server.outcome(world)
    assert (result.verdict, result.left) == ("failed_dirty", "doubt")
    assert world.touched == {("tidy", "sw1")}
