"""The contract over real software: the cases that the library's own tests run over simulated devices."""

from collections.abc import Iterator

import pytest

from activities.deviceinteraction.model import PlatformName
from contract_cases import Case, cases_of
from contract_real import REAL
from contract_rig import Rig
from real_machines import Machine


@pytest.fixture
def rig(platform: PlatformName, request: pytest.FixtureRequest) -> Iterator[Rig]:
    """The platform's machine, as it was delivered before and after."""
    shared = {"frr": "row", "bird": "b1", "linux": "b1", "openvswitch": "sw1", "netconf": "n1"}
    found = request.getfixturevalue(shared[platform])
    machine: Machine = found[0] if isinstance(found, list) else found
    made = REAL[platform]
    made.clean(machine)
    yield made.rig(machine)
    made.clean(machine)


@pytest.mark.parametrize(("platform", "case"), cases_of(REAL))
async def test_the_contract_holds(case: Case, rig: Rig) -> None:
    await case.run(rig)
