"""Whom the guard tells that it is their turn: those who hold what they are told of."""

import asyncio
import uuid

import pytest

from holders import guarding, standing_runs
from running import Server
from workflows import contracts
from workflows.contracts import GuardState, LeaseRequest, ReleaseInput
from workflows.plan import HostName

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.history("guard-tells")
async def test_a_run_that_has_given_its_devices_back_is_not_told_that_it_is_its_turn(server: Server) -> None:
    queue = f"guard-{uuid.uuid4().hex[:8]}"
    async with standing_runs(server, queue) as runs:
        await runs.start("one", "two", "three")
        async with guarding(server, queue):
            assert (await runs.lease("one", "sw1", "sw2")).granted
            assert not (await runs.lease("two", "sw1")).granted
            assert not (await runs.lease("three", "sw2")).granted
        for name in ("one", "three"):  # the guard hears of both before it has told anybody
            await runs.guard.signal(contracts.SIGNAL_RELEASE, ReleaseInput(holder=runs.holder(name)))
        async with guarding(server, queue):
            async with asyncio.timeout(60):
                while await runs.told("two") != ["leased"]:
                    await asyncio.sleep(0.05)
            assert (await runs.lease("two", "sw1")).granted, "the guard has gone on since"
            state = await runs.guard.query(contracts.QUERY_LEASES, result_type=GuardState)
            assert [lease.holder for lease in state.leases] == [runs.holder("two")]
            assert await runs.told("three") == []
            if server.keep_as is not None:
                await server.keep(runs.guard, server.keep_as)


async def test_what_is_given_back_late_takes_nothing_and_clears_nothing(server: Server) -> None:
    async with standing_runs(server) as runs:
        await runs.start("one", "two", "three")
        request = LeaseRequest(holder=runs.holder("one"), devices=(HostName("sw1"),), number=2)
        await runs.guard.execute_update(contracts.UPDATE_ACQUIRE, request)
        late, now = (
            ReleaseInput(holder=request.holder, id=f"one/{number}", number=number, looked_at=request.devices)
            for number in (1, 2)
        )
        await runs.guard.execute_update(contracts.SIGNAL_RELEASE, late)
        state = await runs.guard.query(contracts.QUERY_LEASES, result_type=GuardState)
        assert [lease.number for lease in state.leases] == [2], "it has asked again since"
        await runs.guard.execute_update(contracts.SIGNAL_RELEASE, now)
        assert (await runs.lease("two", "sw1")).granted
        await runs.handles["two"].terminate("by the test")
        await runs.lease("three", "sw1")
        async with asyncio.timeout(60):
            while await runs.told("three") != ["leased"]:
                await asyncio.sleep(0.05)
        await runs.guard.execute_update(contracts.SIGNAL_RELEASE, now)
        state = await runs.guard.query(contracts.QUERY_LEASES, result_type=GuardState)
        assert state.flagged == {HostName("sw1"): runs.handles["two"].id}, (
            "the one had looked before the other was lost"
        )
