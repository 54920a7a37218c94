"""The tools' own settings: does the ban list bite, and is a wrong Python told in words?"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def ruff(text: str, name: str) -> str:
    """What ruff says of a text under a file's name."""
    command = [sys.executable, "-m", "ruff", "check", "--output-format", "concise", "--stdin-filename", name, "-"]
    return subprocess.run(command, input=text, cwd=ROOT, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize(
    "line",
    [
        "import time",
        "import random",
        "from random import choice",
        "import os",
        "from os import environ",
        "import socket",
        "import threading",
        "import httpx",
        "import asyncssh",
        "from temporalio.client import Client",
        "from temporalio.worker import Worker",
        "from datetime import datetime\n\nNOW = datetime.now()",
        "import uuid\n\nNAME = uuid.uuid4()",
        "import asyncio\n\nasync def f() -> None:\n    await asyncio.sleep(1)",
        "import asyncio\n\nDONE = asyncio.wait",
        "import asyncio\n\nNEXT = asyncio.as_completed",
        'TEXT = open("file").read()',
        "from pathlib import Path",
    ],
)
def test_workflow_code_may_not_name_clocks_chance_clients_or_files(line: str) -> None:
    banned = ("TID251", "PTH123")
    assert any(code in ruff(f'"""A module."""\n\n{line}\n', "workflows/run/example.py") for code in banned)


def test_other_code_may_have_them() -> None:
    assert "TID251" not in ruff('"""A module."""\n\nimport random\nimport time\n', "activities/example.py")


def test_an_old_python_is_named_with_what_to_do(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\nif [ "$1" = "-V" ]; then echo "Python 3.9.2"; else exit 1; fi\n')
    old.chmod(0o755)
    asked = make("python-version", f"PYTHON={old}")
    assert asked.returncode != 0
    assert "needs Python 3.11 or newer" in asked.stderr
    assert "Python 3.9.2" in asked.stderr
    assert "make setup PYTHON=" in asked.stderr


def test_a_missing_python_is_named_with_what_to_do() -> None:
    asked = make("python-version", "PYTHON=no-such-python")
    assert asked.returncode != 0
    assert "there is no 'no-such-python'" in asked.stderr


def test_every_target_is_in_the_help() -> None:
    told = make("help").stdout
    for target in ("setup", "demo", "test", "check", "bench", "clean", "lock", "system-packages", "test-packages"):
        assert f"make {target} " in told


def test_what_continuous_integration_runs_is_a_strict_bash_script() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "set -euo pipefail" in script.read_text()
    subprocess.run(["bash", "-n", script], check=True)


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make as a person would, not as a part of the make that runs these tests."""
    program = shutil.which("make")
    assert program is not None
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("MAKE") and name != "MFLAGS"
    }
    return subprocess.run(
        [program, "--no-print-directory", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
