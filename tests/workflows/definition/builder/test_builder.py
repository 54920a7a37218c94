"""The builder: the same definitions as YAML makes, through the same compiler."""

import inspect
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from language_walk import EXAMPLES, GOOD, ROOT, SHIPPED, compiled, data_in, definition_in, source_of
from workflows.definition import builder
from workflows.definition.builder import (
    BuildError,
    actions,
    approve,
    call,
    compile_built,
    definition,
    fan_out,
    http,
    notify,
    parallel,
    retry,
    script,
    sequence,
    set_,
    timeout,
    to_yaml,
    wait,
    when,
)
from workflows.definition.builder.steps import Common
from workflows.definition.language import Definition, Part, keys_of
from workflows.definition.language.actions import ACTIONS
from workflows.definition.language.step import Step, TimedStep
from workflows.definition.language.steps import STEPS

LIBRARY: Final = ROOT / "workflows/library/campus-vlan.yaml"


def campus_vlan() -> Definition:
    """The shipped definition, in Python."""
    vlan = {"vlan_id": "${{ inputs.vlan_id }}", "name": "${{ inputs.vlan_name }}"}
    ours = "inputs.vlan_id not in state.vlans or state.vlans[inputs.vlan_id].name == inputs.vlan_name"
    called = "VLAN ${{ inputs.vlan_id }} is called ${{ state.vlans[inputs.vlan_id].name }} here"
    room = actions.demand("state.vlans | length < device.data.max_vlans", severity="warning")
    precheck = fan_out(
        "precheck",
        "inventory",
        actions.snapshot("config", "vlans", as_="state"),
        actions.check({"free or already ours": actions.demand(ours, else_=called), "room is left": room}),
        actions.propose(actions.change(template="vlan.j2", vars=vlan), as_="change"),
        concurrency=100,
        accept={"succeeded": ">= 95%"},
        on_failure="stop",
    )
    approval = approve(
        "approval",
        by="netops-leads",
        quorum=1,
        not_by=["requester"],
        binds="steps.precheck.change",
        timeout="${{ inputs.approval_timeout }}",
        on_timeout="escalate",
        escalate={"to": "netops-managers", "timeout": "${{ inputs.approval_timeout }}", "then": "reject"},
    )
    deploy = fan_out(
        "deploy",
        "steps.precheck.succeeded",
        actions.apply("steps.precheck.change", confirm={"within": "1h", "hold": "best_effort"}, save=True),
        actions.snapshot("vlans", as_="state"),
        actions.check({"vlan is active": 'state.vlans[inputs.vlan_id].status == "active"'}),
        waves=[
            {"name": "canary", "size": 1, "per": "platform", "soak": "${{ inputs.canary_soak }}"},
            {"name": "pilot", "size": "10%", "soak": "${{ inputs.pilot_soak }}"},
            {"name": "rest", "size": "100%"},
        ],
        timeout="30s",
        concurrency=50,
        accept={"succeeded": ">= 98%"},
        apart="device.data.mlag_pair | default(device.name)",
        undo=["native", "inverse", "restore"],
        breaker={"failures": 3, "within": "2m"},
        on_failure={"undo": "wave"},
    )
    named = "after.vlans[inputs.vlan_id].name == inputs.vlan_name"
    validate = fan_out(
        "validate",
        "steps.deploy.changed",
        actions.snapshot("vlans", as_="after"),
        actions.check({"vlan is there": "inputs.vlan_id in after.vlans", "vlan has its name": named}),
        on_failure={"undo": "failed", "of": "deploy"},
    )
    return definition(
        "campus-vlan",
        "1.0.0",
        sequence(precheck, when('steps.precheck.warnings > 0 or inputs.building == "hq"', approval), deploy, validate),
        description="Deploy a VLAN to every access switch of one building.",
        inputs={
            "ticket": {
                "type": "string",
                "pattern": "^RITM[0-9]{7}$",
                "description": "The request that this change answers",
            },
            "vlan_id": {"type": "integer", "minimum": 2, "maximum": 4094},
            "vlan_name": {"type": "string", "max_length": 32},
            "subnet": {"type": "ipv4_network"},
            "building": {"type": "string", "description": "The site whose access switches get the VLAN"},
            "canary_soak": {"type": "duration", "default": "1m"},
            "pilot_soak": {"type": "duration", "default": "5m"},
            "approval_timeout": {"type": "duration", "default": "30m"},
        },
        dedup={"key": "${{ inputs.ticket }}/${{ inputs.vlan_id }}", "on_duplicate": "join"},
        inventory={
            "source": "nautobot",
            "select": 'device.role == "access" and device.site == inputs.building',
            "expect": {"min": 1, "max": 800},
        },
        defaults={
            "credential": "device_rw",
            "timeout": "60s",
            "retry": {"attempts": 3, "delay": "2s", "factor": 2, "on": ["transient"]},
        },
        finally_=[notify("report", "netops", template="summary.md.j2", on_failure="continue")],
    )


def test_the_shipped_definition_has_the_same_digest_when_it_is_built() -> None:
    read, source = compiled(LIBRARY), source_of(LIBRARY)
    built = compile_built(campus_vlan(), templates=source.templates)

    assert built.diagnostics == ()
    assert built.plan is not None
    assert read.plan is not None
    assert built.plan.digest == read.plan.digest


@pytest.mark.parametrize("path", [*GOOD, *EXAMPLES, *SHIPPED], ids=lambda path: path.stem)
def test_what_is_printed_reads_back_as_the_same_definition(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    printed = to_yaml(definition_in(text))
    before, after = compiled(path), compiled(path, printed)

    assert data_in(printed) == data_in(text)
    assert before.plan is not None
    assert after.plan is not None
    assert after.plan.digest == before.plan.digest


def told(name: str) -> Step:
    return notify(name, "netops", "hello")


def needs(*pieces: Any) -> dict[str, Any]:
    built = definition("order", "1.0.0", *pieces)
    plan = compile_built(built).plan
    assert plan is not None
    return {step.id: step.needs for step in plan.steps}


def test_a_sequence_needs_nothing_said() -> None:
    built = definition("order", "1.0.0", told("a"), told("b"))

    assert "needs" not in to_yaml(built)
    assert needs(sequence(told("a"), told("b"))) == {"a": (), "b": ("a",)}


def test_branches_start_together_and_meet_again() -> None:
    found = needs(told("a"), parallel(sequence(told("b"), told("c")), told("d")), told("e"))

    assert found == {"a": (), "b": ("a",), "c": ("b",), "d": ("a",), "e": ("c", "d")}


def test_branches_at_the_start_need_nothing() -> None:
    assert needs(parallel(told("a"), told("b"))) == {"a": (), "b": ()}


def test_a_step_that_says_what_it_needs_is_left_alone() -> None:
    assert needs(told("a"), told("b"), notify("c", "netops", "hello", needs=["a"])) == {
        "a": (),
        "b": ("a",),
        "c": ("a",),
    }


def test_combinators_reach_every_step_and_give_way_to_what_a_step_says() -> None:
    steps = [told("a"), notify("b", "netops", "hello", timeout="5s", when="run.mode == 'plan'")]
    flow = when("run.reason == 'x'", timeout("2m", retry(*steps, attempts=7, delay="1s")))
    plan = compile_built(definition("all", "1.0.0", flow)).plan
    assert plan is not None

    assert [step.retry.attempts for step in plan.steps] == [7, 7]
    assert [step.timeout_s for step in plan.steps] == [120, 5]
    assert "(run.reason == 'x') and (run.mode == 'plan')" in to_yaml(definition("all", "1.0.0", flow))


def test_every_verb_can_be_built() -> None:
    plan = compile_built(
        definition(
            "verbs",
            "1.0.0",
            http("h", "get", "itsm:/api/x", query={"limit": 1}, check={"it is there": "result.status == 200"}),
            wait("w", for_="5m"),
            script("s", "reserve", {"site": "hq"}),
            builder.ansible("an", "backup"),
            builder.awx("aw", "patch", timeout="1h"),
            set_("v", {"code": "${{ steps.h.status }}"}),
            outputs={"code": "${{ steps.v.code }}"},
        )
    ).plan

    assert plan is not None
    assert [step.kind for step in plan.steps] == ["http", "wait", "script", "script", "script", "set"]


def test_a_call_is_compiled_against_the_definition_that_it_names() -> None:
    target = source_of(ROOT / "deploy/reference/examples/close-ticket.yaml")
    built = definition("caller", "1.0.0", call("closed", "close-ticket@1", {"ticket": "T1", "verdict": "failed"}))

    assert compile_built(built, definitions={"close-ticket@1": target}).ok
    assert not compile_built(
        definition("caller", "1.0.0", call("closed", "close-ticket@1", {"tickett": "T1"})),
        definitions={"close-ticket@1": target},
    ).ok


def test_a_mistake_in_an_expression_is_the_compilers_with_a_place_in_the_printed_text() -> None:
    built = definition("typo", "1.0.0", told("a"), when("steps.a.succeded == 1", told("b")))
    (finding,) = compile_built(built).diagnostics

    line = to_yaml(built).splitlines()[finding.span.line - 1]
    assert finding.span.file == "typo.yaml"
    assert "succeded" in line[finding.span.column - 1 : finding.span.end_column - 1]


def test_a_value_that_no_definition_can_have_is_refused_where_it_is_given() -> None:
    with pytest.raises(BuildError, match=r"the step `deploy` cannot be built:\n  `concurrency"):
        fan_out("deploy", "inventory", actions.show("show version"), concurrency=0)
    with pytest.raises(BuildError, match="`sequence` of nothing"):
        sequence()
    with pytest.raises(BuildError, match="the definition `none`"):
        definition("none", "1.0.0")


FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    **{verb: getattr(builder, {"devices": "fan_out", "set": "set_"}.get(verb, verb)) for verb in STEPS},
    **{verb: getattr(actions, verb) for verb in ACTIONS},
}


@pytest.mark.parametrize("verb", [*STEPS, *ACTIONS])
def test_the_builder_has_every_verb_and_action(verb: str) -> None:
    assert callable(FUNCTIONS[verb])


def own_keys(part: type[Part]) -> set[str]:
    return set(keys_of(part)) - set(keys_of(TimedStep))


def test_a_fan_out_takes_every_key_of_its_step() -> None:
    taken = set(inspect.signature(fan_out).parameters)

    assert own_keys(STEPS["devices"]) <= taken
    assert set(keys_of(TimedStep)) - {"id"} == set(Common.__annotations__)


def test_the_example_of_the_reference_compiles_and_prints_itself(capsys: pytest.CaptureFixture[str]) -> None:
    example = ROOT / "deploy/reference/examples/first_change.py"
    built = runpy.run_path(str(example), run_name="__main__")["built"]
    templates = {"vlan.j2": (example.parent / "templates/vlan.j2").read_text(encoding="utf-8")}
    made = compile_built(built, templates=templates)

    assert capsys.readouterr().out == to_yaml(built)
    assert made.diagnostics == ()
