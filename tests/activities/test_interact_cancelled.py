"""A cancel is honoured between two actions, never inside a commit, and the outcome says what it leaves."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.activity import ActivityCancellationDetails
from temporalio.exceptions import ApplicationError

from activities.deviceinteraction.testbed.model import Fault
from activity_bench import Bench, bench, call, call_of, environment, outcome_in, until
from vlan_change import COMMIT, HOSTS, looked_at, prepared_of
from workflows.contracts import InteractInput


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path) as found:
        yield found


async def _cancelled_while(
    lab: Bench, asked: InteractInput, host: str, line: str, details: ActivityCancellationDetails | None = None
) -> ApplicationError:
    """Cancel the activity while the device takes its time to answer a line."""
    lab.testbed.device(host).inject(Fault(kind="slow", match=line, seconds=0.5))
    env = environment()
    running = asyncio.ensure_future(env.run(lab.interact.interact, asked))
    await until(lambda: not lab.testbed.device(host).pending_faults())
    env.cancel(details or ActivityCancellationDetails(cancel_requested=True))
    with pytest.raises(ApplicationError) as caught:
        await running
    return caught.value


async def test_a_cancel_while_reading_ends_the_device_untouched(lab: Bench) -> None:
    asked = call_of(await prepared_of(lab), "look", "acc-001")
    error = await _cancelled_while(lab, asked, "acc-001", "show vlan")
    outcome = outcome_in(error)
    assert (error.type, error.non_retryable) == ("cancelled", True)
    assert (outcome.status, outcome.touched) == ("skipped", False)
    assert outcome.transcript is not None


@pytest.mark.parametrize("host", HOSTS)
async def test_a_cancel_during_a_commit_is_honoured_after_it(lab: Bench, host: str) -> None:
    prepared = await prepared_of(lab)
    asked = call_of(prepared, "deploy", host, await looked_at(lab, prepared, host))
    error = await _cancelled_while(lab, asked, host, COMMIT[host])
    outcome = outcome_in(error)
    assert (error.type, outcome.status, outcome.touched) == ("cancelled", "failed", True)
    assert lab.testbed.device(host).vlans()[120].name == "cameras"
    undone = await call(lab.undo.undo, asked)
    assert (undone.status, undone.touched) == ("undone", True)
    assert 120 not in lab.testbed.device(host).vlans()


async def test_a_worker_that_stops_hands_the_device_on(lab: Bench) -> None:
    asked = call_of(await prepared_of(lab), "look", "acc-002")
    stopping = ActivityCancellationDetails(worker_shutdown=True)
    error = await _cancelled_while(lab, asked, "acc-002", "show vlan", stopping)
    assert (error.type, error.non_retryable) == ("transient", False)


async def test_a_cancel_before_the_login_is_a_plain_cancel(lab: Bench) -> None:
    lab.testbed.device("acc-003").inject(Fault(kind="hang_login"))
    env = environment()
    running = asyncio.ensure_future(env.run(lab.interact.interact, call_of(await prepared_of(lab), "look", "acc-003")))
    await until(lambda: not lab.testbed.device("acc-003").pending_faults())
    env.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
