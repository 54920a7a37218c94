"""Data as YAML that Ansible takes as it is, read back by the YAML reader that Ansible has."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from activities.ansible.private import as_yaml, unsafe, variables


class Reader(yaml.SafeLoader):
    """PyYAML with Ansible's tag; what carries it is read as ``("unsafe", TEXT)``."""


def _unsafe(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> tuple[str, str]:
    return ("unsafe", str(loader.construct_scalar(node)))


Reader.add_constructor("!unsafe", _unsafe)


def tagged(value: JsonValue) -> Any:
    """The value as `Reader` is to find it."""
    match value:
        case str():
            return ("unsafe", value)
        case list():
            return [tagged(item) for item in value]
        case dict():
            return {("unsafe", key): tagged(item) for key, item in value.items()}
        case _:
            return value


def read(text: str) -> Any:
    return yaml.load(text, Reader)  # it is a safe loader


TEXTS = st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=40, deadline=None)
@given(VALUES)
def test_every_value_comes_back_as_it_went_and_every_text_is_tagged(value: JsonValue) -> None:
    assert read(as_yaml(unsafe(value))) == tagged(value)


@pytest.mark.parametrize("text", ["{{ lookup('x') }}", "a\nb\t\x00\x7f\x85\u2028\ufeff", "no", "0755", '"', "\\"])
def test_what_yaml_or_jinja_would_read_differently_stays_a_text(text: str) -> None:
    assert read(as_yaml(variables({"said": text}))) == {"said": ("unsafe", text)}


def test_half_a_character_does_not_spoil_the_rest() -> None:
    assert read(as_yaml(unsafe(json.loads('"a\\ud800b"')))) == ("unsafe", "a?b")
