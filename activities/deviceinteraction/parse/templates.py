"""ntc-templates with compiled templates kept: the same rows as `ntc_templates.parse.parse_output`, ten times sooner.

ntc_templates compiles a template again on every call. Here the index picks the template as it does there, and the
compiled state machine is kept. Commands that use several templates are merged by textfsm's own table, as its merging
rules are its own. Pure CPU; `bounded.py` decides where it runs.
"""

import io
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TextIO

import ntc_templates  # type: ignore[import-untyped]  # ships no types
import textfsm  # type: ignore[import-untyped]  # ships no types
from pydantic import JsonValue
from textfsm import clitable, texttable  # same

from activities.deviceinteraction.failures import CheckFailed, InvalidInput
from activities.deviceinteraction.parse.machine import Machine

# What ntc-templates calls otherwise than our inventories do.
NAMED: Final[Mapping[str, str]] = {
    "cisco_ios": "cisco_iosxe",
    "cisco_xr": "cisco_iosxr",
    "nokia_srl": "nokia_srlinux",
    "alcatel_sros": "nokia_sros",
}
_FOLDER = Path(ntc_templates.__file__).parent / "templates"


def parse_rows(platform: str, command: str, output: str) -> tuple[dict[str, JsonValue], ...]:
    """The rows that the template for this command finds.

    Args:
        platform: As ntc-templates names it, such as ``cisco_ios``.
        command: The command, abbreviations included.
        output: What the device answered, already judged to be an answer.

    Returns:
        One mapping a row, column names in lower case; values are strings or lists of strings.

    Raises:
        CheckFailed: There is no template for the command, or the template says that it cannot read the output.
    """
    names = _templates_for(platform, command)
    try:
        if len(names) == 1:
            machine = compiled(names[0])
            return tuple(
                dict(zip(machine.columns, map(_value, record), strict=True)) for record in machine.records(output)
            )
        table = _Table("index", str(_FOLDER))
        table.ParseCmd(output, templates=":".join(names))
        header = [str(name).lower() for name in table.header]
        return tuple(dict(zip(header, map(_value, row), strict=True)) for row in table)
    except (textfsm.TextFSMError, clitable.CliTableError) as error:
        raise CheckFailed(
            f"the output of {command!r} does not look as ntc-templates ({', '.join(names)}) expects: {error}. "
            f"Is its platform in the inventory, {NAMED.get(platform, platform)}, the right one? If so, show the text "
            "itself, or parse it with an expression of your own."
        ) from error


def rows_of_template(template: str, output: str) -> list[JsonValue]:
    """The rows that a TextFSM template of somebody's own finds, in the form of `parse_rows`.

    Args:
        template: Its text. It holds expressions and states only, no code.
        output: What the device answered.

    Raises:
        InvalidInput: It is no template.
        CheckFailed: The template says that this is no output of its command.
    """
    machine = _own(template)
    try:
        return [dict(zip(machine.columns, map(_value, record), strict=True)) for record in machine.records(output)]
    except textfsm.TextFSMError as error:
        raise CheckFailed(f"the output does not look as the TextFSM template expects: {error}.") from error


class _Table(clitable.CliTable):  # type: ignore[misc]  # textfsm is not typed
    """textfsm's table with compiled templates kept."""

    _keys: set[str]

    def _ParseCmdItem(self, cmd_input: str, template_file: TextIO | None = None) -> texttable.TextTable:  # noqa: N802
        assert template_file is not None, "textfsm always gives one"
        machine = compiled(Path(template_file.name).name)
        self._keys = self._keys or set(machine.GetValuesByAttrib("Key"))
        table = texttable.TextTable()
        table.header = machine.header
        for record in machine.records(cmd_input):
            table.Append(record)
        return table


def _value(value: object) -> JsonValue:
    """As textfsm's table does it, where a value that was never set reads 'None'; kept so that rows are equal."""
    if type(value) is str:  # nearly always
        return value
    if isinstance(value, list):
        return [item if isinstance(item, dict) else str(item) for item in value]
    return str(value)


@lru_cache(maxsize=512)
def _templates_for(platform: str, command: str) -> tuple[str, ...]:
    index: Any = clitable.CliTable("index", str(_FOLDER)).index  # Any: textfsm is not typed
    row = index.GetRowMatch({"Command": command, "Platform": platform})
    if not row:
        raise CheckFailed(
            f"ntc-templates has no template for {command!r} on {platform}. Write the command in full, or show its text."
        )
    return tuple(str(index.index[row]["Template"]).split(":"))


@lru_cache(maxsize=64)
def _own(template: str) -> Machine:
    try:
        return Machine(io.StringIO(template))
    except (textfsm.TextFSMTemplateError, IndexError) as error:  # IndexError: a value without an expression
        raise InvalidInput(f"the TextFSM template cannot be used: {error}") from error


@lru_cache(maxsize=512)
def compiled(name: str) -> Machine:
    """The machine of a template of ntc-templates, by its file's name; the same one each time."""
    with (_FOLDER / name).open(encoding="utf-8") as template:
        return Machine(template)
