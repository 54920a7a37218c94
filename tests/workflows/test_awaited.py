"""What a run waits for is told in the same words in the Web UI, by `status` and by `watch`."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from rich.console import Console

from standing import MOMENT, RUN, standing
from starter.render.plain import PlainView
from starter.render.status import status_view
from workflows import awaited
from workflows.contracts import CalledRun, Gate, RunId, RunStatus, UnderWay
from workflows.plan import CallStep, Constant, HostName, StepId
from workflows.run.details import ROOM, markdown
from workflows.run.queries import run_status
from workflows.run.state import BatchRun, RunState, StepRun

LATER = MOMENT + timedelta(minutes=30)
HELD = "waits for devices that are held by run-7, run-9"


def printed(status: RunStatus) -> str:
    """What `netsaga status` prints of it."""
    out = Console(file=StringIO(), width=200)
    out.print(status_view(status, now=MOMENT + timedelta(minutes=14)))
    text = out.file
    assert isinstance(text, StringIO)
    return text.getvalue()


def hanging(state: RunState) -> str:
    """A device that is being taken back, and does not answer."""
    host = HostName("acc-00007")
    batch = BatchRun(
        "deploy/w1/undo/0", (host,), "undo", under_way={host: UnderWay(host=host, since=MOMENT, doing="undo")}
    )
    state.steps[StepId("deploy")].batches[batch.label] = batch
    return "acc-00007 (undoing, "


def tripped(state: RunState) -> str:
    """A breaker that has opened, while other devices are still under way."""
    deploy = state.steps[StepId("deploy")]
    deploy.tripped = True
    deploy.batches["deploy/w2/0"] = BatchRun("deploy/w2/0", (HostName("acc-00009"),), "do")
    return awaited.BREAKER


def calling(state: RunState) -> str:
    """A run that a step has called, under way."""
    step = CallStep(id=StepId("close"), definition="close-ticket", version="1", with_=Constant(value={}))
    state.steps[step.id] = StepRun(step, state="running", message=f"run {RUN}/close")
    return f"waits for run {RUN}/close"


def taking_back(state: RunState) -> str:
    """A called run that is taken back by another one."""
    calling(state)
    one = CalledRun(
        workflow_id="run-1/close", run=RunId("r"), left="changes", state="undoing", undone_by="run-1/close/undo"
    )
    state.steps[StepId("close")].runs = [one]
    return "waits for run run-1/close/undo, which takes back run run-1/close"


def leased(state: RunState) -> str:
    """Devices that other runs hold."""
    deploy = state.steps[StepId("deploy")]
    deploy.state, deploy.message = "waiting", HELD
    return HELD


def soaking(state: RunState) -> str:
    """A wave that soaks."""
    wave = state.steps[StepId("deploy")].waves[0]
    wave.state, wave.soaks_until = "soaking", LATER
    return "deploy/w1"


@pytest.mark.parametrize("make", [hanging, tripped, calling, taking_back, leased, soaking])
def test_each_thing_that_is_waited_for_is_told_everywhere_in_the_same_words(make: Callable[[RunState], str]) -> None:
    state = standing(10_000, begun=300, failing=60)
    said = make(state)
    status = run_status(state, most=0)
    details = markdown(status)
    assert said in details, details
    assert said in printed(status)
    assert len(details.encode()) <= ROOM


def test_lines_tell_once_which_run_a_step_waits_for() -> None:
    state = standing(3, begun=3)
    calling(state)
    out = StringIO()
    with PlainView(Console(file=out, width=200)) as view:
        for _ in range(2):
            view.show(run_status(state), ())
    assert [line.split("  ", 1)[1] for line in out.getvalue().splitlines() if "waits" in line] == [
        f"close              waits      for run {RUN}/close"
    ]


def test_details_say_since_when_a_device_is_under_way_for_nobody_writes_them_anew() -> None:
    state = standing(800, begun=300)
    hanging(state)
    assert "- **deploy** waits for acc-00007 (undoing, since 2026-11-21 22:28:37 UTC)" in markdown(
        run_status(state, most=0)
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "waits for 2 of leads until 22:58, then rejects by itself"),
        ({"approvals": 1, "on_timeout": "approve"}, "waits for 1 more of leads until 22:58, then approves by itself"),
        ({"on_timeout": "escalate", "asks_next": "boss"}, "waits for 2 of leads until 22:58, then asks boss, too"),
        ({"also": "boss"}, "waits for 2 of leads or boss until 22:58, then rejects by itself"),
    ],
)
def test_a_gate_says_whom_it_waits_for_until_when_and_what_silence_means(changes: dict[str, object], said: str) -> None:
    gate = {"step": "gate", "by": "leads", "quorum": 2, "approvals": 0, "until": LATER, "on_timeout": "reject"}
    assert awaited.gate(Gate.model_validate({**gate, **changes}), lambda moment: f"{moment:%H:%M}") == said
