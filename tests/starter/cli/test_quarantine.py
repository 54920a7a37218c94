"""`netsaga quarantine` and `netsaga guard` against the real guard: what they print, and their exit codes."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from temporalio.worker import Worker

from sandboxed import sandboxed
from starter.__main__ import execute
from starter.client import Orchestrator
from workflows.contracts import (
    GUARD,
    GUARD_ID,
    TASK_QUEUE,
    Claim,
    ClaimRequest,
    GuardState,
    Holder,
    Lease,
    LeaseRequest,
    Lost,
    Quarantined,
    RunId,
)
from workflows.guard.workflow import GuardWorkflow
from workflows.plan import HostName

Printed = pytest.CaptureFixture[str]
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ONE, TWO = (Holder(workflow_id=name, run=RunId(f"{name}-id"), root=name) for name in ("run-one", "run-two"))
STATE = GuardState(
    quarantined={
        HostName("sw1"): Quarantined(since=NOW, because="step deploy: refused", by_run="run-zero", run=RunId("x"))
    },
    lost=(Lost(holder=ONE, devices=(HostName("sw2"), HostName("sw9")), since=NOW),),
    leases=(
        Lease(holder=ONE, devices=tuple(HostName(f"sw{number}") for number in range(3, 15) if number != 9), since=NOW),
        Lease(holder=TWO, devices=(HostName("sw9"),), since=NOW),
    ),
    queue=(LeaseRequest(holder=TWO, devices=(HostName("sw2"), HostName("sw3"))),),
    claims=(Claim(holder=ONE, definition="campus-vlan", key="RITM1", since=NOW),),
    claim_queue=(ClaimRequest(holder=TWO, definition="campus-vlan", key="RITM1", on_duplicate="join"),),
)


async def netsaga(*arguments: str) -> int:
    return await asyncio.to_thread(execute, arguments)


@pytest.fixture
async def guarded(idle: Orchestrator) -> AsyncIterator[Orchestrator]:
    """A namespace with a guard that knows something, and a worker for it."""
    await idle.client.start_workflow(GUARD, STATE, id=GUARD_ID, task_queue=TASK_QUEUE)
    async with Worker(idle.client, task_queue=TASK_QUEUE, workflows=[GuardWorkflow], workflow_runner=sandboxed()):
        assert await idle.worker_comes(within_s=60)
        yield idle


async def test_quarantined_devices_are_listed_and_put_back_into_service(
    guarded: Orchestrator, idle_at: tuple[str, ...], capsys: Printed
) -> None:
    assert await netsaga("quarantine", *idle_at) == 0
    out = capsys.readouterr().out
    first, second, third = (line.split() for line in out.splitlines() if line.strip().startswith("sw"))
    assert first == ["sw1", "2026-01-02", "03:04:05Z", "run-zero", "step", "deploy:", "refused"]
    assert [second[:4], third[:4]] == [[host, "2026-01-02", "03:04:05Z", "run-one"] for host in ("sw2", "sw9")]
    words = " ".join(out.split())
    assert "sw2 2026-01-02 03:04:05Z run-one the run was cut off while it held them; the next run that would" in words
    assert "the run was cut off while it held them; run run-two has them now: it looks at them before" in words
    assert await netsaga("quarantine", "--json", *idle_at) == 0
    assert list(json.loads(capsys.readouterr().out)["quarantined"]) == ["sw1"]
    assert await netsaga("quarantine", "clear", "sw1", "sw7", "--by", "olga", *idle_at) == 1
    assert capsys.readouterr().err.startswith("netsaga: neither quarantined nor flagged: sw7; nothing was cleared.")
    assert await netsaga("quarantine", "log", *idle_at) == 0
    assert "Nobody has put a device back into service." in capsys.readouterr().err
    clearing = ("quarantine", *idle_at, "clear", "sw1,sw2", "sw9", "sw1", "--by", "olga", "--reason", "new card")
    assert await netsaga(*clearing) == 0
    assert capsys.readouterr().out == "back in service: sw1, sw2, sw9\n"
    (record,) = (await guarded.guard().state()).cleared
    assert (record.by, record.reason, record.devices) == ("olga", "new card", ("sw1", "sw2", "sw9"))
    assert await netsaga("quarantine", "log", *idle_at) == 0
    assert " olga   sw1, sw2, sw9   new card" in capsys.readouterr().out
    assert await netsaga("quarantine", "list", *idle_at) == 0
    assert "No device is quarantined." in capsys.readouterr().err


@pytest.mark.usefixtures("guarded")
async def test_the_guard_tells_who_holds_what_and_who_waits(idle_at: tuple[str, ...], capsys: Printed) -> None:
    assert await netsaga("guard", *idle_at) == 0
    out = capsys.readouterr().out
    assert "sw11 and 3 more" in out
    assert "campus-vlan for RITM1" in out
    assert "joined" in out
    assert "which run-one does" in out
    words = " ".join(out.split())
    assert "sw2, sw3, held by run-one" in words
    assert words.count("this run is closed, and the next one that asks takes over") == 3
    assert await netsaga("guard", "--json", *idle_at) == 0
    assert json.loads(capsys.readouterr().out)["leases"][0]["holder"]["workflow_id"] == "run-one"


async def test_without_a_guard_nothing_is_quarantined_and_nothing_held(
    orchestrator: Orchestrator, at: tuple[str, ...], capsys: Printed
) -> None:
    assert (await orchestrator.guard().state()) == GuardState()
    assert await netsaga("quarantine", *at) == 0
    assert await netsaga("guard", *at) == 0
    assert "Nobody holds a device" in capsys.readouterr().err
    assert await netsaga("quarantine", "clear", "sw1", "--by", "olga", *at) == 1
    assert "no run has changed one yet" in capsys.readouterr().err


async def test_a_clearing_without_a_worker_is_kept(
    idle: Orchestrator, idle_at: tuple[str, ...], capsys: Printed
) -> None:
    await idle.client.start_workflow(GUARD, STATE, id=GUARD_ID, task_queue=TASK_QUEUE)
    assert await netsaga("quarantine", "clear", "sw1", "--by", "olga", *idle_at) == 0
    assert "The clearing is kept by the server" in capsys.readouterr().err
