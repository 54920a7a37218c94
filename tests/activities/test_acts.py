"""What is done to a device besides its configuration: saved, restarted, waited for, answered; and once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities.deviceinteraction.testbed.model import Fault
from activities.values import VALUE, seen
from activity_bench import Bench, bench, call, call_of, outcome_in, refused

HOSTS = ("acc-001", "acc-002", "acc-003", "acc-004")
HEAD = """
netsaga: 1
name: change
version: 1.0.0
inventory: {source: lab}
defaults: {timeout: 20s, retry: {attempts: 3, delay: 10ms, on: [transient]}}
steps:
"""


def step(*actions: str) -> str:
    """A definition of one step."""
    lines = "\n".join(f"      - {action}" for action in actions)
    return f"{HEAD}  - id: act\n    devices: inventory\n    do:\n{lines}\n    on_failure: stop\n"


def vlan(host: str) -> str:
    """A change."""
    lines = '["set vlans cameras vlan-id 120"]' if host == "acc-004" else '["vlan 120", " name cameras"]'
    return f"configure: {{lines: {lines}}}"


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path) as found:
        yield found


def _events(lab: Bench, host: str, event: str) -> int:
    return sum(entry.get("event") == event for entry in lab.testbed.device(host).log())


def _typed(lab: Bench, host: str, words: str) -> int:
    return sum(words in entry.get("line", "") for entry in lab.testbed.device(host).log())


# --------------------------------------------------------------------------------------------------------------- save


@pytest.mark.parametrize("host", HOSTS)
async def test_save_makes_a_change_survive_a_restart_and_is_done_once(lab: Bench, host: str) -> None:
    asked = call_of(await lab.prepared(step(vlan(host), "save: true")), "act", host)
    outcome = await call(lab.interact.interact, asked)
    assert outcome.changed
    assert "120" in lab.testbed.device(host).startup_config()
    log = len(lab.testbed.device(host).commands())
    await call(lab.interact.interact, asked, attempt=2)
    later = lab.testbed.device(host).commands()[log:]
    assert not [entry["line"] for entry in later if entry["effect"] is not None]


@pytest.mark.parametrize("host", HOSTS)
async def test_an_undo_saves_again_what_was_saved_by_itself(lab: Bench, host: str) -> None:
    before = lab.testbed.device(host).startup_config()
    asked = call_of(await lab.prepared(step(vlan(host), "save: true")), "act", host)
    await call(lab.interact.interact, asked)
    assert (await call(lab.undo.undo, asked)).status == "undone"
    assert "cameras" not in lab.testbed.device(host).startup_config()
    assert sorted(lab.testbed.device(host).startup_config().splitlines()) == sorted(before.splitlines())


async def test_a_change_that_waits_for_its_confirmation_is_neither_saved_nor_restarted(lab: Bench) -> None:
    for generation, action in enumerate(("save: true", "reboot: true"), start=1):
        source = step(f"{vlan('acc-003')}\n        confirm: {{within: 10m}}", action)
        source = source.replace("{source: lab}", '{source: lab, select: device.platform == "arista_eos"}')
        asked = call_of(await lab.prepared(source), "act", "acc-003", generation=generation)
        error = await refused(lab.interact.interact, asked)
        assert (error.type, "waits for its confirmation" in error.message) == ("invalid_input", True)
        lab.testbed.device("acc-003").reset()


# ------------------------------------------------------------------------------------------------------------- reboot


@pytest.mark.parametrize("host", HOSTS)
async def test_a_device_is_restarted_once_and_waited_for(lab: Bench, host: str) -> None:
    asked = call_of(
        await lab.prepared(step("reboot: {within: 30s}", "snapshot: [vlans]\n        as: state")), "act", host
    )
    outcome = await call(lab.interact.interact, asked)
    assert (outcome.status, _events(lab, host, "rebooted")) == ("succeeded", 1)
    state = seen(await lab.documents.load(outcome.values["state"], VALUE))
    assert isinstance(state, dict)
    assert 10 in state["vlans"]
    await call(lab.interact.interact, asked, attempt=2)
    assert _events(lab, host, "rebooted") == 1


@pytest.mark.parametrize("host", HOSTS)
async def test_what_was_not_saved_is_gone_after_a_restart_and_nobody_saves_it_by_the_way(lab: Bench, host: str) -> None:
    if host != "acc-004":  # Junos keeps what was committed
        lab.testbed.device(host).change(["vlan 130", " name doors"])
    await call(lab.interact.interact, call_of(await lab.prepared(step("reboot: true")), "act", host))
    assert 130 not in lab.testbed.device(host).vlans()
    assert "doors" not in lab.testbed.device(host).startup_config()


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("host", HOSTS)
async def test_an_attempt_after_a_lost_link_finds_out_whether_the_device_was_restarted(
    lab: Bench, host: str, phase: str
) -> None:
    def asking(within: str) -> str:
        return step("snapshot: [vlans]\n        as: before", f"reboot: {{within: {within}}}")

    hurried = call_of(await lab.prepared(asking("1s")), "act", host)
    asked = call_of(await lab.prepared(asking("20s")), "act", host)
    told = r"Proceed with reload|\(y/n\)|reload now|Reboot the system"
    lab.testbed.device(host).inject(Fault.model_validate({"kind": "drop", "match": told, "phase": phase}))
    lost = await refused(lab.interact.interact, hurried) if phase == "before" else None
    if lost is not None:
        assert (lost.type, _events(lab, host, "rebooted")) == ("check_failed", 0)
    outcome = await call(lab.interact.interact, asked, attempt=2)
    assert (outcome.status, _events(lab, host, "rebooted")) == ("succeeded", 1)
    assert set(outcome.values) == {"before"}  # of the first attempt, and not taken anew


async def test_a_device_that_does_not_come_back_is_unknown_and_not_restarted_again(lab: Bench) -> None:
    asked = call_of(await lab.prepared(step("reboot: {within: 1s}")), "act", "acc-001")
    device = lab.testbed.device("acc-001")
    device.inject(Fault(kind="no_boot"))
    error = await refused(lab.interact.interact, asked)
    assert (error.type, outcome_in(error).status) == ("outcome_unknown", "unknown")
    assert "was told to restart and is not back after 1 s: look at its console" in error.message
    error = await refused(lab.interact.interact, asked, attempt=2)
    assert (error.type, outcome_in(error).status) == ("unreachable", "unreachable")
    assert "is not back after 1 s: look at its console" in error.message, "how it came to that stays known"
    assert error.message.endswith("It has not been reached since.")
    device.clear()
    assert (await call(lab.interact.interact, asked, attempt=3)).status == "succeeded"
    assert _events(lab, "acc-001", "rebooted") == 1


# ---------------------------------------------------------------------------------------------------------- reachable


@pytest.mark.parametrize("host", HOSTS)
async def test_reachable_waits_for_a_device_that_is_away_and_logs_in_anew(lab: Bench, host: str) -> None:
    lab.testbed.device(host).inject(Fault(kind="refuse_connection", times=2))
    outcome = await call(
        lab.interact.interact,
        call_of(await lab.prepared(step("reachable: {within: 30s}", "show: show version")), "act", host),
    )
    assert outcome.status == "succeeded"
    assert _events(lab, host, "login") == 2


async def test_a_device_that_stays_away_is_unreachable_and_a_refused_login_is_tried_once(lab: Bench) -> None:
    prepared = await lab.prepared(step("reachable: {within: 1s}"))
    lab.testbed.device("acc-001").inject(Fault(kind="refuse_connection", times=0))
    error = await refused(lab.interact.interact, call_of(prepared, "act", "acc-001"))
    assert (error.type, "gave no fresh login within 1 s" in error.message) == ("unreachable", True)
    lab.testbed.device("acc-002").inject(Fault(kind="refuse_login", times=0))
    error = await refused(lab.interact.interact, call_of(prepared, "act", "acc-002"))
    assert (error.type, _events(lab, "acc-002", "login_refused")) == ("permanent", 1)


# ----------------------------------------------------------------------------------------------------------- interact

DELETE = 'interact: {command: "delete flash:old.bin", exchanges: [EXCHANGES]}\n        as: said'
FIRST = '{expect: "Delete filename \\\\[old.bin\\\\]", send: "old.bin"}'
SECOND = '{expect: "\\\\[confirm\\\\]", send: ""}'


async def _with_file(lab: Bench) -> None:
    made = 'interact: {command: "copy running-config flash:old.bin", exchanges: [{expect: "filename", send: ""}]}'
    await call(lab.interact.interact, call_of(await lab.prepared(step(made)), "act", "acc-001", generation=99))


async def test_questions_are_answered_in_their_order_and_the_command_is_sent_once(lab: Bench) -> None:
    await _with_file(lab)
    source = step(DELETE.replace("EXCHANGES", f"{FIRST}, {SECOND}"))
    asked = call_of(await lab.prepared(source), "act", "acc-001")
    outcome = await call(lab.interact.interact, asked)
    said = seen(await lab.documents.load(outcome.values["said"], VALUE))
    assert "Delete flash:/old.bin? [confirm]" in str(said)
    again = await call(lab.interact.interact, asked, attempt=2)
    assert again.values["said"] == outcome.values["said"]
    assert _typed(lab, "acc-001", "delete flash:old.bin") == 1


async def test_a_question_that_does_not_come_fails_and_one_that_is_not_declared_is_not_answered(lab: Bench) -> None:
    await _with_file(lab)
    third = '{expect: "really", send: "y"}'
    prepared = await lab.prepared(step(DELETE.replace("EXCHANGES", f"{FIRST}, {SECOND}, {third}")))
    error = await refused(lab.interact.interact, call_of(prepared, "act", "acc-001"))
    assert (error.type, "should ask 'really'" in error.message) == ("check_failed", True)
    await _with_file(lab)
    prepared = await lab.prepared(step(DELETE.replace("EXCHANGES", SECOND)).replace("timeout: 20s", "timeout: 1s"))
    error = await refused(lab.interact.interact, call_of(prepared, "act", "acc-001", generation=2))
    assert error.type == "outcome_unknown"
    assert not _typed(lab, "acc-001", "[confirm] y")


async def test_a_command_whose_end_nobody_saw_is_not_sent_again(lab: Bench) -> None:
    await _with_file(lab)
    prepared = await lab.prepared(step(DELETE.replace("EXCHANGES", f"{FIRST}, {SECOND}")))
    asked = call_of(prepared, "act", "acc-001")
    lab.testbed.device("acc-001").inject(Fault(kind="drop", match=r"\[confirm\]", phase="after"))
    assert (await refused(lab.interact.interact, asked)).type == "outcome_unknown"
    error = await refused(lab.interact.interact, asked, attempt=2)
    assert (error.type, "It is not sent again" in error.message) == ("outcome_unknown", True)
    assert _typed(lab, "acc-001", "delete flash:old.bin") == 1


async def test_a_command_that_is_refused_says_so(lab: Bench) -> None:
    source = step('interact: {command: "frobnicate", exchanges: [{expect: "sure", send: "y"}]}')
    error = await refused(lab.interact.interact, call_of(await lab.prepared(source), "act", "acc-002"))
    assert error.type == "rejected_by_device"
