"""The command line against a real server: what it prints, and its exit codes."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest
from temporalio.client import WorkflowExecutionStatus

from starter.__main__ import execute
from starter.client import Orchestrator, RunHandle
from starter.dev.ports import free_port

Printed = pytest.CaptureFixture[str]


async def netsaga(*arguments: str) -> int:
    return await asyncio.to_thread(execute, arguments)


async def gate_opens(handle: RunHandle) -> None:
    async with asyncio.timeout(20):
        while not (await handle.status()).gates:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(("verdict", "code"), [("succeeded", 0), ("partial", 0), ("stopped", 1), ("failed_dirty", 1)])
async def test_run_waits_and_tells_the_verdict_by_its_exit_code(
    at: tuple[str, ...], capsys: Printed, verdict: str, code: int
) -> None:
    command = ["run", "campus-vlan", "-i", f"script={verdict}", "-i", "gate=false", "--wait", *at]
    assert await netsaga(*command) == code
    out = capsys.readouterr().out
    assert out.startswith("campus-vlan-")
    assert f"Verdict: {verdict.replace('_', ' ')}" in out
    assert "acc-012" in out


async def test_run_without_wait_prints_the_id(orchestrator: Orchestrator, at: tuple[str, ...], capsys: Printed) -> None:
    inputs = ["-i", "vlan_id=120", "-i", "vlan_name=cameras"]
    code = await netsaga("run", "campus-vlan", *inputs, "--id", "one", "--by", "al", "--limit", "a,b", *at)
    captured = capsys.readouterr()
    assert (code, captured.out) == (0, "one\n")
    assert "netsaga watch one" in captured.err
    history = await orchestrator.client.get_workflow_handle("one").fetch_history()
    started = history.events[0].workflow_execution_started_event_attributes.input.payloads[0].data
    request = json.loads(started)
    assert request["inputs"] == {"vlan_id": 120, "vlan_name": "cameras"}
    assert (request["by"], request["limit"]) == ("al", ["a", "b"])


async def test_a_refused_request_is_a_paragraph_and_exit_code_1(at: tuple[str, ...], capsys: Printed) -> None:
    assert await netsaga("run", "x", "-i", "script=invalid_input", "--wait", *at) == 1
    assert capsys.readouterr().err.endswith("netsaga: vlan_id: expected 2 to 4094, found 9999.\n")


async def test_status_approve_devices_report_and_list_tell_a_life(
    orchestrator: Orchestrator, at: tuple[str, ...], capsys: Printed
) -> None:
    handle = await orchestrator.start("campus-vlan", by="alice", id="a-run")
    await gate_opens(handle)
    assert await netsaga("status", "last", *at) == 0
    status = capsys.readouterr().out
    assert "waits for 1 of netops-leads until" in status
    assert "netsaga approve a-run approval --by NAME" in status
    assert "\x1b" not in status
    assert "name [x]" in status
    assert await netsaga("status", "last", "--diffs", *at) == 0
    assert "    +vlan 120" in capsys.readouterr().out
    assert await netsaga("report", "a-run", *at) == 1
    assert "has not ended" in capsys.readouterr().err
    assert await netsaga("approve", "a-run", "--by", "alice", *at) == 1
    assert "alice asked for this run" in capsys.readouterr().err
    assert await netsaga("approve", "a-run", "approval", "--by", "bob", *at) == 0
    assert capsys.readouterr().out == "approval: approved (1 of 1).\n"
    assert await netsaga("watch", "a-run", *at) == 0
    assert "Verdict: succeeded" in capsys.readouterr().out
    assert await netsaga("status", "a-run", "--json", *at) == 0
    assert json.loads(capsys.readouterr().out)["result"]["verdict"] == "succeeded"
    assert await netsaga("devices", "a-run", *at) == 0
    assert "acc-012" in capsys.readouterr().out
    assert await netsaga("devices", "a-run", "--json", *at) == 0
    assert json.loads(capsys.readouterr().out)["total"] == 12
    assert await netsaga("devices", "a-run", "--status", "failed,unreachable", "--live", *at) == 0
    failed = capsys.readouterr().out
    assert "acc-004" in failed
    assert "acc-012" not in failed
    assert await netsaga("devices", "a-run", "--step", "deplyo", *at) == 2
    assert "has no step 'deplyo'; did you mean `deploy`?" in capsys.readouterr().err
    assert await netsaga("devices", "a-run", "--status", "broken", *at) == 2
    assert "no device is ever 'broken'; it may be `changed`" in capsys.readouterr().err
    assert await netsaga("graph", "a-run", *at) == 0
    assert capsys.readouterr().out.startswith("flowchart TD\n")
    assert await netsaga("graph", "a-run", "--json", *at) == 0
    assert json.loads(capsys.readouterr().out)["nodes"][0]["state"] == "running"
    assert await netsaga("report", "a-run", *at) == 0
    assert capsys.readouterr().out == "/srv/report.html\n"
    assert await netsaga("list", *at) == 0
    assert "a-run" in capsys.readouterr().out
    assert await netsaga("list", "--json", *at) == 0
    assert json.loads(capsys.readouterr().out)[0]["id"] == "a-run"


async def test_reject_and_cancel_end_runs(orchestrator: Orchestrator, at: tuple[str, ...], capsys: Printed) -> None:
    for name, command, verdict in (
        ("one", ("reject", "one", "--by", "bob", "--comment", "no"), "rejected"),
        ("two", ("cancel", "two", "--reason", "wrong building", "--by", "olga"), "cancelled"),
    ):
        handle = await orchestrator.start("campus-vlan", id=name)
        await gate_opens(handle)
        assert await netsaga(*command, *at) == 0
        assert await netsaga("watch", name, *at) == 1
        assert f"Verdict: {verdict}" in capsys.readouterr().out
    assert await netsaga("status", "two", *at) == 0
    assert "cancel by olga (wrong building)" in capsys.readouterr().out
    described = await orchestrator.client.get_workflow_handle("two").describe()
    assert described.status is WorkflowExecutionStatus.CANCELED, "not failed"


async def test_a_decision_without_a_worker_is_kept(
    idle: Orchestrator, idle_at: tuple[str, ...], capsys: Printed
) -> None:
    await idle.start("campus-vlan", id="early")
    assert await netsaga("approve", "early", "--by", "bob", *idle_at) == 0
    assert "The decision is kept with run early" in capsys.readouterr().err


async def test_a_run_without_a_worker_is_said_and_kept(
    idle: Orchestrator, idle_at: tuple[str, ...], capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("starter.cli.run.WORKER_WAIT_S", 0.1)
    assert await netsaga("run", "campus-vlan", "--wait", *idle_at) == 3
    said = capsys.readouterr().err
    assert "No worker polls the task queue" in said
    assert "is kept and begins when one does" in said


async def test_no_server_is_exit_code_3_and_an_unknown_run_is_2(at: tuple[str, ...], capsys: Printed) -> None:
    assert await netsaga("status", "last", "--address", f"127.0.0.1:{free_port()}") == 3
    assert "Start one with `netsaga dev`" in capsys.readouterr().err
    assert await netsaga("watch", "nowhere", *at) == 2
    assert "no open or kept run 'nowhere'" in capsys.readouterr().err


async def test_ctrl_c_detaches_and_says_how_to_come_back(orchestrator: Orchestrator, at: tuple[str, ...]) -> None:
    handle = await orchestrator.start("campus-vlan", id="long")
    await gate_opens(handle)
    watching = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "starter", "watch", "long", *at),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert watching.stdout is not None
    async with asyncio.timeout(20):
        while b"waits for" not in (line := await watching.stdout.readline()):
            assert line, "it ended before it was interrupted"
    watching.send_signal(signal.SIGINT)
    _, said = await asyncio.wait_for(watching.communicate(), 20)
    assert watching.returncode == 130
    assert f"Come back with `netsaga watch long {' '.join(at)}`" in said.decode()
    assert (await handle.status()).phase == "waiting"


async def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['netsaga', '--help']\n"
        "from starter.__main__ import execute\n"
        "assert execute(['--help']) == 0\n"
        "heavy = {'temporalio', 'pydantic', 'rich', 'asyncssh', 'yaml', 'asyncio'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=Path(__file__).parents[3])
    assert await process.wait() == 0


@pytest.mark.parametrize(
    "arguments",
    [[], ["fly"], ["run"], ["approve", "x", "--by", " "], ["dev", "--port", "70000"], ["demo", "--devices", "3"]],
)
async def test_a_wrong_command_is_exit_code_2(arguments: list[str]) -> None:
    assert await netsaga(*arguments) == 2
