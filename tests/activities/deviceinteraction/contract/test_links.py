"""Wherever the link dies, a device ends entirely changed or entirely as before, with one effect, and nothing pending.

A clean run tells which lines are sent; then the link is cut at each of them in turn: before it, where it has an effect,
and after it, when the device has done it and its answer is lost. Under a timer, lines that only read are left out. What
was cut is called again with what the journal kept, as an orchestrator does it. In the end time passes, to no effect.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from activities.deviceinteraction.platforms.protocol import NoTimer
from activities.deviceinteraction.platforms.registry import PLATFORMS
from activities.deviceinteraction.testbed import Fault
from activities.deviceinteraction.testbed.model import SimulatedName
from contract_links import Script, effects_of, forget
from contract_simulated import SIMULATED, simulated
from devicelab import Lab

BEYOND_LOGIN = r"^(?!terminal |set cli |environment |enable|$)"
READS = ("show ", "info ")
TIMED = tuple(name for name in SIMULATED if not isinstance(PLATFORMS[name].timer, NoTimer))


def cuts_in(lab: Lab, *, held: bool) -> list[tuple[int, str]]:
    """Where the link is to be cut, by what is in the log of a clean run: the number of a line, and before or after."""
    typed = [entry for entry in lab.log() if re.search(BEYOND_LOGIN, entry.get("line", ""))]
    after = [(at, "after") for at, entry in enumerate(typed) if not (held and entry.get("line", "").startswith(READS))]
    return after + [(at, "before") for at, entry in enumerate(typed) if entry.get("effect") is not None]


SCRIPTS = [
    *(pytest.param(name, False, ("undone",), id=f"{name}-made and undone") for name in SIMULATED),
    *(pytest.param(name, True, ("confirmed",), id=f"{name}-held and confirmed") for name in TIMED),
    *(pytest.param(name, True, ("undone",), id=f"{name}-held and undone") for name in TIMED),
]


@pytest.mark.parametrize(("platform", "held", "ends"), SCRIPTS)
async def test_a_link_that_dies_anywhere_leaves_all_or_nothing(
    platform: SimulatedName, held: bool, ends: Sequence[str], tmp_path: Path
) -> None:
    async with simulated(platform, tmp_path) as (rig, lab, clock):
        before, kept, change = rig.truth(), rig.kept(), await rig.proposed()
        script = Script(rig, change, rig.hold if held else None, ends)
        forget(lab)
        await script.play()
        wanted, saved, once = rig.truth(), rig.kept(), effects_of(lab)
        wrong: dict[tuple[int, str], object] = {}
        for number, phase in cuts_in(lab, held=held):
            lab.device.reset()
            forget(lab)
            fault = {"kind": "drop", "match": BEYOND_LOGIN, "skip": number, "phase": phase}
            lab.device.inject(Fault.model_validate(fault))
            await script.play()
            clock.turn(7200)
            assert not lab.device.pending_faults(), f"nothing was cut at line {number}"
            if (rig.truth(), rig.kept()) != ((wanted, saved) if script.stood else (before, kept)):
                wrong[number, phase] = rig.truth()
            elif script.stood and effects_of(lab) - once:
                wrong[number, phase] = effects_of(lab)
            elif lab.device.revert_due is not None:
                wrong[number, phase] = lab.device.revert_due
        assert not wrong
