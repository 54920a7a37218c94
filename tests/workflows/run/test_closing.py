"""How runs close: undo scopes, cancels, bad requests, `finally`, and what is left when an undo fails."""

import asyncio

import pytest
from temporalio import activity
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError, CancelledError

from plans import at_most, changing, of, plan, reading, waves
from running import REQUEST, Server
from scripted import Holding, World
from workflows import contracts
from workflows.contracts import LeaseAnswer, LeaseInput, RunResult
from workflows.errors import failure
from workflows.plan import Attr, Compare, Constant, Name, NotifyStep, OnFailure, Step, StepId

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2", "sw3", "sw4", "sw5", "sw6")
UNDO_WAVE = OnFailure(action="undo", scope="wave")


def statuses(result: RunResult) -> dict[str, str]:
    return {device.name: device.status for device in result.devices}


def tell(to: str = "people", step_id: str = "tell") -> Step:
    return NotifyStep(id=StepId(step_id), to=to, message=Attr(of=Name(name="run"), name="verdict"))


def in_waves(on_failure: OnFailure, **changes: object) -> World:
    return World(
        plan(changing("deploy", waves=waves(2, 2, 2), on_failure=on_failure, **changes), last=(tell(),)), HOSTS
    )


@pytest.mark.history("undo-wave")
async def test_undoing_the_wave_leaves_the_first_wave_changed(server: Server) -> None:
    world = in_waves(UNDO_WAVE)
    world.fails("deploy", "sw4", "rejected_by_device")
    result = await server.outcome(world)
    assert result.verdict == "stopped"
    assert statuses(result) == {
        "sw1": "changed",
        "sw2": "changed",
        "sw3": "undone",
        "sw4": "failed",
        "sw5": "untouched",
        "sw6": "untouched",
    }
    assert world.touched == {("deploy", "sw1"), ("deploy", "sw2")}
    assert [wave.state for wave in world.sealed[0].waves[StepId("deploy")]] == ["succeeded", "undone", "pending"]
    assert world.told[0].message == "stopped"


@pytest.mark.history("undo-step")
async def test_undoing_the_step_takes_later_waves_back_first(server: Server) -> None:
    world = in_waves(OnFailure(action="undo", scope="step"))
    world.fails("deploy", "sw6")
    result = await server.outcome(world)
    assert result.verdict == "failed"
    order = [host for host in world.asked("undo", "deploy") if host != "sw6"]
    assert order[0] == "sw5"
    assert set(order[1:3]) == {"sw3", "sw4"}
    assert set(order[3:]) == {"sw1", "sw2"}


@pytest.mark.history("undo-failed")
async def test_undoing_the_failed_of_another_step_leaves_the_rest_changed(server: Server) -> None:
    validate = reading(
        "validate",
        needs=("deploy",),
        devices=of("steps.deploy.changed"),
        on_failure=OnFailure(action="undo", scope="failed", of=StepId("deploy")),
    )
    world = World(plan(changing("deploy"), validate), HOSTS)
    world.fails("validate", "sw2", "check_failed")
    result = await server.outcome(world)
    assert result.verdict == "stopped"
    assert world.asked("undo", "deploy") == ["sw2"]
    assert statuses(result)["sw2"] == "undone"
    assert "check_failed" in next(device.message for device in result.devices if device.name == "sw2")
    assert result.counts == {"changed": 5, "undone": 1}


@pytest.mark.history("failed-dirty")
async def test_what_could_not_be_undone_is_named_and_outranks_all(server: Server) -> None:
    world = in_waves(UNDO_WAVE)
    world.fails("deploy", "sw4", "partially_applied", touched=True)
    world.undo_fails("deploy", "sw3")
    result = await server.outcome(world)
    assert result.verdict == "failed_dirty"
    assert statuses(result)["sw3"] == "undo_failed"
    assert statuses(result)["sw4"] == "undone"
    assert "NOT undone: sw3" in result.message


@pytest.mark.parametrize("failures", [3, 0], ids=["accepted", "stopped by it"])
async def test_a_device_that_may_not_be_undone_leaves_the_run_dirty_and_is_named_with_what_to_do(
    server: Server, failures: int
) -> None:
    world = World(plan(changing("deploy", undo=(), accept=at_most(failures))), HOSTS)
    world.fails("deploy", "sw1", "partially_applied", touched=True)
    result = await server.outcome(world)
    assert result.verdict == "failed_dirty"
    assert result.message.endswith("put sw1 right by hand, then `netsaga quarantine clear HOST --by NAME`")
    assert world.asked("undo", "deploy") == []


async def test_a_step_that_may_fail_does_not_end_the_run(server: Server) -> None:
    world = World(
        plan(reading("look", on_failure=OnFailure(action="continue")), changing("deploy", needs=("look",))), HOSTS
    )
    world.fails("look", "sw1")
    result = await server.outcome(world)
    assert result.verdict == "partial"
    assert len(world.asked("do", "deploy")) == len(HOSTS)


@pytest.mark.history("cancel-in-wave")
async def test_a_cancel_in_the_middle_of_a_wave_undoes_it_and_runs_finally(server: Server) -> None:
    world = in_waves(UNDO_WAVE, concurrency=2)
    holding = Holding(world, touches=True)
    world.scripts["deploy", "sw4"] = holding
    async with server.run(world) as live:
        await asyncio.wait_for(holding.begun.wait(), 20)
        await live.handle.cancel()
        with pytest.raises(WorkflowFailureError) as ended:
            await asyncio.wait_for(live.handle.result(), 30)
        assert isinstance(ended.value.cause, CancelledError)
        status = await live.status()
    assert status.verdict == "cancelled"
    assert status.result is not None
    assert statuses(status.result)["sw1"] == "changed"
    assert statuses(status.result)["sw3"] == "undone"
    assert statuses(status.result)["sw4"] == "undone"
    assert statuses(status.result)["sw5"] == "untouched"
    assert world.touched == {("deploy", "sw1"), ("deploy", "sw2")}
    assert [call.message for call in world.told] == ["cancelled"]


@pytest.mark.history("cancel-at-gate")
@pytest.mark.usefixtures("real_time")
async def test_a_cancel_while_a_gate_is_open_touches_nothing(server: Server) -> None:
    gate = {"kind": "approve", "id": "gate", "by": "leads", "timeout": {"op": "lit", "value": "1h"}, "needs": ["look"]}
    built = plan(reading("look"), changing("deploy", needs=("gate",)))
    built = built.model_validate({**built.model_dump(), "steps": [built.steps[0], gate, built.steps[1]]})
    world = World(built, HOSTS, groups={"leads": ("ann",)})
    async with server.run(world) as live:
        await live.until(lambda status: bool(status.gates))
        await live.handle.cancel()
        with pytest.raises(WorkflowFailureError):
            await asyncio.wait_for(live.handle.result(), 30)
        assert (await live.status()).verdict == "cancelled"
    assert world.asked("do", "deploy") == []


@pytest.mark.history("cancel-in-soak")
@pytest.mark.usefixtures("real_time")
async def test_a_cancel_during_a_soak_ends_the_soak(server: Server) -> None:
    world = World(plan(changing("deploy", waves=waves(2, "100%", soak="365d"), on_failure=UNDO_WAVE)), HOSTS)
    last = Holding(world)
    world.scripts["deploy", "sw2"] = last
    async with server.run(world) as live:
        await asyncio.wait_for(last.begun.wait(), 20)
        last.go_on.set()
        await live.handle.cancel()
        with pytest.raises(WorkflowFailureError):
            await asyncio.wait_for(live.handle.result(), 30)
        status = await live.status()
    assert status.verdict == "cancelled"
    assert world.touched == set()


async def test_finally_runs_every_step_whatever_happens_to_the_one_before(server: Server) -> None:
    world = World(plan(reading("look"), last=(tell("nowhere", "first"), tell("people", "second"))), HOSTS)
    world.fails("look", "sw1")
    result = await server.outcome(world)
    assert result.verdict == "failed"
    assert [call.to for call in world.told] == ["people"]
    assert {step.id: step.state for step in result.steps} == {
        "look": "failed",
        "first": "failed",
        "second": "succeeded",
    }


class Refusing(World):
    """One whose guard refuses the first who asks."""

    @activity.defn(name=contracts.LEASE)
    async def lease(self, call: LeaseInput) -> LeaseAnswer:
        """Says no, then yes."""
        if not self.leases:
            self.leases.append(call.request)
            raise failure("invalid_input", "run a and run b would wait for each other")
        return await super().lease(call)


@pytest.mark.history("leased-later")
async def test_a_step_whose_devices_are_refused_touches_none_and_the_next_one_asks_again(server: Server) -> None:
    first = changing("first", on_failure=OnFailure(action="continue"))
    world = Refusing(plan(first, changing("second", needs=(StepId("first"),))), HOSTS)
    result = await server.outcome(world)
    assert [(step.state, step.message) for step in result.steps] == [
        (
            "failed",
            "the devices were not leased, and this step has changed none: run a and run b would wait for each other",
        ),
        ("succeeded", ""),
    ]
    assert (world.asked("do", "first"), len(world.asked("do", "second")), len(world.leases)) == ([], len(HOSTS), 2)


@pytest.mark.history("finally-over-devices")
async def test_finally_goes_to_devices_after_a_stop_too(server: Server) -> None:
    world = World(plan(changing("deploy"), last=(reading("look"), changing("mark"))), HOSTS)
    world.fails("deploy", "sw1")
    result = await server.outcome(world)
    assert result.verdict == "stopped"
    assert {step.id: step.state for step in result.steps} == {
        "deploy": "failed",
        "look": "succeeded",
        "mark": "succeeded",
    }
    assert len(world.asked("do", "mark")) == len(HOSTS)
    assert len(world.released) == 2


async def test_finally_goes_to_devices_after_a_pause_and_a_cancel_too(server: Server) -> None:
    after = reading("next", needs=(StepId("deploy"),))
    world = World(plan(changing("deploy"), after, last=(reading("look"),)), HOSTS)
    holding = Holding(world)
    world.scripts["deploy", "sw1"] = holding
    async with server.run(world) as live:
        await asyncio.wait_for(holding.begun.wait(), 20)
        await live.handle.execute_update("pause", {"by": "olga"})
        holding.go_on.set()
        await live.until(lambda status: status.steps[0].state == "succeeded")
        await live.handle.cancel()
        assert isinstance(await live.end(), CancelledError)
    assert (len(world.asked("do", "next")), len(world.asked("do", "look"))) == (0, len(HOSTS))


async def test_a_condition_that_has_no_value_fails_its_step_before_any_change(server: Server) -> None:
    condition = Compare(first=of("inputs.absent"), rest=(("==", Constant(value=1)),))
    world = World(plan(changing("deploy", when=condition)), HOSTS)
    result = await server.outcome(world)
    assert result.verdict == "failed"
    assert "inputs.absent has no value here" in result.message
    assert world.calls == []


@pytest.mark.history("branches")
async def test_branches_run_side_by_side_and_join(server: Server) -> None:
    one, two = (
        Holding(
            world := World(
                plan(reading("left"), reading("right"), changing("deploy", needs=("left", "right"))), HOSTS[:1]
            )
        ),
        None,
    )
    two = Holding(world)
    world.scripts["left", "sw1"], world.scripts["right", "sw1"] = one, two
    async with server.run(world) as live:
        await asyncio.wait_for(asyncio.gather(one.begun.wait(), two.begun.wait()), 20)
        one.go_on.set()
        two.go_on.set()
        result = await live.result()
    assert result.verdict == "succeeded"


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ("campus-vlan", "a str was given"),
        ({"definition": "test", "input": {}}, "unknown key `input`, did you mean `inputs`? Expected one JSON"),
        ({"inputs": {}}, "exactly one of `definition`"),
        ({"definition": "test", "inputs": 3}, "`inputs`"),
        (None, "a NoneType was given"),
    ],
)
async def test_a_request_that_cannot_be_read_fails_the_run_and_says_what_was_expected(
    server: Server, request_: object, said: str
) -> None:
    world = World(plan(changing("deploy")), HOSTS)
    async with server.run(world, request_) as live:
        error = await live.end()
        status = await live.status()
    assert isinstance(error, ApplicationError)
    assert error.type == "invalid_input"
    assert said in error.message
    assert (status.phase, status.message) == ("closed", error.message)
    assert "No device was touched" in error.message
    assert world.calls == []


async def test_a_run_without_any_input_fails_instead_of_waiting_for_ever(server: Server) -> None:
    world = World(plan(changing("deploy")), HOSTS)
    async with server.worker(world, "no-input"):
        handle = await server.client.start_workflow(
            contracts.RUN, id="no-input", task_queue="no-input", result_type=RunResult
        )
        with pytest.raises(WorkflowFailureError) as ended:
            await asyncio.wait_for(handle.result(), 30)
    assert isinstance(ended.value.cause, ApplicationError)
    assert "nothing was given" in ended.value.cause.message


@pytest.mark.history("bad-request")
async def test_what_prepare_refuses_fails_the_run_with_its_own_words(server: Server) -> None:
    world = World(plan(changing("deploy")), HOSTS)
    world.prepare_failure = failure("invalid_input", "there is no definition campus-vlam, did you mean campus-vlan?")
    async with server.run(world, REQUEST) as live:
        error = await live.end()
        status = await live.status()
    assert (status.phase, status.message[:37]) == ("closed", "refused: there is no definition campu")
    assert isinstance(error, ApplicationError)
    assert (error.type, error.message) == (
        "invalid_input",
        "there is no definition campus-vlam, did you mean campus-vlan?",
    )


async def test_a_server_without_our_search_attributes_still_runs_it(server: Server) -> None:
    world = World(plan(changing("deploy")), HOSTS, search_attributes=False)
    assert (await server.outcome(world)).verdict == "succeeded"


async def test_devices_are_given_back_before_finally_and_asked_for_again_where_it_changes_them(server: Server) -> None:
    world = World(plan(changing("deploy"), last=(changing("mark"), tell())), HOSTS)
    result = await server.outcome(world)
    assert result.verdict == "succeeded"
    assert len(world.leases) == 2
    assert len(world.released) == 2
    world = World(plan(reading("look"), last=(tell(),)), HOSTS)
    await server.outcome(world)
    assert (world.leases, world.released) == ([], [])
