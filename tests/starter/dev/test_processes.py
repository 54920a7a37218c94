"""Child processes: ready, dead, killed, and never left behind."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from starter.dev.processes import Child
from starter.errors import StackError

SLEEPER = "print('ready: yes', flush=True); import time; time.sleep(60)"


async def start(code: str, tmp_path: Path) -> Child:
    return await Child.start("thing", [sys.executable, "-c", code], log=tmp_path / "thing.log")


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").exists() and ") Z " in Path(f"/proc/{pid}/stat").read_text()


async def wait_gone(pid: int) -> None:
    async with asyncio.timeout(20):
        while not gone(pid):
            await asyncio.sleep(0.02)


async def test_a_child_is_ready_when_it_says_so_and_stops_when_asked(tmp_path: Path) -> None:
    child = await start(SLEEPER, tmp_path)
    assert await child.printed("ready", within_s=20) == "ready: yes"
    assert child.alive
    assert not child.expected
    await child.stop()
    assert await child.ended() == -signal.SIGTERM
    assert child.expected


async def test_a_child_that_dies_early_is_told_with_its_code_and_the_end_of_its_log(tmp_path: Path) -> None:
    (tmp_path / "thing.log").write_text("ready: from an earlier start\n")
    child = await start("import sys; print('no such file'); sys.exit(7)", tmp_path)
    with pytest.raises(StackError, match=r"(?s)The thing ended with exit code 7\..*    no such file") as error:
        await child.printed("ready", within_s=20)
    assert "earlier start" not in str(error.value)


async def test_a_child_that_is_never_ready_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    child = await start("print('thinking', flush=True); import time; time.sleep(60)", tmp_path)
    with pytest.raises(StackError, match="The thing was not ready within"):
        await child.printed("ready", within_s=0.3)
    await child.kill()
    assert "was ended by SIGKILL" in child.obituary()


async def test_a_child_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    child = await start(f"import signal; signal.signal(15, signal.SIG_IGN); {SLEEPER}", tmp_path)
    await child.printed("ready", within_s=20)
    await child.stop(within_s=0.2)
    assert await child.ended() == -signal.SIGKILL


async def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    parent_code = f"""
import asyncio, os, sys
from pathlib import Path
from starter.dev.processes import Child
async def main() -> None:
    child = await Child.start("thing", [sys.executable, "-c", {SLEEPER!r}], log=Path({str(tmp_path)!r}) / "thing.log")
    await child.printed("ready", within_s=20)
    print(child.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", parent_code, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    assert not gone(child)
    parent.kill()
    await parent.wait()
    await wait_gone(child)
