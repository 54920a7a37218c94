"""The worker's process against a real server: how it starts, serves, drains and is cut."""

import asyncio
import json
import os
import signal
import socket
import urllib.request
from pathlib import Path

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from starter.dev.ports import free_port
from worker_process import worker_process
from workflows.contracts import RUN, TASK_QUEUE

DEFINITION = """\
netsaga: 1
name: look
version: 1.0.0
description: Look at everything.
inventory: {source: fleet, select: "true", expect: {min: 1}}
steps:
  - id: look
    devices: inventory
    do:
      - show: show version
    on_failure: stop
"""


def write_settings(folder: Path, server: WorkflowEnvironment | None, extra: str = "") -> None:
    address = server.client.service_client.config.target_host if server else f"127.0.0.1:{free_port()}"
    (folder / "netsaga.yaml").write_text(f"temporal: {{address: '{address}'}}\n{extra}")


async def failure_of(server: WorkflowEnvironment, request: object, run_id: str) -> ApplicationError:
    """How a run ended that cannot be carried out."""
    with pytest.raises(WorkflowFailureError) as caught:
        await server.client.execute_workflow(RUN, request, id=run_id, task_queue=TASK_QUEUE)
    assert isinstance(caught.value.cause, ApplicationError)
    return caught.value.cause


async def test_it_says_when_it_is_ready_carries_out_runs_and_drains_on_sigterm(
    server: WorkflowEnvironment, tmp_path: Path
) -> None:
    port = free_port()
    write_settings(tmp_path, server, f"health: {{port: {port}}}\n")
    async with worker_process("run", folder=tmp_path) as worker:
        line = await worker.until_it_says("worker ready")
        assert line == f"worker ready: netsaga at {server.client.service_client.config.target_host}"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
            assert answer.status == 200
        failure = await failure_of(server, {"definition": "campus-vlam"}, "typo")
        assert failure.type == "invalid_input"
        assert "campus-vlan" in failure.message
        worker.signal(signal.SIGTERM)
        assert await worker.ended() == 0
    assert "draining" in worker.errors


async def test_a_request_that_cannot_be_decoded_fails_its_run(server: WorkflowEnvironment, tmp_path: Path) -> None:
    write_settings(tmp_path, server)
    async with worker_process("run", folder=tmp_path) as worker:
        await worker.until_it_says("worker ready")
        for number, request in enumerate(("text", 7, {"definition": 7}, {"definitoin": "campus-vlan"})):
            failure = await failure_of(server, request, f"malformed-{number}")
            assert failure.type == "invalid_input"


async def test_a_second_signal_cuts_what_would_not_end(server: WorkflowEnvironment, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "inventory.yaml")  # whoever reads it waits for a writer
    write_settings(tmp_path, server, "inventories: {fleet: {kind: yaml, path: inventory.yaml}}\n")
    async with worker_process("run", folder=tmp_path) as worker:
        await worker.until_it_says("worker ready")
        await server.client.start_workflow(RUN, {"source": DEFINITION}, id="stuck", task_queue=TASK_QUEUE)
        with (tmp_path / "inventory.yaml").open("w"):  # returns when the worker has begun to read, and we say nothing
            worker.signal(signal.SIGINT)
            await worker.until_it_logs("draining")
            assert worker.process.returncode is None
            worker.signal(signal.SIGTERM)
            assert await worker.ended() == 128 + signal.SIGTERM


async def test_without_a_server_it_gives_up_with_exit_code_3(tmp_path: Path) -> None:
    write_settings(tmp_path, None)
    async with worker_process("run", "--patience", "0.3", folder=tmp_path) as worker:
        assert await worker.ended() == 3
    assert "nothing answers there. Gave up after 0.3 s" in worker.errors
    assert "Traceback" not in worker.errors


async def test_a_signal_while_it_waits_for_the_server_ends_it(tmp_path: Path) -> None:
    write_settings(tmp_path, None)
    async with worker_process(folder=tmp_path) as worker:  # `run` is what it does when nothing is said
        await worker.until_it_logs("trying again")
        worker.signal(signal.SIGINT)
        assert await worker.ended() == 0


async def test_a_taken_health_port_is_said_in_one_line(server: WorkflowEnvironment, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        write_settings(tmp_path, server, f"health: {{port: {taken.getsockname()[1]}}}\n")
        async with worker_process("run", folder=tmp_path) as worker:
            assert await worker.ended() == 1
    assert "the worker cannot start" in worker.errors
    assert "Traceback" not in worker.errors


async def test_a_store_that_cannot_be_written_is_a_wrong_setting(server: WorkflowEnvironment, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    write_settings(tmp_path, server, "artifacts: {path: file/store}\n")
    async with worker_process("run", folder=tmp_path) as worker:
        assert await worker.ended() == 2
    assert "`artifacts.path`" in worker.errors


async def test_wrong_settings_end_it_before_it_asks_anybody(tmp_path: Path) -> None:
    (tmp_path / "netsaga.yaml").write_text("temporl: {}\n")
    async with worker_process("run", folder=tmp_path) as worker:
        assert await worker.ended() == 2
    assert "did you mean `temporal`?" in worker.errors


def _metrics(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text: str = answer.read().decode()
    return text


async def test_metrics_can_be_fetched_and_spans_are_written_where_the_settings_say_so(
    server: WorkflowEnvironment, tmp_path: Path
) -> None:
    port = free_port()
    write_settings(tmp_path, server, f"telemetry: {{prometheus: '127.0.0.1:{port}', traces: traces/spans.jsonl}}\n")
    async with worker_process("run", folder=tmp_path) as worker:
        await worker.until_it_says("worker ready")
        await failure_of(server, {"definition": "campus-vlam"}, "typo")
        async with asyncio.timeout(60):  # a figure is counted once the server has taken the answer
            while "temporal_workflow_failed" not in await asyncio.to_thread(_metrics, port):
                await asyncio.sleep(0.1)
        worker.signal(signal.SIGTERM)
        assert await worker.ended() == 0
    spans = [json.loads(line) for line in (tmp_path / "traces" / "spans.jsonl").read_text().splitlines()]
    assert {"RunWorkflow:Run", "RunActivity:prepare"} <= {span["name"] for span in spans}
    assert {span["resource"]["attributes"]["service.name"] for span in spans} == {"netsaga-worker"}


async def test_it_serves_the_pools_of_its_settings_too_or_one_pool_alone(
    server: WorkflowEnvironment, tmp_path: Path
) -> None:
    write_settings(tmp_path, server, "pools: [dc1, dc2]\n")
    async with worker_process("run", folder=tmp_path) as worker:
        assert "netsaga, netsaga-dc1, netsaga-dc2 at" in await worker.until_it_says("worker ready")
        worker.signal(signal.SIGTERM)
        assert await worker.ended() == 0
    async with worker_process("run", "--pool", "dc3", folder=tmp_path) as worker:
        assert "worker ready: netsaga-dc3 at" in await worker.until_it_says("worker ready")


async def test_a_pool_whose_name_cannot_be_one_is_a_wrong_command(tmp_path: Path) -> None:
    async with worker_process("run", "--pool", "a b", folder=tmp_path) as worker:
        assert await worker.ended() == 2
    assert "'a b' is not a pool's name" in worker.errors
