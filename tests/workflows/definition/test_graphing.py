"""A plan as Mermaid text."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from workflows.definition.compiler import Source, compile_definition
from workflows.definition.graphing import definition_graph, plan_graph
from workflows.definition.render import render
from workflows.plan import Plan

LIBRARY = Path(__file__).parents[3] / "workflows" / "library"
GOOD = Path(__file__).parent / "good"
TEMPLATES = {
    path.name: path.read_text(encoding="utf-8")
    for folder in (LIBRARY / "templates", GOOD / "templates")
    for path in folder.glob("*")
}
CALLED = """\
netsaga: 1
name: close-ticket
version: 1.0.0
inputs: {ticket: {type: string}}
steps:
  - id: tell
    notify: {to: netops, message: "${{ inputs.ticket }} is done"}
"""
ODD = """\
netsaga: 1
name: odd
version: 1.0.0
inputs: {name: {type: string}}
inventory: {source: lab, expect: {max: 10}}
defaults: {timeout: 60s}
steps:
  - id: end
    devices: inventory
    concurrency: 5
    when: 'inputs.name == "a <b> & `c` #1 %% [x]"'
    do: [{configure: {lines: [vlan 5]}}]
    undo: none
    on_failure: continue
  - id: ask
    approve: {by: leads, not_by: [requester]}
    timeout: 90m
    on_timeout: escalate
    escalate: {to: chiefs, timeout: 2h, then: reject}
  - id: later
    needs: [end]
    call: close-ticket@1
    with: {ticket: "${{ inputs.name }}"}
"""


def plan_of(text: str) -> Plan:
    called = {"close-ticket@1": Source("close-ticket.yaml", CALLED)}
    compiled = compile_definition(Source("x.yaml", text, TEMPLATES, called))
    assert compiled.plan is not None, render(compiled.diagnostics, {"x.yaml": text})
    return compiled.plan


def shipped() -> Plan:
    return plan_of((LIBRARY / "campus-vlan.yaml").read_text(encoding="utf-8"))


def test_the_graph_of_a_definition_has_its_steps_needs_and_conditions() -> None:
    lines = definition_graph(shipped()).splitlines()

    assert lines[0] == "flowchart TD"
    assert lines[1].startswith("  %% campus-vlan 1.0.0, plan ")
    assert '  step_precheck["precheck<br>devices: inventory<br>snapshot, check, propose"]' in lines
    assert "  step_precheck --> step_approval" in lines
    assert any(
        "when steps.precheck.warnings #62; 0 or inputs.building == #34;hq#34;" in line
        for line in lines
        if line.startswith("  step_approval{{")
    )
    assert "  step_validate -.-> finally" in lines


def test_the_graph_of_a_plan_has_waves_gates_and_undo_paths() -> None:
    graph = plan_graph(shipped())

    canary = "canary<br>new devices: 1 for each device.platform<br>soak ${{ inputs.canary_soak }}, checks again"
    assert f'    step_deploy_1["{canary}"]' in graph
    assert '    step_deploy_2 -- "accept #62;= 98%" --> step_deploy_3' in graph
    assert '  step_approval -. "rejected" .-> rejected(("rejected"))' in graph
    assert '  step_deploy_undo>"undo wave<br>native, inverse, restore"]' in graph
    assert '  step_validate_undo>"undo failed of deploy"]' in graph
    assert "  step_validate_undo -.-> step_deploy" in graph
    assert "  step_deploy_3 --> step_validate" in graph


def test_words_and_signs_of_mermaid_do_no_harm() -> None:
    graph = plan_graph(plan_of(ODD))

    assert "step_end" in graph
    for label in re.findall(r'"([^"\n]*)"', graph):
        assert not re.search(r"[<>&`](?!r>)|%%", label.replace("<br>", "")), label
    assert "#60;b#62; #38; #96;c#96; #35;1 #37;#37; [x]" in graph
    assert "silent for 1h30m" in graph
    assert 'step_ask_escalate{{"escalate to chiefs"}}' in graph
    assert "rejected, or silent for 2h" in graph
    assert 'step_later[["later<br>call: close-ticket@1"]]' in graph


@pytest.mark.parametrize("path", sorted(GOOD.glob("*.yaml")), ids=lambda path: path.stem)
@pytest.mark.parametrize("draw", [definition_graph, plan_graph])
def test_every_name_in_a_graph_is_a_box_of_it(path: Path, draw: Callable[[Plan], str]) -> None:
    plan = Plan.model_validate_json(path.with_suffix(".plan.json").read_bytes())
    graph = draw(plan)
    boxes = set(re.findall(r"^\s*(?:subgraph )?(\w+)(?:\[|\{\{|\(|>)", graph, re.MULTILINE))
    boxes |= set(re.findall(r"> (\w+)\(\(", graph))
    ends = re.findall(r"^\s*(\w+) (?:-->|--|-\.->|-\.) ?(?:\"[^\"]*\" (?:-->|\.->) )?(\w+)", graph, re.MULTILINE)

    assert {step.id for step in (*plan.steps, *plan.finally_)} <= {box.removeprefix("step_") for box in boxes}
    assert {name for pair in ends for name in pair} <= boxes
    assert graph.count("subgraph ") == len(re.findall(r"^\s*end$", graph, re.MULTILINE))
