"""A program that is tied to whoever starts it, as real processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from activities import leash
from activity_bench import until

LEASH = Path(leash.__file__)
PARENT = """
import os, subprocess, sys
leash, program = sys.argv[1:]
subprocess.Popen([sys.executable, "-I", "-S", leash, str(os.getpid()), sys.executable, "-c", program])
import time; time.sleep(600)
"""
CHILD = "import os, time; open('pid.new', 'w').write(str(os.getpid())); os.rename('pid.new', 'pid'); time.sleep(600)"


def leashed(*command: str, parent: int | None = None) -> "subprocess.CompletedProcess[str]":
    whole = [sys.executable, "-I", "-S", str(LEASH), str(parent or os.getpid()), *command]
    return subprocess.run(whole, capture_output=True, text=True, check=False, timeout=30)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent is gone")
async def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(LEASH), CHILD], cwd=tmp_path)
    try:
        await until((tmp_path / "pid").exists)
        child = Path("/proc") / (tmp_path / "pid").read_text()
        assert child.exists()
    finally:
        parent.kill()
        parent.wait()
    await until(lambda: not child.exists() or ") Z " in (child / "stat").read_text())


def test_it_does_not_begin_where_its_parent_is_gone_already() -> None:
    ended = leashed("/bin/echo", "begun", parent=1)
    assert (ended.returncode, ended.stdout, ended.stderr) == (leash.ORPHANED, "", "")


def test_what_it_prints_and_its_errors_come_out_in_one_place() -> None:
    ended = leashed("/bin/echo", "said")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "said\n")


def test_a_program_that_cannot_be_started_is_said() -> None:
    ended = leashed("/nowhere/program")
    assert ended.returncode == leash.CANNOT_START
    assert ended.stderr == "/nowhere/program cannot be started: No such file or directory\n"
