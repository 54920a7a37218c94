"""Whatever line the link dies at, in an apply or an undo, the device ends entirely changed or entirely as before.

Each line of a clean run is taken in turn; the link is cut before or after it takes effect, and the call is repeated
with what the journal kept, as the orchestrator would do.
"""

import re

import pytest

from activities.deviceinteraction.failures import DeviceFailure, PartiallyApplied
from activities.deviceinteraction.model import Change
from activities.deviceinteraction.testbed import Fault
from devicelab import LIMITS, NAMES, NEW_VLAN, Lab, MemoryJournal

ATTEMPTS = 4
LOGIN_LINES = re.compile(r"terminal |set cli |enable|^$")


async def until_done(lab: Lab, change: Change, journal: MemoryJournal) -> bool:
    """Apply as an orchestrator would; whether the change stands in the end."""
    for _ in range(ATTEMPTS):
        try:
            async with lab.session(timeouts=LIMITS) as session:
                await session.apply(change, NAMES, journal, save=True)
        except PartiallyApplied:
            await until_undone(lab, journal)
            return False
        except DeviceFailure as failure:
            if not failure.retryable:
                raise
        else:
            return True
    raise AssertionError("the change was never finished")


async def until_undone(lab: Lab, journal: MemoryJournal) -> None:
    for _ in range(ATTEMPTS):
        try:
            async with lab.session(timeouts=LIMITS) as session:
                await session.undo(NAMES, journal, methods=["native", "inverse"])
        except DeviceFailure as failure:
            if not failure.retryable:
                raise
        else:
            return
    raise AssertionError("the undo was never finished")


def lines_since(lab: Lab, count: int) -> list[str]:
    lines = [entry["line"] for entry in lab.log()[count:] if "line" in entry and entry.get("mode") != "answer"]
    return [line for line in dict.fromkeys(lines) if not LOGIN_LINES.match(line)]


@pytest.mark.parametrize("phase", ["before", "after"])
async def test_a_link_that_dies_at_any_line_of_an_apply_leaves_all_or_nothing(lab: Lab, phase: str) -> None:
    before = lab.device.running_config()
    async with lab.session() as session:
        change = await session.propose(NEW_VLAN[lab.platform], NAMES)
    start = len(lab.log())
    await until_done(lab, change, MemoryJournal())
    after = lab.device.running_config()
    wrong: dict[str, str] = {}
    for line in lines_since(lab, start):
        lab.device.reset()
        lab.device.inject(Fault.model_validate({"kind": "drop", "match": f"^{re.escape(line)}$", "phase": phase}))
        stands = await until_done(lab, change, MemoryJournal())
        if lab.device.running_config() != (after if stands else before):
            wrong[line] = lab.device.running_config()
        if stands and "120" not in lab.device.startup_config():
            wrong[line] = "not saved"
    assert not wrong


@pytest.mark.parametrize("phase", ["before", "after"])
async def test_a_link_that_dies_at_any_line_of_an_undo_leaves_the_device_as_before(lab: Lab, phase: str) -> None:
    before = lab.device.running_config()
    async with lab.session() as session:
        change = await session.propose(NEW_VLAN[lab.platform], NAMES)
    journal = MemoryJournal()
    assert await until_done(lab, change, journal)
    start = len(lab.log())
    await until_undone(lab, journal)
    wrong: dict[str, str] = {}
    for line in lines_since(lab, start):
        lab.device.reset()
        journal = MemoryJournal()
        assert await until_done(lab, change, journal)
        lab.device.inject(Fault.model_validate({"kind": "drop", "match": f"^{re.escape(line)}$", "phase": phase}))
        await until_undone(lab, journal)
        if lab.device.running_config() != before:
            wrong[line] = lab.device.running_config()
        if re.search("vlan 120|vlan-id 120", lab.device.startup_config()):
            wrong[line] = "still in the startup configuration"
    assert not wrong
