"""The models of the language against the compiler: what one knows, the other reads."""

import json
from collections.abc import Iterable
from typing import Annotated, Any

import pytest
from pydantic import JsonValue, TypeAdapter

from language_walk import EXAMPLES, GOOD, SHIPPED, at, compiled, data_in, definition_in, used_keys, without
from workflows.definition import keys
from workflows.definition.language import Key, Part, keys_of, parts_keys
from workflows.definition.language.steps import STEPS
from workflows.definition.mapping import Section
from workflows.definition.reference import explained
from workflows.definition.reference.tables import as_yaml

pytestmark = pytest.mark.untraced  # it compiles each example once for each key, and others cover the compiler

PARTS = sorted(explained(), key=lambda part: part.__name__)
KEYS = [(part, key) for part in PARTS for key in parts_keys(part)]


def named(value: object) -> str | None:
    if isinstance(value, Key):
        return value.name
    return value.__name__ if isinstance(value, type) else None


@pytest.mark.parametrize("part", PARTS, ids=named)
def test_every_part_says_what_it_is(part: type[Part]) -> None:
    assert part.__doc__
    assert part.__doc__ != Part.__doc__
    assert set(part.LAST) >= {name for name in part.LAST if name in part.model_fields}
    assert set(part.ONE_OF) <= set(keys_of(part))


@pytest.mark.parametrize(("part", "key"), KEYS, ids=named)
def test_every_key_has_a_meaning_and_examples_that_fit(part: type[Part], key: Key) -> None:
    kind: Any = key.info.annotation
    for metadata in key.info.metadata:
        kind = Annotated[kind, metadata]
    adapter: TypeAdapter[object] = TypeAdapter(kind)

    assert key.info.description
    assert key.info.examples
    for example in (*key.info.examples, *([key.default] if key.default is not None else [])):
        adapter.validate_python(example)
        assert data_in(f"key: {as_yaml(example)}\n") == {"key": example}


def test_every_key_stands_in_an_example_of_the_reference() -> None:
    used = {(part, name) for path in EXAMPLES for part, name, _ in used_keys(definition_in(path.read_text()))}

    assert [(part.__name__, key.name) for part, key in KEYS if not _is_used(part, key.name, used)] == []


def _is_used(part: type[Part], name: str, used: set[tuple[type[Part], str]]) -> bool:
    """Whether some part of this kind uses the key: those that all steps have need not stand at each verb."""
    return any(name == other and (issubclass(one, part) or _inherited(part, name, one)) for one, other in used)


def _inherited(part: type[Part], name: str, other: type[Part]) -> bool:
    shared = [one for one in part.__mro__ if issubclass(one, Part) and name in one.model_fields and one is not part]
    return any(issubclass(other, one) and one is not Part for one in shared)


def test_the_parser_asks_for_the_keys_of_the_models_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[frozenset[str]] = set()
    original = Section.__init__

    def listening(self: Section, node: Any, what: str, known: Iterable[str], *rest: Any, **more: Any) -> None:
        known = tuple(known)
        asked.add(frozenset(known))
        original(self, node, what, known, *rest, **more)

    monkeypatch.setattr(Section, "__init__", listening)
    for path in (*EXAMPLES, *GOOD, *SHIPPED):
        compiled(path)

    models = {frozenset(keys_of(part)) for part in PARTS}
    assert asked <= models
    assert [part.__name__ for part in PARTS if frozenset(keys_of(part)) not in asked] == ["TimedStep"]


def test_the_lists_of_the_parser_are_those_of_the_models() -> None:
    for verb, part in STEPS.items():
        assert {*keys.STEP, *keys.STEP_OPTIONS[verb]} == set(keys_of(part))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_no_key_is_read_and_then_forgotten(path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    data, whole = data_in(text), compiled(path)
    assert whole.plan, whole.diagnostics
    forgotten = []
    for part, name, trail in used_keys(definition_in(text)):
        value = at(data, trail)
        if _holds_anyway(part, name, value) or (trail[0] == "finally" and value == "continue"):
            continue
        less = compiled(path, json.dumps(without(data, trail), ensure_ascii=False))
        if less.plan and less.plan.digest == whole.plan.digest:
            forgotten.append(f"{part.__name__}.{name}: {value!r}")

    assert forgotten == []


def _holds_anyway(part: type[Part], name: str, value: JsonValue) -> bool:
    key = next(one for one in parts_keys(part) if one.name == name)
    return value == key.default or (name == "needs" and value == [])  # the first step starts at once in any case
