"""The page on running it for good: its commands have the options that they use, and a copy is a whole one."""

import re
import shlex
import sqlite3
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
PAGE = (DEPLOY / "running.md").read_text()
COMMANDS = re.findall(r"^\$ (.*)$", PAGE, flags=re.MULTILINE)
TEMPORAL = Path(sys.executable).with_name("temporal")


def unit_command() -> str:
    unit = ConfigParser(strict=True, interpolation=None)
    unit.read(DEPLOY / "netsaga-temporal.service")
    return unit["Service"]["ExecStart"].replace("\\\n", " ").removeprefix("/opt/netsaga/bin/")


@pytest.mark.parametrize(
    "command", [*(one for one in COMMANDS if one.startswith("temporal ")), unit_command()], ids=lambda one: one[:32]
)
def test_temporals_own_command_line_has_the_options_that_are_used(command: str) -> None:
    words = shlex.split(command)
    first_option = next(at for at, word in enumerate(words) if word.startswith("-"))
    helped = subprocess.run(
        [TEMPORAL, *words[1:first_option], "--help"], capture_output=True, text=True, check=True
    ).stdout
    listed = subprocess.run([TEMPORAL, "options"], capture_output=True, text=True, check=True).stdout
    known = set(re.findall(r"--[a-z-]+", helped + listed))
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known


def test_a_database_that_is_written_to_can_be_copied_as_the_page_says(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "temporal.db", isolation_level=None) as server:
        server.execute("PRAGMA journal_mode=wal")
        server.execute("CREATE TABLE runs (id TEXT)")
        server.execute("INSERT INTO runs VALUES ('kept')")
        server.execute("BEGIN")
        server.execute("INSERT INTO runs VALUES ('not committed yet')")
        (command,) = (shlex.split(one) for one in COMMANDS if one.startswith("python -c "))
        subprocess.run([sys.executable, *command[1:]], cwd=tmp_path, check=True)
        server.execute("ROLLBACK")
    with sqlite3.connect(tmp_path / "temporal-copy.db") as copy:
        assert copy.execute("SELECT id FROM runs").fetchall() == [("kept",)]
