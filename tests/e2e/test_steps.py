"""Steps that are not about devices, on a whole netsaga: a system on a socket, a program, another definition."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import yaml

from http_system import Asked, HttpSystem, Told, http_system, json_told
from starter.client import Orchestrator
from starter.dev.stack import Stack

DEFINITION = """
netsaga: 1
name: reserve
version: 1.0.0
inputs: {ticket: {type: string}, site: {type: string}}
defaults: {retry: {attempts: 3, delay: 200ms, on: [transient, block_unavailable]}}
steps:
  - id: intent
    http:
      get: nautobot:/api/prefixes/
      query: {site: "${{ inputs.site }}"}
    block: source_of_truth
    check:
      there is a free prefix: {that: result.json.count > 0, else: "no prefix at ${{ inputs.site }}"}
    on_failure: stop
  - id: chosen
    set:
      prefix: ${{ (steps.intent.json.results | first).prefix }}
      of: ${{ steps.intent.json.count }}
  - id: reserve
    script: reserve-prefix
    with: {prefix: "${{ steps.chosen.prefix }}", of: "${{ steps.chosen.of }}"}
    on_failure: stop
  - id: close
    call: close-ticket@1
    with: {ticket: "${{ inputs.ticket }}", text: "${{ steps.reserve.result.text }}"}
    on_failure: stop
outputs:
  text: "${{ (steps.reserve.result | default({'text': ''})).text }}"
  closed: ${{ steps.close.status }}
"""
CALLED = """
netsaga: 1
name: close-ticket
version: 1.0.3
inputs: {ticket: {type: string}, text: {type: string}}
steps:
  - id: close
    http:
      post: nautobot:/tickets/${{ inputs.ticket }}/
      json: {note: "${{ inputs.text }}"}
    on_failure: stop
outputs: {status: "${{ steps.close.status }}"}
"""
PROGRAM = """
import json, sys
given = json.load(sys.stdin)
print("reserving", file=sys.stderr)
print(json.dumps({"text": f"{given['prefix']} of {given['of']}"}))
"""


def answer(asked: Asked) -> Told:
    if asked.method == "POST":
        return json_told('{"state": "closed"}', 201)
    if "site=empty" in asked.target:
        return json_told('{"count": 0, "results": []}')
    return json_told('{"count": 2, "results": [{"prefix": "10.1.0.0/24"}, {"prefix": "10.2.0.0/24"}]}')


@asynccontextmanager
async def stack(folder: Path, system: HttpSystem) -> AsyncIterator[Orchestrator]:
    """A netsaga whose settings name the system, the program and a folder of definitions."""
    definitions, state = folder / "definitions", folder / "state"
    definitions.mkdir()
    (definitions / "reserve.yaml").write_text(DEFINITION)
    (definitions / "close-ticket.yaml").write_text(CALLED)
    (folder / "reserve.py").write_text(PROGRAM)
    tokens = folder / "tokens.yaml"
    tokens.touch(mode=0o600)
    tokens.write_text("nautobot: {token: t0ken-value}\n")
    async with Stack.start(state=state, devices=1, ui_port=None, worker=False) as netsaga:
        settings = yaml.safe_load(netsaga.settings.read_text())
        settings["definitions"] = [str(definitions)]
        settings["credentials"]["nautobot"] = {"kind": "file", "path": str(tokens)}
        settings["systems"] = {"nautobot": {"url": system.url, "credential": "nautobot", "token_scheme": "Token"}}
        settings["scripts"] = {"reserve-prefix": {"command": [sys.executable, "./reserve.py"], "folder": str(folder)}}
        netsaga.settings.write_text(yaml.safe_dump(settings))
        await netsaga.start_worker()
        yield await Orchestrator.connect(address=netsaga.address)


async def test_a_run_asks_a_system_computes_runs_a_program_and_calls_another_definition(tmp_path: Path) -> None:
    async with http_system() as system, stack(tmp_path, system) as client:
        system.by_target = answer
        system.refuse_first = 1
        result = await client.run("reserve", {"ticket": "RITM1", "site": "Bau 1"}, wait=True)
        assert result.verdict == "succeeded", result.message
        assert result.outputs == {"text": "10.1.0.0/24 of 2", "closed": 201}
        assert [asked.target for asked in system.asked] == [
            "/api/prefixes/?site=Bau%201",  # answered with 503, and asked again
            "/api/prefixes/?site=Bau%201",
            "/tickets/RITM1/",
        ]
        assert {asked.headers["authorization"] for asked in system.asked} == {"Token t0ken-value"}
        assert json.loads(system.asked[-1].body) == {"note": "10.1.0.0/24 of 2"}

        empty = await client.run("reserve", {"ticket": "RITM2", "site": "empty"}, wait=True)
        assert empty.verdict == "failed"
        assert "no prefix at empty" in empty.message + "".join(step.message for step in empty.steps)
        assert len(system.asked) == 4  # nothing after it was begun

    kept = [file for file in (tmp_path / "state").rglob("*") if file.is_file()]
    assert any(file.name.startswith("temporal.db") for file in kept)
    assert not [file for file in kept if b"t0ken-value" in file.read_bytes()], (
        "a token is in history, a log or a record"
    )
