"""Changes under the device's own confirm timer: confirmed, reverted, aborted, and taken up again after a crash."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from activities.deviceinteraction.failures import (
    CheckFailed,
    ConfigLocked,
    OutcomeUnknown,
    PartiallyApplied,
    Permanent,
    RejectedByDevice,
    Reverted,
)
from activities.deviceinteraction.model import Applied, Change, Confirmed, Hold, PlatformName, UndoMethod, Undone
from activities.deviceinteraction.testbed import Fault
from devicelab import NAMES, NEW_VLAN, OTHER_VLAN, Crash, Lab, MemoryJournal, lab_of
from hand_clock import HandClock
from testbed_terminal import terminal

TIMED: tuple[PlatformName, ...] = ("cisco_iosxe", "arista_eos", "juniper_junos")
HOLD = Hold(timedelta(seconds=90))
LASTS_S = {"cisco_iosxe": 120, "arista_eos": 90, "juniper_junos": 120}  # two of them count whole minutes
CONFIRM = "^configure confirm|^configure session .* commit$|^commit comment .* confirmed"
ABORT = "^configure revert now|^configure session .* abort$|^rollback [1-9]"
LAST_LINE = {"cisco_iosxe": "^end$", "arista_eos": "^commit timer", "juniper_junos": "^commit confirmed"}
FIRST_LINE = {**LAST_LINE, "cisco_iosxe": "^configure terminal revert"}
TAKEN_BACK: dict[PlatformName, tuple[str, ...]] = {
    "cisco_iosxe": ("no vlan 120",),
    "arista_eos": ("no vlan 120",),
    "juniper_junos": ("delete vlans lab",),
}


@dataclass
class Held:
    """A device with a clock that the test turns."""

    lab: Lab
    clock: HandClock
    before: str

    async def proposed(self) -> Change:
        async with self.lab.session() as session:
            return await session.propose(NEW_VLAN[self.lab.platform], NAMES)

    async def applied(
        self, change: Change, journal: MemoryJournal, *, save: bool = True, hold: Hold | None = HOLD
    ) -> Applied:
        async with self.lab.session() as session:
            return await session.apply(change, NAMES, journal, save=save, hold=hold)

    async def held(self, *, save: bool = True) -> MemoryJournal:
        """A change that waits for its confirmation."""
        journal = MemoryJournal()
        await self.applied(await self.proposed(), journal, save=save)
        return journal

    async def confirmed(self, journal: MemoryJournal) -> Confirmed:
        async with self.lab.session() as session:
            return await session.confirm(NAMES, journal)

    async def undone(self, journal: MemoryJournal, *methods: UndoMethod) -> Undone:
        async with self.lab.session() as session:
            return await session.undo(NAMES, journal, methods=methods or ("native", "inverse", "restore"))

    @property
    def config(self) -> str:
        return self.lab.device.running_config()

    @property
    def waits(self) -> bool:
        return self.lab.device.revert_due is not None


@pytest.fixture(params=TIMED)
async def device(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Held]:
    clock = HandClock()
    async with lab_of(request.param, tmp_path, clock) as lab:
        yield Held(lab, clock, lab.device.running_config())


# -------------------------------------------------------------------------------------------------------- confirmed


async def test_a_change_is_there_at_once_and_saved_only_when_it_is_confirmed(device: Held) -> None:
    began = datetime.now(UTC)
    applied = await device.applied(await device.proposed(), journal := MemoryJournal())
    lasts = timedelta(seconds=LASTS_S[device.lab.platform])
    assert (applied.changed, applied.saved) == (True, False)
    assert applied.confirm_by is not None
    assert began + lasts <= applied.confirm_by <= datetime.now(UTC) + lasts
    assert 120 in device.lab.device.vlans()
    assert device.lab.device.revert_due == device.clock.now() + lasts
    assert device.lab.platform == "juniper_junos" or "120" not in device.lab.device.startup_config()
    assert await device.confirmed(journal) == Confirmed(was_held=True, was_pending=True, saved=True)
    device.clock.turn(3600)
    assert 120 in device.lab.device.vlans()
    assert "120" in device.lab.device.startup_config()


async def test_what_somebody_else_has_confirmed_already_is_only_saved(device: Held) -> None:
    journal = await device.held()
    async with terminal(device.lab.device) as typed:
        match device.lab.platform:
            case "cisco_iosxe":
                await typed.lines("enable", "configure confirm")
            case "arista_eos":
                await typed.lines("enable", f"configure session {NAMES.tag} commit")
            case _:
                await typed.lines("configure", "commit and-quit")
    assert await device.confirmed(journal) == Confirmed(was_held=True, was_pending=False, saved=True)
    assert 120 in device.lab.device.vlans()


@pytest.mark.parametrize("moment", ["confirm-intent", "confirm-outcome"])
async def test_a_confirm_that_dies_is_finished_by_the_next_attempt(device: Held, moment: str) -> None:
    journal = await device.held()
    journal.dies_after = moment
    with pytest.raises(Crash):
        await device.confirmed(journal)
    assert (await device.confirmed(journal.survived())).saved
    assert not device.waits
    device.clock.turn(3600)
    assert "120" in device.lab.device.startup_config()


@pytest.mark.parametrize("phase", ["before", "after"])
async def test_a_link_that_dies_during_the_confirm_leaves_it_to_the_next_attempt(device: Held, phase: str) -> None:
    journal = await device.held()
    device.lab.device.inject(Fault.model_validate({"kind": "drop", "match": CONFIRM, "phase": phase}))
    with pytest.raises(OutcomeUnknown):
        await device.confirmed(journal)
    assert (await device.confirmed(journal.survived())).was_pending is (phase == "before")
    assert not device.waits
    assert 120 in device.lab.device.vlans()


async def test_a_confirm_that_the_device_refuses_leaves_the_timer_running(device: Held) -> None:
    journal = await device.held()
    device.lab.device.inject(Fault(kind="reject", match=CONFIRM))
    with pytest.raises(CheckFailed):
        await device.confirmed(journal)
    assert device.waits


async def test_a_change_without_a_timer_has_nothing_to_confirm(device: Held) -> None:
    journal = MemoryJournal()
    await device.applied(await device.proposed(), journal, hold=None)
    assert await device.confirmed(journal) == Confirmed(was_held=False)


async def test_a_change_that_is_not_needed_starts_no_timer(device: Held) -> None:
    device.lab.device.change(NEW_VLAN[device.lab.platform])
    applied = await device.applied(await device.proposed(), journal := MemoryJournal())
    assert (applied.changed, applied.confirm_by, device.waits) == (False, None, False)
    assert await device.confirmed(journal) == Confirmed(was_held=False)


# --------------------------------------------------------------------------------------------------------- reverted


async def test_a_look_before_the_confirm_finds_a_reverted_change(device: Held) -> None:
    journal = await device.held()
    async with device.lab.session() as session:
        assert (await session.recall(NAMES, journal)).changed
        device.clock.turn(120)
        with pytest.raises(Reverted):
            await session.recall(NAMES, journal)


@pytest.mark.parametrize("device", ["cisco_iosxe", "arista_eos"], indirect=True)  # Junos' is one line
async def test_a_change_of_which_only_a_part_is_left_is_not_confirmed(device: Held) -> None:
    journal = await device.held()
    device.lab.device.change(["vlan 120", "name theirs"])
    with pytest.raises(PartiallyApplied, match="only a part is there"):
        await device.confirmed(journal)
    assert device.waits


# ---------------------------------------------------------------------------------------------------------- aborted


async def test_an_undo_aborts_the_timer_and_saves_nothing(device: Held) -> None:
    startup = device.lab.device.startup_config()
    journal = await device.held()
    assert await device.undone(journal) == Undone(was_touched=True, method="native")
    assert (device.config, device.waits) == (device.before, False)
    assert any("revert now" in line or "abort" in line or line.startswith("rollback") for line in _typed(device))
    assert device.lab.device.startup_config() == startup
    effects = device.lab.effects()
    device.clock.turn(3600)
    await device.undone(journal.survived())
    assert device.lab.effects() == effects


async def test_an_undo_after_the_confirm_rolls_back_and_saves_again(device: Held) -> None:
    journal = await device.held()
    await device.confirmed(journal)
    assert await device.undone(journal) == Undone(was_touched=True, method="native", saved=True)
    assert device.config == device.before
    assert "120" not in device.lab.device.startup_config()


async def test_where_the_abort_is_refused_the_timer_is_stopped_and_the_next_method_used(device: Held) -> None:
    journal = await device.held()
    device.lab.device.inject(Fault(kind="reject", match=ABORT))
    assert (await device.undone(journal)).method == "inverse"
    assert (device.config, device.waits) == (device.before, False)
    effects = device.lab.effects()
    device.clock.turn(3600)
    assert device.lab.effects() == effects


async def test_a_colleague_s_change_survives_an_undo_under_a_timer(device: Held) -> None:
    journal = await device.held()
    device.lab.device.change(OTHER_VLAN[device.lab.platform])
    assert (await device.undone(journal)).method == "inverse"
    device.clock.turn(3600)
    assert 120 not in device.lab.device.vlans()
    assert device.lab.device.vlans()[333].name == "theirs"


@pytest.mark.parametrize("phase", ["before", "after"])
async def test_a_link_that_dies_during_the_abort_leaves_it_to_the_next_attempt(device: Held, phase: str) -> None:
    journal = await device.held()
    device.lab.device.inject(Fault.model_validate({"kind": "drop", "match": ABORT, "phase": phase}))
    with pytest.raises(OutcomeUnknown):
        await device.undone(journal)
    assert (await device.undone(journal.survived())).was_touched
    assert (device.config, device.waits) == (device.before, False)


# ------------------------------------------------------------------------------------------- lost on the way there


@pytest.mark.parametrize("line", ["first", "last"])
@pytest.mark.parametrize("phase", ["before", "after"])
async def test_an_attempt_that_dies_at_the_commit_is_gone_on_with(device: Held, line: str, phase: str) -> None:
    change, journal = await device.proposed(), MemoryJournal()
    match = (FIRST_LINE if line == "first" else LAST_LINE)[device.lab.platform]
    device.lab.device.inject(Fault.model_validate({"kind": "drop", "match": match, "phase": phase}))
    with pytest.raises(OutcomeUnknown):
        await device.applied(change, journal)
    effects = device.lab.effects()
    applied = await device.applied(change, journal.survived())
    assert applied.confirm_by is not None
    if effects:
        assert device.lab.effects() == effects
    assert device.waits
    device.clock.turn(120)
    assert device.config == device.before


@pytest.mark.parametrize("device", ["cisco_iosxe"], indirect=True)  # other commits are whole
async def test_an_attempt_that_dies_between_two_lines_goes_on_under_the_same_timer(device: Held) -> None:
    change, journal = await device.proposed(), MemoryJournal()
    device.lab.device.inject(Fault(kind="drop", match="name lab"))
    with pytest.raises(OutcomeUnknown):
        await device.applied(change, journal)
    due = device.lab.device.revert_due
    device.clock.turn(30)
    assert (await device.applied(change, journal.survived())).changed
    assert device.lab.device.revert_due == due
    device.clock.turn(90)
    assert device.config == device.before


@pytest.mark.parametrize("device", ["cisco_iosxe"], indirect=True)  # other commits are whole
async def test_an_attempt_whose_timer_ran_out_between_two_lines_is_undone(device: Held) -> None:
    change, journal = await device.proposed(), MemoryJournal()
    device.lab.device.inject(Fault(kind="drop", match="name lab"))
    with pytest.raises(OutcomeUnknown):
        await device.applied(change, journal)
    async with terminal(device.lab.device) as typed:
        await typed.lines("enable", "configure confirm")
    with pytest.raises(PartiallyApplied, match="runs no more"):
        await device.applied(change, journal.survived())
    assert (await device.undone(journal.survived())).was_touched
    assert device.config == device.before


async def test_a_lost_attempt_whose_time_is_over_is_not_made_again(device: Held) -> None:
    change, journal = await device.proposed(), MemoryJournal()
    journal.dies_before = "outcome"
    with pytest.raises(Crash):
        await device.applied(change, journal)
    device.clock.turn(120)
    later = journal.survived()
    later.entries["sent-1"] = {"at": (datetime.now(UTC) - timedelta(seconds=120)).isoformat()}
    effects = device.lab.effects()
    with pytest.raises(Reverted):
        await device.applied(change, later)
    assert device.lab.effects() == effects
    assert device.config == device.before


async def test_a_line_that_is_refused_leaves_no_timer_behind(device: Held) -> None:
    journal = MemoryJournal()
    change = await device.proposed()
    device.lab.device.inject(Fault(kind="reject", match="vlan 120|vlan-id 120|^set vlans"))
    with pytest.raises(RejectedByDevice):
        await device.applied(change, journal)
    assert (device.config, device.waits) == (device.before, False)


# ----------------------------------------------------------------------------------------------- may it be relied on


async def test_a_commit_of_somebody_else_that_waits_is_left_alone(device: Held) -> None:
    change = await device.proposed()
    async with terminal(device.lab.device) as typed:
        match device.lab.platform:
            case "cisco_iosxe":
                await typed.lines("enable", "configure terminal revert timer 5", *OTHER_VLAN["cisco_iosxe"], "end")
            case "arista_eos":
                await typed.lines("enable", "configure session theirs", "vlan 333", "commit timer 00:05:00")
            case _:
                await typed.lines("configure", "set vlans theirs vlan-id 333", "commit confirmed 5", "exit")
    with pytest.raises(ConfigLocked, match="waits for its confirmation"):
        await device.applied(change, MemoryJournal())
    device.clock.turn(300)
    assert (device.config, device.waits) == (device.before, False)
    assert (await device.applied(change, MemoryJournal())).confirm_by is not None


@pytest.mark.parametrize("device", ["cisco_iosxe"], indirect=True)
async def test_without_an_archive_there_is_no_timer_to_rely_on(device: Held) -> None:
    device.lab.device.change(["archive", "no path", "exit"])
    change = await device.proposed()
    with pytest.raises(Permanent, match=r"Archive feature not enabled.*best_effort"):
        await device.applied(change, MemoryJournal())
    applied = await device.applied(change, MemoryJournal(), hold=Hold(HOLD.within, "plain"))
    assert (applied.confirm_by, applied.saved, device.waits) == (None, True, False)


def _typed(device: Held) -> list[str]:
    return [entry["line"] for entry in device.lab.device.commands()]
