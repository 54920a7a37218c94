"""Steps whose changes wait for a confirmation: on the device's own word, of the wave, and where there is no timer."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from activities.deviceinteraction.model import HostKeys
from activities.deviceinteraction.testbed.model import Fault
from activities.interact import Interact
from activities.journal import journal_of
from activities.secrets.file import FileSecret
from activities.secrets.store import NamedSecrets
from activities.sessions import Sessions, Sites
from activities.values import VALUE, AppliedValue
from activity_bench import call, environment, outcome_in, refused
from confirm_bed import TIMED, Bed, bed_of

PLAIN = "acc-002"  # NX-OS has no timer for single changes
LASTS_S = {"acc-001": 240, "acc-003": 210, "acc-004": 240}

STEPS = """\
  - id: alone
    devices: inventory
    do:
      - configure: {template: vlan.j2, vars: {vlan: 120, name: cameras}}
        confirm: {within: 210s, hold: device}
        save: true
        as: applied
      - snapshot: [vlans]
        as: state
      - check:
          named: state.vlans[120].name == inputs.wanted and applied.changed
    on_failure: {undo: wave}
  - id: together
    devices: inventory
    do:
      - snapshot: [vlans]
        as: before
      - configure: {template: vlan.j2, vars: {vlan: 120, name: cameras}}
        confirm: {within: 210s, hold: wave}
        save: true
        as: applied
      - snapshot: [vlans]
        as: state
      - check:
          named: state.vlans[120].name == inputs.wanted and applied.changed and 120 not in before.vlans
    on_failure: {undo: wave}
  - id: best
    devices: inventory
    do:
      - configure: {template: vlan.j2, vars: {vlan: 120, name: cameras}}
        confirm: {within: 210s, hold: best_effort}
        save: true
    on_failure: {undo: wave}
  - id: twice
    devices: inventory
    do:
      - configure: {template: vlan.j2, vars: {vlan: 121, name: doors}}
      - configure: {template: vlan.j2, vars: {vlan: 120, name: cameras}}
        confirm: {within: 210s, hold: wave}
    on_failure: {undo: wave}
"""
CONFIRMS = r"^configure confirm|^configure session .* commit$|^commit comment .* confirmed"
COMMITS = {"acc-001": "^end$", "acc-003": "^commit timer", "acc-004": "^commit confirmed"}


@pytest.fixture
async def bed(tmp_path: Path) -> AsyncIterator[Bed]:
    async with bed_of(tmp_path, STEPS) as found:
        yield found


# ---------------------------------------------------------------------------------------------------- hold: device


@pytest.mark.parametrize("host", TIMED)
async def test_a_device_confirms_by_itself_once_a_fresh_login_has_passed_its_checks(bed: Bed, host: str) -> None:
    asked = await bed.asked("alone", host)
    outcome = await call(bed.bench.interact.interact, asked)
    assert (outcome.status, outcome.changed, outcome.confirm_by) == ("succeeded", True, None)
    assert bed.logins(host) == 2
    bed.clock.turn(3600)
    assert bed.device(host).vlans()[120].name == "cameras"
    assert "120" in bed.device(host).startup_config()
    applied = await bed.bench.documents.load(outcome.values["applied"], VALUE)
    assert isinstance(applied, AppliedValue)
    assert (applied.value.saved, applied.value.confirm_by) == (True, None)
    assert outcome.transcript is not None
    said = await bed.bench.documents.text(outcome.transcript)
    assert said.index("commit" if host != "acc-001" else "revert timer") < said.rindex("show vlan")
    effects = bed.effects(host)
    again = await call(bed.bench.interact.interact, asked, attempt=2)
    assert (again.status, again.confirm_by) == ("succeeded", None)
    assert bed.effects(host) == effects


@pytest.mark.parametrize("host", TIMED)
async def test_where_a_check_fails_the_timer_runs_until_the_undo_aborts_it(bed: Bed, host: str) -> None:
    config, startup = bed.device(host).running_config(), bed.device(host).startup_config()
    asked = await bed.asked("alone", host, wanted="doors")
    error = await refused(bed.bench.interact.interact, asked)
    assert error.type == "check_failed"
    assert outcome_in(error).touched
    assert outcome_in(error).confirm_by is not None
    assert bed.device(host).revert_due is not None
    outcome = await call(bed.bench.undo.undo, asked)
    assert outcome.undo is not None
    assert (outcome.status, outcome.undo.method) == ("undone", "native")
    assert bed.device(host).revert_due is None
    assert (bed.device(host).running_config(), bed.device(host).startup_config()) == (config, startup)


@pytest.mark.parametrize("host", TIMED)
async def test_a_device_that_cannot_be_logged_in_to_after_the_commit_reverts(bed: Bed, host: str) -> None:
    config = bed.device(host).running_config()
    asked = await bed.asked("alone", host)
    bed.device(host).inject(Fault(kind="drop", match=COMMITS[host], phase="after"))
    await refused(bed.bench.interact.interact, asked)
    bed.device(host).inject(Fault(kind="refuse_connection", times=0))
    error = await refused(bed.bench.interact.interact, asked, attempt=2)
    assert (error.type, outcome_in(error).touched) == ("unreachable", True)
    assert outcome_in(error).confirm_by is not None
    bed.clock.turn(240)
    bed.device(host).clear()
    assert bed.device(host).running_config() == config
    undone = await call(bed.bench.undo.undo, asked)  # where nobody saw what the commit did, it says that it was undone
    assert undone.status in ("undone", "succeeded")
    assert bed.device(host).running_config() == config


@pytest.mark.parametrize("host", TIMED)
async def test_a_worker_lost_between_commit_and_confirm_is_gone_on_with(bed: Bed, host: str) -> None:
    asked = await bed.asked("alone", host)
    bed.device(host).inject(Fault(kind="drop", match=CONFIRMS, phase="before"))
    error = await refused(bed.bench.interact.interact, asked)
    assert (error.type, error.non_retryable) == ("outcome_unknown", False)
    effects = bed.effects(host)
    assert (await call(bed.bench.interact.interact, asked, attempt=2)).status == "succeeded"
    assert bed.effects(host) == effects
    bed.clock.turn(3600)
    assert 120 in bed.device(host).vlans()


@pytest.mark.parametrize("host", TIMED)
async def test_a_worker_lost_for_too_long_finds_the_change_reverted(bed: Bed, host: str) -> None:
    asked = await bed.asked("alone", host)
    bed.device(host).inject(Fault(kind="drop", match=CONFIRMS, phase="before"))
    await refused(bed.bench.interact.interact, asked)
    bed.clock.turn(240)
    effects = bed.effects(host)
    error = await refused(bed.bench.interact.interact, asked, attempt=2)
    outcome = outcome_in(error)
    assert (error.type, error.non_retryable) == ("reverted", True)
    assert (outcome.status, outcome.changed, outcome.touched, outcome.confirm_by) == ("failed", False, False, None)
    assert bed.effects(host) == effects


async def test_both_sessions_of_a_held_change_share_one_slot_of_their_site(bed: Bed) -> None:
    testbed = bed.bench.testbed
    secrets = NamedSecrets({"device_rw": FileSecret(testbed.credentials, "device_rw")})
    sites = Sites(1)
    narrow = Interact(
        bed.bench.documents, Sessions(secrets, HostKeys(known_hosts=str(testbed.known_hosts)), sites=sites)
    )
    asked = [await bed.asked("alone", host) for host in TIMED]
    patient = environment()
    patient.info = replace(patient.info, start_to_close_timeout=timedelta(minutes=10))
    outcomes = await asyncio.gather(*(patient.run(narrow.interact, one) for one in asked))
    assert [outcome.status for outcome in outcomes] == ["succeeded"] * 3
    events = sorted((entry["t"], entry.get("event", "")) for host in TIMED for entry in bed.device(host).log())
    events = [(at, event) for at, event in events if event in ("login", "logout")]
    assert [event for _, event in events] == ["login", "logout"] * 6


# ------------------------------------------------------------------------------------------------------ hold: wave


@pytest.mark.parametrize("host", TIMED)
async def test_a_change_held_for_its_wave_ends_unconfirmed_and_is_confirmed_later(bed: Bed, host: str) -> None:
    began = datetime.now(UTC)
    asked = await bed.asked("together", host)
    outcome = await call(bed.bench.interact.interact, asked)
    lasts = timedelta(seconds=LASTS_S[host])
    assert (outcome.status, outcome.changed, outcome.touched) == ("succeeded", True, True)
    assert outcome.confirm_by is not None
    assert began + lasts <= outcome.confirm_by <= datetime.now(UTC) + lasts
    assert bed.device(host).revert_due == bed.clock.now() + lasts
    assert host == "acc-004" or "vlan 120" not in bed.device(host).startup_config()
    effects, logins = bed.effects(host), bed.logins(host)
    confirmed = await call(bed.bench.confirm.confirm, asked)
    assert (confirmed.status, confirmed.changed, confirmed.confirm_by) == ("succeeded", True, None)
    assert (confirmed.diff, confirmed.diff_ref) == (outcome.diff, outcome.diff_ref)
    assert set(confirmed.values) == {"before", "applied", "state"}
    assert bed.logins(host) == logins + 1
    bed.clock.turn(3600)
    assert bed.effects(host) == effects
    assert "120" in bed.device(host).startup_config()


@pytest.mark.parametrize("host", TIMED)
async def test_a_wave_s_device_that_reverted_is_failed_and_untouched(bed: Bed, host: str) -> None:
    config = bed.device(host).running_config()
    asked = await bed.asked("together", host)
    await call(bed.bench.interact.interact, asked)
    bed.clock.turn(240)
    effects = bed.effects(host)
    error = await refused(bed.bench.confirm.confirm, asked)
    outcome = outcome_in(error)
    assert (error.type, error.non_retryable) == ("reverted", True)
    assert (outcome.status, outcome.changed, outcome.touched, outcome.confirm_by) == ("failed", False, False, None)
    undone = await call(bed.bench.undo.undo, asked)
    assert (undone.status, undone.touched) == ("succeeded", False)
    assert bed.effects(host) == effects
    assert bed.device(host).running_config() == config


@pytest.mark.parametrize("host", TIMED)
async def test_what_an_earlier_action_changed_is_left_where_the_last_change_reverted(bed: Bed, host: str) -> None:
    config = bed.device(host).running_config()
    asked = await bed.asked("twice", host)
    await call(bed.bench.interact.interact, asked)
    bed.clock.turn(240)
    outcome = outcome_in(await refused(bed.bench.confirm.confirm, asked))
    assert (outcome.changed, outcome.touched) == (True, True)
    assert 121 in bed.device(host).vlans()
    assert (await call(bed.bench.undo.undo, asked)).status == "undone"
    assert bed.device(host).running_config() == config


@pytest.mark.parametrize("host", TIMED)
async def test_checks_run_again_before_the_confirm_and_leave_the_timer_running(bed: Bed, host: str) -> None:
    config = bed.device(host).running_config()
    asked = await bed.asked("together", host)
    await call(bed.bench.interact.interact, asked)
    other = await bed.asked("together", host, wanted="doors")  # the same journal, another opinion
    error = await refused(bed.bench.confirm.confirm, other)
    assert (error.type, outcome_in(error).touched) == ("check_failed", True)
    assert outcome_in(error).confirm_by is not None
    assert bed.device(host).revert_due is not None
    assert (await call(bed.bench.undo.undo, asked)).status == "undone"
    assert bed.device(host).running_config() == config


@pytest.mark.parametrize("host", TIMED)
@pytest.mark.parametrize("phase", ["before", "after"])
async def test_a_confirm_whose_answer_was_lost_is_looked_at_first(bed: Bed, host: str, phase: str) -> None:
    asked = await bed.asked("together", host)
    await call(bed.bench.interact.interact, asked)
    bed.device(host).inject(Fault.model_validate({"kind": "drop", "match": CONFIRMS, "phase": phase}))
    error = await refused(bed.bench.confirm.confirm, asked)
    assert (error.type, error.non_retryable) == ("outcome_unknown", False)
    assert (await call(bed.bench.confirm.confirm, asked, attempt=2)).status == "succeeded"
    typed = [entry["line"] for entry in bed.device(host).commands() if entry["effect"] != "startup"]
    confirms = sum(bool(re.search(CONFIRMS, line)) for line in typed)
    assert confirms == (2 if phase == "before" else 1)
    bed.clock.turn(3600)
    assert 120 in bed.device(host).vlans()


@pytest.mark.parametrize("host", TIMED)
async def test_confirming_twice_is_confirming_once(bed: Bed, host: str) -> None:
    asked = await bed.asked("together", host)
    await call(bed.bench.interact.interact, asked)
    await call(bed.bench.confirm.confirm, asked)
    count = len([entry for entry in bed.device(host).commands() if re.search(CONFIRMS, entry["line"])])
    assert (await call(bed.bench.confirm.confirm, asked, attempt=2)).status == "succeeded"
    assert len([entry for entry in bed.device(host).commands() if re.search(CONFIRMS, entry["line"])]) == count


async def test_attempts_at_confirming_are_counted_for_themselves(bed: Bed) -> None:
    asked = await bed.asked("together", "acc-003")
    for number in (1, 2):  # the plan grants three, and two went to the change
        await journal_of(bed.bench.documents.store, asked, "attempts").write(f"failed-{number}", {})
    await call(bed.bench.interact.interact, asked, attempt=3)
    bed.device("acc-003").inject(Fault(kind="refuse_connection"))
    assert not (await refused(bed.bench.confirm.confirm, asked)).non_retryable


# ------------------------------------------------------------------------------------------------------ best effort


async def test_best_effort_changes_a_device_without_a_timer_at_once(bed: Bed) -> None:
    asked = await bed.asked("best", PLAIN)
    outcome = await call(bed.bench.interact.interact, asked)
    assert (outcome.status, outcome.changed, outcome.confirm_by) == ("succeeded", True, None)
    assert "120" in bed.device(PLAIN).startup_config()
    effects = bed.effects(PLAIN)
    again = await call(bed.bench.confirm.confirm, asked)
    assert (again.status, again.changed) == ("succeeded", True)
    assert bed.effects(PLAIN) == effects


@pytest.mark.parametrize("host", TIMED)
async def test_best_effort_holds_a_device_that_has_a_timer(bed: Bed, host: str) -> None:
    asked = await bed.asked("best", host)
    assert (await call(bed.bench.interact.interact, asked)).confirm_by is not None
    assert (await call(bed.bench.confirm.confirm, asked)).status == "succeeded"


@pytest.mark.parametrize("host", TIMED)
async def test_a_device_that_needs_no_change_has_nothing_to_confirm(bed: Bed, host: str) -> None:
    asked = await bed.asked("best", host)
    bed.device(host).change(["set vlans cameras vlan-id 120"] if host == "acc-004" else ["vlan 120", "name cameras"])
    outcome = await call(bed.bench.interact.interact, asked)
    assert (outcome.status, outcome.changed, outcome.confirm_by) == ("succeeded", False, None)
    confirmed = await call(bed.bench.confirm.confirm, asked)
    assert (confirmed.status, confirmed.changed) == ("succeeded", False)
