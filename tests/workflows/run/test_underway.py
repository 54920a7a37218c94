"""What a step waits for is told: which devices are under way, for how long, and that they are being taken back."""

import asyncio
from datetime import timedelta

import pytest

from plans import changing, plan, reading, waves
from running import Live, Server
from scripted import Holding, World, failed
from standing import MOMENT, standing
from workflows.contracts import DeviceOutcome, InteractInput, Operation, OperationAnswer, Progress, RunStatus
from workflows.plan import (
    ApplyAction,
    Confirm,
    Constant,
    HostName,
    OnFailure,
    ProposeAction,
    StepId,
    TemplateText,
)
from workflows.run import underway
from workflows.run.queries import step_status
from workflows.run.state import BatchMode, BatchRun, StepRun

HOSTS = ("sw1", "sw2", "sw3")
TEMPLATE = TemplateText(template="t.j2", vars=Constant(value=None))


# -------------------------------------------------------------------------------------------------------------- pure


def at_work(mode: BatchMode, state: str, *undoing: int) -> StepRun:
    """A step whose second wave has a batch under way, of four devices; the third has ended."""
    run = standing(6, begun=6, wave_sizes=(2,)).steps[StepId("deploy")]
    wave = run.waves[1]
    wave.state = state
    batch = BatchRun("deploy/w2/0", wave.hosts, mode)
    run.batches[batch.label] = batch
    for later in (0, 60):
        letters = "rrcr" if later else "rr.."
        back = tuple(wave.hosts[place] for place in undoing) if later else ()
        progress = Progress(label=batch.label, letters=letters, undoing=back)
        underway.note(run, progress, MOMENT + timedelta(seconds=later))
    return run


def test_the_devices_that_are_under_way_longest_are_told_first() -> None:
    run = at_work("do", "running")
    found = [(one.host, (one.since - MOMENT).seconds, one.doing) for one in step_status(run).under_way]
    assert found == [("acc-00003", 0, "do"), ("acc-00004", 0, "do"), ("acc-00006", 60, "do")]
    underway.note(run, Progress(label="deploy/w9/0", letters="rrrr"), MOMENT)  # late, of a batch that has ended
    assert len(step_status(run).under_way) == 3
    run.batches.clear()
    assert step_status(run).under_way == ()


def test_a_device_that_is_taken_back_counts_anew_from_there_on() -> None:
    found = step_status(at_work("do", "running", 0)).under_way
    assert [(one.host, one.doing) for one in found] == [("acc-00004", "do"), ("acc-00003", "undo"), ("acc-00006", "do")]


@pytest.mark.parametrize(
    ("mode", "state", "undoing", "shown"),
    [
        ("do", "running", (0, 1, 3), "running"),
        ("undo", "failed", (), "undoing"),
        ("confirm", "confirming", (), "confirming"),
        ("confirm", "confirming", (0,), "confirming"),
        ("confirm", "confirming", (0, 1, 3), "undoing"),
    ],
)
def test_a_wave_is_shown_as_what_is_done_to_its_devices(
    mode: BatchMode, state: str, undoing: tuple[int, ...], shown: str
) -> None:
    status = step_status(at_work(mode, state, *undoing))
    assert status.waves[1].state == shown
    assert status.waves[0].state != "undoing"
    assert status.state == ("undoing" if shown == "undoing" else "running")


# ------------------------------------------------------------------------------------------------------------- whole


async def refuses(call: InteractInput) -> DeviceOutcome:
    raise failed(call, "check_failed", touched=True)


async def pause(live: Live) -> OperationAnswer:
    answer: OperationAnswer = await live.handle.execute_update(
        "pause", Operation(by="olga"), result_type=OperationAnswer
    )
    return answer


def waits_for(status: RunStatus) -> list[tuple[HostName, str]]:
    return [(one.host, one.doing) for step in status.steps for one in step.under_way]


@pytest.mark.asyncio(loop_scope="session")
async def test_an_undo_says_which_device_it_waits_for_and_that_a_pause_does_not_hold_it_up(server: Server) -> None:
    judge = reading("judge", needs=("deploy",), on_failure=OnFailure(action="undo", scope="step", of=StepId("deploy")))
    world = World(plan(changing("deploy", waves=waves(1, "100%")), judge), HOSTS)
    world.fails("judge", "sw1")
    world.undo_scripts["deploy", "sw3"] = device = Holding(world)
    async with server.run(world) as live:
        await asyncio.wait_for(device.begun.wait(), 30)
        status = await live.until(lambda status: waits_for(status) == [("sw3", "undo")])
        assert (status.phase, status.steps[0].waves[1].state) == ("undoing", "undoing")
        answer = await pause(live)
        assert (answer.accepted, answer.phase) == (True, "undoing")
        assert answer.message == "the undo that is under way goes on to its end, which a pause does not hold up"
        device.go_on.set()
        assert (await live.result()).verdict in {"failed", "stopped"}


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.history("confirm-undoes")
async def test_a_confirm_pass_that_only_undoes_is_shown_as_undoing(server: Server) -> None:
    do = (
        ProposeAction(change=TEMPLATE, name="change"),
        ApplyAction(change="change", confirm=Confirm(within_s=900, hold="wave"), save=True),
    )
    world = World(plan(changing("deploy", do=do, on_failure=OnFailure(action="undo", scope="wave"))), HOSTS[:1])
    world.confirm_scripts["deploy", "sw1"] = refuses
    world.undo_scripts["deploy", "sw1"] = device = Holding(world)
    async with server.run(world) as live:
        await asyncio.wait_for(device.begun.wait(), 30)
        status = await live.until(lambda status: waits_for(status) == [("sw1", "undo")])
        assert status.steps[0].waves[0].state == "undoing"
        device.go_on.set()
        await live.result()
