"""What people see: safe text, bars, tables, and progress in calm lines."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console, RenderableType

from starter.client import Orchestrator
from starter.errors import RunEndedError, ServerUnreachableError
from starter.handle import RunHandle
from starter.render import watch
from starter.render.diffs import gate_view
from starter.render.live import LiveView
from starter.render.plain import PlainView
from starter.render.status import bar, status_view
from starter.render.watch import follow
from starter.render.words import clean, counts, lasted, utc
from workflows.contracts import (
    DecisionRecord,
    DiffGroup,
    Gate,
    OperationRecord,
    RunResult,
    RunStatus,
    StepStatus,
    UnderWay,
    WaveStatus,
)
from workflows.plan import HostName, StepId

MOMENT = datetime(2026, 11, 21, 22, 28, 37, tzinfo=UTC)


def printed(view: RenderableType) -> str:
    out = io.StringIO()
    Console(file=out, width=100, markup=False, highlight=False).print(view)
    return out.getvalue()


def test_times_are_utc_and_durations_are_short() -> None:
    assert utc(MOMENT.astimezone()) == "2026-11-21 22:28:37Z"
    assert [lasted(value) for value in (0.2, 59, 200, 7500)] == ["0s", "59s", "3m 20s", "2h 05m"]


def test_what_could_drive_a_terminal_is_taken_out_and_brackets_stay() -> None:
    assert clean("a\x1b[31mb\x07\x9bc\u202e") == "a\N{REPLACEMENT CHARACTER}[31mb" + "\N{REPLACEMENT CHARACTER}" * 2 + (
        "c\N{REPLACEMENT CHARACTER}"
    )
    assert clean("[bold]é ok\n\tend") == "[bold]é ok\n\tend"


def test_counts_come_in_a_fixed_order_without_zeros() -> None:
    assert counts({"failed": 1, "zebra": 2, "succeeded": 20, "skipped": 0}).plain == "20 succeeded, 1 failed, 2 zebra"


@pytest.mark.parametrize(
    ("numbers", "full"),
    [({}, 0), ({"pending": 12}, 0), ({"changed": 6, "pending": 6}, 12), ({"changed": 11, "failed": 1}, 24)],
)
def test_a_bar_is_as_full_as_the_wave_is_done(numbers: dict[str, int], full: int) -> None:
    text = bar(WaveStatus(name="rest", state="running", size=12, counts=numbers)).plain
    assert text.count("━") == full
    assert len(text.split(" ")[0]) == 24


def test_a_status_names_its_gate_and_how_to_answer_it() -> None:
    gate = Gate(
        step=StepId("approval"),
        by="netops-leads",
        quorum=2,
        approvals=1,
        until=MOMENT + timedelta(minutes=30),
        on_timeout="reject",
        digest="ab" * 32,
        diffs=(DiffGroup(digest="cd" * 32, made="modelled", devices=23, example=HostName("a[1]"), text="+vlan 120"),),
    )
    status = RunStatus(
        id="r-1",
        definition="campus-vlan",
        version="1.0.0",
        phase="waiting",
        started=MOMENT,
        steps=(StepStatus(id=StepId("approval"), kind="approve", state="waiting"),),
        gates=(gate,),
    )
    text = printed(status_view(status, url="http://127.0.0.1/r-1", now=MOMENT + timedelta(seconds=75)))
    assert "campus-vlan 1.0.0  r-1  waiting  1m 15s" in text
    assert "waits for 1 more of netops-leads until 2026-11-21 22:58:37Z, then rejects by itself" in text
    assert "netsaga approve r-1 approval --by NAME" in text
    narrow = gate.model_copy(update={"on_timeout": "escalate", "asks_next": "managers"})
    assert "then asks managers, too" in printed(gate_view(narrow, "r-1"))
    wider = gate.model_copy(update={"escalated": True, "also": "managers", "approvals": 0})
    assert "waits for 2 of netops-leads or managers until" in printed(gate_view(wider, "r-1"))
    view = printed(gate_view(gate, "r-1"))
    assert "23 devices, as on a[1] (modelled, cdcdcdcdcdcd)" in view
    assert "    +vlan 120" in view
    assert "kinds of change" not in view
    some = gate.model_copy(update={"diffs_omitted": 3})
    assert "\n  and up to 3 more kinds of change; all: netsaga diffs r-1\n" in printed(gate_view(some, "r-1"))


def test_a_status_tells_what_operators_asked_for_and_what_was_refused() -> None:
    def asked(operation: str, **more: object) -> OperationRecord:
        return OperationRecord.model_validate(
            {"operation": operation, "by": "olga", "at": MOMENT, "how": "signal", **more}
        )

    operations = (
        asked("set_concurrency", concurrency=5, step="deploy"),
        asked("undo", scope="failed", devices=["sw1"]),
        asked("undo", scope="wave", reason="too many"),
        asked("resume", refused="the run is not paused"),
        asked("resume", reason="the site is down", besides="wave canary begins early"),
    )
    before = DecisionRecord.model_validate(
        {
            "step": "gate",
            "decision": "approve",
            "by": "ann",
            "at": MOMENT - timedelta(minutes=1),
            "how": "update",
            "counted": True,
        }
    )
    after = before.model_copy(update={"by": "bob", "at": MOMENT + timedelta(minutes=1)})
    status = RunStatus(id="r-1", phase="running", started=MOMENT, decisions=(before, after), operations=operations)
    text = printed(status_view(status))
    told = ("approved by ann", "set_concurrency", "undo sw1", "undo wave", "resume by", "approved by bob")
    assert sorted(told, key=text.index) == list(told)
    assert "set_concurrency 5 deploy by olga" in text
    assert "undo sw1 by olga" in text
    assert "undo wave by olga (too many)" in text
    assert "resume by olga - refused: the run is not paused" in text
    assert "resume by olga (the site is down); wave canary begins early" in text


def test_a_wave_that_is_held_says_by_when_it_must_be_confirmed() -> None:
    until, by = MOMENT + timedelta(minutes=5), MOMENT + timedelta(minutes=12)
    soaking = WaveStatus(name="all", state="soaking", size=3, counts={"changed": 3}, until=until, confirm_until=by)
    step = StepStatus(id=StepId("deploy"), kind="devices", state="running", waves=(soaking,))
    status = RunStatus(id="r-1", phase="running", started=MOMENT, steps=(step,))
    said = "deploy/all soaks until 2026-11-21 22:33:37Z; must be confirmed by 2026-11-21 22:40:37Z"
    assert said in printed(status_view(status))
    live, out = LiveView(Console(file=io.StringIO())), io.StringIO()
    live.show(status, ())
    assert said in printed(live.frame())
    PlainView(Console(file=out, width=120)).show(status, ())
    assert "soaking    3 changed; must be confirmed by 2026-11-21 22:40:37Z\n" in out.getvalue()


def _waiting(*waited_s: float) -> RunStatus:
    """A step that is being undone, and waits for devices since so long."""
    now = datetime.now(UTC)
    under_way = tuple(
        UnderWay(host=HostName(f"acc-{number}"), since=now - timedelta(seconds=waited), doing="undo")
        for number, waited in enumerate(waited_s, start=1)
    )
    step = StepStatus(id=StepId("deploy"), kind="devices", state="undoing", under_way=under_way)
    return RunStatus(id="r", phase="undoing", started=MOMENT, steps=(step,))


def test_a_status_says_for_which_devices_a_step_waits_and_for_how_long() -> None:
    words = " ".join(printed(status_view(_waiting(840, 60, 3))).split())
    assert "waits for acc-1 (undoing, 14m 00s), acc-2 (undoing, 1m 00s)" in words
    assert "acc-3" not in words
    assert "waits for" not in printed(status_view(_waiting(3)))


def test_calm_lines_tell_of_a_device_that_is_waited_for_now_and_then() -> None:
    out = io.StringIO()
    view = PlainView(Console(file=out, width=120, markup=False, highlight=False))
    for waited in (-3, 5, 65, 100, 115, 125, 200):
        view.show(_waiting(waited), ())
    told = [" ".join(line.split()[1:]) for line in out.getvalue().splitlines() if " for acc-1 " in line]
    assert told == [
        "deploy waits for acc-1 (undoing, 1m 05s)",
        "deploy waits for acc-1 (undoing, 2m 05s)",
    ]


def test_an_automatic_approval_that_was_none_is_told_with_what_it_rests_on() -> None:
    record = DecisionRecord(
        step=StepId("gate"),
        decision="unanswered",
        by="netsaga",
        at=MOMENT,
        how="automatic",
        counted=False,
        why_not="the condition of `auto` does not hold",
        condition="bound.devices <= 2",
        evidence={"bound.devices": 3},
    )
    said = printed(status_view(RunStatus(id="r", phase="waiting", started=MOMENT, decisions=(record,))))
    words = " ".join(said.split())
    assert "gate: not approved by netsaga: bound.devices <= 2; bound.devices = 3 - the condition of `auto`" in words


def test_a_wave_of_one_is_one_device_in_calm_lines() -> None:
    out, running = io.StringIO(), WaveStatus(name="canary", state="running", size=1, counts={"pending": 1})
    step = StepStatus(
        id=StepId("deploy"),
        kind="devices",
        state="running",
        waves=(running, WaveStatus(name="rest", state="pending", size=2)),
    )
    view = PlainView(Console(file=out, width=120))
    view.show(RunStatus(id="r-1", phase="running", started=MOMENT, steps=(step,)), ())
    assert "deploy/canary      running    1 device\n" in out.getvalue()


def test_a_step_has_ended_when_its_last_wave_has_in_calm_lines() -> None:
    out = io.StringIO()
    ended = (WaveStatus(name="canary", state="succeeded", size=1), WaveStatus(name="rest", state="succeeded", size=2))
    step = StepStatus(id=StepId("deploy"), kind="devices", state="succeeded", waves=ended)
    view = PlainView(Console(file=out, width=120))
    view.show(RunStatus(id="r-1", phase="running", started=MOMENT, steps=(step,)), ())
    assert [line.split()[1] for line in out.getvalue().splitlines()] == ["deploy/canary", "deploy/rest", "deploy"]


def test_a_refused_run_says_why_and_its_clock_stands_still() -> None:
    status = RunStatus(id="r-1", phase="closed", message="refused: no such site", started=MOMENT)
    text = printed(status_view(status, now=MOMENT + timedelta(days=1)))
    assert "refused: no such site" in text
    assert "24h" not in text


async def test_progress_without_a_terminal_is_a_line_for_each_change(orchestrator: Orchestrator) -> None:
    handle = await orchestrator.start("campus-vlan")
    out = io.StringIO()
    asked: list[str] = []

    async def approve(gate: Gate) -> None:
        asked.append(gate.step)
        await handle.approve(by="bob")

    result = await follow(handle, PlainView(Console(file=out, width=120)), on_gate=approve)
    assert (result.verdict, asked) == ("succeeded", ["approval"])
    lines = out.getvalue().splitlines()
    assert sum("deploy/canary" in line for line in lines) == 1
    assert any("acc-004" in line and "rejected_by_device" in line and "\x1b" not in line for line in lines)


async def test_progress_on_a_terminal_is_drawn_in_place_and_taken_away(orchestrator: Orchestrator) -> None:
    handle = await orchestrator.start("campus-vlan")
    out = io.StringIO()
    console = Console(file=out, width=120, force_terminal=True)
    view = LiveView(console, url="http://127.0.0.1/x")
    frames: list[str] = []

    async def approve(gate: Gate) -> None:
        frames.append(printed(view.frame()))
        await handle.approve(by="bob", step=gate.step)

    assert (await follow(handle, view, on_gate=approve)).verdict == "succeeded"
    assert "acc-012" in frames[0]
    assert "canary" in frames[0]
    assert "http://127.0.0.1/x" in frames[0]


class Away(RunHandle):
    """A run whose server is away so many times, and then has seen it terminated."""

    def __init__(self, times: int) -> None:
        self.id = "run-1"
        self.times = times

    async def result(self) -> RunResult:
        """Fails, as it does without a server."""
        self.times -= 1
        raise ServerUnreachableError("away") if self.times >= 0 else RunEndedError("terminated")

    async def status(self) -> RunStatus:
        """As `result`."""
        raise ServerUnreachableError("away")


async def test_a_watch_outlives_a_restart_of_the_server_and_says_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "AGAIN_S", 0.0)
    out = io.StringIO()
    with pytest.raises(RunEndedError):
        await follow(Away(3), PlainView(Console(file=out, width=120)))
    assert out.getvalue().count("No Temporal server answers. The run is kept and goes on when it is up again.") == 1


async def test_a_watch_gives_up_on_a_server_that_stays_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "PATIENCE_S", 0.0)
    with pytest.raises(ServerUnreachableError):
        await follow(Away(3), PlainView(Console(file=io.StringIO(), width=120)))


def test_what_a_run_that_has_ended_did_not_reach_is_not_called_pending() -> None:
    waves = (WaveStatus(name="pilot", state="failed", size=1), WaveStatus(name="rest", state="pending", size=3))
    counts = {"failed": 1, "pending": 3}
    step = StepStatus(id=StepId("deploy"), kind="devices", state="failed", counts=counts, waves=waves)
    said = printed(status_view(RunStatus(id="r", phase="closed", started=MOMENT, steps=(step,))))
    assert "1 failed, 3 not reached" in said
    assert "pending" not in said
