from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities.deviceinteraction.testbed.model import SimulatedName
from devicelab import Lab, lab_of

ALL: tuple[SimulatedName, ...] = ("cisco_iosxe", "cisco_nxos", "arista_eos", "juniper_junos", "cisco_iosxr")


@pytest.fixture(params=ALL)
async def lab(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Lab]:
    """One simulated device; a change is the same on every platform, also on one that has no VLANs."""
    async with lab_of(request.param, tmp_path) as made:
        yield made
