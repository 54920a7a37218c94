"""The run's part of ``maintenance``: a device that failed is led out all the same, and where that fails it is said."""

import pytest

from plans import at_most, changing, plan, reading
from running import Server
from scripted import World, failed
from workflows.contracts import DeviceOutcome, InteractInput, RunResult
from workflows.plan import CheckAction, DevicesStep, Maintenance, OnFailure

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2", "sw3")
UPKEEP = Maintenance(leave=(CheckAction(checks=()),))


class Attended(World):
    """Notes what the undo was asked to do."""

    def note(self, step: DevicesStep) -> dict[str, list[str]]:
        """Has each device tell by what call it is taken back or led out."""
        noted: dict[str, list[str]] = {host: [] for host in self.hosts}

        for host in self.hosts:

            async def undo(call: InteractInput) -> DeviceOutcome:
                noted[call.host].append(call.only)
                if (call.step, call.host) in self.touched and call.only == "all":
                    self.touched.discard((call.step, call.host))
                    return DeviceOutcome(host=call.host, status="undone", touched=True)
                return DeviceOutcome(host=call.host, status="succeeded")

            self.undo_scripts[step.id, host] = undo
        return noted


def status(result: RunResult, host: str) -> str:
    return next(device.status for device in result.devices if device.name == host)


@pytest.mark.history("maintenance")
async def test_a_device_that_fails_is_taken_back_and_led_out_in_one_call(server: Server) -> None:
    step = changing("deploy", maintenance=UPKEEP, accept=at_most(1))
    world = Attended(plan(step), HOSTS)
    world.fails("deploy", "sw2", touched=True)
    noted = world.note(step)
    result = await server.outcome(world)
    assert (result.verdict, status(result, "sw2")) == ("partial", "undone")
    assert noted == {"sw1": [], "sw2": ["all"], "sw3": []}


@pytest.mark.parametrize(
    "step",
    [
        changing("deploy", maintenance=UPKEEP, accept=at_most(1), undo=()),
        reading("deploy", maintenance=UPKEEP, accept=at_most(1)),
    ],
    ids=["undo: none", "a step that reads"],
)
async def test_a_device_that_is_not_taken_back_is_led_out(server: Server, step: DevicesStep) -> None:
    world = Attended(plan(step), HOSTS)
    world.fails("deploy", "sw2")
    noted = world.note(step)
    result = await server.outcome(world)
    assert status(result, "sw2") == "failed"
    assert noted["sw2"] == ["leave"]


async def test_a_device_is_led_out_before_an_operator_is_asked(server: Server) -> None:
    step = changing("deploy", maintenance=UPKEEP, on_failure=OnFailure(action="pause"))
    world = Attended(plan(step), HOSTS)
    world.fails("deploy", "sw2", touched=True)
    noted = world.note(step)
    async with server.run(world) as live:
        await live.until(lambda status: status.phase == "paused")
        assert noted["sw2"] == ["leave"]
        await live.handle.signal("stop", {"by": "olga"})
        await live.result()
    assert noted["sw2"] == ["leave", "all"]


async def test_a_device_that_cannot_be_led_out_is_named_as_not_undone(server: Server) -> None:
    step = reading("deploy", maintenance=UPKEEP, accept=at_most(1))
    world = World(plan(step), HOSTS)
    world.fails("deploy", "sw2")

    async def stuck(call: InteractInput) -> DeviceOutcome:
        raise failed(call, "undo_failed", touched=True)

    world.undo_scripts["deploy", "sw2"] = stuck
    result = await server.outcome(world)
    assert (result.verdict, status(result, "sw2")) == ("failed_dirty", "undo_failed")


async def test_nobody_is_led_out_of_what_was_never_entered(server: Server) -> None:
    world = World(plan(changing("deploy", accept=at_most(1), undo=())), HOSTS)
    world.fails("deploy", "sw2")
    await server.outcome(world)
    assert world.asked("undo", "deploy") == []
