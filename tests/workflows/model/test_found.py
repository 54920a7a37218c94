"""Scenarios that once broke a rule, as small as they could be made. Each stays, with what it had found."""

import pytest

from model_check import finding
from model_scenario import EventSpec, FaultSpec, Scenario, StepSpec
from running import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")
PAUSES = StepSpec(on_failure="pause")
STUCK = (FaultSpec(0, 0, "check_after"), FaultSpec(0, 0, "undo_permanent"))

FOUND = {
    "a failure within accept is taken back where the step pauses on failures": Scenario(
        2, (StepSpec(on_failure="pause", accept=">= 50%"),), (FaultSpec(0, 0, "partial"),)
    ),
    "a cancel takes back the devices of a step that pauses on failures": Scenario(
        2, (PAUSES,), (FaultSpec(0, 0, "slow"),), (EventSpec(2, "cancel"),)
    ),
    "a second look that fails is taken back where the step pauses on failures": Scenario(
        2, (StepSpec(on_failure="pause", waves=((1, 5),)),), (FaultSpec(0, 0, "again"),)
    ),
    "who skips a device that could not be taken back does not hide it": Scenario(1, (PAUSES,), STUCK, (), ("skip",)),
    "a device that could not be taken back is not tried again": Scenario(
        1, (PAUSES,), (FaultSpec(0, 0, "partial", 2), FaultSpec(0, 0, "undo_permanent")), (), ("retry", "stop")
    ),
    "a second look after a retry takes the retry back": Scenario(
        2,
        (StepSpec(waves=((1, 5),), on_failure="pause"),),
        (FaultSpec(0, 0, "check_after"), FaultSpec(0, 0, "again")),
        (),
        ("retry", "stop"),
    ),
    "an undo of a step with a strict budget comes to its end": Scenario(
        3, (StepSpec(strict=True, concurrency=1, on_failure="undo step"),), (FaultSpec(0, 2, "check_after"),)
    ),
    "slots that failures burn are made good while failures are left": Scenario(
        4, (StepSpec(strict=True, concurrency=1, accept=">= 50%"),), (FaultSpec(0, 0, "check_after"),)
    ),
    "a retry is confirmed, and not what was taken back before it": Scenario(
        2, (StepSpec(on_failure="pause", confirm="wave"),), (FaultSpec(0, 0, "check_after"),), (), ("retry",)
    ),
    "an undo of the wave after a retry takes the retry back": Scenario(
        2,
        (StepSpec(on_failure="pause"),),
        (FaultSpec(0, 0, "check_after"), FaultSpec(0, 1, "check_after", 2)),
        (),
        ("retry", "undo wave"),
    ),
    "who pauses on what cannot be read takes nothing back": Scenario(
        2, (StepSpec(verb="read", on_failure="pause"),), pool="unserved"
    ),
    "a run that fails after a called one has changed devices does not say that none holds a change": Scenario(
        1, (StepSpec(verb="call", part=(StepSpec(),)), StepSpec(verb="post")), (FaultSpec(0, 0, "denied"),)
    ),
    "a cancel does not keep the devices of a wave from being confirmed, once that has begun": Scenario(
        3, (StepSpec(confirm="wave", concurrency=1),), (), (EventSpec(11, "cancel"),)
    ),
    "a device that a called run could not take back makes its caller dirty too": Scenario(
        1, (StepSpec(verb="call", part=(PAUSES,)),), STUCK
    ),
    "a run that is refused after it has claimed its work gives it back": Scenario(
        1, (StepSpec(),), dedup="queue", mode="moved"
    ),
}


@pytest.mark.parametrize("scenario", FOUND.values(), ids=FOUND)
async def test_what_was_found_once_holds(server: Server, scenario: Scenario) -> None:
    found = await finding(server, scenario)
    assert found is None, str(found)
