"""Inputs as people type them."""

from pathlib import Path

import pytest
from pydantic import JsonValue

from starter.errors import UsageError
from starter.inputs import from_file, given
from workflows.plan import Input


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("120", 120),
        ("1.5", 1.5),
        ("true", True),
        ("null", None),
        ('["a", 1]', ["a", 1]),
        ('"120"', "120"),
        ("cameras", "cameras"),
        ("10.12.0.0/24", "10.12.0.0/24"),
        ("2s", "2s"),
        ("NaN", "NaN"),
        ("0755", "0755"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_a_value_is_json_where_it_is_json_and_text_otherwise(text: str, value: JsonValue) -> None:
    assert given([f"key={text}"], None) == {"key": value}


def test_a_known_definition_decides_what_a_value_is() -> None:
    declared = {"building": Input(type="string", required=True), "vlan_id": Input(type="integer", required=True)}
    assert given(["building=12", "vlan_id=120"], declared) == {"building": "12", "vlan_id": 120}


@pytest.mark.parametrize("pairs", [["vlan_id"], ["=1"], ["a=1", "a=2"]])
def test_a_pair_that_cannot_be_read_is_named(pairs: list[str]) -> None:
    with pytest.raises(UsageError, match="-i "):
        given(pairs, None)


def test_a_file_means_what_yaml_1_2_means(tmp_path: Path) -> None:
    file = tmp_path / "inputs.yaml"
    file.write_text(
        "on: yes\nopens: 22:30\nday: 2026-11-21\nvlan_id: 120\nratio: 0.5\nflag: true\nnothing:\nlist: [a, 1]\n"
    )
    assert from_file(file) == {
        "on": "yes",
        "opens": "22:30",
        "day": "2026-11-21",
        "vlan_id": 120,
        "ratio": 0.5,
        "flag": True,
        "nothing": None,
        "list": ["a", 1],
    }
    assert from_file(None) == {}


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [", "1: x\n"])
def test_a_file_that_is_no_map_of_inputs_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "inputs.yaml"
    file.write_text(text)
    with pytest.raises(UsageError, match=r"inputs\.yaml is no"):
        from_file(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: no such file"):
        from_file(tmp_path / "nothing.yaml")
