"""Rigs of the testbed's devices: what such a device says of itself past SSH is the truth, and its clock is ours."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final, get_args

from activities.deviceinteraction.model import Hold
from activities.deviceinteraction.testbed.model import SimulatedName
from activities.deviceinteraction.verification import SHOWS
from contract_rig import Rig
from devicelab import NEW_VLAN, OTHER_VLAN, Lab, lab_of
from hand_clock import HandClock

SIMULATED: Final[tuple[SimulatedName, ...]] = get_args(SimulatedName)


@asynccontextmanager
async def simulated(platform: SimulatedName, state: Path) -> AsyncIterator[tuple[Rig, Lab, HandClock]]:
    """A simulated device under the contract, and what only a test of simulated devices may use."""
    clock = HandClock()
    async with lab_of(platform, state, clock) as lab:
        yield rig_of(lab, clock), lab, clock


def rig_of(lab: Lab, clock: HandClock) -> Rig:
    """A rig of a device of a testbed that runs."""

    async def run_out() -> None:
        clock.turn(3600)

    def colleague(lines: Sequence[str]) -> None:
        lab.device.change(lines)

    return Rig(
        target=lab.target,
        host_keys=lab.host_keys,
        ours=NEW_VLAN[lab.platform],
        both=(*NEW_VLAN[lab.platform], *OTHER_VLAN[lab.platform]),
        theirs=OTHER_VLAN[lab.platform],
        has=lambda: (lab.has(120, "lab"), lab.has(333, "theirs")),
        truth=lab.device.running_config,
        kept=lab.device.startup_config,
        witness=lambda: [lab.effects(kind) for kind in ("running", "startup", "checkpoint")],
        colleague=colleague,
        run_out=run_out,
        hostname="acc-001",
        shows=SHOWS[lab.platform],
        hold=Hold(timedelta(minutes=5)),
        brief=Hold(timedelta(minutes=5)),
    )
