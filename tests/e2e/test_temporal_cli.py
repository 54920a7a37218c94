"""Everything a run needs from people, by the Temporal CLI alone: nobody must install ours."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from lab import INPUTS, Lab
from programs import Programs

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("e2e")]


def request(vlan_id: int, building: str = "b1", **changes: Any) -> str:
    inputs = {**INPUTS, "vlan_id": vlan_id, "vlan_name": f"vlan-{vlan_id}", "building": building}
    return json.dumps({"definition": "campus-vlan", "inputs": inputs, "by": "rita", **changes})


async def start(programs: Programs, run_id: str, payload: str | None) -> None:
    arguments = ["workflow", "start", "--type", "Run", "--task-queue", "netsaga", "--workflow-id", run_id]
    started = await programs.temporal(*arguments, *(["--input", payload] if payload is not None else []))
    assert started.code == 0, started.err


async def status(programs: Programs, run_id: str) -> dict[str, Any]:
    asked = await programs.temporal("workflow", "query", "--workflow-id", run_id, "--type", "status", "-o", "json")
    assert asked.code == 0, asked.err
    answer = asked.json["queryResult"]
    found = answer[0] if isinstance(answer, list) else answer
    assert isinstance(found, dict)
    return found


async def until(programs: Programs, run_id: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    for _ in range(60):
        seen = await status(programs, run_id)
        if condition(seen):
            return seen
        await asyncio.sleep(0.3)
    raise AssertionError(f"the run never came there: {seen}")


async def described(programs: Programs, run_id: str) -> dict[str, Any]:
    answer = await programs.temporal("workflow", "describe", "--workflow-id", run_id, "-o", "json")
    assert answer.code == 0, answer.err
    found: dict[str, Any] = answer.json
    return found


@pytest.fixture
def asking(found: Lab, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A definition whose gate is always asked: the library's, without its condition."""
    return "hq"


async def test_a_run_is_started_approved_by_signal_inspected_and_ends(found: Lab, programs: Programs):
    for host in found.names[:1]:  # a device without much room: the definition asks where something is doubtful
        found.control.line(host, [], user="nobody")
    await start(programs, "cli-signal", request(301))
    seen = await until(programs, "cli-signal", lambda seen: seen["phase"] in {"waiting", "closed"})
    assert seen["definition"] == "campus-vlan"
