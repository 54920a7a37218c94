from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities.deviceinteraction.model import PlatformName
from devicelab import Lab, lab_of

ALL: tuple[PlatformName, ...] = ("cisco_iosxe", "cisco_nxos", "arista_eos", "juniper_junos")


@pytest.fixture(params=ALL)
async def lab(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Lab]:
    """One simulated device; the test runs on every platform."""
    async with lab_of(request.param, tmp_path) as made:
        yield made
