"""A process ends with the exit code that was meant, and with all that it printed."""

import subprocess
import sys

import pytest

PROGRAM = """
from starter.leaving import run_and_leave

async def main():
    print("done", end="")
    {what}

run_and_leave(main())
"""


@pytest.mark.parametrize(
    ("what", "code", "says"),
    [("return None", 0, ""), ("return 3", 3, ""), ("raise ValueError('lost')", 1, "ValueError: lost")],
    ids=["nothing", "a code", "an error"],
)
def test_a_program_leaves_with_its_code(what: str, code: int, says: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(what=what)], capture_output=True, text=True, check=False, timeout=60
    )
    assert (ended.returncode, ended.stdout) == (code, "done")
    assert says in ended.stderr
