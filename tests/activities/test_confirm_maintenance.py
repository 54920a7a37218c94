"""A change held for its wave inside a `maintenance` that configures: the device stays inside until that is settled."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError

from activities.deviceinteraction.testbed.model import Fault
from activity_bench import call, outcome_in, refused
from confirm_bed import TIMED, Bed, bed_of

STEPS = """\
  - id: drained
    devices: inventory
    maintenance:
      enter:
        - configure: {template: vlan.j2, vars: {vlan: 999, name: drained}}
      leave:
        - configure: {template: no_vlan.j2, vars: {vlan: 999, name: drained}}
          save: true
    do:
      - configure: {template: vlan.j2, vars: {vlan: 120, name: cameras}}
        confirm: {within: 210s, hold: wave}
        as: applied
      - snapshot: [vlans]
        as: state
      - check:
          drained: 999 in state.vlans and state.vlans[120].name == inputs.wanted
    on_failure: {undo: wave}
"""


@pytest.fixture
async def bed(tmp_path: Path) -> AsyncIterator[Bed]:
    async with bed_of(tmp_path, STEPS) as found:
        yield found


@pytest.mark.parametrize("host", TIMED)
async def test_a_held_device_stays_in_its_maintenance_until_it_is_confirmed(bed: Bed, host: str) -> None:
    asked = await bed.asked("drained", host)
    assert (await call(bed.bench.interact.interact, asked)).confirm_by is not None
    assert bed.stands(host) == {120, 999}
    assert bed.device(host).revert_due is not None
    confirmed = await call(bed.bench.confirm.confirm, asked)
    assert (confirmed.status, confirmed.changed, confirmed.confirm_by) == ("succeeded", True, None)
    assert confirmed.diff_ref is not None
    assert "999" not in await bed.bench.documents.text(confirmed.diff_ref)
    assert bed.stands(host) == {120}
    effects = bed.effects(host)
    assert (await call(bed.bench.confirm.confirm, asked, attempt=2)).status == "succeeded"
    assert bed.effects(host) == effects
    bed.clock.turn(3600)
    assert bed.stands(host) == {120}
    assert "999" not in bed.device(host).startup_config()


@pytest.mark.parametrize("host", TIMED)
@pytest.mark.parametrize("reverted", [False, True], ids=["aborted", "reverted"])
async def test_a_held_device_that_is_not_confirmed_is_led_out_once_it_is_as_before(
    bed: Bed, host: str, reverted: bool
) -> None:
    config = bed.device(host).running_config()
    asked = await bed.asked("drained", host)
    await call(bed.bench.interact.interact, asked)
    if reverted:
        bed.clock.turn(240)
        assert bed.stands(host) == {999}, "what led it in stands before the change, and does not go with it"
        assert (await refused(bed.bench.confirm.confirm, asked)).type == "reverted"
    await call(bed.bench.undo.undo, asked)
    assert bed.device(host).running_config() == config


@pytest.mark.parametrize("host", TIMED)
async def test_who_is_only_led_out_is_not_while_the_change_waits_to_be_taken_back(bed: Bed, host: str) -> None:
    asked = await bed.asked("drained", host, wanted="doors")
    assert (await refused(bed.bench.interact.interact, asked)).type == "check_failed"
    only = asked.model_copy(update={"only": "leave"})
    left = await call(bed.bench.undo.undo, only)
    assert (left.status, left.touched, bed.stands(host)) == ("succeeded", False, {120, 999})
    assert bed.device(host).revert_due is not None, "leaving would have settled it"
    bed.clock.turn(240)
    assert (await call(bed.bench.undo.undo, only, attempt=2)).status == "succeeded"
    assert bed.stands(host) == set()


@pytest.mark.parametrize("host", TIMED)
async def test_a_device_that_cannot_leave_after_its_confirm_has_failed_and_is_taken_back(bed: Bed, host: str) -> None:
    config = bed.device(host).running_config()
    asked = await bed.asked("drained", host)
    await call(bed.bench.interact.interact, asked)
    bed.device(host).inject(Fault(kind="reject", match="no vlan 999|delete vlans drained", times=1))
    error = await refused(bed.bench.confirm.confirm, asked)
    assert outcome_in(error).touched
    assert bed.device(host).revert_due is None
    assert 999 in bed.stands(host)
    await call(bed.bench.undo.undo, asked)
    assert bed.device(host).running_config() == config


async def test_a_held_device_that_only_its_undo_could_lead_out_must_be_allowed_one(bed: Bed) -> None:
    bed.steps = STEPS.replace("{undo: wave}", "stop\n    undo: none")
    with pytest.raises(ApplicationError, match=r"step `drained`: .* only its undo leads a device out .* `undo: none`"):
        await bed.asked("drained", "acc-003")
