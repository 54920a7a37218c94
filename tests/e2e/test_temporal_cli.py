"""Everything a run needs from people, by the Temporal CLI alone: nobody must install ours."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from lab import INPUTS, Lab
from programs import Programs

pytestmark = pytest.mark.asyncio(loop_scope="session")


def request(vlan_id: int, **changes: Any) -> str:
    inputs = {**INPUTS, "ticket": f"RITM{vlan_id:07}", "vlan_id": vlan_id, "vlan_name": f"v{vlan_id}", "building": "hq"}
    return json.dumps({"definition": "campus-vlan", "inputs": inputs, "by": "rita", **changes})


async def start(programs: Programs, run_id: str, payload: str | None) -> None:
    arguments = ["workflow", "start", "--type", "Run", "--task-queue", "netsaga", "--workflow-id", run_id]
    started = await programs.temporal(*arguments, *(["--input", payload] if payload is not None else []))
    assert started.code == 0, started.err


async def status(programs: Programs, run_id: str) -> dict[str, Any]:
    asked = await programs.temporal("workflow", "query", "--workflow-id", run_id, "--name", "status", "-o", "json")
    assert asked.code == 0, asked.err
    found: dict[str, Any] = asked.json["queryResult"][0]
    return found


async def until(programs: Programs, run_id: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for _ in range(100):
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


async def history(programs: Programs, run_id: str) -> list[dict[str, Any]]:
    answer = await programs.temporal("workflow", "show", "--workflow-id", run_id, "-o", "json")
    assert answer.code == 0, answer.err
    found: list[dict[str, Any]] = answer.json["events"]
    return found


def waiting(seen: dict[str, Any]) -> bool:
    return bool(seen["gates"])


def closed(seen: dict[str, Any]) -> bool:
    return bool(seen["phase"] == "closed")


async def test_a_run_is_started_approved_by_a_signal_and_inspected(found: Lab, programs: Programs) -> None:
    await start(programs, "cli-signal", request(301))
    seen = await until(programs, "cli-signal", waiting)
    assert seen["phase"] == "waiting"
    assert seen["gates"][0]["diffs"]
    signalled = await programs.temporal(
        "workflow", "signal", "--workflow-id", "cli-signal", "--name", "approve", "--input", '{"by": "ann"}'
    )
    assert signalled.code == 0, signalled.err
    seen = await until(programs, "cli-signal", closed)
    assert seen["verdict"] == "succeeded"
    assert [found.control.vlans(host)[301]["name"] for host in found.names] == ["v301"] * len(found.names)
    answer = await programs.temporal("workflow", "result", "--workflow-id", "cli-signal", "-o", "json")
    assert answer.json["result"]["verdict"] == "succeeded"


async def test_a_run_is_approved_by_an_update_which_answers(programs: Programs) -> None:
    await start(programs, "cli-update", request(302))
    await until(programs, "cli-update", waiting)
    update = ["workflow", "update", "execute", "--workflow-id", "cli-update", "--name", "approve", "-o", "json"]
    refused = await programs.temporal(*update, "--input", '{"by": "rita"}')
    assert refused.code != 0
    assert "rita asked for this run and cannot decide about it" in refused.err + refused.out
    answered = await programs.temporal(*update, "--input", '{"by": "ann", "comment": "seen"}')
    assert answered.code == 0, answered.err
    assert '"gate": "approved"' in answered.out
    seen = await until(programs, "cli-update", closed)
    assert seen["verdict"] == "succeeded"


async def test_search_attributes_details_and_names_tell_what_a_run_is(programs: Programs) -> None:
    await start(programs, "cli-sight", request(303))
    await until(programs, "cli-sight", waiting)
    listed = await programs.temporal(
        "workflow", "list", "--query", 'NetsagaTicket = "RITM0000303" AND NetsagaPhase = "waiting"', "-o", "json"
    )
    assert [run["execution"]["workflowId"] for run in listed.json] == ["cli-sight"]
    attributes = listed.json[0]["searchAttributes"]["indexedFields"]
    assert {"NetsagaDefinition", "NetsagaVersion", "NetsagaPhase", "NetsagaTicket"} <= set(attributes)
    metadata = await programs.temporal("workflow", "metadata", "--workflow-id", "cli-sight", "-o", "json")
    assert "approve" in metadata.out
    assert "**approval** waiting" in metadata.out  # the current details, in Markdown
    assert "waits for 1 of netops-leads until " in metadata.out
    await programs.temporal(
        "workflow", "signal", "--workflow-id", "cli-sight", "--name", "reject", "--input", '{"by": "ann"}'
    )
    seen = await until(programs, "cli-sight", closed)
    assert seen["verdict"] == "rejected"
    events = await history(programs, "cli-sight/precheck/all/0")
    scheduled = [event for event in events if "activityTaskScheduledEventAttributes" in event]
    names = {event["activityTaskScheduledEventAttributes"]["activityId"] for event in scheduled}
    assert "precheck/acc-001" in names
    assert all(event.get("userMetadata", {}).get("summary") for event in scheduled)


def _logins(found: Lab, host: str) -> int:
    """How often it was logged in to; a session that an earlier run left open may end at any time."""
    return sum(entry.get("event") == "login" for entry in found.control.log(host))


@pytest.mark.parametrize(
    ("name", "payload", "said"),
    [
        ("unknown-definition", '{"definition": "campus-vlam", "inputs": {}}', "campus-vlan"),
        ("missing-input", '{"definition": "campus-vlan", "inputs": {"vlan_id": 120}}', "ticket"),
        ("mistyped-input", request(120).replace('"vlan_id": 120', '"vlan_id": "many"'), "vlan_id"),
        ("out-of-range", request(120).replace('"vlan_id": 120', '"vlan_id": 5000'), "4094"),
        ("empty-selection", request(120).replace('"hq"', '"nowhere"'), "chose 0"),
        ("not-an-object", '"campus-vlan"', "a str was given"),
        ("unknown-key", '{"definition": "campus-vlan", "input": {}}', "did you mean `inputs`?"),
        ("no-input", None, "nothing was given"),
    ],
)
async def test_a_bad_request_fails_the_run_with_what_to_do_and_touches_no_device(
    found: Lab, programs: Programs, name: str, payload: str | None, said: str
) -> None:
    logins = {host: _logins(found, host) for host in found.names}
    await start(programs, f"bad-{name}", payload)
    execution: dict[str, Any] = {}
    for _ in range(60):
        execution = (await described(programs, f"bad-{name}"))["workflowExecutionInfo"]
        if execution["status"] != "WORKFLOW_EXECUTION_STATUS_RUNNING":
            break
        await asyncio.sleep(0.2)
    assert execution["status"] == "WORKFLOW_EXECUTION_STATUS_FAILED"
    events = await history(programs, f"bad-{name}")
    failure = events[-1]["workflowExecutionFailedEventAttributes"]["failure"]
    assert failure["applicationFailureInfo"]["type"] == "invalid_input"
    assert said in failure["message"]
    assert {host: _logins(found, host) for host in found.names} == logins


async def test_a_run_that_nobody_asks_for_is_rejected_at_the_gate_and_changes_nothing(
    found: Lab, programs: Programs
) -> None:
    await start(programs, "cli-nobody", request(305, by=""))
    seen = await until(programs, "cli-nobody", closed)
    assert seen["verdict"] == "rejected"
    (decision,) = seen["decisions"]
    assert (decision["decision"], decision["by"]) == ("reject", "netsaga")
    assert "`by: NAME` in the input" in decision["comment"]
    assert not [host for host in found.names if 305 in found.control.vlans(host)]


async def test_no_payload_of_a_run_is_large_whatever_a_device_prints(found: Lab, programs: Programs) -> None:
    await start(programs, "cli-payloads", request(304))
    await until(programs, "cli-payloads", waiting)
    events = await history(programs, "cli-payloads") + await history(programs, "cli-payloads/precheck/all/0")
    assert max(len(json.dumps(event)) for event in events) < 256_000
    assert "snmp-server" not in json.dumps(events)  # a device's configuration is an artifact, never history
    await programs.temporal("workflow", "cancel", "--workflow-id", "cli-payloads")
    seen = await until(programs, "cli-payloads", closed)
    assert seen["verdict"] == "cancelled"
