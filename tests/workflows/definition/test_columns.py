"""The columns of parsed commands, and that the kept table is the one that ntc-templates makes."""

from pathlib import Path

import pytest

from ntc_columns import as_text, columns_table
from workflows.definition import columns
from workflows.definition.columns import columns_of, known_commands

TABLE = Path(columns.__file__).with_name("columns.json")


@pytest.mark.untraced
def test_the_kept_table_is_current(update: bool) -> None:
    made = as_text(columns_table())
    if update:
        TABLE.write_text(made, encoding="utf-8")
    assert TABLE.read_text(encoding="utf-8") == made


@pytest.mark.parametrize("command", ["show vlan", "sh vlan", "show vlan brief"])
def test_a_command_has_the_columns_of_all_platforms_that_have_a_template(command: str) -> None:
    found = columns_of(command)

    assert found is not None
    assert found["vlan_id"] == frozenset({"text"})
    assert found["interfaces"] == frozenset({"list"})


def test_a_column_that_platforms_fill_differently_is_known_to_be_so() -> None:
    found = columns_of("show version")

    assert found is not None
    assert found["serial"] == frozenset({"list", "text"})


def test_a_command_without_a_template_has_no_columns() -> None:
    assert columns_of("frobnicate") is None
    assert columns_of("") is None


def test_the_commands_for_suggestions_are_themselves_known() -> None:
    plain = [command for command in known_commands() if "(" not in command and "|" not in command]

    assert "show version" in plain
    assert [command for command in plain if columns_of(command) is None] == []
