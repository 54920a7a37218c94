"""`netsaga fmt`: canonical, idempotent, and never another meaning or a comment less."""

import random
from pathlib import Path
from typing import Final

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from language_walk import BAD, EXAMPLES, GOOD, SHIPPED, at, compiled, data_in, definition_in, source_of
from workflows.definition.compiler import Source
from workflows.definition.formatting import Formatted, format_definition
from workflows.definition.language import Part, parts_keys

ALL: Final = [*GOOD, *EXAMPLES, *SHIPPED]


def formatted(path: Path, text: str | None = None) -> str:
    made = format_definition(source_of(path, text))
    assert made.text is not None, made
    return made.text


@pytest.mark.untraced
@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_formatting_keeps_the_plan_and_is_idempotent(path: Path) -> None:
    once = formatted(path)
    before, after = compiled(path), compiled(path, once)

    assert formatted(path, once) == once
    assert before.plan is not None
    assert after.plan is not None
    assert after.plan.digest == before.plan.digest


@pytest.mark.parametrize("path", [*EXAMPLES, SHIPPED[-1]], ids=lambda path: path.stem)
def test_what_we_write_ourselves_is_canonical(path: Path) -> None:
    assert formatted(path) == path.read_text(encoding="utf-8")


def shuffled(value: object, dice: random.Random) -> JsonValue:
    """A part as data, the keys of every map that is a part in some order."""
    if isinstance(value, Part):
        pairs = [(key.name, getattr(value, key.field)) for key in parts_keys(type(value))]
        dice.shuffle(pairs)
        return {name: shuffled(one, dice) for name, one in pairs if one is not None}
    if isinstance(value, dict):
        return {name: shuffled(one, dice) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [shuffled(one, dice) for one in value]
    assert value is None or isinstance(value, str | int | float | bool)
    return value


@pytest.mark.untraced
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(path=st.sampled_from(ALL), seed=st.integers(0, 10**6), flow=st.sampled_from([False, None]))
def test_every_order_of_keys_comes_to_the_same_text(path: Path, seed: int, flow: bool | None) -> None:
    definition = definition_in(path.read_text(encoding="utf-8"))

    def text(order: int) -> str:
        data = shuffled(definition, random.Random(order))
        return yaml.safe_dump(data, sort_keys=False, default_flow_style=flow, width=10**6, allow_unicode=True)

    try:
        assume(data_in(text(seed)) == data_in(text(0)))
    except ValueError:  # PyYAML prints YAML 1.1, some of which is refused
        assume(False)
    assert formatted(path, text(seed)) == formatted(path, text(0))


@pytest.mark.untraced
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(path=st.sampled_from(ALL), seed=st.integers(0, 10**6))
def test_no_comment_is_lost_wherever_it_stands(path: Path, seed: int) -> None:
    dice = random.Random(seed)
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    for number in sorted(dice.sample(range(len(lines)), min(5, len(lines))), reverse=True):
        if dice.random() < 0.5:
            lines[number] += f"  # behind {number}"
        else:
            lines.insert(number, " " * dice.choice([0, 2, 4, 6, 8]) + f"# above {number}")
    commented = "\n".join(lines) + "\n"
    try:
        assume(data_in(commented) == data_in(text))  # else it stands inside a text
    except ValueError:
        assume(False)

    once = formatted(path, commented)

    assert formatted(path, once) == once


def told(text: str) -> Formatted:
    return format_definition(Source("told.yaml", text))


HEAD: Final = "netsaga: 1\nname: told\nversion: 1.0.0\n"


def test_comments_go_with_their_keys() -> None:
    made = told(
        HEAD
        + "steps:\n"
        + "  # the only one\n"
        + "  - notify: {message: hello, to: netops}  # whom\n"
        + "    # what it is called\n"
        + "    id: tell  # its name\n"
        + "    on_failure: continue\n"
    )

    assert made.text == (
        HEAD
        + "steps:\n"
        + "  # the only one\n"
        + "    # what it is called\n"
        + "  - id: tell  # its name\n"
        + "    notify: {to: netops, message: hello}  # whom\n"
        + "    on_failure: continue\n"
    )


def test_spaces_and_indentation_are_set() -> None:
    made = told(HEAD + "steps:\n- id:   tell\n  notify:   { to: netops,   message: hello }   \n\n\n")

    assert made.text == HEAD + "steps:\n  - id: tell\n    notify: {to: netops, message: hello}\n"


def test_a_definition_whose_names_are_wrong_is_formatted_all_the_same() -> None:
    made = told(HEAD + "steps:\n  - notify: {to: netops, message: '${{ inputs.nothing }}'}\n    id: tell\n")

    assert made.text is not None
    assert made.text.index("id: tell") < made.text.index("notify:")


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_text_that_is_no_definition_is_left_alone_and_its_mistakes_are_said(path: Path) -> None:
    made = format_definition(source_of(path))

    assert made.refusal == ""
    assert made.text is not None or made.diagnostics
    if made.text is not None:
        assert data_in(made.text) == data_in(path.read_text(encoding="utf-8"))


def test_the_order_of_checks_inputs_and_variables_is_the_authors() -> None:
    text = (
        HEAD + "inputs:\n  b: {type: string, default: x1}\n  a: {type: string, default: x2}\n"
        "steps:\n  - id: tell\n    set: {z: 1, a: 2}\n"
    )

    assert told(text).text == text
    assert at(data_in(text), ("steps", 0, "set")) == {"z": 1, "a": 2}
