"""`maintenance` on real sessions: entered before, left after, whatever became of what stands between."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities.deviceinteraction.testbed.model import Fault
from activity_bench import Bench, bench, call, call_of, environment, outcome_in, refused, until
from workflows.contracts import InteractInput

HOSTS = ("acc-001", "acc-002", "acc-003")
DEFINITION = """
netsaga: 1
name: change
version: 1.0.0
inputs:
  demanded: {type: integer, default: 120}
inventory: {source: lab}
defaults: {timeout: 20s, retry: {attempts: 2, delay: 10ms, on: [transient]}}
steps:
  - id: deploy
    devices: inventory
    maintenance:
      enter:
        - configure: {lines: ["vlan 999", " name drained"]}
      leave:
        - configure: {lines: ["no vlan 999"]}
    do:
      - configure: {lines: ["vlan 120", " name cameras"]}
      - snapshot: [vlans]
        as: after
      - check:
          there: inputs.demanded in after.vlans
          drained: 999 in after.vlans
    on_failure: {undo: wave}
"""


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path) as found:
        yield found


async def _asked(lab: Bench, host: str, demanded: int = 120) -> InteractInput:
    return call_of(await lab.prepared(DEFINITION, demanded=demanded), "deploy", host)


def _vlans(lab: Bench, host: str) -> set[int]:
    return {120, 999} & set(lab.testbed.device(host).vlans())


def _effects(lab: Bench, host: str) -> list[str]:
    log = lab.testbed.device(host).log()
    return [entry.get("line", "").strip() for entry in log if entry.get("effect") == "running"]


@pytest.mark.parametrize("host", HOSTS)
async def test_a_device_is_led_in_changed_and_led_out_in_one_session(lab: Bench, host: str) -> None:
    outcome = await call(lab.interact.interact, await _asked(lab, host))
    assert (outcome.status, outcome.changed) == ("succeeded", True)
    assert _vlans(lab, host) == {120}
    assert outcome.diff_ref is not None
    assert "999" not in await lab.documents.text(outcome.diff_ref)  # nobody is shown more than the change
    log = lab.testbed.device(host).log()
    assert len({entry["session"] for entry in log if entry["session"] != 0}) == 1


@pytest.mark.parametrize("host", HOSTS)
async def test_a_device_that_fails_is_taken_back_and_then_led_out(lab: Bench, host: str) -> None:
    before = lab.testbed.device(host).running_config()
    asked = await _asked(lab, host, demanded=4000)
    error = await refused(lab.interact.interact, asked)
    assert (error.type, _vlans(lab, host)) == ("check_failed", {120, 999})
    undone = await call(lab.undo.undo, asked)
    assert undone.status == "undone"
    assert lab.testbed.device(host).running_config() == before


async def test_a_device_whose_step_is_not_taken_back_is_led_out_all_the_same(lab: Bench) -> None:
    asked = await _asked(lab, "acc-001", demanded=4000)
    await refused(lab.interact.interact, asked)
    left = await call(lab.undo.undo, asked.model_copy(update={"only": "leave"}))
    assert (left.status, left.touched) == ("succeeded", False)
    assert _vlans(lab, "acc-001") == {120}
    again = await call(lab.undo.undo, asked.model_copy(update={"only": "leave"}), attempt=2)
    assert again.status == "succeeded"


@pytest.mark.parametrize("host", HOSTS)
async def test_an_undo_that_comes_later_is_wrapped_as_well(lab: Bench, host: str) -> None:
    before = lab.testbed.device(host).running_config()
    asked = await _asked(lab, host)
    await call(lab.interact.interact, asked)
    undone = await call(lab.undo.undo, asked)
    assert (undone.status, undone.warning_count) == ("undone", 0)
    if host == "acc-001":  # it logs what is typed, line by line
        assert [line for line in _effects(lab, host) if line == "vlan 999"] == ["vlan 999"] * 2
    assert lab.testbed.device(host).running_config() == before
    again = await call(lab.undo.undo, asked, attempt=2)
    assert again.status == "undone"
    assert lab.testbed.device(host).running_config() == before


async def test_a_device_that_cannot_leave_fails_and_is_said_to_be_inside(lab: Bench) -> None:
    asked = await _asked(lab, "acc-001")
    lab.testbed.device("acc-001").inject(Fault(kind="reject", match="no vlan 999", times=0))
    error = await refused(lab.interact.interact, asked)
    assert outcome_in(error).touched
    undo = await refused(lab.undo.undo, asked)
    assert undo.type == "undo_failed"
    assert "could not leave its maintenance" in undo.message
    assert _vlans(lab, "acc-001") == {999}


async def test_an_attempt_that_begins_again_enters_and_changes_nothing_twice(lab: Bench) -> None:
    asked = await _asked(lab, "acc-002")
    lab.testbed.device("acc-002").inject(Fault(kind="drop", match="^show vlan", times=1))
    error = await refused(lab.interact.interact, asked)
    assert error.type in {"transient", "unreachable"}
    outcome = await call(lab.interact.interact, asked, attempt=2)
    assert outcome.status == "succeeded"
    effects = _effects(lab, "acc-002")
    assert [line for line in effects if effects.count(line) > 1] == []


async def test_a_cancelled_device_is_led_out(lab: Bench) -> None:
    asked = await _asked(lab, "acc-001")
    env = environment()
    lab.testbed.device("acc-001").inject(Fault(kind="slow", match="vlan 120", seconds=0.5))
    running = asyncio.create_task(env.run(lab.interact.interact, asked))
    await until(lambda: 999 in _vlans(lab, "acc-001"))
    env.cancel()
    await asyncio.wait({running})
    assert running.exception() is not None
    await call(lab.undo.undo, asked)
    assert _vlans(lab, "acc-001") == set()


async def test_a_device_that_was_never_led_in_is_not_led_out(lab: Bench) -> None:
    outcome = await call(lab.undo.undo, await _asked(lab, "acc-003"))
    assert (outcome.status, outcome.touched) == ("succeeded", False)
    assert _effects(lab, "acc-003") == []


async def test_plan_mode_enters_nothing_and_says_that_it_would(lab: Bench) -> None:
    asked = (await _asked(lab, "acc-001")).model_copy(update={"mode": "plan"})
    outcome = await call(lab.interact.interact, asked)
    assert outcome.would == ("enter maintenance before, and leave it after",)
    assert (outcome.changed, _effects(lab, "acc-001")) == (True, [])


WITNESSED = (
    DEFINITION.replace("    do:\n", "    do:\n      - show: show clock\n")
    .replace(
        "      enter:\n",
        "      enter:\n        - snapshot: [vlans]\n          as: outside\n",
    )
    .replace(
        '        - configure: {lines: ["no vlan 999"]}\n',
        '        - configure: {lines: ["no vlan 999"]}\n'
        "        - snapshot: [vlans]\n"
        "        - compare: {before: outside}\n"
        "          expect: {vlans: {added: [120]}}\n",
    )
    .replace(
        "      - check:\n",
        "      - compare: {before: outside}\n        expect: {vlans: {added: [120, 999]}}\n      - check:\n"
        "          nothing was there: not (inputs.demanded in outside.vlans)\n",
    )
)


async def test_leaving_compares_with_what_was_there_on_entering(lab: Bench) -> None:
    asked = call_of(await lab.prepared(WITNESSED), "deploy", "acc-001")
    outcome = await call(lab.interact.interact, asked)
    assert (outcome.status, _vlans(lab, "acc-001")) == ("succeeded", {120})


async def test_a_later_attempt_knows_what_was_seen_on_entering(lab: Bench) -> None:
    asked = call_of(await lab.prepared(WITNESSED), "deploy", "acc-002")
    lab.testbed.device("acc-002").inject(Fault(kind="drop", match="^show clock", times=1))
    await refused(lab.interact.interact, asked)
    assert (await call(lab.interact.interact, asked, attempt=2)).status == "succeeded"


async def test_a_device_that_does_not_come_back_as_it_was_fails_as_it_leaves(lab: Bench) -> None:
    asked = call_of(await lab.prepared(WITNESSED.replace("{added: [120]}", "unchanged")), "deploy", "acc-001")
    error = await refused(lab.interact.interact, asked)
    assert (error.type, "vlans: expected nothing added, found added 120" in error.message) == ("check_failed", True)
    assert (await call(lab.undo.undo, asked)).status == "undone"
    assert _vlans(lab, "acc-001") == set()


async def test_a_device_that_was_led_in_by_half_is_led_out_and_not_judged(lab: Bench) -> None:
    asked = call_of(await lab.prepared(WITNESSED), "deploy", "acc-001")
    lab.testbed.device("acc-001").inject(Fault(kind="reject", match="^vlan 999", times=1))
    await refused(lab.interact.interact, asked)
    left = await call(lab.undo.undo, asked.model_copy(update={"only": "leave"}))
    assert left.transcript is not None
    assert "not judged, for `outside` was never taken" in await lab.documents.text(left.transcript)


async def test_plan_mode_reads_what_is_seen_on_entering(lab: Bench) -> None:
    source = WITNESSED.replace(
        "      - show: show clock\n", "      - check: {new: not (inputs.demanded in outside.vlans)}\n"
    )
    asked = call_of(await lab.prepared(source), "deploy", "acc-001").model_copy(update={"mode": "plan"})
    outcome = await call(lab.interact.interact, asked)
    assert (outcome.status, outcome.changed, _effects(lab, "acc-001")) == ("succeeded", True, [])
