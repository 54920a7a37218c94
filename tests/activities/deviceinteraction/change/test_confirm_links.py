"""Whatever line the link dies at while a change is held, confirmed or aborted, the device ends changed or as before.

Each line of a clean run is taken in turn, as `test_links_that_die.py` does it for changes without a timer. In the end
no timer is left: time may pass, and nothing more happens.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from activities.deviceinteraction.failures import DeviceFailure, PartiallyApplied
from activities.deviceinteraction.model import Change, Hold, PlatformName
from activities.deviceinteraction.session import Session
from activities.deviceinteraction.testbed import Fault
from devicelab import NAMES, NEW_VLAN, Lab, MemoryJournal, lab_of
from hand_clock import HandClock

TIMED: tuple[PlatformName, ...] = ("cisco_iosxe", "arista_eos", "juniper_junos")
HOLD = Hold(timedelta(minutes=5))
ATTEMPTS = 4
LOGIN_LINES = re.compile(r"terminal |set cli |enable|^$")

Deed = Callable[[Session, MemoryJournal], Awaitable[object]]


@pytest.fixture(params=TIMED)
async def device(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Lab, HandClock, Change]]:
    clock = HandClock()
    async with lab_of(request.param, tmp_path, clock) as lab:
        async with lab.session() as session:
            change = await session.propose(NEW_VLAN[lab.platform], NAMES)
        yield lab, clock, change


async def done(lab: Lab, journal: MemoryJournal, deed: Deed) -> bool:
    """Do something as an orchestrator would, again and again; whether it was done, and not left half made."""
    for _ in range(ATTEMPTS):
        try:
            async with lab.session() as session:
                await deed(session, journal)
        except PartiallyApplied:
            return False
        except DeviceFailure as failure:
            if not failure.retryable:
                raise
        else:
            return True
    raise AssertionError("it was never done")


async def _confirm(session: Session, journal: MemoryJournal) -> None:
    await session.confirm(NAMES, journal)


async def _undo(session: Session, journal: MemoryJournal) -> None:
    await session.undo(NAMES, journal, methods=["native", "inverse"])


def _apply(change: Change) -> Deed:
    async def apply(session: Session, journal: MemoryJournal) -> None:
        await session.apply(change, NAMES, journal, save=True, hold=HOLD)

    return apply


async def _whole(lab: Lab, change: Change, end: Deed) -> bool:
    """A change and its end; whether the change was made, and not taken back on the way."""
    journal = MemoryJournal()
    if await done(lab, journal, _apply(change)):
        await done(lab, journal, end)
        return True
    await done(lab, journal, _undo)
    return False


def _lines_since(lab: Lab, count: int) -> list[str]:
    lines = [entry["line"] for entry in lab.log()[count:] if "line" in entry and entry.get("mode") != "answer"]
    return [line for line in dict.fromkeys(lines) if not LOGIN_LINES.match(line)]


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("end", [_confirm, _undo], ids=["confirmed", "undone"])
async def test_a_link_that_dies_at_any_line_leaves_all_or_nothing_and_no_timer(
    device: tuple[Lab, HandClock, Change], phase: str, end: Deed
) -> None:
    lab, clock, change = device
    before, start = lab.device.running_config(), len(lab.log())
    assert await _whole(lab, change, end)
    wanted = lab.device.running_config()
    wrong: dict[str, str] = {}
    for line in _lines_since(lab, start):
        lab.device.reset()
        lab.device.inject(Fault.model_validate({"kind": "drop", "match": f"^{re.escape(line)}$", "phase": phase}))
        stands = await _whole(lab, change, end)
        clock.turn(3600)
        if lab.device.running_config() != (wanted if stands else before):
            wrong[line] = lab.device.running_config()
        saved = re.search("vlan 120|vlan-id 120", lab.device.startup_config()) is not None
        if saved is not (stands and end is _confirm):
            wrong[line] = "saved" if saved else "not saved"
    assert not wrong
