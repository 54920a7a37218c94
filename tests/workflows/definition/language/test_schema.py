"""The JSON Schema: what an editor accepts, what it refuses, and what only the compiler can see."""

from pathlib import Path
from typing import Final

import pytest
from jsonschema import Draft202012Validator
from pydantic import JsonValue

from language_walk import BAD, EXAMPLES, GOOD, SHIPPED, compiled, data_in
from workflows.definition.schema import DIALECT, json_schema

SCHEMA: Final = json_schema()
VALIDATOR: Final = Draft202012Validator(SCHEMA)

# Of the codes of the shape: unknown, missing and exclusive keys, wrong types and values, verbs.
VISIBLE: Final = {"NS201", "NS202", "NS203", "NS204", "NS205", "NS206"}
# An empty expression is a syntax error for the compiler and an empty text for a schema.
VISIBLE_TOO: Final = {"expressions-syntax"}


def readable(path: Path) -> bool:
    """Whether the reader makes data of it: a schema sees data, not YAML."""
    try:
        data_in(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True


def test_it_is_a_valid_schema_of_the_dialect_that_it_names() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == DIALECT


@pytest.mark.parametrize("path", [*GOOD, *EXAMPLES, *SHIPPED], ids=lambda path: path.stem)
def test_good_definitions_fit_the_schema(path: Path) -> None:
    data = data_in(path.read_text(encoding="utf-8"))

    assert [f"{error.json_path}: {error.message[:200]}" for error in VALIDATOR.iter_errors(data)] == []


def test_bad_definitions_are_refused_where_a_schema_can_see_it() -> None:
    paths = [path for path in BAD if readable(path)]
    refused = {path.stem for path in paths if not VALIDATOR.is_valid(data_in(path.read_text("utf-8")))}
    misshapen = {path.stem for path in paths if VISIBLE & {one.code for one in compiled(path).diagnostics}}

    assert len(misshapen) >= 8
    assert refused == misshapen | VISIBLE_TOO


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_what_the_schema_refuses_the_compiler_refuses_too(path: Path) -> None:
    if readable(path) and not VALIDATOR.is_valid(data_in(path.read_text("utf-8"))):
        assert not compiled(path).ok


def every_map(schema: JsonValue) -> list[dict[str, JsonValue]]:
    if isinstance(schema, list):
        return [one for item in schema for one in every_map(item)]
    if not isinstance(schema, dict):
        return []
    return [schema, *(one for value in schema.values() for one in every_map(value))]


def test_every_key_has_a_description_and_examples_for_the_editor() -> None:
    bare = [
        f"{name}.{key}"
        for name, part in SCHEMA["$defs"].items()  # type: ignore[union-attr]  # a map, as the dialect says
        for key, value in part.get("properties", {}).items()  # type: ignore[union-attr]  # likewise
        if not value.get("description") or not value.get("examples")  # type: ignore[union-attr]  # likewise
    ]

    assert bare == []


def test_no_key_may_be_null() -> None:
    assert [one for one in every_map(SCHEMA) if one.get("type") == "null" or one.get("default", 1) is None] == []


def test_an_expression_may_stand_where_a_duration_is_computed_and_not_where_it_is_constant() -> None:
    def accepts(**keys: JsonValue) -> bool:
        step = {"id": "s", "wait": {"for": "5m"}, **keys}
        return VALIDATOR.is_valid({"netsaga": 1, "name": "n", "version": "1.0.0", "steps": [step]})

    assert accepts(deadline="${{ inputs.limit }}")
    assert accepts(deadline="5m")
    assert not accepts(deadline="five minutes")
    assert not accepts(retry={"delay": "${{ inputs.limit }}"})
