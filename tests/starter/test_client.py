"""The Python client against a real server."""

import asyncio
import re
from datetime import UTC, datetime

import pytest

from starter.client import Orchestrator, RunHandle
from starter.dev.ports import free_port
from starter.errors import (
    DecisionRefused,
    NoWorkerError,
    RunEndedError,
    RunExistsError,
    RunNotFoundError,
    RunRefused,
    ServerUnreachableError,
)
from starter.runs import new_id, phase_of


async def gate_opens(handle: RunHandle) -> None:
    async with asyncio.timeout(20):
        while not (await handle.status()).gates:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("verdict", ["succeeded", "partial", "stopped", "failed", "failed_dirty"])
async def test_every_verdict_is_returned_also_those_that_fail(orchestrator: Orchestrator, verdict: str) -> None:
    result = await orchestrator.run("campus-vlan", {"script": verdict, "gate": False}, by="alice", reason="why not")
    assert result.verdict == verdict
    assert (result.requester, result.reason, len(result.devices)) == ("alice", "why not", 12)


async def test_a_refused_request_raises_with_the_message_of_the_worker(orchestrator: Orchestrator) -> None:
    with pytest.raises(RunRefused, match="expected 2 to 4094, found 9999") as refused:
        await orchestrator.run("campus-vlan", {"script": "invalid_input"})
    assert refused.value.kind == "invalid_input"
    assert refused.value.run_id.startswith("campus-vlan-")


async def test_a_run_goes_on_after_an_approval_and_answers_it(orchestrator: Orchestrator) -> None:
    handle = await orchestrator.run("campus-vlan", by="alice", wait=False)
    await gate_opens(handle)
    gate = (await handle.status()).gates[0]
    answer = await handle.approve(by="bob", step=gate.step, comment="fine", digest=gate.digest)
    assert (answer.gate, answer.approvals) == ("approved", 1)
    assert (await handle.result()).verdict == "succeeded"


async def test_a_decision_that_cannot_count_is_refused_with_its_reason(orchestrator: Orchestrator) -> None:
    handle = await orchestrator.start("campus-vlan", by="alice")
    await gate_opens(handle)
    with pytest.raises(DecisionRefused, match="alice asked for this run and cannot decide"):
        await handle.approve(by="alice")


async def test_a_rejected_run_ends_as_rejected(orchestrator: Orchestrator) -> None:
    handle = await orchestrator.start("campus-vlan")
    await gate_opens(handle)
    assert (await handle.reject(by="bob", comment="not today")).gate == "rejected"
    assert (await handle.result()).verdict == "rejected"
    with pytest.raises(RunNotFoundError, match="has ended; nothing can be asked of it"):
        await handle.operate("pause", by="bob")


async def test_a_cancelled_run_tells_its_result_by_its_status(orchestrator: Orchestrator) -> None:
    handle = await orchestrator.start("campus-vlan")
    await gate_opens(handle)
    await handle.cancel("wrong building")
    result = await handle.result()
    assert (result.verdict, result.message) == ("cancelled", "wrong building")


async def test_a_terminated_run_has_no_result_and_says_so(orchestrator: Orchestrator) -> None:
    handle = await orchestrator.start("campus-vlan")
    await gate_opens(handle)
    await orchestrator.client.get_workflow_handle(handle.id).terminate()
    with pytest.raises(RunEndedError, match="was terminated: nothing was undone"):
        await handle.result()
    status = await handle.last_status()
    assert status.phase == "closed"
    assert status.message.startswith("the run was terminated: nothing was undone")
    assert (status.gates, status.next) == ((), ())


def test_a_run_that_ended_without_a_verdict_is_listed_by_the_server_s_word() -> None:
    assert phase_of("waiting", ended=False) == "waiting"
    assert phase_of("failed_dirty", ended=True) == "failed_dirty"
    assert [phase_of(said, ended=True) for said in ("running", "closed", "")] == ["", "", ""]


async def test_devices_come_page_by_page(orchestrator: Orchestrator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("starter.handle.PAGE", 5)
    handle = await orchestrator.start("campus-vlan")
    assert [line.host for line in (await handle.devices(10, 100)).devices] == ["acc-011", "acc-012"]
    assert len({line.host for line in (await handle.all_devices()).devices}) == 12


async def test_an_id_is_taken_once_and_the_newest_run_is_the_last(orchestrator: Orchestrator) -> None:
    for name in ("first", "second"):
        await orchestrator.start("campus-vlan", {"gate": False}, id=name)
    with pytest.raises(RunExistsError, match="There is a run 'first' already"):
        await orchestrator.start("campus-vlan", id="first")
    async with asyncio.timeout(20):
        while len([line async for line in orchestrator.recent()]) < 2:
            await asyncio.sleep(0.05)
    assert (await orchestrator.find("last")).id == "second"
    assert (await orchestrator.find("first")).id == "first"


async def test_a_run_that_is_not_there_is_named(orchestrator: Orchestrator) -> None:
    with pytest.raises(RunNotFoundError, match="no open or kept run 'nowhere'"):
        await orchestrator.handle("nowhere").status()
    with pytest.raises(RunNotFoundError, match="There is no run in namespace"):
        await orchestrator.find("last")


async def test_without_a_worker_a_decision_is_refused_and_can_be_left(idle: Orchestrator) -> None:
    handle = await idle.start("campus-vlan")
    assert not await idle.has_worker()
    with pytest.raises(NoWorkerError, match="No worker is up"):
        await handle.approve(by="bob")
    await handle.leave("approve", by="bob")
    with pytest.raises(RunNotFoundError):
        await idle.handle("nowhere").approve(by="bob")


async def test_a_server_that_is_not_there_is_named_with_what_to_do() -> None:
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(ServerUnreachableError, match=f"No Temporal server answers at {address} .connection refused."):
        async with Orchestrator.connect(address=address):
            pass


async def test_a_namespace_that_is_not_there_is_named(idle: Orchestrator) -> None:
    address = idle.client.service_client.config.target_host
    async with Orchestrator.connect(address=address, namespace="nowhere") as elsewhere:
        with pytest.raises(ServerUnreachableError, match="has no namespace 'nowhere'"):
            await elsewhere.start("campus-vlan")


def test_ids_are_readable_and_safe() -> None:
    moment = datetime(2026, 11, 21, 22, 28, 37, tzinfo=UTC)
    assert re.fullmatch(r"campus-vlan-20261121-222837-[0-9a-f]{4}", new_id("campus-vlan@1.0.0", moment))
    assert new_id("odd name/../x", moment).startswith("odd-name-..-x-2026")
