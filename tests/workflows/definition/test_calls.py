"""Called definitions: found, followed, typed, and part of the digest of who calls them."""

from pathlib import Path

from workflows.definition.compiler import Compiled, Source, compile_definition
from workflows.definition.references import referenced_definitions
from workflows.plan import CallStep

HERE = Path(__file__).parent
REFERENCE = (HERE / "good" / "campus-vlan-reference.yaml").read_text(encoding="utf-8")
TEMPLATES = {
    name: (HERE / "good" / "templates" / name).read_text(encoding="utf-8") for name in ("vlan.j2", "summary.md.j2")
}
CALLED = """\
netsaga: 1
name: called
version: 1.4.2
inputs: {vlan: {type: vlan_id}}
steps: [{id: a, set: {next: "${{ inputs.vlan + 1 }}"}}]
outputs: {next: "${{ steps.a.next }}"}
"""
CALLER = """\
netsaga: 1
name: caller
version: 1.0.0
steps:
  - id: ask
    call: called@1
    with: {vlan: 5}
    check: {it counts: next is not none and next > 5}
"""


def compiled(text: str, **definitions: str) -> Compiled:
    """Compiles a text with definitions beside it, ``called_1`` for ``called@1``."""
    handed = {name.replace("_", "@"): Source(f"{name}.yaml", called) for name, called in definitions.items()}
    return compile_definition(Source("caller.yaml", text, {}, handed))


def problems(result: Compiled) -> list[str]:
    return [f"{item.code} {item.message}" for item in result.diagnostics]


def test_a_call_keeps_its_pinned_version_and_the_plan_knows_the_digest_of_what_is_called() -> None:
    plan = compiled(CALLER, called_1=CALLED).plan
    own = compile_definition(Source("called.yaml", CALLED)).plan

    assert plan is not None
    assert own is not None
    step = plan.steps[0]
    assert isinstance(step, CallStep)
    assert (step.definition, step.version) == ("called", "1")
    assert plan.calls == {"called@1": own.digest}


def test_a_change_of_what_is_called_gives_another_digest_and_a_comment_in_it_does_not() -> None:
    first = compiled(CALLER, called_1=CALLED).plan
    commented = compiled(CALLER, called_1="# a comment\n" + CALLED).plan
    changed = compiled(CALLER, called_1=CALLED.replace("+ 1", "+ 2")).plan

    assert first is not None
    assert commented is not None
    assert changed is not None
    assert first.digest == commented.digest != changed.digest


def test_a_called_definition_may_stand_with_the_caller_or_with_the_definition_between() -> None:
    between = CALLED.replace("name: called", "name: between").replace("set: {next: 5}", "call: called@1")
    between = between.replace('set: {next: "${{ inputs.vlan + 1 }}"}', "call: called@1.4, with: {vlan: 7}")
    caller = CALLER.replace("called@1", "between@1")
    inner = {"called@1.4": Source("called.yaml", CALLED)}

    flat = compiled(caller, between_1=between, **{"called_1.4": CALLED})
    nested = compile_definition(
        Source("caller.yaml", caller, {}, {"between@1": Source("between_1.yaml", between, {}, inner)})
    )

    assert problems(flat) == problems(nested) == []
    assert flat.plan == nested.plan


def test_a_definition_that_two_steps_call_is_compiled_and_reported_once_for_each_name() -> None:
    twice = CALLER + "  - {id: again, call: called@1, with: {vlan: 6}}\n"

    assert problems(compiled(twice)) == ["NS410 there is no definition `called@1`"]
    assert problems(compiled(twice, called_1=CALLED)) == []


def test_a_release_candidate_is_called_only_by_its_full_version() -> None:
    candidate = CALLED.replace("1.4.2", "1.5.0-rc.1")

    assert problems(compiled(CALLER, called_1=candidate)) == ["NS411 `called@1` is handed in as `called` 1.5.0-rc.1"]
    full = CALLER.replace("called@1", "called@1.5.0-rc.1")
    assert problems(compiled(full, **{"called_1.5.0-rc.1": candidate})) == []


def test_a_chain_of_calls_has_an_end() -> None:
    def link(number: int) -> str:
        text = CALLER.replace("caller", f"d{number}").replace("called@1", f"d{number + 1}@1")
        return text.replace("    with: {vlan: 5}\n", "").replace(
            "    check: {it counts: next is not none and next > 5}\n", ""
        )

    found = compiled(link(0), **{f"d{number}_1": link(number) for number in range(1, 60)})

    assert [item.code for item in found.diagnostics] == ["NS412"]
    assert "in a row" in found.diagnostics[0].message


def test_warnings_of_a_called_definition_are_not_those_of_its_caller() -> None:
    doubtful = CALLED.replace("}}]", "}, timeout: 5s}]").replace('"}, timeout', '"}, timeout')

    assert [item.code for item in compile_definition(Source("called.yaml", doubtful)).diagnostics] == ["NS715"]
    assert problems(compiled(CALLER, called_1=doubtful)) == []


def test_the_reference_definition_says_what_is_missing_beside_it() -> None:
    alone = compile_definition(Source("campus-vlan.yaml", REFERENCE))

    assert problems(alone) == [
        "NS406 there is no template `vlan.j2`",
        "NS410 there is no definition `close-ticket@1`",
        "NS406 there is no template `summary.md.j2`",
    ]
    assert "`name: close-ticket`" in alone.diagnostics[1].help


def test_the_reference_definition_is_clean_with_what_it_names() -> None:
    called = (HERE / "good" / "definitions" / "close-ticket@1.yaml").read_text(encoding="utf-8")
    source = Source("campus-vlan.yaml", REFERENCE, TEMPLATES, {"close-ticket@1": Source("close-ticket.yaml", called)})

    assert compile_definition(source).diagnostics == ()


def test_a_loader_learns_which_definitions_to_gather() -> None:
    assert referenced_definitions(REFERENCE) == ("close-ticket@1",)
    assert referenced_definitions(
        CALLER + "  - {id: b, call: 5}\n  - call\nfinally: [{call: b@2}, {call: called@1}]"
    ) == (
        "called@1",
        "b@2",
    )
    assert referenced_definitions("steps: [") == ()
    assert referenced_definitions("[1]") == ()


def test_a_call_of_a_definition_that_changes_devices_only_at_its_end_may_be_taken_back() -> None:
    tidy = "{id: tidy, devices: inventory, do: [%s], timeout: 1m, on_failure: stop}"
    text = "netsaga: 1\nname: called\nversion: 1.0.0\ninventory: {source: lab, expect: {max: 10}}\n"
    text += "steps: [{id: a, set: {b: 1}}]\nfinally: [" + tidy + "]\n"
    caller = "netsaga: 1\nname: caller\nversion: 1.0.0\nsteps: [{id: c, call: called@1, on_failure: {undo: step}}]\n"

    assert problems(compiled(caller, called_1=text % "{configure: {lines: [a]}}")) == []
    assert problems(compiled(caller, called_1=text % "{show: show version}")) == [
        "NS602 this step changes no device, so there is nothing of it to undo"
    ]
