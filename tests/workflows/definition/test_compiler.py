"""The compiler as a whole: its digest, its size, its temper."""

import gc
import random
from pathlib import Path

import pytest

from workflows.definition.compiler import Source, compile_definition
from workflows.definition.lower import digest_of
from workflows.definition.references import referenced_templates
from workflows.definition.render import render
from workflows.plan import DevicesStep, NotifyStep

HERE = Path(__file__).parent
TEMPLATES = {"vlan.j2": (HERE / "good/templates/vlan.j2").read_text(encoding="utf-8")}
BRANCHES = (HERE / "good" / "branches.yaml").read_text(encoding="utf-8")
SMALL = """\
netsaga: 1
name: small
version: 1.0.0
inventory: {source: lab}
steps:
  - id: change
    devices: inventory
    do: [{configure: {template: vlan.j2, vars: {vlan_id: 5, name: a}}}]
    undo: none
    on_failure: stop
"""


def compiled_digest(text: str, templates: dict[str, str]) -> str:
    result = compile_definition(Source("x.yaml", text, templates))
    assert result.plan is not None, render(result.diagnostics, {"x.yaml": text})
    assert result.plan.digest == digest_of(result.plan)
    return result.plan.digest


def test_the_digest_depends_on_meaning_and_templates_and_not_on_layout() -> None:
    digest = compiled_digest(SMALL, TEMPLATES)

    assert len(digest) == 64
    assert compiled_digest("# a comment\n" + SMALL.replace("{source: lab}", '\n    source: "lab"'), TEMPLATES) == digest
    assert compiled_digest(SMALL, {**TEMPLATES, "unused.j2": "x"}) == digest
    assert compiled_digest(SMALL.replace("vlan_id: 5", "vlan_id: 6"), TEMPLATES) != digest
    assert compiled_digest(SMALL, {"vlan.j2": TEMPLATES["vlan.j2"] + "!"}) != digest
    assert compiled_digest("\ufeff" + SMALL, TEMPLATES) == digest
    assert compiled_digest(SMALL.replace("\n", "\r\n"), TEMPLATES) == digest


@pytest.mark.untraced
def test_a_definition_of_a_thousand_steps_compiles() -> None:
    step = """\
  - id: step{0}
    devices: inventory
    do:
      - snapshot: [vlans]
        as: state
      - check:
          there: 5 in state.vlans and state.vlans[5].name == "v{0}"
"""
    text = SMALL.split("  - id", maxsplit=1)[0] + "".join(step.format(number) for number in range(1000))

    result = compile_definition(Source("big.yaml", text))

    assert result.plan is not None
    assert len(result.plan.steps) == 1000
    assert result.plan.steps[999].needs == ("step998",)


def test_a_circle_through_a_thousand_steps_is_named_without_overflowing() -> None:
    step = "  - id: step{0}\n    notify: {{to: a, message: b}}\n"
    text = SMALL.split("  - id", maxsplit=1)[0] + "".join(step.format(number) for number in range(1000))
    text = text.replace("id: step0\n", "id: step0\n    needs: [step999]\n")

    result = compile_definition(Source("big.yaml", text))

    assert [item.code for item in result.diagnostics] == ["NS601"]


def test_defaults_are_folded_into_steps_that_say_nothing() -> None:
    result = compile_definition(Source("x.yaml", BRANCHES, TEMPLATES))

    assert result.plan is not None
    look, change = result.plan.step("look"), result.plan.step("change")  # type: ignore[arg-type]  # literals for step ids
    assert isinstance(look, DevicesStep)
    assert isinstance(change, DevicesStep)
    assert (look.credential, look.timeout_s, look.retry.attempts) == ("device_ro", 90.0, 1)
    assert (change.credential, change.timeout_s, change.retry.attempts) == ("device_rw", 120.0, 5)
    assert change.reads == ("look", "other")
    tell = result.plan.finally_[0]
    assert isinstance(tell, NotifyStep)
    assert tell.on_failure.action == "continue"


def test_a_loader_learns_which_templates_to_gather() -> None:
    assert referenced_templates(BRANCHES) == ("vlan.j2",)
    assert referenced_templates("netsaga: [") == ()
    assert referenced_templates(SMALL.replace("netsaga: 1", "netsaga: yes")) == ("vlan.j2",)


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_definition_yields_a_plan_or_a_diagnostic_and_never_an_exception(seed: int) -> None:
    chance = random.Random(seed)
    text = BRANCHES
    for _ in range(chance.randint(1, 4)):
        at, length = chance.randrange(len(text)), chance.choice([0, 1, 1, 5, 40])
        text = (
            text[:at]
            + chance.choice(["", "", ":", "{", "]", "'", "\n", "${{", "}}", " ", "|", "[1]", "x"])
            + text[at + length :]
        )

    result = compile_definition(Source("x.yaml", text, TEMPLATES))

    assert result.ok != any(item.severity == "error" for item in result.diagnostics)
    for item in result.diagnostics:
        assert 1 <= item.span.line <= len(text.splitlines()) + 1
        assert item.message
    render(result.diagnostics, {"x.yaml": text}, colour=True)


@pytest.mark.parametrize("text", [SMALL, BRANCHES])
def test_a_compilation_leaves_nothing_that_only_the_garbage_collector_frees(text: str) -> None:
    compile_definition(Source("x.yaml", text, TEMPLATES))  # what is made once for a process
    gc.collect()
    gc.disable()
    try:
        result = compile_definition(Source("x.yaml", text, TEMPLATES))
        assert gc.collect() == 0
    finally:
        gc.enable()
    assert result.ok
