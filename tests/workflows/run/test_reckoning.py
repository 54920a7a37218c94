"""How long a wave may take: by the plan at first, by what was seen later."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plans import changing, reading
from workflows import contracts
from workflows.definition.compiler import Compiled, Source, compile_definition
from workflows.plan import ApplyAction, Confirm, DevicesStep, HostName, Maintenance, Retry, SaveAction
from workflows.run.reckoning import lasting, need_of, note_turn
from workflows.run.state import StepRun, WaveRun

HOSTS = tuple(HostName(f"sw{number}") for number in range(1, 81))
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
LOGIN, TIMEOUT, COMMIT = 30, 60, 900


def begun(step: DevicesStep, *sizes: int, soak_s: float = 0.0) -> StepRun:
    """A step with so many devices in each of its waves."""
    run, left = StepRun(step), list(HOSTS)
    for place, size in enumerate(sizes, start=1):
        run.waves.append(WaveRun(f"w{place}", tuple(left[:size]), soak_s=soak_s))
        del left[:size]
    run.letters = {host: contracts.PENDING for wave in run.waves for host in wave.hosts}
    return run


def carry_out(run: StepRun, place: int, took_s: float, turns: int = 1, letter: str = contracts.CHANGED) -> None:
    """A wave whose devices have all come to one letter."""
    wave = run.waves[place]
    wave.began, wave.turns = NOON, turns
    run.letters.update(dict.fromkeys(wave.hosts, letter))
    note_turn(run, wave, NOON + timedelta(seconds=took_s))


def step(**changes: Any) -> DevicesStep:
    return changing("deploy", retry=Retry(attempts=3), concurrency=20, **changes)


def test_before_anything_was_changed_attempts_have_their_limits_and_a_commit_has_its_own_once() -> None:
    need = need_of(begun(step(), 40), step(), begun(step(), 40).waves[0], 20)
    assert (need.turns, need.measured) == (2, False)
    assert need.work_s == 3 * (LOGIN + 2 * TIMEOUT) + COMMIT
    assert need.undo_s == LOGIN + 2 * TIMEOUT + COMMIT
    assert need.total_s == 2 * (need.work_s + need.undo_s)
    assert str(need) == ("2 turns of up to 23m under `concurrency`, as many turns of up to 18m for the undo")


def test_maintenance_is_work_and_what_saves_commits() -> None:
    around = Maintenance(enter=(SaveAction(),), leave=())
    plain, longer = step(), step(maintenance=around)
    more = need_of(begun(longer, 1), longer, begun(longer, 1).waves[0], 20).work_s
    assert more - need_of(begun(plain, 1), plain, begun(plain, 1).waves[0], 20).work_s == 3 * TIMEOUT + COMMIT


@pytest.mark.parametrize("what", [reading("look"), changing("deploy", undo=())])
def test_what_is_not_undone_needs_no_time_for_it(what: DevicesStep) -> None:
    run = begun(what, 1)
    need = need_of(run, what, run.waves[0], 20)
    assert need.undo_s == 0
    assert "undo" not in str(need)


def test_soak_and_the_confirm_of_a_whole_wave_are_part_of_it() -> None:
    held = step(do=(ApplyAction(change="change", confirm=Confirm(within_s=900, hold="wave")),))
    run = begun(held, 40, soak_s=300)
    need = need_of(run, held, run.waves[0], 20)
    assert (need.soak_s, need.confirm_s) == (300, 2 * (LOGIN + TIMEOUT))
    assert "5m of soak, 3m to confirm" in str(need)


def test_a_wave_goes_by_three_times_the_longest_turn_of_those_before() -> None:
    run = begun(step(), 1, 10, 40)
    carry_out(run, 0, 50)
    carry_out(run, 1, 80, turns=2)
    need = need_of(run, step(), run.waves[2], 20)
    assert (need.work_s, need.undo_s, need.total_s) == (150, 150, 600)
    assert str(need) == (
        "2 turns of up to 3m under `concurrency`, 3 times what was seen, as many turns of up to 3m for the undo"
    )


def test_it_is_never_less_than_the_limit_of_an_action_and_never_more_than_the_plan_allows() -> None:
    quick, slow = begun(step(), 1, 40), begun(step(), 1, 40)
    carry_out(quick, 0, 2)
    carry_out(slow, 0, 7200)
    assert need_of(quick, step(), quick.waves[1], 20).work_s == TIMEOUT
    assert (
        need_of(slow, step(), slow.waves[1], 20).work_s == need_of(begun(step(), 1), step(), slow.waves[1], 20).work_s
    )


@pytest.mark.parametrize("status", ["succeeded", "failed", "undone"])
def test_a_wave_that_holds_no_change_shows_nothing(status: contracts.DeviceStatus) -> None:
    run = begun(step(), 1, 40)
    carry_out(run, 0, 2, letter=contracts.LETTERS[status])
    assert not need_of(run, step(), run.waves[1], 20).measured


def test_lengths_are_rounded_up_for_people() -> None:
    assert [lasting(length) for length in (0, 59.2, 120, 121, 3600, 5401)] == ["0s", "1m", "2m", "3m", "1h", "91m"]


DEFINITION = """\
netsaga: 1
name: x
version: 1.0.0
inventory: {{source: lab, expect: {{max: 10}}}}
defaults: {{timeout: 1m, retry: {{attempts: 3}}, concurrency: 10}}
steps:
  - id: change
    devices: inventory
    do:
      - check: {{that: 1 < 2}}
      - configure: {{lines: [a]}}
        confirm: {{within: 2h, hold: {hold}}}
      - save: true
      - reachable: {{within: 10m}}
    waves: [{{size: 1, soak: 5m}}, 100%]
    window: {{cron: "0 22 * * *", duration: {seconds}s}}
    undo: {undo}
    on_failure: stop
"""


@pytest.mark.parametrize(("hold", "undo"), [("wave", "[native]"), ("device", "[native]"), ("device", "none")])
def test_the_compiler_reckons_for_the_first_wave_as_the_run_does(hold: str, undo: str) -> None:
    def compiled(seconds: float) -> Compiled:
        return compile_definition(Source("x.yaml", DEFINITION.format(hold=hold, undo=undo, seconds=f"{seconds:g}")))

    def told(seconds: float) -> bool:
        return "NS716" in {item.code for item in compiled(seconds).diagnostics}

    found = compiled(86_400).plan
    assert found is not None
    change = found.steps[0]
    assert isinstance(change, DevicesStep)
    run = begun(change, 1, soak_s=300)
    total_s = need_of(run, change, run.waves[0], 10).total_s
    assert (told(total_s), told(total_s - 1)) == (False, True)
