"""Whether runs are alive, asked of the real server: continued, reset, gone, and with ids that others have taken."""

import uuid
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from temporalio.testing import ActivityEnvironment

from activities.leases import Leasing
from holders import Runs, reset, standing_runs
from running import Server
from workflows.contracts import Holder, HolderInput, HoldersInput, HoldersState, HolderState, RunId

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def runs(server: Server) -> AsyncIterator[Runs]:
    """Runs of all these cases."""
    async with standing_runs(server) as found:
        yield found


async def states(runs: Runs, *holders: Holder) -> list[str]:
    """What is found out about some runs, in one look."""
    environment = ActivityEnvironment(client=runs.server.client)
    found: HoldersState = await environment.run(Leasing(runs.guard.id).holders, HoldersInput(holders=holders))
    return [found.states[holder.run] for holder in holders]


def unknown(workflow_id: str) -> Holder:
    """A run that the server does not know, or knows no longer: it keeps closed runs for a while only."""
    return Holder(workflow_id=workflow_id, run=RunId(str(uuid.uuid4())), root=workflow_id)


async def test_a_run_is_open_until_it_ends_or_is_cut_off(runs: Runs) -> None:
    await runs.start("live", "ended", "terminated")
    await runs.end("ended")
    await runs.handles["terminated"].terminate("by the test")
    holders = [runs.holder(name) for name in ("live", "ended", "terminated")]
    assert await states(runs, *holders, unknown("nobody")) == ["open", "ended", "cut_off", "cut_off"]
    environment = ActivityEnvironment(client=runs.server.client)
    one: HolderState = await environment.run(Leasing(runs.guard.id).holder, HolderInput(holder=holders[1]))
    assert one.state == "ended", "guards of before ask about one at a time"


async def test_a_run_that_has_continued_as_new_or_was_reset_is_the_same_run(runs: Runs) -> None:
    await runs.start("continued", "reset")
    await runs.again("continued")
    handle = runs.handles["reset"]
    assert await runs.told("reset") == [], "its first task is done"
    await reset(runs.server, handle)
    assert (await handle.describe()).run_id != handle.first_execution_run_id
    assert await states(runs, runs.holder("continued"), runs.holder("reset")) == ["open", "open"]


async def test_how_a_run_closed_is_known_though_another_one_has_taken_its_id(runs: Runs) -> None:
    names = ("finished", "killed", "finished-later", "killed-later")
    await runs.start(*names)
    holders = [runs.holder(name) for name in names]
    for name in names[2:]:
        await runs.again(name)
    for name in names:
        await (runs.end(name) if name.startswith("finished") else runs.handles[name].terminate("by the test"))
    await runs.start(*names)
    known_no_longer = unknown(runs.handles["finished"].id)
    assert await states(runs, *holders, known_no_longer) == ["ended", "cut_off", "ended", "cut_off", "cut_off"]
    assert await states(runs, *(runs.holder(name) for name in names)) == ["open"] * 4


async def test_a_run_that_cannot_be_looked_at_does_not_hide_the_others(runs: Runs) -> None:
    await runs.start("beside")
    refused = unknown("")  # the server takes no such id
    assert await states(runs, refused, runs.holder("beside"), unknown("nobody")) == ["unknown", "open", "cut_off"]
