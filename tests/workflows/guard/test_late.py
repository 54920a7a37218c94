"""The guard's word that comes late: it is of a request that the run has taken back."""

import pytest
from temporalio import activity
from temporalio.exceptions import CancelledError

from guarded import until_waiting
from plans import changing, plan
from running import Server
from scripted import World
from workflows import contracts
from workflows.contracts import LeaseAnswer, LeaseInput, ReleaseInput

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2")


class Late(World):
    """The guard's word is under way while the run gives everything back."""

    @activity.defn(name=contracts.RELEASE)
    async def release(self, call: ReleaseInput) -> None:
        """Takes everything back, and then the run hears of what it had asked for before."""
        await super().release(call)
        if len(self.released) == 1:
            run = activity.client().get_workflow_handle(call.holder.workflow_id)
            await run.signal(contracts.SIGNAL_LEASED, LeaseAnswer(granted=True, to=call.holder.run))


@pytest.mark.history("leased-late")
async def test_a_run_that_has_taken_its_request_back_and_asks_anew_waits_for_the_answer_to_that(server: Server) -> None:
    world = Late(plan(changing("deploy"), last=(changing("mark"),)), HOSTS, free=False)
    async with server.run(world) as live:
        await until_waiting(live)
        await live.handle.cancel()
        await live.until(lambda status: "waits for devices" in status.steps[1].message)
        assert world.asked("do", "mark") == []
        await live.handle.signal(contracts.SIGNAL_LEASED, LeaseAnswer(granted=True, to=world.released[0].run))
        assert isinstance(await live.end(), CancelledError)
    assert sorted(world.asked("do", "mark")) == [*HOSTS]


class Counted(World):
    """A guard that says which request it answers, and has nothing to give."""

    @activity.defn(name=contracts.LEASE)
    async def lease(self, call: LeaseInput) -> LeaseAnswer:
        """Queues."""
        return (await super().lease(call)).model_copy(update={"number": call.request.number})


@pytest.mark.history("leased-by-number")
async def test_an_answer_to_an_earlier_request_is_not_taken_for_one_to_a_later_request(server: Server) -> None:
    world = Counted(plan(changing("deploy"), last=(changing("mark"),)), HOSTS, free=False)
    async with server.run(world) as live:
        await until_waiting(live)
        await live.handle.cancel()
        await live.until(lambda status: "waits for devices" in status.steps[1].message)
        (run,) = world.released
        for number in (1, None, 3):
            await live.handle.signal(contracts.SIGNAL_LEASED, LeaseAnswer(granted=True, to=run.run, number=number))
        await live.handle.signal(contracts.SIGNAL_LEASED)  # and one that says nothing at all
        assert "waits for devices" in (await live.status()).steps[1].message
        await live.handle.signal(contracts.SIGNAL_LEASED, LeaseAnswer(granted=True, to=run.run, number=2))
        assert isinstance(await live.end(), CancelledError)
    assert [request.number for request in world.leases] == [1, 2]
    assert (world.asked("do", "deploy"), sorted(world.asked("do", "mark"))) == ([], [*HOSTS])
