"""The picture of a run on a terminal, at any size, and how it is drawn."""

import io

import pytest
from rich.console import Console

from standing import MOMENT, RUN, paused, standing
from starter.render.causes import causes_table
from starter.render.cells import grid, legend
from starter.render.live import LiveView
from starter.render.plain import PlainView
from starter.render.result import print_result
from starter.render.screen import CLOSE, OPEN, Screen
from starter.render.status import status_view
from terminal_screen import TerminalScreen
from workflows.contracts import Cells, DeviceResult, FailureInfo, RunResult, RunStatus
from workflows.plan import HostName, StepId
from workflows.run.causes import causes
from workflows.run.queries import run_status


def terminal(width: int, height: int) -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, width=width, height=height, force_terminal=True, color_system="standard"), out


def picture(status: RunStatus, width: int, height: int, names: tuple[str, ...] = ()) -> str:
    console, out = terminal(width, height)
    view = LiveView(console)
    view.show(status, names)
    screen = Screen(console)
    screen.open()
    screen.draw(view.frame())
    seen = TerminalScreen(width, height)
    seen.feed(out.getvalue())
    return seen.text


def test_eight_hundred_devices_are_a_calm_picture() -> None:
    status = run_status(standing(800, begun=300, failing=60))
    text = picture(status, 120, 50)
    assert "campus-vlan 1.0.0" in text.splitlines()[0]
    assert "failures 4 of 16 allowed" in text
    assert "209/719" in text
    assert "2 ✗  deploy  rejected_by_device: … refused `name cameras`" in text
    assert "acc-00060, acc-00240" in text
    assert "\n  1 cccccccccc cccccccccc " in text
    rows = [line for line in text.splitlines() if line[:3].strip().isdigit() and set(line[3:]) <= set(" .rcux")]
    assert sum(len(row[3:].replace(" ", "")) for row in rows) == 800
    assert ". pending 500" in text
    assert f"netsaga watch {RUN}" in text
    assert "more lines" not in text


def test_ten_thousand_devices_are_cells_of_ten() -> None:
    text = picture(run_status(standing(10_000, begun=3_000, failing=600)), 120, 50)
    assert "a cell is 10 devices, the worst of them shows" in text
    assert "\n    1 ccc" in text
    assert len(text.splitlines()) < 40


def test_of_many_waves_those_that_move_have_a_line_and_the_rest_a_number() -> None:
    text = picture(run_status(standing(800, begun=300, wave_sizes=(20,) * 39)), 120, 50)
    assert "w15" in text
    assert "w14" not in text
    assert "of all waves" in text
    assert "14 succeeded, 1 running, 25 pending" in text


def test_few_devices_have_names_and_letters_that_need_no_colour() -> None:
    names = tuple(f"acc-{number:03}" for number in range(1, 25))
    text = picture(run_status(standing(24, begun=12, failing=2)), 100, 40, names)
    assert "c acc-001" in text
    assert "r acc-012" in text
    assert ". acc-024" in text


@pytest.mark.parametrize(("width", "height"), [(20, 5), (40, 10), (80, 24), (240, 70)])
def test_it_fits_into_any_terminal(width: int, height: int) -> None:
    text = picture(_paused_status(), width, height)
    assert len(text.splitlines()) <= height
    if height <= 24:
        assert "more lines" in text


def _paused_status() -> RunStatus:
    return run_status(paused(standing(800, begun=300, failing=60)))


def test_a_pause_says_by_whom_and_how_to_go_on() -> None:
    text = picture(_paused_status(), 120, 50)
    assert "paused by olga at 2026-11-21 22:31:37Z: lunch | break" in text
    assert f"netsaga resume {RUN} --by NAME" in text


def test_only_lines_that_differ_are_written() -> None:
    console, out = terminal(100, 30)
    screen, seen = Screen(console), TerminalScreen(100, 30)
    seen.rows[0] = "what was there before"
    screen.open()
    assert screen.draw("one\ntwo\nthree\nfour") == 5  # the new size clears, and four lines
    assert screen.draw("one\ntwo\nthree\nfour") == 0
    assert screen.draw("one\n2\nthree") == 2
    seen.feed(out.getvalue())
    assert (seen.text, seen.alternate, seen.cursor, seen.clears) == ("one\n2\nthree", True, False, 2)
    screen.close()
    assert screen.draw("late") == 0
    seen.feed(CLOSE)
    assert (seen.text, seen.cursor) == ("what was there before", True)
    assert out.getvalue().startswith(OPEN)


def test_a_resize_draws_all_of_it_anew() -> None:
    console, out = terminal(100, 30)
    screen = Screen(console)
    screen.open()
    screen.draw("one\ntwo")
    console.width, console.height = 60, 3
    out.truncate(0)
    assert screen.draw("one\ntwo") == 3
    assert screen.draw("a\nb\nc\nd") == 3
    seen = TerminalScreen(60, 3)
    seen.feed(out.getvalue().replace("\0", ""))
    assert seen.text == "a\nb\n… 2 more lines: the terminal is too small"


def test_without_colours_letters_say_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    out = io.StringIO()
    console = Console(file=out, width=80, height=20, force_terminal=True)
    screen = Screen(console)
    screen.open()
    screen.draw(grid(Cells(letters="cf.!"), 80))
    seen = TerminalScreen(80, 20)
    seen.feed(out.getvalue())
    assert (seen.text, seen.coloured) == ("1 cf.!", False)


def test_a_legend_names_the_letters_that_are_there() -> None:
    assert legend(Cells(letters="ccf!r.")).plain == (
        "c changed 2  r running 1  f failed 1  ! undo failed 1  . pending 1"
    )


def test_causes_that_are_left_out_are_counted() -> None:
    found = causes(standing(800, begun=800, failing=10).steps.values())
    out = io.StringIO()
    Console(file=out, width=120).print(causes_table(found, most=2))
    assert "failures of 1 other cause " in out.getvalue()
    assert out.getvalue().splitlines()[0].lstrip().startswith("27 ✗  deploy")


def test_lines_without_a_terminal_say_each_change_once_with_its_time() -> None:
    out = io.StringIO()
    view = PlainView(Console(file=out, width=200))
    with view:
        for begun in (1, 300, 300, 301, 500, 800):
            view.show(run_status(standing(800, begun=begun, failing=60)), ())
    lines = out.getvalue().splitlines()
    assert all(line[4] == line[7] == "-" and line[10] == "T" and line[19] == "Z" for line in lines)
    waves = [line[22:] for line in lines if "deploy/w3" in line]
    assert [line.split("running")[1].strip() for line in waves] == [
        "209 of 719 devices",
        "409 of 719 devices",
        "709 of 719 devices",
    ]
    causes_said = [line for line in lines if "rejected_by_device" in line]
    assert len(causes_said) == 2
    assert "devices    2 failed, rejected_by_device: … refused `name cameras`" in causes_said[0]


def test_a_result_of_many_devices_is_its_causes_and_those_that_need_somebody() -> None:
    state = standing(800, begun=800, failing=60)
    hosts = [HostName(f"acc-{number:05}") for number in range(1, 801)]
    devices = tuple(
        DeviceResult(name=host, status="undo_failed" if host == "acc-00060" else "changed") for host in hosts
    )
    result = RunResult(
        id=RUN,
        run=state.scope.run,
        definition="campus-vlan",
        version="1.0.0",
        plan_digest="d" * 64,
        verdict="failed_dirty",
        counts={"changed": 799, "undo_failed": 1},
        causes=causes(state.all_steps()),
        devices=devices,
    )
    out = io.StringIO()
    print_result(Console(file=out, width=120), result)
    text = out.getvalue()
    assert "acc-00060   undo failed" in text
    assert "acc-00061" not in text
    assert "refused `name cameras`" in text
    assert f"All devices: netsaga devices {RUN}" in text


def test_a_line_about_devices_that_failed_does_not_say_that_their_step_has_and_names_each_once() -> None:
    state, lines = standing(4, begun=4), io.StringIO()
    look, host = state.steps[StepId("precheck")], HostName("acc-00002")
    look.letters[host] = "f"
    look.messages[host] = FailureInfo(type="check_failed", message=f"{host}: VLAN 120 is missing")
    PlainView(Console(file=lines, width=120)).show(run_status(state), ())
    assert "precheck           device     1 failed, check_failed: VLAN 120 is missing (acc-00002)\n" in lines.getvalue()


def test_devices_that_others_have_taken_along_are_not_called_failed() -> None:
    state = standing(4, begun=4, failing=0)
    run = state.steps[StepId("deploy")]
    for host in run.letters:
        run.letters[host] = "x"
        run.messages[host] = FailureInfo(type="cancelled", message="taken back because step judge failed")
    lines, table = io.StringIO(), io.StringIO()
    PlainView(Console(file=lines, width=120)).show(run_status(state), ())
    assert (
        "deploy             affected   4 devices: taken back because step judge failed (acc-00001" in lines.getvalue()
    )
    Console(file=table, width=120).print(causes_table(causes([run])))
    assert "4 ·  deploy  taken back because step judge failed" in table.getvalue()


def test_an_undo_says_why_while_it_goes_on() -> None:
    state = standing(4, begun=4)
    state.message, state.phase = "step judge: the uplink is down", "undoing"
    state.steps[StepId("deploy")].waves[-1].state = "undoing"
    text = picture(run_status(state), 100, 30)
    assert "step judge: the uplink is down" in text
    assert "▸  deploy    undoing" in text


def test_a_status_groups_failures_too() -> None:
    out = io.StringIO()
    Console(file=out, width=120).print(status_view(run_status(standing(800, begun=300, failing=60)), now=MOMENT))
    assert "2 ✗  deploy  rejected_by_device" in out.getvalue()
