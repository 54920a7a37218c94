"""Two requests for the same work: joined, refused or queued, and never answered by a run that is over."""

import asyncio
from contextlib import suppress

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError, CancelledError

from guarded import Guarded, Serving, guarded, known, serving, until_waiting
from holders import reset
from plans import changing, of, plan
from running import Live, Server
from scripted import Holding
from workflows.plan import Constant, Dedup, Expr

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTS = ("sw1", "sw2")


def world(on_duplicate: str, key: Expr | None = None) -> Guarded:
    """One whose definition says `dedup`."""
    dedup = Dedup.model_validate({"key": key or of("inputs.ticket"), "on_duplicate": on_duplicate})
    return guarded(plan(changing("deploy")).model_copy(update={"dedup": dedup}), HOSTS, inputs={"ticket": "RITM1"})


async def held(runs: Serving) -> tuple[Live, Holding]:
    """A run in the middle of its work."""
    device = Holding(runs.world)
    runs.world.scripts["deploy", "sw1"] = device
    live = await runs.start()
    await asyncio.wait_for(device.begun.wait(), 20)
    return live, device


@pytest.mark.history("dedup-join")
async def test_a_run_joins_the_one_that_does_the_same_work(server: Server) -> None:
    mine = world("join")
    async with serving(server, mine) as runs:
        first, device = await held(runs)
        second = await runs.start()
        await until_waiting(second, f"joined run {first.handle.id}")
        assert (await second.status()).phase == "waiting"
        device.go_on.set()
        one, two = await first.result(), await second.result()
        await runs.keep(second)
        state = await known(server, mine)
    assert (one.verdict, one.joined) == ("succeeded", None)
    assert (two.verdict, two.joined, two.id) == ("succeeded", first.handle.id, second.handle.id)
    assert (two.devices, two.report) == (one.devices, one.report)
    assert mine.asked("do", "deploy").count("sw1") == 1
    assert (state.claims, state.claim_queue) == ((), ())


async def test_a_joined_run_is_cancelled_with_the_other_one(server: Server) -> None:
    mine = world("join")
    async with serving(server, mine) as runs:
        first, _ = await held(runs)
        second = await runs.start()
        await until_waiting(second, f"joined run {first.handle.id}")
        await first.handle.cancel()
        assert isinstance(await second.end(), CancelledError)
        status, found = await second.status(), await second.handle.describe()
        result = status.result
    assert (found.status, status.operations) == (WorkflowExecutionStatus.CANCELED, ())
    assert result is not None
    assert (result.verdict, result.joined) == ("cancelled", first.handle.id)


async def test_a_joined_run_fails_with_the_verdict_of_the_other_one(server: Server) -> None:
    mine = world("join")
    async with serving(server, mine) as runs:
        device = Holding(mine)
        mine.scripts["deploy", "sw1"] = device
        mine.fails("deploy", "sw2")
        first = await runs.start()
        await asyncio.wait_for(device.begun.wait(), 20)
        second = await runs.start()
        await until_waiting(second, f"joined run {first.handle.id}")
        device.go_on.set()
        assert (await first.result()).verdict == "stopped"
        error = await second.end()
    assert isinstance(error, ApplicationError)
    assert error.type == "stopped"
    assert f"joined run {first.handle.id}" in error.message


async def test_cancelling_a_run_that_joined_leaves_the_other_one_alone(server: Server) -> None:
    mine = world("join")
    async with serving(server, mine) as runs:
        first, device = await held(runs)
        second = await runs.start()
        await until_waiting(second, f"joined run {first.handle.id}")
        await second.handle.cancel()
        await second.until(lambda status: status.phase == "closed")
        assert (await second.status()).verdict == "cancelled"
        assert (await known(server, mine)).claim_queue == ()
        device.go_on.set()
        assert (await first.result()).verdict == "succeeded"


@pytest.mark.history("dedup-reject")
async def test_a_second_run_is_refused_and_names_the_first(server: Server) -> None:
    mine = world("reject")
    async with serving(server, mine) as runs:
        first, device = await held(runs)
        second = await runs.start()
        error = await second.end()
        await runs.keep(second)
        assert isinstance(error, ApplicationError)
        assert error.type == "invalid_input"
        assert f"run {first.handle.id} is doing the same work: test for the key 'RITM1'" in error.message
        device.go_on.set()
        assert (await first.result()).verdict == "succeeded"
        third = await runs.start()
        assert (await third.result()).verdict == "succeeded", "a finished run answers for nobody"


@pytest.mark.history("dedup-queue")
async def test_runs_of_one_key_go_one_after_the_other(server: Server) -> None:
    mine = world("queue")
    async with serving(server, mine) as runs:
        first, device = await held(runs)
        second = await runs.start()
        await until_waiting(second, f"waits for its turn: run {first.handle.id}")
        third = await runs.start()
        await until_waiting(third, f"waits for its turn: run {first.handle.id}")
        device.go_on.set()
        for live in (first, second, third):
            assert (await live.result()).verdict == "succeeded"
        await runs.keep(second)
    assert mine.asked("do", "deploy").count("sw1") == 3


async def test_the_claim_of_a_terminated_run_is_lost(server: Server) -> None:
    mine = world("reject")
    async with serving(server, mine) as runs:
        first, device = await held(runs)
        (batch,) = await first.batches()
        await first.handle.terminate("by the test")
        device.go_on.set()
        with suppress(WorkflowFailureError):  # as long as one works on, so does the run
            await batch.result()
        assert (await (await runs.start()).result()).verdict == "succeeded"


async def test_one_who_waits_for_a_terminated_run_is_freed(server: Server) -> None:
    mine = world("queue")
    async with serving(server, mine) as runs:
        first, device = await held(runs)
        second = await runs.start()
        await until_waiting(second, f"waits for its turn: run {first.handle.id}")
        await first.handle.terminate("by the test")
        device.go_on.set()
        assert (await second.result()).verdict == "succeeded"


async def test_one_who_joined_a_terminated_run_fails_and_says_so(server: Server) -> None:
    mine = world("join")
    async with serving(server, mine) as runs:
        first, device = await held(runs)
        second = await runs.start()
        await until_waiting(second, f"joined run {first.handle.id}")
        await first.handle.terminate("by the test")
        device.go_on.set()
        error = await second.end()
    assert isinstance(error, ApplicationError)
    assert "which left no result" in error.message


async def test_one_who_joined_a_run_that_was_reset_ends_as_that_one_does(server: Server) -> None:
    mine = world("join")
    async with serving(server, mine) as runs:
        first, device = await held(runs)
        second = await runs.start()
        await until_waiting(second, f"joined run {first.handle.id}")
        await reset(server, first.handle)
        device.go_on.set()
        result = await second.result()
    assert (result.verdict, result.joined) == ("succeeded", first.handle.id)


async def test_another_key_is_other_work(server: Server) -> None:
    mine = world("reject", key=of("run.id"))
    async with serving(server, mine) as runs:
        results = await asyncio.gather(runs.outcome(), runs.outcome())
    assert [result.verdict for result in results] == ["succeeded", "succeeded"]


async def test_a_key_that_has_no_value_or_is_a_novel_fails_the_run(server: Server) -> None:
    for key, said in ((of("inputs.nothing"), "has no value"), (Constant(value="x" * 501), "may have 500 characters")):
        mine = world("join", key=key)
        async with serving(server, mine) as runs:
            with pytest.raises(WorkflowFailureError) as failed:
                await runs.outcome()
        assert isinstance(failed.value.cause, ApplicationError)
        assert (failed.value.cause.type, said in failed.value.cause.message) == ("invalid_input", True)


async def test_one_who_waits_goes_on_after_it_has_continued_as_new(server: Server) -> None:
    mine = world("queue")
    mine.history_events = 60
    async with serving(server, mine) as runs:
        first, device = await held(runs)
        second = await runs.start()
        await until_waiting(second, f"waits for its turn: run {first.handle.id}")
        began = (await second.handle.describe()).run_id
        for _ in range(60):
            await second.handle.signal("approve", {"by": "nobody"})
        for _ in range(200):
            if (await second.handle.describe()).run_id != began:
                break
            await asyncio.sleep(0.05)
        assert (await second.handle.describe()).run_id != began
        device.go_on.set()
        assert (await first.result()).verdict == "succeeded"
        assert (await second.result()).verdict == "succeeded"
