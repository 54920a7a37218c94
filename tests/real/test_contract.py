"""The contract over real software: the cases that the library's own tests run over simulated devices."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import pytest

from activities.deviceinteraction.failures import OutcomeUnknown, PartiallyApplied, Transient
from activities.deviceinteraction.model import PlatformName
from contract_cases import Case, cases_of
from contract_real import REAL
from contract_rig import Rig
from devicelab import MemoryJournal
from real_machines import Machine
from relay import CutsAfter, relay_to

MOST_WRITES: Final = 20


@pytest.fixture(scope="module")
def begun() -> set[PlatformName]:
    """The platforms whose machines have been brought to where their cases begin; each case leaves them there."""
    return set()


@pytest.fixture
def rig(platform: PlatformName, begun: set[PlatformName], request: pytest.FixtureRequest) -> Iterator[Rig]:
    """The platform's machine, as it was delivered before and after."""
    shared = {"frr": "row", "bird": "b1", "linux": "b1", "openvswitch": "sw1", "netconf": "n1"}
    found = request.getfixturevalue(shared[platform])
    machine: Machine = found[0] if isinstance(found, list) else found
    made = REAL[platform]
    if platform not in begun:
        begun.add(platform)
        made.clean(machine)
    yield made.rig(machine)
    made.clean(machine)


@pytest.mark.parametrize(("platform", "case"), cases_of(REAL))
async def test_the_contract_holds(case: Case, rig: Rig) -> None:
    await case.run(rig)


@pytest.mark.parametrize("platform", REAL)
async def test_a_line_that_dies_between_the_writes_of_a_change_leaves_all_or_nothing(rig: Rig) -> None:
    before, kept, change = rig.truth(), rig.kept(), await rig.proposed()
    for passes in range(0, MOST_WRITES, 2):  # the simulated devices meet it at every line
        journal = MemoryJournal()
        async with relay_to(rig.target) as relay:
            fence = CutsAfter(relay, passes)
            with suppress(Transient, OutcomeUnknown):
                await rig.behind(relay.port).applied(change, journal, save=True, fence=fence)
        journal = journal.survived()
        try:
            await rig.applied(change, journal, save=True)
            assert (rig.has()[0], rig.kept() != kept) == (True, True)
        except PartiallyApplied:
            assert rig.platform.made == "modelled"
        await rig.undone(journal)
        assert (rig.truth(), rig.kept()) == (before, kept), f"the line died before write {passes + 1}"
        if fence.passes >= 0:
            return  # there was no such write to die before
    pytest.fail(f"a small change took more than {MOST_WRITES} writes")
