"""An answer that comes page by page is no answer: who waits for its end would wait for a key that nobody presses."""

from pathlib import Path
from typing import get_args

import pytest

from activities.deviceinteraction.model import PlatformName
from activities.deviceinteraction.testbed.model import Fault, SimulatedName
from activities.deviceinteraction.transport.protocol import Unanswered
from devicelab import lab_of

LONG = {"juniper_junos": "show configuration", "nokia_sros": "admin show configuration"}
PAGES = [name for name in get_args(SimulatedName) if name != "nokia_srlinux"]  # its basic engine pages nothing
PAGING = r"length 0|screen-length|more false|no more|paginat"


@pytest.mark.parametrize("platform", PAGES)
async def test_a_device_that_keeps_paging_is_named_at_once(platform: PlatformName, tmp_path: Path) -> None:
    async with lab_of(platform, tmp_path) as lab:
        lab.device.inject(Fault(kind="reject", match=PAGING, times=0))
        with pytest.raises(Unanswered, match=r"acc-001 pages its answers, although '.+' was sent"):
            async with lab.session() as session:
                await session.show(LONG.get(platform, "show running-config"))
