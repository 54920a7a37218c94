"""Two real runs at one piece of work, and a device that fails too often: quarantined, cleared, and changed again."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from activities.deviceinteraction.testbed.control import TestbedControl
from programs import Programs
from starter.client import Orchestrator
from starter.dev.stack import Stack
from starter.errors import RunRefused
from starter.handle import RunHandle
from workflows.contracts import GUARD_ID

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORK = """
netsaga: 1
name: {mode}-work
version: 1.0.0
inputs: {{ticket: {{type: string}}}}
dedup: {{key: "${{{{ inputs.ticket }}}}", on_duplicate: {mode}}}
steps:
  - id: work
    approve: {{by: netops-leads}}
    timeout: 1h
    on_timeout: reject
outputs: {{ticket: "${{{{ inputs.ticket }}}}"}}
"""
DEPLOY = """
netsaga: 1
name: deploy
version: 1.0.0
inputs: {vlan: {type: integer}}
inventory: {source: nautobot}
defaults: {credential: device_rw}
steps:
  - id: deploy
    devices: inventory
    do:
      - configure: {lines: ["vlan ${{ inputs.vlan }}", " name v${{ inputs.vlan }}"]}
    accept: ">= 50%"
    on_failure: continue
"""
OUTER = """
netsaga: 1
name: outer
version: 1.0.0
inputs: {vlan: {type: integer}}
steps:
  - id: rollout
    call: deploy@1
    with: {vlan: "${{ inputs.vlan }}"}
    on_failure: stop
  - id: ask
    approve: {by: netops-leads}
    timeout: 1h
    on_timeout: reject
    on_failure: {undo: run}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A netsaga that quarantines a device at its second failure, and tells of it."""
    folder = tmp_path_factory.mktemp("guard")
    definitions = folder / "definitions"
    definitions.mkdir()
    for mode in ("join", "reject", "queue"):
        (definitions / f"{mode}-work.yaml").write_text(WORK.format(mode=mode))
    (definitions / "deploy.yaml").write_text(DEPLOY)
    async with Stack.start(state=folder / "state", devices=2, ui_port=None, worker=False) as netsaga:
        settings = yaml.safe_load(netsaga.settings.read_text())
        settings["definitions"] = [str(definitions)]
        settings["guard"] = {"failures": 2, "within": "1h", "alert": "netops"}
        netsaga.settings.write_text(yaml.safe_dump(settings))
        await netsaga.start_worker()
        yield netsaga


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(stack: Stack) -> Orchestrator:
    return await Orchestrator.connect(address=stack.address)


async def at_work(client: Orchestrator, mode: str, ticket: str = "RITM1") -> RunHandle:
    """A run that waits at its gate."""
    run = await client.start(f"{mode}-work", {"ticket": ticket}, by="rita")
    await gate_opens(run)
    return run


async def gate_opens(run: RunHandle) -> None:
    async with asyncio.timeout(60):
        while not (await run.status()).gates:
            await asyncio.sleep(0.05)


async def somebody_waits(client: Orchestrator) -> None:
    async with asyncio.timeout(60):
        while not (await client.guard().state()).claim_queue:
            await asyncio.sleep(0.05)


async def test_a_second_request_joins_the_run_that_is_alive(stack: Stack, client: Orchestrator) -> None:
    first = await at_work(client, "join")
    second = asyncio.create_task(
        Programs(stack.address).netsaga("run", "join-work", "-i", "ticket=RITM1", "--by", "al", "--wait")
    )
    await somebody_waits(client)
    await first.approve(by="ann")
    told = await second
    assert told.code == 0, told.err
    assert f"Joined:  {first.id}" in told.out
    assert f"joined run {first.id}" in told.out
    assert (await first.result()).joined is None
    third = await at_work(client, "join")  # a finished run never answers for a new request: this one has a gate
    await third.approve(by="ann")
    assert (await third.result()).outputs == {"ticket": "RITM1"}


async def test_a_second_request_is_refused_and_told_which_run_is_alive(client: Orchestrator) -> None:
    first = await at_work(client, "reject")
    with pytest.raises(RunRefused) as refused:
        await client.run("reject-work", {"ticket": "RITM1"})
    assert f"run {first.id} is doing the same work" in str(refused.value)
    other = await at_work(client, "reject", "RITM2")
    for run in (first, other):
        await run.approve(by="ann")
        assert (await run.result()).verdict == "succeeded"


async def test_a_second_request_waits_for_its_turn(stack: Stack, client: Orchestrator) -> None:
    first = await at_work(client, "queue")
    second = await client.start("queue-work", {"ticket": "RITM1"}, by="rita")
    await somebody_waits(client)
    held = await Programs(stack.address).netsaga("guard")
    assert "queue-work for RITM1" in held.out
    assert f"waits for its turn: run {first.id}" in (await second.status()).message
    await first.approve(by="ann")
    await gate_opens(second)
    assert (await first.result()).verdict == "succeeded"
    await second.approve(by="ann")
    assert (await second.result()).verdict == "succeeded"


async def test_a_device_that_fails_again_and_again_waits_for_an_operator(stack: Stack, client: Orchestrator) -> None:
    control, programs = TestbedControl(stack.control_path), Programs(stack.address)
    bad, good = (entry.name for entry in control.devices())
    control.fault(bad, "reject*0:vlan")
    assert (await client.run("deploy", {"vlan": 401})).quarantined == {}
    assert list((await client.run("deploy", {"vlan": 402})).quarantined) == [bad]
    notified = Path(stack.state, "notifications.md").read_text()
    assert f"{bad} (2 failures within 1 h, the last one: step deploy:" in notified
    control.clear(bad)
    third = await client.run("deploy", {"vlan": 403})
    assert {device.name: device.status for device in third.devices} == {bad: "quarantined", good: "changed"}
    assert 403 not in control.vlans(bad)
    listed = await programs.netsaga("quarantine")
    assert bad in listed.out
    seen = await programs.temporal("workflow", "query", "--workflow-id", GUARD_ID, "--name", "leases", "-o", "json")
    assert seen.json["queryResult"][0]["quarantined"][bad]["by_run"].startswith("deploy-")
    update = ["workflow", "update", "execute", "--workflow-id", GUARD_ID, "--name", "clear", "--input"]
    refused = await programs.temporal(*update, json.dumps({"by": "olga", "devices": [good]}))
    assert f"neither quarantined nor flagged: {good}" in refused.err + refused.out
    cleared = await programs.netsaga("quarantine", "clear", bad, "--by", "olga", "--reason", "new supervisor")
    assert cleared.out == f"back in service: {bad}\n", cleared.err
    assert (await client.run("deploy", {"vlan": 404})).verdict == "succeeded"
    assert 404 in control.vlans(bad)


async def test_what_a_called_run_has_changed_is_taken_back_when_its_caller_is_rejected(
    stack: Stack, client: Orchestrator
) -> None:
    control, programs = TestbedControl(stack.control_path), Programs(stack.address)
    before = {entry.name: control.config(entry.name) for entry in control.devices()}
    run = await client.start("outer", {"vlan": 405}, source=OUTER, by="rita")
    await gate_opens(run)
    assert all(405 in control.vlans(host) for host in before)
    await run.reject(by="ann", comment="not now")
    result = await run.result()
    assert (result.verdict, result.left) == ("rejected", "nothing"), result.message
    assert {host: control.config(host) for host in before} == before
    undo = result.steps[0].runs[0].undone_by
    status = await programs.netsaga("status", run.id)
    assert f"(run {undo}): undone on 2 of 2 devices of deploy/all" in " ".join(status.out.split())
    shown = (await programs.netsaga("status", undo)).out
    assert "taken back because step ask was rejected in run" in shown
    assert "Verdict: succeeded" in shown
    report = Path(next(line for line in shown.splitlines() if line.startswith("Report:")).split()[-1])
    record = json.loads(report.with_name("record.json").read_text())
    assert {host: one["status"] for host, one in record["undo"]["deploy"].items()} == dict.fromkeys(before, "undone")


async def test_a_worker_that_dies_while_it_decides_is_noticed_in_time(client: Orchestrator) -> None:
    limits: dict[str, set[float]] = {}  # runs, called runs and undos, their batches, and the guard
    async for execution in client.client.list_workflows():
        history = client.client.get_workflow_handle(execution.id, run_id=execution.run_id).fetch_history_events(
            page_size=1
        )
        started = (await anext(history)).workflow_execution_started_event_attributes
        limits.setdefault(execution.workflow_type, set()).add(
            started.workflow_task_timeout.ToTimedelta().total_seconds()
        )
    assert limits == {kind: {8.0} for kind in ("Run", "Batch", "Guard")}
