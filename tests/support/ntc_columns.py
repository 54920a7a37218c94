"""Makes the table of columns that the compiler knows: which template reads a command, and what its rows hold.

Read from the index and the templates of ntc-templates themselves, for the platforms that netsaga names.
"""

import json
import re
from importlib import metadata
from pathlib import Path
from typing import Any

import ntc_templates  # type: ignore[import-untyped]  # ships no types
import textfsm  # type: ignore[import-untyped]  # ships no types
from textfsm import clitable  # same

FOLDER = Path(ntc_templates.__file__).parent / "templates"
PLATFORMS = ("arista_eos", "cisco_ios", "cisco_nxos", "cisco_xr", "juniper_junos", "alcatel_sros", "linux")


def columns_table() -> dict[str, Any]:
    """The content of `columns.json`.

    Returns:
        ``made_from``; ``rows``, the distinct sets of columns in one text each, ``[]`` after a column that is a list and
        ``{}`` after a list of maps; ``commands``, by platform the index's lines in order: the pattern, a word that each
        command of it holds (empty if there is none), and which of ``rows``.
    """
    rows: list[str] = []
    commands: dict[str, list[list[Any]]] = {platform: [] for platform in PLATFORMS}
    index = clitable.CliTable("index", str(FOLDER)).index
    for platform in PLATFORMS:
        for line in index_lines():
            if re.fullmatch(line[2], platform) is None:
                continue
            columns = _columns(line[0])
            if columns not in rows:
                rows.append(columns)
            commands[platform].append([line[3], _word(line[3]), rows.index(columns)])
    assert index is not None
    return {"made_from": f"ntc-templates {metadata.version('ntc-templates')}", "rows": rows, "commands": commands}


def index_lines() -> list[list[str]]:
    """The index of ntc-templates: templates, host, platform and command of each line."""
    lines = (FOLDER / "index").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.split(",", 3)] for line in lines if line and not line.startswith("#")]
    return cells[1:]


def _columns(templates: str) -> str:
    found: dict[str, str] = {}
    for name in templates.split(":"):
        with (FOLDER / name).open(encoding="utf-8") as file:
            machine = textfsm.TextFSM(file)
        for value in machine.values:
            mark = "[]" if "List" in value.OptionNames() else ""
            if mark and re.compile(value.regex).groupindex:
                mark = "{}"
            found[value.name.lower()] = mark
    return " ".join(column + mark for column, mark in found.items())


def _word(pattern: str) -> str:
    """The longest literal word that stands in every command of a pattern; what is optional or a choice has none."""
    plain = re.sub(r"\[\[.*?\]\]", " ", pattern)
    if re.search(r"[()|?*+.\\\[\]{}^$]", plain):
        return ""
    return max(re.findall(r"[a-z][a-z0-9-]*", plain), key=len, default="")


def as_text(table: dict[str, Any]) -> str:
    """The table as JSON, a line a template, so that a change of ntc-templates reads as what it is."""
    rows = ",\n".join("  " + json.dumps(row) for row in table["rows"])
    commands = ",\n".join(
        f"  {json.dumps(platform)}: [\n" + ",\n".join("   " + json.dumps(line) for line in lines) + "\n  ]"
        for platform, lines in table["commands"].items()
    )
    made_from = json.dumps(table["made_from"])
    return f'{{\n "made_from": {made_from},\n "rows": [\n{rows}\n ],\n "commands": {{\n{commands}\n }}\n}}\n'
