"""A gate that a system decides about, over changes that real devices showed; then devices and a signal are waited for.

One device is changed by hand while the gate is open: the approval stands for the others, and this one is `drifted`.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import yaml

from activities.deviceinteraction.testbed.control import TestbedControl
from http_system import HttpSystem, http_system, json_told
from starter.client import Orchestrator
from starter.dev.stack import Stack
from starter.handle import RunHandle
from workflows.contracts import RunStatus

DEFINITION = """
netsaga: 1
name: gated
version: 1.0.0
inventory: {source: nautobot, select: device.platform == "arista_eos", expect: {max: 4}}
defaults: {credential: device_rw, timeout: 20s}
steps:
  - id: look
    devices: inventory
    do:
      - propose: {lines: ["vlan 120", "   name cameras"]}
        as: change
    on_failure: stop
  - id: consent
    approve:
      by: netops-leads
      not_by: [requester]
      binds: steps.look.change
      via: itsm
      auto: bound.devices == 0
    timeout: 10m
    retry: {delay: 200ms}
  - id: deploy
    devices: steps.look.succeeded
    do: [{apply: steps.look.change}]
    accept: {succeeded: ">= 50%"}
    on_failure: stop
  - id: back
    wait: {devices: steps.deploy.changed}
    timeout: 2m
  - id: burn_in
    wait:
      signal: burn_in_done
      payload: {passed: {type: boolean}, note: {type: string, required: false}}
    timeout: 10m
outputs: {passed: "${{ steps.burn_in.passed }}"}
"""
ELSEWHERE = ["vlan 120", " name somebody_else"]


@asynccontextmanager
async def gated(folder: Path, system: HttpSystem) -> AsyncIterator[tuple[Stack, Orchestrator]]:
    async with Stack.start(state=folder / "state", devices=12, ui_port=None, worker=False) as netsaga:
        settings = yaml.safe_load(netsaga.settings.read_text())
        settings["systems"] = {"itsm": {"url": system.url, "approval": {"path": "/approvals"}}}
        netsaga.settings.write_text(yaml.safe_dump(settings))
        await netsaga.start_worker()
        yield netsaga, await Orchestrator.connect(address=netsaga.address)


async def until(run: RunHandle, condition: str, *, within_s: float = 60.0) -> RunStatus:
    """Waits until a step waits, by its name."""
    async with asyncio.timeout(within_s):
        while True:
            status = await run.status()
            if any(step.id == condition and step.state == "waiting" for step in status.steps):
                return status
            assert status.phase != "closed", status.message
            await asyncio.sleep(0.05)


async def netsaga(*arguments: str) -> tuple[int, str]:
    """Our own command line, as a process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "starter", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    printed, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, printed.decode()


async def test_a_system_approves_what_was_shown_and_a_device_that_moved_is_left_alone(tmp_path: Path) -> None:
    async with http_system() as system, gated(tmp_path, system) as (stack, client):
        system.tell(json_told('{"id": "CHG7", "answer": "pending"}', 201))
        run = await client.start("gated", source=DEFINITION, by="rita")
        status = await until(run, "consent")
        (gate,) = status.gates
        assert gate.made == {"computed_by_device": 3}
        assert [(one.devices, one.undo, one.confirm) for one in gate.safety] == [(3, "native", "none")]
        control = TestbedControl(stack.control_path)
        moved, *others = [entry.name for entry in control.devices() if entry.platform == "arista_eos"]
        control.line(moved, ELSEWHERE)
        system.tell(json_told(json.dumps({"answer": "approved", "by": "cab", "digest": gate.digest})))

        await until(run, "burn_in")
        assert [control.vlans(host)[120]["name"] for host in others] == ["cameras"] * len(others)
        assert control.vlans(moved)[120]["name"] == "somebody_else"

        where = ("--address", stack.address)
        code, printed = await netsaga("signal", run.id, "burn_in_done", "-d", "passed=maybe", *where)
        assert (code, "field `passed`: expected true or false" in printed) == (1, True), printed
        code, printed = await netsaga("signal", run.id, "burned_in", *where)
        assert (code, "no step of this run waits for the signal burned_in" in printed) == (1, True), printed
        code, printed = await netsaga("signal", run.id, "burn_in_done", "-d", "passed=true", "--by", "lab", *where)
        assert code == 0, printed
        result = await run.result()

    assert result.verdict == "partial"
    assert result.outputs == {"passed": True}
    statuses = {str(device.name): device for device in result.devices}
    assert statuses[moved].status == "failed"
    assert {statuses[host].status for host in others} == {"changed"}
    asked = [one.method for one in system.asked]
    assert (asked[0], set(asked[1:])) == ("POST", {"GET"})
    assert json.loads(system.asked[0].body)["digest"] == gate.digest
    assert result.report is not None
    record = json.loads((Path(result.report).parent / "record.json").read_text())
    held_not, decision = record["decisions"]
    assert [held_not[key] for key in ("by", "counted", "why_not", "condition")] == [
        "netsaga",
        False,
        "the condition of `auto` does not hold",
        "bound.devices == 0",
    ]
    assert [decision[key] for key in ("decision", "by", "how", "digest")] == [
        "approve",
        "cab via itsm",
        "system",
        gate.digest,
    ]
    assert len(decision["diffs"]) == 1
    assert record["outcomes"]["deploy"][moved]["failure"]["type"] == "drifted"
