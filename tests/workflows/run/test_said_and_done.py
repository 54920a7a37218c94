"""What a step says of its limits and its neighbours holds where it stands: in `finally` too, and of a called run."""

import pytest

from calling import call, world_of
from expressions import tree
from plans import of, plan, reading
from running import Server
from scripted import World
from workflows.contracts import DeviceOutcome, HttpResult, InteractInput
from workflows.plan import (
    ApproveStep,
    Check,
    CheckAction,
    Constant,
    HttpStep,
    NotifyStep,
    Plan,
    SetStep,
    Step,
    StepId,
    WaitStep,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2")
SOON_S = 0.6  # no clock is skipped while a called run is open
FOR_EVER = WaitStep(id=StepId("burn_in"), signal="burned_in")
TICKET = StepId("ticket")
LOOK = SetStep(id=StepId("look"), values=(("seen", Constant(value=1)),))


@pytest.mark.history("call-timeout")
async def test_a_called_run_that_outlasts_its_timeout_is_cancelled_and_its_step_has_failed(server: Server) -> None:
    world = world_of((call("burn", "inner").model_copy(update={"limit_s": SOON_S}),), inner=(FOR_EVER,))
    result = await server.outcome(world)
    assert (result.verdict, result.steps[0].state) == ("failed", "failed")
    assert result.steps[0].message.startswith("it had not ended within 1s, its `timeout`; run run-")
    assert [sealed.result.verdict for sealed in world.sealed] == ["cancelled", "failed"]


async def test_a_called_run_that_ends_in_time_is_not_cut_by_its_timeout(server: Server) -> None:
    world = world_of((call("burn", "inner").model_copy(update={"limit_s": 3600.0}),), inner=(LOOK,))
    assert (await server.outcome(world)).verdict == "succeeded"


@pytest.mark.history("deadline-in-finally")
async def test_a_deadline_ends_its_step_in_finally_and_the_next_one_has_its_turn(server: Server) -> None:
    burn = call("burn", "inner").model_copy(update={"deadline": Constant(value=SOON_S)})
    world = with_finally(world_of((LOOK,), inner=(FOR_EVER,)), burn, tell("ended"))
    result = await server.outcome(world)
    burned = next(step for step in result.steps if step.id == "burn")
    assert (result.verdict, burned.state) == ("succeeded", "failed")
    assert burned.message.startswith("the deadline passed after 0.6 s; run run-")
    assert [told.message for told in world.told] == ["ended"]


@pytest.mark.history("finally-sees-itself")
async def test_steps_of_finally_see_what_those_before_them_have_found(server: Server) -> None:
    ticket = HttpStep(id=TICKET, method="get", url=Constant(value="itsm:/"))
    ours = Check(name="ours", that=tree("steps.ticket.json.open"))
    look = reading("mark", do=(CheckAction(checks=(ours,)),), reads=(TICKET,))
    outputs = (("number", of("steps.ticket.json.number")),)
    world = World(plan(reading("look"), last=(ticket, told(of("steps.ticket.json.number")), look)), HOSTS)
    world.plan = world.plan.model_copy(update={"outputs": outputs})
    world.answers["ticket"] = HttpResult(status=200, json_={"number": "RITM7", "open": True})
    result = await server.outcome(world)
    assert [told.message for told in world.told] == ["RITM7"]
    assert result.outputs == {"number": "RITM7"}
    assert [kept.outputs[TICKET] for kept in world.kept if kept.outputs[TICKET] is not None] == [
        {"status": 200, "json": {"number": "RITM7", "open": True}, "text": "", "body": None}
    ]


async def test_a_device_finds_in_finally_what_an_earlier_step_there_has_left_of_it(server: Server) -> None:
    found: dict[str, list[str]] = {}

    async def use(call: InteractInput) -> DeviceOutcome:
        found[call.host] = list(call.values)
        return DeviceOutcome(host=call.host, status="succeeded", values={})

    fetch, again = reading("fetch"), reading("again", reads=(StepId("look"), StepId("fetch")))
    world = World(plan(reading("look"), last=(fetch, again)), HOSTS)
    world.scripts.update({("again", host): use for host in HOSTS})
    assert (await server.outcome(world)).verdict == "succeeded"
    assert found == {host: ["look", "fetch"] for host in HOSTS}


@pytest.mark.history("gate-in-finally")
@pytest.mark.usefixtures("real_time")
async def test_a_gate_in_finally_is_waited_for_and_says_what_to_type(server: Server) -> None:
    gate = ApproveStep(id=StepId("accepted"), by="leads", timeout=Constant(value="4h"))
    world = World(plan(reading("look"), last=(gate, tell("ended"))), HOSTS, groups={"leads": ("lena",)})
    async with server.run(world) as live:
        status = await live.until(lambda status: bool(status.gates))
        assert (status.phase, status.verdict) == ("waiting", "succeeded")
        assert status.next[0] == f"netsaga approve {live.handle.id} accepted --by NAME --comment TEXT"
        await live.handle.execute_update("approve", {"by": "lena", "step": "accepted"})
        assert (await live.result()).verdict == "succeeded"
    assert [told.message for told in world.told] == ["ended"]


def tell(message: str) -> NotifyStep:
    return told(Constant(value=message))


def told(message: object) -> NotifyStep:
    return NotifyStep.model_validate({"id": "tell", "to": "netops", "message": message})


def with_finally(world: World, *last: Step) -> World:
    """The same definitions; the one that calls has these steps at its end."""
    outer: Plan = world.plans["test"]
    world.plans["test"] = outer.model_copy(update={"finally_": last})
    return world
