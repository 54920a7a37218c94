"""The contract over every simulated platform; `tests/real/test_contract.py` runs the same cases over real software."""

from pathlib import Path
from typing import get_args

import pytest

from activities.deviceinteraction.model import Section
from activities.deviceinteraction.platforms.registry import PLATFORMS
from activities.deviceinteraction.proofs import PROOFS, Capability, Change, Deed, known
from activities.deviceinteraction.testbed.model import SimulatedName
from contract_cases import CASES, Case, cases_of
from contract_simulated import SIMULATED, simulated

CAPABILITIES: tuple[Capability, ...] = (*get_args(Section), *get_args(Change), *get_args(Deed))
ELSEWHERE = {
    "copy": "tests/activities/test_copying.py",
    "reboot": "tests/activities/test_acts.py",
    "replace": "tests/activities/deviceinteraction/change/test_replace.py",
}


@pytest.mark.parametrize(("platform", "case"), cases_of(SIMULATED))
async def test_the_contract_holds(platform: SimulatedName, case: Case, tmp_path: Path) -> None:
    async with simulated(platform, tmp_path) as (rig, _, _):
        await case.run(rig)


def test_every_capability_that_the_page_calls_proven_has_a_case() -> None:
    needed = {need for case in CASES for need in case.needs} | set(get_args(Section))  # one case reads each section
    assert set(CAPABILITIES) - {"save"} <= needed | ELSEWHERE.keys()  # of `save`, on devices with something to save to
    assert all((Path(__file__).parents[4] / where).is_file() for where in ELSEWHERE.values())


def test_what_is_said_to_be_documented_is_simulated_and_what_is_said_to_be_real_is_not() -> None:
    for name, platform in PLATFORMS.items():
        levels = {known(platform, capability) for capability in CAPABILITIES} - {None, "unproven"}
        assert levels <= {"documented" if name in SIMULATED else PROOFS[name].known}
