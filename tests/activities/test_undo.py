"""Taking one device's part of a step back: proven, idempotent, and silent where there is nothing to take back."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities.deviceinteraction.testbed.model import Fault
from activity_bench import Bench, bench, call, call_of, outcome_in, refused
from vlan_change import TEMPLATE
from workflows.contracts import InteractInput

HOSTS = ("acc-001", "acc-002", "acc-003", "acc-004")

DEFINITION = """
netsaga: 1
name: change
version: 1.0.0
inventory: {source: lab}
defaults: {timeout: 20s, retry: {attempts: 3, delay: 10ms}}
steps:
  - id: twice
    devices: inventory
    do:
      - configure: {template: vlan.j2, vars: {vlan: 120, name: cameras}}
      - configure: {template: vlan.j2, vars: {vlan: 121, name: doors}}
        save: true
    on_failure: {undo: wave}
  - id: kept
    devices: inventory
    do:
      - configure: {template: vlan.j2, vars: {vlan: 130, name: kept}}
    undo: none
    on_failure: stop
"""
REFUSED = r"configure replace|^rollback|no vlan|delete|restore|copy checkpoint"  # every way back


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path) as found:
        yield found


async def _asked(lab: Bench, host: str, step: str = "twice") -> InteractInput:
    return call_of(await lab.prepared(DEFINITION, {"vlan.j2": TEMPLATE}), step, host)


def _logins(lab: Bench, host: str) -> int:
    return sum(entry.get("event") == "login" for entry in lab.testbed.device(host).log())


@pytest.mark.parametrize("host", HOSTS)
async def test_all_effects_of_a_step_are_taken_back_and_saved_again(lab: Bench, host: str) -> None:
    device = lab.testbed.device(host)
    config, startup = device.running_config(), device.startup_config()
    asked = await _asked(lab, host)
    await call(lab.interact.interact, asked)
    assert {120, 121} <= set(device.vlans())
    outcome = await call(lab.undo.undo, asked)
    assert (outcome.status, outcome.changed, outcome.touched) == ("undone", False, True)
    assert outcome.undo is not None
    assert (outcome.undo.method, outcome.undo.foreign) == ("native", ())
    assert outcome.transcript is not None
    assert device.running_config() == config
    assert "cameras" not in startup
    assert "doors" not in device.startup_config()


@pytest.mark.parametrize("host", HOSTS)
async def test_a_second_undo_makes_no_second_effect(lab: Bench, host: str) -> None:
    asked = await _asked(lab, host)
    await call(lab.interact.interact, asked)
    first = await call(lab.undo.undo, asked)
    effects = [entry for entry in lab.testbed.device(host).log() if entry.get("effect")]
    again = await call(lab.undo.undo, asked, attempt=2)
    assert (again.status, again.undo) == (first.status, first.undo)
    assert [entry for entry in lab.testbed.device(host).log() if entry.get("effect")] == effects


async def test_where_nothing_was_sent_no_session_is_opened(lab: Bench) -> None:
    outcome = await call(lab.undo.undo, await _asked(lab, "acc-001"))
    assert (outcome.status, outcome.touched, outcome.undo) == ("succeeded", False, None)
    assert _logins(lab, "acc-001") == 0


@pytest.mark.parametrize("host", HOSTS)
async def test_a_device_left_half_way_is_taken_back(lab: Bench, host: str) -> None:
    device = lab.testbed.device(host)
    config = device.running_config()
    device.inject(Fault(kind="reject", match="doors"))
    asked = await _asked(lab, host)
    error = await refused(lab.interact.interact, asked)
    assert outcome_in(error).touched
    assert (await call(lab.undo.undo, asked)).status == "undone"
    assert device.running_config() == config


@pytest.mark.parametrize("host", HOSTS)
async def test_what_somebody_else_changed_meanwhile_is_kept_and_named(lab: Bench, host: str) -> None:
    device = lab.testbed.device(host)
    asked = await _asked(lab, host)
    await call(lab.interact.interact, asked)
    device.change(["set vlans theirs vlan-id 300"] if host == "acc-004" else ["vlan 300", " name theirs"])
    outcome = await call(lab.undo.undo, asked)
    assert outcome.status == "undone"
    assert outcome.undo is not None
    assert any("300" in line for line in outcome.undo.foreign)
    assert 300 in device.vlans()
    assert not {120, 121} & set(device.vlans())


@pytest.mark.parametrize("host", HOSTS)
async def test_a_device_that_refuses_every_way_back_is_said_to_be_dirty(lab: Bench, host: str) -> None:
    asked = await _asked(lab, host)
    await call(lab.interact.interact, asked)
    lab.testbed.device(host).inject(Fault(kind="reject", match=REFUSED, times=0))
    error = await refused(lab.undo.undo, asked)
    assert (error.type, error.non_retryable) == ("undo_failed", True)
    assert (outcome_in(error).status, outcome_in(error).touched) == ("undo_failed", True)


async def test_a_device_that_cannot_be_reached_is_asked_again(lab: Bench) -> None:
    asked = await _asked(lab, "acc-001")
    await call(lab.interact.interact, asked)
    lab.testbed.device("acc-001").inject(Fault(kind="refuse_connection", times=0))
    error = await refused(lab.undo.undo, asked)
    assert (error.type, error.non_retryable, outcome_in(error).status) == ("unreachable", False, "undo_failed")
    lab.testbed.device("acc-001").clear()
    assert (await call(lab.undo.undo, asked, attempt=2)).status == "undone"


async def test_a_step_that_forbids_undo_says_that_the_change_stays(lab: Bench) -> None:
    asked = await _asked(lab, "acc-002", "kept")
    await call(lab.interact.interact, asked)
    logins = _logins(lab, "acc-002")
    error = await refused(lab.undo.undo, asked)
    assert error.type == "undo_failed"
    assert "`undo: none`" in error.message
    assert _logins(lab, "acc-002") == logins
