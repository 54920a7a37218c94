"""`netsaga plan` and `netsaga apply` against a real server: what is printed, what is written, what a run is asked."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from starter.__main__ import execute
from starter.client import Orchestrator
from starter.planfile import read

Printed = pytest.CaptureFixture[str]

DEFINITION = """
netsaga: 1
name: tiny
version: 0.1.0
inputs: {vlan: {type: integer}}
steps:
  - id: told
    set: {vlan: "${{ inputs.vlan }}"}
"""


async def netsaga(*arguments: str) -> int:
    return await asyncio.to_thread(execute, arguments)


async def request_of(orchestrator: Orchestrator, run: str) -> dict[str, Any]:
    history = await orchestrator.client.get_workflow_handle(run).fetch_history()
    started = history.events[0].workflow_execution_started_event_attributes.input.payloads[0].data
    found: dict[str, Any] = json.loads(started)
    return found


async def test_a_plan_is_printed_with_its_waves_diffs_and_what_is_not_known(
    at: tuple[str, ...], capsys: Printed, orchestrator: Orchestrator
) -> None:
    assert await netsaga("plan", "campus-vlan", "-i", "vlan_id=5", "--limit", "a", "--id", "one", *at) == 0
    printed = capsys.readouterr()
    for said in (
        "deploy: 11 devices would change, 0 need no change, 1 device cannot be planned for",
        "waves: canary 1, rest 11",
        "11 devices, as on acc-001 (modelled, cdcdcdcdcdcd)",
        "    +vlan 120",
        "and 2 more kinds of change",
        "would reboot: 1 device, as on acc-002",
        "gate (approve): would be asked of netops-leads",
        "tell (notify, at the end): would tell netops",
        "validate (devices): known only \N{REPLACEMENT CHARACTER}[31mafter",
        "Outputs known only after the change: left",
        "something would be changed; proposal efefefefefef",
    ):
        assert said in printed.out
    assert "planning as run one; nothing is changed" in printed.err
    asked = await request_of(orchestrator, "one")
    assert (asked["mode"], asked["inputs"], asked["limit"]) == ("plan", {"vlan_id": 5}, ["a"])


async def test_the_exit_code_tells_of_changes_only_where_it_is_asked_for(at: tuple[str, ...], capsys: Printed) -> None:
    assert await netsaga("plan", "campus-vlan", *at) == 0
    assert await netsaga("plan", "campus-vlan", "--exit-code", *at) == 2
    capsys.readouterr()
    assert await netsaga("plan", "campus-vlan", "--json", *at) == 0
    assert json.loads(capsys.readouterr().out)["proposal"]["digest"] == "ef" * 32


async def test_a_plan_that_fails_writes_no_file(at: tuple[str, ...], capsys: Printed, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    assert await netsaga("plan", "x", "-i", "script=failed", "--out", str(file), *at) == 1
    assert "there is nothing to apply, and no file was written" in capsys.readouterr().err
    assert not file.exists()


async def test_a_plan_by_name_is_applied_as_that_version(
    at: tuple[str, ...], capsys: Printed, orchestrator: Orchestrator, tmp_path: Path
) -> None:
    file = tmp_path / "plan.json"
    command = ("plan", "campus-vlan", "-i", "vlan_id=5", "--limit", "a,b", "--id", "first", "--out", str(file))
    assert await netsaga(*command, *at) == 0
    assert f"netsaga apply {file}" in capsys.readouterr().err
    assert file.stat().st_mode & 0o777 == 0o600
    assert read(file).run == "first"
    assert await netsaga("apply", str(file), "--by", "bob", "--id", "second", *at) == 0
    assert capsys.readouterr().out == "second\n"
    asked = await request_of(orchestrator, "second")
    assert asked == {
        "definition": "campus-vlan@1.0.0",
        "inputs": {"vlan_id": 5},
        "limit": ["a", "b"],
        "by": "bob",
        "reason": "as planned by first",
        "plan_digest": "ab" * 32,
        "proposal": {"digest": "ef" * 32, "ref": "sha256:" + "ef" * 32},
    }


async def test_a_plan_of_a_file_is_applied_with_the_text_that_was_planned(
    at: tuple[str, ...], orchestrator: Orchestrator, tmp_path: Path
) -> None:
    definition, file = tmp_path / "tiny.yaml", tmp_path / "plan.json"
    definition.write_text(DEFINITION)
    assert await netsaga("plan", str(definition), "-i", "vlan=7", "--out", str(file), *at) == 0
    definition.write_text(f"# a comment moves nothing\n{DEFINITION}")
    assert await netsaga("apply", str(file), "--id", "of-a-file", *at) == 0
    asked = await request_of(orchestrator, "of-a-file")
    assert (asked.get("definition"), asked["source"], asked["inputs"]) == (None, DEFINITION, {"vlan": 7})


CHANGES = """
netsaga: 1
name: tiny
version: 0.1.0
inventory: {source: lab, expect: {max: 10}}
defaults: {credential: lab}
steps:
  - id: close
    call: called@1
  - id: look
    devices: inventory
    do: [{propose: {template: vlan.j2}, as: change}]
"""
CALLED = DEFINITION.replace("name: tiny", "name: called").replace("0.1.0", "1.0.0").replace("${{ inputs.vlan }}", "5")
CALLED = CALLED.replace("inputs: {vlan: {type: integer}}\n", "")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("tiny.yaml", CHANGES.replace("look", "see"), "its text. Nothing was started. Plan anew with `netsaga plan "),
        ("tiny.yaml", CHANGES.replace("as: change", "as: 5"), ": it has errors by now. Nothing was started."),
        ("vlan.j2", "vlan 6\n", ": the template vlan.j2. Nothing was started."),
        ("called.yaml", CALLED.replace("told", "said"), ": called@1, which it calls. Nothing was started."),
    ],
    ids=["the text", "errors", "a template", "a called definition"],
)
async def test_a_plan_whose_file_has_moved_since_is_refused_with_what_has_moved(
    at: tuple[str, ...], capsys: Printed, tmp_path: Path, name: str, text: str, said: str
) -> None:
    file = tmp_path / "plan.json"
    for one, before in {"tiny.yaml": CHANGES, "vlan.j2": "vlan 5\n", "called.yaml": CALLED}.items():
        (tmp_path / one).write_text(before)
    assert await netsaga("plan", str(tmp_path / "tiny.yaml"), "--out", str(file), *at) == 0
    (tmp_path / name).write_text(text)
    assert await netsaga("apply", str(file), *at) == 1
    printed = capsys.readouterr()
    assert f"{tmp_path / 'tiny.yaml'} has moved since it was planned at " in printed.err
    assert said in printed.err
    assert not printed.out.endswith("tiny\n")


async def test_a_plan_whose_file_is_gone_is_applied_and_that_is_said(
    at: tuple[str, ...], capsys: Printed, orchestrator: Orchestrator, tmp_path: Path
) -> None:
    definition, file = tmp_path / "tiny.yaml", tmp_path / "plan.json"
    definition.write_text(DEFINITION)
    assert await netsaga("plan", str(definition), "-i", "vlan=7", "--out", str(file), *at) == 0
    definition.unlink()
    assert await netsaga("apply", str(file), "--id", "of-a-file-that-is-gone", *at) == 0
    assert "tiny.yaml is not there, from which it was planned; what the plan holds" in capsys.readouterr().err
    assert (await request_of(orchestrator, "of-a-file-that-is-gone"))["source"] == DEFINITION


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read: no such file"),
        ("{", "is no plan of format 1: the file: invalid JSON"),
        ('{"netsaga_plan": 2}', "which does not know format 2"),
    ],
)
async def test_what_is_no_plan_is_refused_with_the_reason(
    capsys: Printed, tmp_path: Path, text: str | None, said: str
) -> None:
    file = tmp_path / "plan.json"
    if text is not None:
        file.write_text(text)
    assert await netsaga("apply", str(file)) == 2
    assert said in capsys.readouterr().err


async def test_a_plan_names_a_definition_or_holds_one(capsys: Printed, tmp_path: Path, at: tuple[str, ...]) -> None:
    file = tmp_path / "plan.json"
    assert await netsaga("plan", "campus-vlan", "--out", str(file), *at) == 0
    file.write_text(json.dumps({**json.loads(file.read_text()), "definition": None}))
    assert await netsaga("apply", str(file), *at) == 2
    assert "exactly one of `definition` and `source`" in capsys.readouterr().err


async def test_a_plan_without_a_worker_is_said_and_kept(
    idle_at: tuple[str, ...], capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("starter.cli.run.WORKER_WAIT_S", 0.1)
    assert await netsaga("plan", "campus-vlan", *idle_at) == 3
    assert "No worker polls the task queue" in capsys.readouterr().err
