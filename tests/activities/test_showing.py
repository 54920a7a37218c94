"""`show` with each parser, on a simulated device."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities.values import VALUE, seen
from activity_bench import Bench, bench, call, call_of, refused

HEAD = """
netsaga: 1
name: change
version: 1.0.0
inventory: {source: lab}
defaults: {timeout: 20s}
steps:
  - id: look
    devices: inventory
    do:
      - show: SHOW
        as: rows
    on_failure: stop
"""
TEXTFSM = "Value ID (\\d+)\nValue NAME (\\S+)\n\nStart\n  ^${ID}\\s+${NAME}\\s+active -> Record\n"
TTP = "{{ id | DIGIT }} {{ name }} active {{ ports | ORPHRASE }}\n"


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path, devices=1) as found:
        yield found


@pytest.mark.parametrize(
    ("show", "wanted"),
    [
        (
            r"{command: show vlan brief, parse: regex, pattern: '^(?P<id>\d+)\s+(?P<name>users)\s'}",
            "users",
        ),
        ("{command: show vlan brief, parse: ttp, pattern: vlans.ttp, min_rows: 2}", "users"),
        ("{command: show vlan brief, parse: textfsm, min_rows: 4}", "users"),
        ("{command: show vlan brief, parse: textfsm, pattern: vlans.textfsm, min_rows: 4}", "users"),
    ],
)
async def test_an_answer_is_parsed_as_the_definition_says(lab: Bench, show: str, wanted: str) -> None:
    prepared = await lab.prepared(HEAD.replace("SHOW", show), {"vlans.ttp": TTP, "vlans.textfsm": TEXTFSM})
    outcome = await call(lab.interact.interact, call_of(prepared, "look", "acc-001"))
    rows = seen(await lab.documents.load(outcome.values["rows"], VALUE))
    assert isinstance(rows, list)
    assert wanted in [row.get("name") or row.get("vlan_name") for row in rows]


@pytest.mark.parametrize("parse", ["parse: regex, pattern: '(?P<x>nothing)'", "parse: ttp, pattern: vlans.ttp"])
async def test_too_few_rows_are_a_failure_and_never_nothing_found(lab: Bench, parse: str) -> None:
    source = HEAD.replace("SHOW", f"{{command: show vlan brief, {parse}, min_rows: 100}}")
    prepared = await lab.prepared(source, {"vlans.ttp": TTP})
    error = await refused(lab.interact.interact, call_of(prepared, "look", "acc-001"))
    assert (error.type, "rows where at least 100 were expected" in error.message) == ("check_failed", True)
