"""The contract over Telnet: below a command line it is another way to the same device, and nothing else may differ."""

from dataclasses import replace
from pathlib import Path

import pytest

from activities.deviceinteraction.model import PlatformName
from contract_cases import Case, cases_of
from contract_simulated import rig_of
from devicelab import lab_of
from hand_clock import HandClock


@pytest.mark.parametrize(("platform", "case"), cases_of(("cisco_iosxe",)))
async def test_the_contract_holds_by_telnet(platform: PlatformName, case: Case, tmp_path: Path) -> None:
    clock = HandClock()
    async with lab_of(platform, tmp_path, clock, transport="telnet") as lab:
        await case.run(rig_of(replace(lab, target=replace(lab.target, transport="telnet")), clock))
