"""The demonstration's failure, played as `make demo SCENARIO=failure` plays it without a terminal."""

import asyncio
import sys
from pathlib import Path

from starter.demo.scene import KEPT, new_state


async def test_a_failing_device_stops_the_run_undoes_its_wave_and_this_is_proven_over_ssh(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "starter.cli.demo", "--scenario", "failure", "--state", str(tmp_path)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 120)
    text = out.decode()
    assert process.returncode == 0, text
    assert "approves by itself" in text
    assert "Verdict: stopped  4 changed, 3 undone, 17 untouched" in text
    assert "Over SSH 4 of 24 devices hold VLAN 120 cameras; expected 4." in text


def test_earlier_states_are_removed_and_other_folders_are_not(tmp_path: Path) -> None:
    for number in range(8):
        (tmp_path / f"20260101-00000{number}").mkdir()
        (tmp_path / f"20260101-00000{number}" / "netsaga.yaml").touch()
    (tmp_path / "mine").mkdir()
    assert not new_state(tmp_path).exists()
    assert len(list(tmp_path.iterdir())) == KEPT + 1
    assert (tmp_path / "mine").exists()
    assert (tmp_path / "20260101-000007").exists()
