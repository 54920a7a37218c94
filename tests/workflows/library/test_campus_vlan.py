"""The shipped definition compiles without a word, and its templates give what each platform takes."""

from pathlib import Path

import jinja2.sandbox
import pytest

import workflows
from workflows.definition.compiler import Source, compile_definition
from workflows.definition.references import referenced_templates
from workflows.definition.render import render
from workflows.inputs import check_inputs, coerce_text
from workflows.plan import ApplyAction, ApproveStep, Confirm, DevicesStep, Plan, StepId

LIBRARY = Path(workflows.__file__).parent / "library"
TEXT = (LIBRARY / "campus-vlan.yaml").read_text(encoding="utf-8")
TEMPLATES = {name: (LIBRARY / "templates" / name).read_text(encoding="utf-8") for name in referenced_templates(TEXT)}


@pytest.fixture(scope="module")
def plan() -> Plan:
    result = compile_definition(Source("campus-vlan.yaml", TEXT, TEMPLATES))
    assert result.plan is not None, render(result.diagnostics, {"campus-vlan.yaml": TEXT})
    assert result.diagnostics == ()
    return result.plan


def rendered(template: str, /, **context: object) -> str:
    environment = jinja2.sandbox.SandboxedEnvironment(undefined=jinja2.StrictUndefined)
    return environment.from_string(TEMPLATES[template]).render(**context)


def test_it_looks_asks_deploys_in_waves_looks_again_and_tells(plan: Plan) -> None:
    assert [step.id for step in plan.steps] == ["precheck", "approval", "deploy", "validate"]
    assert [step.id for step in plan.finally_] == ["report"]
    assert set(plan.templates) == {"vlan.j2", "summary.md.j2"}
    deploy = plan.step(StepId("deploy"))
    assert isinstance(deploy, DevicesStep)
    assert [(wave.name, wave.size, wave.share) for wave in deploy.waves] == [
        ("canary", 1, None),  # of each platform
        ("pilot", None, 0.1),
        ("rest", None, 1.0),
    ]
    assert deploy.changes
    assert deploy.reads == ("precheck",)
    confirm = Confirm(within_s=3600.0, hold="best_effort")
    assert deploy.do[0] == ApplyAction(step=StepId("precheck"), change="change", confirm=confirm, save=True)
    assert (deploy.on_failure.action, deploy.on_failure.scope) == ("undo", "wave")
    approval = plan.step(StepId("approval"))
    assert isinstance(approval, ApproveStep)
    assert (approval.binds_step, approval.binds_name, approval.on_timeout) == ("precheck", "change", "escalate")


def test_its_soaks_and_its_gate_have_defaults_that_a_demo_shortens(plan: Plan) -> None:
    given = coerce_text(
        plan.inputs,
        {
            "ticket": "RITM0012345",
            "vlan_id": "120",
            "vlan_name": "CAMERAS",
            "subnet": "10.1.20.0/24",
            "building": "hq",
            "canary_soak": "2s",
        },
    )

    found = check_inputs(plan.inputs, given)

    assert (found["vlan_id"], found["canary_soak"], found["pilot_soak"], found["approval_timeout"]) == (
        120,
        "2s",
        "5m",
        "30m",
    )


@pytest.mark.parametrize(
    ("platform", "lines"),
    [
        ("cisco_iosxe", ["vlan 120", " name CAMERAS"]),
        ("cisco_nxos", ["vlan 120", " name CAMERAS"]),
        ("arista_eos", ["vlan 120", " name CAMERAS"]),
        ("juniper_junos", ["set vlans CAMERAS vlan-id 120"]),
    ],
)
def test_the_vlan_is_said_in_the_words_of_the_platform(platform: str, lines: list[str]) -> None:
    text = rendered("vlan.j2", vlan_id=120, name="CAMERAS", device={"platform": platform})

    assert [line for line in text.splitlines() if line.strip()] == lines


def test_the_summary_is_markdown_that_a_message_cannot_break() -> None:
    run = {
        "id": "campus-vlan-1", "definition": "campus-vlan", "version": "1.0.0", "verdict": "stopped", "requester": "jo",
        "reason": "", "url": "http://127.0.0.1:8233/run",
        "devices": [
            {"name": "sw1", "platform": "arista_eos", "status": "changed", "changed": True, "message": ""},
            {"name": "sw2", "platform": "arista_eos", "status": "undone", "changed": False, "message": "a | b\nc"},
        ],
    }  # fmt: skip
    inputs = {"ticket": "RITM0012345", "vlan_id": 120, "vlan_name": "CAMERAS", "building": "hq"}

    text = rendered("summary.md.j2", run=run, inputs=inputs, counts={"changed": 1, "undone": 1, "failed": 0})

    assert text.startswith("# campus-vlan 1.0.0: stopped\n")
    assert "| Devices | 1 changed, 1 undone |" in text
    assert "| sw1 | arista_eos | changed | yes |  |\n| sw2 | arista_eos | undone | no | a \\| b c |\n" in text
    empty = rendered("summary.md.j2", run={**run, "devices": [], "url": ""}, inputs=inputs, counts={})
    assert "| Devices | none |" in empty
    assert "No device was touched." in empty
